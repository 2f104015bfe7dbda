"""Showing one sealed fact, for a reason that stays in the trail."""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core.errors import Invalid, NotFound
from app.people.enums import RevealField
from app.people.queries import beneficiary_in

SHORTEST_REASON = 4
LONGEST_REASON = 200


class ReasonMissing(Invalid):
    code = "people.reveal_reason"
    title = "请写明查看完整信息的理由，4至200个字"


class NothingToReveal(NotFound):
    code = "people.nothing_to_reveal"
    title = "没有登记这一项"


async def reveal_field(
    *,
    scope: Scope,
    actor: audit.Actor,
    beneficiary_id: int,
    field: RevealField,
    reason: str,
    now: datetime,
) -> str:
    """Return one fact of a beneficiary in full; who saw it, when and why is in the trail before that.

    Raises:
        ReasonMissing: the reason has fewer than 4 or more than 200 characters.
        BeneficiaryNotFound: the beneficiary is of another region.
        NothingToReveal: nobody has entered this fact.
    """
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise ReasonMissing
    async with in_transaction():
        beneficiary = await beneficiary_in(scope=scope, beneficiary_id=beneficiary_id)
        value: str | None = getattr(beneficiary, field.value)
        if not value:
            raise NothingToReveal
        await audit.record(
            actor=actor, action="beneficiary.revealed", object_kind="beneficiary", object_id=beneficiary.id,
            now=now, region_code=beneficiary.region_code, detail=f"{field.value}: {reason}",
        )  # fmt: skip
    return value
