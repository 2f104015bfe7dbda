"""Reading messages."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.core import sql
from app.core.clock import china_date
from app.core.metrics import Reading
from app.core.models import InvariantFinding
from app.messaging.enums import Channel, Invariant, MessageState, Purpose, Reason, RecipientKind
from app.messaging.models import Message, Quota
from app.messaging.rules.quotas import Period

_MOST_REASONS = 200
_MOST_COUNTED = 2_000_000
_LANES = {"urgent": 1, "bulk": 0}
_MOST_QUEUES = 2000
_MOST_QUOTAS = 200
_MONTH_DIGITS = len("2026-05")
_PROVINCE_DIGITS = 2
_SHOWN_TO_RECIPIENT = (
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.HELD,
    MessageState.UNKNOWN,
    MessageState.FAILED,
    MessageState.SUPPRESSED,
)


class Queue(NamedTuple):
    """What waits together: messages of one federation that leave by one way."""

    org_code: str
    channel: Channel


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


async def own_messages(*, scope: Scope, before_id: int, limit: int) -> list[Message]:
    """Return what was meant for the cadre or guardian in ``scope``, newest first, whether it arrived or not.

    Args:
        scope: who asks about himself; for whoever is neither there is nothing.
        before_id: go on before this id, 0 from the newest.
        limit: how many at most.
    """
    found = _shown_to(scope)
    if before_id:
        found = found.filter(id__lt=before_id)
    return await found.order_by("-id").limit(limit)


async def own_message(*, scope: Scope, message_id: int) -> Message | None:
    """Return one message that was meant for the cadre or guardian in ``scope``, None for anybody else's."""
    return await _shown_to(scope).get_or_none(id=message_id)


def _shown_to(scope: Scope) -> QuerySet[Message]:
    kind = RecipientKind.CADRE if scope.cadre_id is not None else RecipientKind.GUARDIAN
    # Nobody has the number 0.
    recipient_id = scope.cadre_id or scope.guardian_id or 0
    # Good wishes that were kept from a house in mourning are not laid before it here.
    kept_back = Q(purpose=Purpose.FESTIVAL_GREETING, state=MessageState.SUPPRESSED)
    return Message.filter(
        ~kept_back, recipient_kind=kind, recipient_id=recipient_id, state__in=_SHOWN_TO_RECIPIENT
    )


async def waiting_since(*, urgent: bool) -> dict[Queue, datetime]:
    """Return by which ways messages of which federation wait in one lane, and since when the first is due.

    No scope: the sender serves all federations. One step through the index for each of them, however many
    messages wait.

    Args:
        urgent: which lane.
    """
    rows = await sql.fetch(_WALK if sql.is_sqlite() else _SKIP, (int(urgent),))
    found = {
        Queue(row["org_code"], Channel(row["channel"])): sql.moment_of(row["next_at"])
        for row in rows
        if row["next_at"] is not None
    }
    return {queue: since for queue, since in found.items() if since is not None}


# MySQL skips from group to group when it is asked for the groups of the whole prefix of the index.
_SKIP = (
    "SELECT org_code, channel, MIN(next_at) AS next_at FROM message WHERE state = 'queued' AND urgent = %s"
    " GROUP BY state, urgent, org_code, channel ORDER BY state, urgent, org_code, channel"
    f" LIMIT {_MOST_QUEUES}"
)
# SQLite has to be led.
_WALK = (
    "WITH RECURSIVE lane (urgent, org_code) AS (SELECT x.urgent, (SELECT MIN(m.org_code) FROM message m"
    " WHERE m.state = 'queued' AND m.urgent = x.urgent) FROM (SELECT %s AS urgent) x"
    " UNION ALL SELECT lane.urgent, (SELECT MIN(m.org_code) FROM message m WHERE m.state = 'queued'"
    " AND m.urgent = lane.urgent AND m.org_code > lane.org_code) FROM lane WHERE lane.org_code IS NOT NULL)"
    " SELECT lane.org_code, way.channel, (SELECT MIN(m.next_at) FROM message m WHERE m.state = 'queued'"
    " AND m.urgent = lane.urgent AND m.org_code = lane.org_code AND m.channel = way.channel) AS next_at"
    " FROM lane JOIN ("
    + " UNION ALL ".join(f"SELECT '{channel.value}' AS channel" for channel in Channel)
    + ") way WHERE lane.org_code IS NOT NULL ORDER BY lane.org_code, way.channel"
    f" LIMIT {_MOST_QUEUES}"
)


async def quotas_today(*, now: datetime) -> list[Quota]:
    """Return how much of the quotas of today and of this month is used, accounts before their templates.

    No scope: numbers only, of accounts that all federations share.
    """
    day = china_date(now)
    periods = [period.name_of(day) for period in Period]
    return await Quota.filter(period__in=periods).order_by("channel", "subject", "period").limit(_MOST_QUOTAS)


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
    oldest = {lane: await waiting_since(urgent=bool(urgent)) for lane, urgent in _LANES.items()}
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
                value=max(0.0, max(((now - due).total_seconds() for due in waiting.values()), default=0.0)),
                labels={"lane": lane},
            )
            for lane, waiting in oldest.items()
        ],
        *await _tries(now),
        *await _quotas(now),
    ]


async def _quotas(now: datetime) -> list[Reading]:
    return [
        Reading(
            name=f"lianxin_quota_{name}",
            meaning=f"Messages of this day or month that WeChat takes, by account and template: {name}.",
            value=value,
            labels={
                "channel": quota.channel.value,
                "template": quota.subject,
                "period": "month" if len(quota.period) == _MONTH_DIGITS else "day",
            },
        )
        for quota in await quotas_today(now=now)
        for name, value in (("allowed", quota.allowed), ("used", quota.used))
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
