"""Reading messages."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.core import sql
from app.core.clock import start_of_china_day
from app.core.metrics import Reading
from app.core.models import InvariantFinding
from app.messaging.enums import Invariant, MessageState, Reason, RecipientKind
from app.messaging.models import Message
from app.messaging.notices import DueMessage

_MOST_REASONS = 200
_MOST_COUNTED = 2_000_000
_LANES = {"urgent": 1, "bulk": 0}
_PROVINCE_DIGITS = 2
_SHOWN_TO_RECIPIENT = (
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.HELD,
    MessageState.UNKNOWN,
    MessageState.FAILED,
    MessageState.SUPPRESSED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """How many messages of one campaign are in one state for one reason."""

    campaign_id: int
    state: MessageState
    reason: Reason | None
    count: int


async def state_counts(*, campaign_ids: Sequence[int]) -> list[StateCount]:
    """Return how many messages of these campaigns are in which state, and why.

    No scope: numbers only; whose campaigns may be asked about is decided above.
    """
    if not campaign_ids:
        return []
    rows = await sql.fetch(
        "SELECT campaign_id, state, reason, COUNT(*) AS amount FROM message"
        f" WHERE campaign_id IN ({sql.marks(len(campaign_ids))})"
        " GROUP BY campaign_id, state, reason ORDER BY campaign_id, state, reason LIMIT %s",
        (*campaign_ids, _MOST_REASONS * len(campaign_ids)),
    )
    return [
        StateCount(
            campaign_id=row["campaign_id"],
            state=MessageState(row["state"]),
            reason=Reason(row["reason"]) if row["reason"] else None,
            count=row["amount"],
        )
        for row in rows
    ]


async def messages_of_campaign(
    *,
    scope: Scope,
    campaign_id: int,
    after_id: int,
    limit: int,
    state: MessageState | None = None,
    reason: Reason | None = None,
) -> list[Message]:
    """Return messages of one campaign to people of the regions that the caller may look into, by id.

    Args:
        scope: who asks.
        campaign_id: whose messages.
        after_id: go on after this id, 0 from the start.
        limit: how many at most.
        state: only these.
        reason: only those that were not sent, or failed, for this reason.
    """
    found = Message.filter(in_regions("region_code", scope.find), campaign_id=campaign_id, id__gt=after_id)
    if state is not None:
        found = found.filter(state=state)
    if reason is not None:
        found = found.filter(reason=reason)
    return await found.order_by("id").limit(limit)


async def own_messages(
    *, kind: RecipientKind, recipient_id: int, before_id: int, limit: int
) -> list[Message]:
    """Return what was meant for one person, newest first, whether it arrived or not.

    No scope: the caller asks about himself.

    Args:
        kind: cadre or guardian.
        recipient_id: who.
        before_id: go on before this id, 0 from the newest.
        limit: how many at most.
    """
    found = Message.filter(recipient_kind=kind, recipient_id=recipient_id, state__in=_SHOWN_TO_RECIPIENT)
    if before_id:
        found = found.filter(id__lt=before_id)
    return await found.order_by("-id").limit(limit)


async def own_message(*, kind: RecipientKind, recipient_id: int, message_id: int) -> Message | None:
    """Return one message that was meant for this person, None for anybody else's.

    No scope: the caller asks about himself.
    """
    return await Message.get_or_none(
        id=message_id, recipient_kind=kind, recipient_id=recipient_id, state__in=_SHOWN_TO_RECIPIENT
    )


async def sent_today(
    *, messages: Sequence[DueMessage], now: datetime
) -> dict[tuple[RecipientKind, int], int]:
    """Return how many messages each of these recipients got since midnight in the province.

    No scope: the sender counts before it disturbs somebody once more.
    """
    counts: dict[tuple[RecipientKind, int], int] = {}
    # Two kinds of people, so at most two statements.
    for kind in RecipientKind:
        ids = {message.recipient_id for message in messages if message.recipient_kind is kind}
        if not ids:
            continue
        rows = await sql.fetch(
            "SELECT recipient_id, COUNT(*) AS amount FROM message"
            f" WHERE recipient_kind = %s AND recipient_id IN ({', '.join(map(str, ids))}) AND sent_at >= %s"
            " GROUP BY recipient_id ORDER BY recipient_id LIMIT %s",
            (kind.value, start_of_china_day(now), len(ids)),
        )
        counts.update({(kind, row["recipient_id"]): row["amount"] for row in rows})
    return counts


async def credits_left(*, openid: str, template_ids: Sequence[str]) -> dict[str, int]:
    """Return how many subscribe messages one person still accepts, by template.

    No scope: the caller asks about his own phone.
    """
    if not template_ids:
        return {}
    rows: list[dict[str, Any]] = await sql.fetch(
        "SELECT template_id, remaining FROM subscription_credit"
        f" WHERE openid = %s AND template_id IN ({sql.marks(len(template_ids))})"
        " ORDER BY template_id LIMIT %s",
        (openid, *template_ids, len(template_ids)),
    )
    return {row["template_id"]: row["remaining"] for row in rows}


async def open_findings(*, scope: Scope, limit: int) -> list[InvariantFinding]:
    """Return what sweeps found wrong with messages and what nobody put right yet, oldest first.

    A federation sees what concerns itself and those below it; the province also what concerns the service
    as a whole.

    Args:
        scope: who asks.
        limit: how many at most.
    """
    seen = in_regions("org_code", scope.count)
    if any(len(prefix) <= _PROVINCE_DIGITS for prefix in scope.count):
        seen = Q(seen, org_code="", join_type=Q.OR)
    names = [invariant.value for invariant in Invariant]
    return await InvariantFinding.filter(seen, resolved_at=None, name__in=names).order_by("id").limit(limit)


async def readings(now: datetime) -> list[Reading]:
    """Return the numbers of all messages for Prometheus; counting stops at two million.

    No scope: numbers only, of the service as a whole.
    """
    parts = [
        f"SELECT '{state.value}' AS state, '{lane}' AS lane, COUNT(*) AS amount FROM (SELECT 1 AS one"
        f" FROM message WHERE state = '{state.value}' AND urgent = {urgent} LIMIT {_MOST_COUNTED}) x"
        for state in (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
        for lane, urgent in _LANES.items()
    ]
    counted = await sql.fetch(" UNION ALL ".join(parts) + " ORDER BY state, lane")
    oldest = await sql.fetch(
        " UNION ALL ".join(
            f"SELECT '{lane}' AS lane, MIN(next_at) AS next_at FROM message"
            f" WHERE state = 'queued' AND urgent = {urgent} AND next_at <= %s"
            for lane, urgent in _LANES.items()
        ),
        (now, now),
    )
    return [
        *[
            Reading(
                name="lianxin_messages",
                meaning="Messages that wait, are on their way, or whose outcome is unknown.",
                value=row["amount"],
                labels={"state": row["state"], "lane": row["lane"]},
            )
            for row in counted
        ],
        *[
            Reading(
                name="lianxin_oldest_due_seconds",
                meaning="For how long the message that waits longest has been due; at night bulk waits.",
                value=0.0 if (due := sql.moment_of(row["next_at"])) is None else (now - due).total_seconds(),
                labels={"lane": row["lane"]},
            )
            for row in oldest
        ],
        *await _tries(now),
    ]


async def _tries(now: datetime) -> list[Reading]:
    rows = await sql.fetch(
        "SELECT outcome, SUM(amount) AS amount FROM send_tally WHERE minute > %s"
        " GROUP BY outcome ORDER BY outcome LIMIT %s",
        (now - timedelta(hours=1), len(MessageState)),
    )
    found = {row["outcome"]: row["amount"] for row in rows}
    return [
        Reading(
            name="lianxin_tries_last_hour",
            meaning="Tries of the last hour by what they came to; queued means that it is tried again.",
            value=float(found.get(state.value, 0)),
            labels={"outcome": state.value},
        )
        for state in (
            *(MessageState.SENT, MessageState.HELD, MessageState.QUEUED),
            *(MessageState.FAILED, MessageState.UNKNOWN),
        )
    ]
