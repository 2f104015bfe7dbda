"""Calls that a cadre is asked to make (请干部打电话), and campaigns that may write to many at once (群发)."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accounts.rules import Scope
from app.campaigns.enums import CampaignState
from app.campaigns.queries.sources import BEREAVEMENT
from app.core import sql
from app.core.clock import china_date
from app.core.pagination import PageQuery, cut
from app.messaging.enums import Channel, MessageState, Purpose
from app.messaging.models import Message
from app.messaging.rules.choosing import ALLOWED_WAYS

_RUNNING_AT_ONCE = 200
_IN_FORCE = "{0}.started_on <= %s AND ({0}.ended_on IS NULL OR {0}.ended_on > %s)"
_AWAKE = "({0}.muted_until IS NULL OR {0}.muted_until < %s)"
# Asked again for every list: a death may be noted after the call was put into it.
_UNDISTURBED = (
    f"{_AWAKE.format('b')} AND NOT EXISTS (SELECT 1 FROM guardianship o"
    " JOIN beneficiary z ON z.id = o.beneficiary_id WHERE o.guardian_id = g.id"
    f" AND z.muted_until >= %s AND z.mute_reason = '{BEREAVEMENT}')"
)
_MASS_PURPOSES = tuple(
    purpose.value
    for purpose in Purpose
    if any(way.channel is Channel.MASS_SEND for way in ALLOWED_WAYS.get(purpose, ()))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCall:
    """One call that waits for a cadre.

    Args:
        id: of the message.
        pairing_id: by which he accompanies the family.
        guardian_name: whom to call, clear.
        beneficiary_name: whose guardian that is, clear.
        title: of the notice.
        text: of the notice, in full.
        until: when it would come too late.
        tried: how often he called without reaching anybody.
    """

    id: int
    pairing_id: int
    guardian_name: str
    beneficiary_id: int
    beneficiary_name: str
    title: str
    text: str
    until: datetime
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDone:
    """What a report came to.

    Args:
        message: the call, as it stands after it.
        contact_id: the contact that was recorded with it, None when none was.
    """

    message: Message
    contact_id: int | None


async def own_calls(*, scope: Scope, page: PageQuery, now: datetime) -> tuple[list[OwnCall], int | None]:
    """Return one page of the calls that wait for the cadre in ``scope``, oldest first.

    They wait for whoever accompanies the family today: when the cadre changes, his successor sees them. A
    family with several beneficiaries is called once, by the cadre of the oldest pairing. Calls of campaigns
    that were paused or cancelled, to guardians who muted us, and to families that are left in peace, do not
    wait.

    Args:
        scope: the cadre; nobody else has such calls.
        page: where to go on and how many.
        now: when.
    """
    today = china_date(now)
    rows = await _calls(
        scope, f"m.id > %s AND {_UNDISTURBED}", (page.cursor, today, today), limit=page.limit + 1, now=now
    )
    return cut(rows, page=page)


async def own_call(*, scope: Scope, message_id: int, now: datetime) -> OwnCall | None:
    """Return one call that waits for the cadre in ``scope``, None when it does not wait for him.

    One to a family that is left in peace counts: he may have learned of the death by calling.
    """
    rows = await _calls(scope, "m.id = %s", (message_id,), limit=1, now=now)
    return rows[0] if rows else None


async def _calls(
    scope: Scope, condition: str, values: tuple[Any, ...], *, limit: int, now: datetime
) -> list[OwnCall]:
    if scope.cadre_id is None:
        return []
    today = china_date(now)
    rows = await sql.fetch(
        "SELECT m.id, p.id AS pairing_id, g.name AS guardian, b.id AS beneficiary_id, b.name AS beneficiary,"
        " k.title, k.text, m.expires_at,"
        " (SELECT COUNT(*) FROM call_report r WHERE r.message_id = m.id) AS tried"
        " FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id AND b.status = 'active'"
        " JOIN guardianship s ON s.beneficiary_id = p.beneficiary_id"
        " JOIN guardian g ON g.id = s.guardian_id AND g.muted_at IS NULL"
        " JOIN message m ON m.recipient_id = g.id AND m.recipient_kind = 'guardian' AND m.channel = %s"
        " AND m.state = %s AND m.expires_at > %s AND COALESCE(m.subject_id, b.id) = b.id"
        " JOIN campaign k ON k.id = m.campaign_id AND k.state = %s"
        f" WHERE p.cadre_id = %s AND {_IN_FORCE.format('p')} AND {condition}"
        # Of several pairings of one family, the oldest one calls whose cadre can.
        " AND NOT EXISTS (SELECT 1 FROM guardianship t JOIN pairing q ON q.beneficiary_id = t.beneficiary_id"
        " JOIN cadre d ON d.id = q.cadre_id AND d.status = 'active'"
        f" JOIN beneficiary c ON c.id = t.beneficiary_id AND c.status = 'active' AND {_AWAKE.format('c')}"
        f" WHERE t.guardian_id = g.id AND q.id < p.id AND {_IN_FORCE.format('q')}"
        " AND COALESCE(m.subject_id, q.beneficiary_id) = q.beneficiary_id)"
        " ORDER BY m.id LIMIT %s",
        (
            *(Channel.CALL_TASK.value, MessageState.SENT.value, now, CampaignState.RUNNING.value),
            *(scope.cadre_id, today, today, *values, today, today, today, limit),
        ),
    )
    return [_call(row) for row in rows]


def _call(row: dict[str, Any]) -> OwnCall:
    until = sql.moment_of(row["expires_at"])
    if until is None:
        raise ValueError("a message needs an end")
    return OwnCall(
        id=row["id"],
        pairing_id=row["pairing_id"],
        guardian_name=row["guardian"],
        beneficiary_id=row["beneficiary_id"],
        beneficiary_name=row["beneficiary"],
        title=row["title"],
        text=row["text"],
        until=until,
        tried=row["tried"],
    )


async def mass_campaigns(*, now: datetime) -> list[int]:
    """Return the running campaigns whose messages may travel by 群发, by id.

    No scope: the worker sends for all federations.
    """
    rows = await sql.fetch(
        "SELECT id FROM campaign WHERE state = %s AND expires_at > %s"
        f" AND kind IN ({sql.marks(len(_MASS_PURPOSES))}) ORDER BY id LIMIT %s",
        (CampaignState.RUNNING.value, now, *_MASS_PURPOSES, _RUNNING_AT_ONCE),
    )
    return [row["id"] for row in rows]
