"""The trial list (试发名单) of a federation: colleagues who get its campaigns first."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.campaigns.models import TrialCadre
from app.campaigns.rules import MOST_ON_TRIAL_LIST
from app.core import sql
from app.messaging.enums import Reason
from app.people.enums import CadreStatus
from app.people.models import Cadre


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMember:
    """One colleague on the trial list; the name is to be masked by whoever shows it."""

    cadre_id: int
    name: str
    unit: str
    is_active: bool


async def trial_list(*, scope: Scope, org_code: str) -> list[TrialMember]:
    """Return the colleagues on the trial list of a federation in the caller's regions, by their ids."""
    ids = await (
        TrialCadre.filter(in_regions("org_code", scope.find), org_code=org_code)
        .order_by("cadre_id")
        .limit(MOST_ON_TRIAL_LIST)
        .values_list("cadre_id", flat=True)
    )
    found = await Cadre.filter(id__in=list(ids)).order_by("id").limit(MOST_ON_TRIAL_LIST)
    return [
        TrialMember(
            cadre_id=cadre.id,
            name=cadre.name,
            unit=cadre.unit,
            is_active=cadre.status is CadreStatus.ACTIVE,
        )
        for cadre in found
    ]


async def trial_ids(*, org_code: str) -> list[int]:
    """Return who is on the trial list of a federation and still in office, by id.

    No scope: the worker writes to them before it writes to others.
    """
    rows = await sql.fetch(
        "SELECT t.cadre_id FROM trial_cadre t JOIN cadre c ON c.id = t.cadre_id AND c.status = %s"
        " WHERE t.org_code = %s ORDER BY t.cadre_id LIMIT %s",
        (CadreStatus.ACTIVE.value, org_code, MOST_ON_TRIAL_LIST),
    )
    return [row["cadre_id"] for row in rows]


async def unwanted_trials(*, message_ids: Sequence[int]) -> dict[int, Reason]:
    """Return which of these messages to colleagues on a trial list must not be sent any more, and why.

    No scope: the worker asks before it writes to them.
    """
    some = ", ".join(map(str, message_ids))
    rows = await sql.fetch(
        f"SELECT m.id, CASE WHEN c.status <> %s THEN '{Reason.LEFT_OFFICE.value}'"
        f" WHEN i.id IS NULL THEN '{Reason.NOT_BOUND.value}'"
        f" ELSE '{Reason.NOT_FOLLOWING.value}' END AS reason"
        " FROM message m JOIN cadre c ON c.id = m.recipient_id"
        " LEFT JOIN wechat_identity i ON i.app = 'official' AND i.openid = m.openid"
        f" WHERE m.id IN ({some}) AND (i.id IS NULL OR i.follows = 0 OR c.status <> %s)"
        " ORDER BY m.id LIMIT %s",
        (CadreStatus.ACTIVE.value, CadreStatus.ACTIVE.value, len(message_ids)),
    )
    return {row["id"]: Reason(row["reason"]) for row in rows}
