"""What the bot looks up to answer a family."""

from datetime import date, datetime, timedelta

from tortoise.expressions import Q

from app.accounts.rules import Scope
from app.bot.enums import PushKind, PushState
from app.bot.replies import MOST_CADRES, FamilyCadre
from app.core import sql
from app.core.metrics import Reading
from app.orgs.models import Org
from app.pairing.models import Pairing
from app.people.rules import mask_name


async def cadres_of_family(*, scope: Scope, today: date) -> list[FamilyCadre]:
    """Return who accompanies the beneficiaries of the guardian in ``scope`` today, oldest pairing first.

    At most as many as one reply lists; nobody but a guardian has a family.
    """
    if scope.guardian_id is None:
        return []
    rows = (
        await Pairing.filter(
            Q(ended_on=None) | Q(ended_on__gt=today),
            beneficiary__guardianships__guardian_id=scope.guardian_id,
            started_on__lte=today,
        )
        .order_by("started_on", "id")
        .limit(MOST_CADRES)
        .values("beneficiary__name", "cadre__name", "cadre__unit")
    )
    return [
        FamilyCadre(
            beneficiary=mask_name(row["beneficiary__name"]),
            cadre=row["cadre__name"],
            unit=row["cadre__unit"],
        )
        for row in rows
    ]


async def federation_name(*, region_code: str) -> str | None:
    """Return the name of the federation of a county, or None when it is not in the tree.

    No scope: the names of federations are public.
    """
    org = await Org.get_or_none(code=region_code)
    return org.name if org is not None else None


async def readings(now: datetime) -> list[Reading]:
    """Return the numbers of the inbox of pushes for Prometheus.

    No scope: numbers only, of the service as a whole.
    """
    waiting = await sql.fetch(
        "SELECT COUNT(*) AS amount, MIN(next_at) AS next_at FROM wechat_push WHERE state = %s",
        (PushState.WAITING.value,),
    )
    given_up = await sql.fetch(
        "SELECT SUM(CASE WHEN kind = %s THEN 1 ELSE 0 END) AS receipts, COUNT(*) AS amount FROM wechat_push"
        " WHERE state = %s AND next_at >= %s",
        (PushKind.RECEIPT.value, PushState.GIVEN_UP.value, now - timedelta(days=1)),
    )
    due = sql.moment_of(waiting[0]["next_at"])
    receipts = int(given_up[0]["receipts"] or 0)
    late = timedelta() if due is None else max(now - due, timedelta())
    return [
        Reading(
            name="lianxin_pushes_waiting",
            meaning="Pushes of WeChat that were stored and not acted on yet.",
            value=waiting[0]["amount"],
        ),
        Reading(
            name="lianxin_push_late_seconds",
            meaning="For how long the push that waits longest has been due.",
            value=late.total_seconds(),
        ),
        *[
            Reading(
                name="lianxin_pushes_given_up_last_day",
                meaning="Pushes nobody could act on; receipts for no message, or for one of several.",
                value=amount,
                labels={"kind": kind},
            )
            for kind, amount in (("receipt", receipts), ("other", int(given_up[0]["amount"]) - receipts))
        ],
    ]
