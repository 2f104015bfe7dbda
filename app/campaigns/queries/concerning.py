"""Why a family got a notice, and what its cadre sees of that."""

from dataclasses import dataclass
from datetime import date, datetime

from app.accounts.rules import Scope
from app.campaigns.models import Campaign
from app.campaigns.queries.people import policy_of
from app.core import sql
from app.core.pagination import PageQuery, cut
from app.messaging.enums import Channel, MessageState, Reason, RecipientKind

_FAMILIES_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyNotice:
    """One notice to a guardian of a cadre's family; the name is not masked yet."""

    id: int
    guardian_name: str
    title: str
    channel: Channel
    state: MessageState
    reason: Reason | None
    at: datetime


async def concerned_names(*, scope: Scope, campaign: Campaign) -> list[str]:
    """Return which of the guardian's families the policy of a notice concerns at this moment, not masked.

    Args:
        scope: the guardian who reads.
        campaign: of which he got a notice.
    """
    policy = policy_of(campaign)
    if policy is None or scope.guardian_id is None:
        return []
    rows = await sql.fetch(
        "SELECT b.name FROM guardianship s JOIN beneficiary b ON b.id = s.beneficiary_id"
        " JOIN entitlement e ON e.beneficiary_id = b.id AND e.policy_key = %s AND e.verdict = %s"
        " WHERE s.guardian_id = %s AND b.status = 'active' ORDER BY b.id LIMIT %s",
        (*policy, scope.guardian_id, _FAMILIES_SHOWN),
    )
    return [row["name"] for row in rows]


async def family_notices(
    *, scope: Scope, page: PageQuery, today: date
) -> tuple[list[FamilyNotice], int | None]:
    """Return what guardians of the cadre's families of today were sent, newest first, and the next page.

    Args:
        scope: the cadre who asks.
        page: where to go on and how many; the cursor is the last id of the page before.
        today: the day in the province.
    """
    rows = await sql.fetch(
        "SELECT m.id, g.name AS guardian_name, k.title, m.channel, m.state, m.reason,"
        " COALESCE(m.sent_at, m.settled_at, m.created_at) AS at"
        " FROM message m JOIN guardian g ON g.id = m.recipient_id JOIN campaign k ON k.id = m.campaign_id"
        " WHERE m.recipient_kind = %s AND m.recipient_id IN (SELECT s.guardian_id FROM guardianship s"
        " JOIN pairing p ON p.beneficiary_id = s.beneficiary_id WHERE p.cadre_id = %s AND p.started_on <= %s"
        " AND (p.ended_on IS NULL OR p.ended_on > %s)) AND (%s = 0 OR m.id < %s)"
        " ORDER BY m.id DESC LIMIT %s",
        (
            *(RecipientKind.GUARDIAN.value, scope.cadre_id, today, today),
            *(page.cursor, page.cursor, page.limit + 1),
        ),
    )
    found = [
        FamilyNotice(
            id=row["id"],
            guardian_name=row["guardian_name"],
            title=row["title"],
            channel=Channel(row["channel"]),
            state=MessageState(row["state"]),
            reason=Reason(row["reason"]) if row["reason"] else None,
            at=_moment(row["at"]),
        )
        for row in rows
    ]
    return cut(found, page=page)


def _moment(value: object) -> datetime:
    moment = sql.moment_of(value)
    if moment is None:
        raise ValueError("a message was made at some moment")
    return moment
