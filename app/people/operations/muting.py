"""Leaving a family in peace on festivals, and ending that."""

from datetime import date, datetime

from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.core.clock import china_date
from app.core.errors import Invalid
from app.people.enums import MuteReason
from app.people.models import Beneficiary
from app.people.rules import mute_end, mute_refusal


class MuteEndWrong(Invalid):
    code = "people.mute_end_wrong"
    title = "静默的截止日期不能用"


async def mute_beneficiary(
    *,
    beneficiary: Beneficiary,
    reason: MuteReason,
    until: date | None,
    actor: audit.Actor,
    now: datetime,
) -> Beneficiary:
    """Keep festive messages and reminders away from a family, from this moment to a day.

    Args:
        beneficiary: whose family, found within the caller's scope.
        reason: bereavement or the family's wish.
        until: the last day; a year from today when not given.
        actor: who says so.
        now: when.

    Raises:
        MuteEndWrong: the day is past, or more than three years away.
    """
    today = china_date(now)
    end = mute_end(today=today, until=until)
    refusal = mute_refusal(end, today=today)
    if refusal is not None:
        raise MuteEndWrong(refusal)
    await _write(beneficiary, end, reason.value, action="beneficiary.muted", actor=actor, now=now)
    return beneficiary


async def unmute_beneficiary(*, beneficiary: Beneficiary, actor: audit.Actor, now: datetime) -> Beneficiary:
    """Let festive messages and reminders reach a family again; one that was not muted stays as it is."""
    if beneficiary.muted_until is not None:
        await _write(beneficiary, None, "", action="beneficiary.unmuted", actor=actor, now=now)
    return beneficiary


async def _write(
    beneficiary: Beneficiary, end: date | None, reason: str, *, action: str, actor: audit.Actor, now: datetime
) -> None:
    async with in_transaction():
        await Beneficiary.filter(id=beneficiary.id).update(
            muted_until=end, mute_reason=reason, updated_at=now
        )
        await audit.record(
            actor=actor,
            action=action,
            object_kind="beneficiary",
            object_id=beneficiary.id,
            now=now,
            region_code=beneficiary.region_code,
            detail=f"{reason} {end}" if end else "",
        )
    beneficiary.update_from_dict({"muted_until": end, "mute_reason": reason})
