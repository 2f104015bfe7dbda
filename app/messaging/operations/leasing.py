"""Claiming messages, writing down the intent to send them, giving them back, and picking up after a crash.

Every change is one statement that names the state it starts from and the claim it belongs to, so that two
workers, or one that was asleep, cannot both believe that a message is theirs.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog
from tortoise.transactions import in_transaction

from app.core import sql
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind
from app.messaging.notices import DueMessage
from app.messaging.operations.calling import list_calls
from app.messaging.operations.windows import take_windows
from app.messaging.rules import RETRY_WINDOW, state_of
from app.messaging.rules.channels import CREDITED

log = structlog.get_logger()

_EXPIRE_AT_ONCE = 2000
_CANCEL_AT_ONCE = 5000
_COLUMNS = (
    "id, campaign_id, recipient_id, openid, attempts, first_tried_at,"
    " purpose, channel, recipient_kind, urgent, expires_at, template_id"
)


async def claim(
    *,
    limit: int,
    token: str,
    now: datetime,
    lease_seconds: float,
    channels: Collection[Channel],
    urgent_only: bool,
) -> list[DueMessage]:
    """Take up to so many due messages for one worker, the urgent and the longest waiting first.

    Nobody else touches them until the lease has passed on the database's clock.

    Args:
        limit: how many at most.
        token: names this claim; a new one each time.
        now: what is due by this moment is taken.
        lease_seconds: how long they stay with this worker.
        channels: ways that are open.
        urgent_only: at night only urgent messages leave.
    """
    if not channels or limit < 1:
        return []

    async def unit() -> list[list[Any]]:
        async with in_transaction():
            rows = await _lock_due(urgent=True, channels=channels, now=now, limit=limit)
            if not urgent_only and len(rows) < limit:
                rows += await _lock_due(urgent=False, channels=channels, now=now, limit=limit - len(rows))
            if rows:
                await sql.execute(
                    "UPDATE message SET state = 'sending', begun = 0, lease_token = %s,"
                    f" lease_until_ms = {_lease_end()}"
                    f" WHERE state = 'queued' AND id IN ({_numbers(row[0] for row in rows)})",
                    (token, int(lease_seconds * 1000)),
                )
        return rows

    return [_due(row, token) for row in await sql.retrying(unit)]


async def _lock_due(
    *, urgent: bool, channels: Collection[Channel], now: datetime, limit: int
) -> list[list[Any]]:
    """Lock due rows and return them, all as one text of JSON: a driver in Python pays for every column."""
    # SQLite's transaction holds the one write lock anyway; on MySQL another worker's rows are passed over.
    locking = "" if sql.is_sqlite() else " FOR UPDATE SKIP LOCKED"
    array, collect = (
        ("json_array", "json_group_array") if sql.is_sqlite() else ("JSON_ARRAY", "JSON_ARRAYAGG")
    )
    found = await sql.fetch(
        f"SELECT {collect}({array}({_COLUMNS})) AS page FROM (SELECT {_COLUMNS} FROM message"
        f" WHERE state = 'queued' AND urgent = %s AND next_at <= %s"
        f" AND channel IN ({sql.marks(len(channels))}) ORDER BY next_at LIMIT %s{locking}) due",
        (int(urgent), now, *[channel.value for channel in channels], limit),
    )
    return list(json.loads(found[0]["page"] or "[]"))


def _lease_end() -> str:
    return f"{sql.db_now_ms()} + %s"


def _due(row: Sequence[Any], token: str) -> DueMessage:
    message_id, campaign_id, recipient_id, openid, attempts, first_tried_at, *nature = row
    purpose, channel, kind, urgent, expires_at, template_id = _nature_of(*nature)
    return DueMessage(
        message_id,
        token,
        purpose,
        channel,
        campaign_id,
        kind,
        recipient_id,
        openid or "",
        template_id,
        urgent,
        attempts,
        sql.moment_of(first_tried_at),
        expires_at,
    )


@lru_cache(maxsize=256)
def _nature_of(
    purpose: str, channel: str, kind: str, urgent: int, expires_at: str, template_id: str
) -> tuple[Purpose, Channel, RecipientKind, bool, datetime, str]:
    """Read what all messages of one campaign have in common."""
    end = sql.moment_of(expires_at)
    if end is None:
        raise ValueError("a message needs an end")
    return Purpose(purpose), Channel(channel), RecipientKind(kind), bool(urgent), end, template_id


def _numbers(ids: Iterable[int]) -> str:
    """Return ids as they stand in a statement: numbers need no binding, and binding hundreds would cost."""
    return ", ".join([str(int(one)) for one in ids])


def _ids(messages: Sequence[DueMessage]) -> str:
    return _numbers(message.id for message in messages)


def _row_ids(rows: Sequence[Mapping[str, Any]]) -> str:
    return _numbers(row["id"] for row in rows)


@dataclass(frozen=True, slots=True)
class _Take:
    """What the messages of one channel need before they leave.

    Args:
        from_ledger: takes it, and returns the ids of the messages that got it.
        otherwise: why the others are not sent.
    """

    from_ledger: Callable[..., Awaitable[set[int]]]
    otherwise: Reason


async def begin(*, messages: Sequence[DueMessage], now: datetime, lease_seconds: float) -> list[DueMessage]:
    """Write down, committed, that these claimed messages are about to leave, and return those that may.

    In the same transaction a subscribe message takes one credit of its recipient, and a customer-service
    message one place in the window that he opened; without one it is not sent. A call task takes its place in
    the list of the cadre. Messages whose lease has passed meanwhile are somebody else's and are left out.

    Args:
        messages: of one claim and one channel, each to another person.
        now: the moment of the try.
        lease_seconds: how long the try may take at most.
    """
    if not messages:
        return []
    lease_ms = int(lease_seconds * 1000)
    take = _TAKES.get(messages[0].channel)
    if take is not None:
        return await sql.retrying(lambda: _begin_taking(messages, take, now=now, lease_ms=lease_ms))

    async def unit() -> list[DueMessage]:
        found = await _mark_sending(messages, now=now, lease_ms=lease_ms)
        return list(messages) if found == len(messages) else await _held_of(messages)

    return await sql.retrying(unit)


async def _begin_taking(
    messages: Sequence[DueMessage], take: _Take, *, now: datetime, lease_ms: int
) -> list[DueMessage]:
    async with in_transaction():
        found = await _mark_sending(messages, now=now, lease_ms=lease_ms)
        if found == len(messages):
            mine = list(messages)
        else:
            mine = await _held_of(messages)
            if found == 0:
                # Nothing was left to mark: either all leases have passed, or this is the second run after a
                # commit whose answer was lost, and what is ours has taken its credits already.
                return mine
        paid = await take.from_ledger(mine, now=now)
        unpaid = [message for message in mine if message.id not in paid]
        if unpaid:
            await sql.execute(
                "UPDATE message SET state = 'suppressed', reason = %s, settled_at = %s, begun = 0,"
                " charged = 0, attempts = attempts - 1, first_tried_at = NULL, lease_token = NULL,"
                " lease_until_ms = NULL"
                f" WHERE state = 'sending' AND lease_token = %s AND id IN ({_ids(unpaid)})",
                (take.otherwise.value, now, unpaid[0].token),
            )
        return [message for message in mine if message.id in paid]


async def _mark_sending(messages: Sequence[DueMessage], *, now: datetime, lease_ms: int) -> int:
    charged = int(messages[0].channel in CREDITED)
    return await sql.execute(
        "UPDATE message SET begun = 1, attempts = attempts + 1, charged = %s,"
        f" first_tried_at = COALESCE(first_tried_at, %s), lease_until_ms = {_lease_end()}"
        f" WHERE state = 'sending' AND begun = 0 AND lease_token = %s AND id IN ({_ids(messages)})",
        (charged, now, lease_ms, messages[0].token),
    )


async def _held_of(messages: Sequence[DueMessage]) -> list[DueMessage]:
    rows = await sql.fetch(
        f"SELECT id FROM message WHERE state = 'sending' AND lease_token = %s AND id IN ({_ids(messages)})",
        (messages[0].token,),
    )
    held = {row["id"] for row in rows}
    return [message for message in messages if message.id in held]


async def _take_credits(messages: Sequence[DueMessage], *, now: datetime) -> set[int]:
    """Take one credit for each message that has one, and return the ids of those messages."""
    by_template: dict[str, dict[str, int]] = defaultdict(dict)
    for message in messages:
        by_template[message.template_id][message.openid] = message.id
    paid: set[int] = set()
    # In practice all messages of one micro-batch have one template.
    for template_id, wanted in sorted(by_template.items()):
        rows = await sql.fetch(
            "SELECT id, openid FROM subscription_credit WHERE template_id = %s AND remaining > 0"
            f" AND openid IN ({sql.marks(len(wanted))}) ORDER BY id" + sql.for_update(),
            (template_id, *wanted),
        )
        if rows:
            await sql.execute(
                "UPDATE subscription_credit SET remaining = remaining - 1, updated_at = %s"
                f" WHERE id IN ({_row_ids(rows)})",
                (now,),
            )
            paid.update(wanted[row["openid"]] for row in rows)
    return paid


_TAKES: Mapping[Channel, _Take] = {
    Channel.MINI_SUBSCRIBE: _Take(_take_credits, Reason.NO_CREDIT),
    Channel.OFFICIAL_SUBSCRIBE: _Take(_take_credits, Reason.NO_CREDIT),
    Channel.CUSTOMER_SERVICE: _Take(take_windows, Reason.WINDOW_CLOSED),
    Channel.CALL_TASK: _Take(list_calls, Reason.NO_CADRE),
}


async def give_back(*, messages: Sequence[DueMessage], next_at: datetime) -> int:
    """Put claimed messages back into the queue, due at this moment; returns how many were still ours."""
    if not messages:
        return 0
    return await sql.execute(
        "UPDATE message SET state = 'queued', lease_token = NULL, lease_until_ms = NULL, next_at = %s"
        f" WHERE state = 'sending' AND begun = 0 AND lease_token = %s AND id IN ({_ids(messages)})",
        (next_at, messages[0].token),
    )


async def set_aside(*, messages: Mapping[Reason, Sequence[DueMessage]], now: datetime) -> int:
    """Settle claimed messages that must not be sent, by reason; returns how many were still ours."""
    settled = 0
    # One statement per reason, not per message.
    for reason, group in messages.items():
        settled += await sql.execute(
            "UPDATE message SET state = %s, reason = %s, settled_at = %s, lease_token = NULL,"
            " lease_until_ms = NULL"
            f" WHERE state = 'sending' AND begun = 0 AND lease_token = %s AND id IN ({_ids(group)})",
            (state_of(reason).value, reason.value, now, group[0].token),
        )
    return settled


async def recover_leases(*, now: datetime) -> int:
    """Take up what a worker left behind whose lease has passed, and return how many messages that were.

    What was only claimed goes back. What was being sent may have arrived: a template message goes back as
    long as WeChat still knows its key, and a call task always; everything else becomes unknown and keeps its
    credit. A mass message is repeated by its batch (`masses`), whose rows have a lease as long as its key.
    """
    passed = f"lease_until_ms < {sql.db_now_ms()}"
    claimed = await sql.execute(
        "UPDATE message SET state = 'queued', lease_token = NULL, lease_until_ms = NULL"
        f" WHERE state = 'sending' AND begun = 0 AND {passed}"
    )
    # Named in both statements: a lease may pass between them.
    may_repeat = "(channel = %s OR (channel = %s AND first_tried_at > %s))"
    repeatable = (Channel.CALL_TASK.value, Channel.OFFICIAL_TEMPLATE.value, now - RETRY_WINDOW)
    repeated = await sql.execute(
        "UPDATE message SET state = 'queued', begun = 0, lease_token = NULL, lease_until_ms = NULL,"
        " next_at = %s"
        f" WHERE state = 'sending' AND begun = 1 AND {passed} AND {may_repeat}",
        (now, *repeatable),
    )
    # The claim stays written on the row: an answer that comes late may still settle it.
    unknown = await sql.execute(
        "UPDATE message SET state = 'unknown', reason = %s, settled_at = %s, lease_until_ms = NULL"
        f" WHERE state = 'sending' AND begun = 1 AND {passed} AND NOT {may_repeat}",
        (Reason.CRASHED_WHILE_SENDING.value, now, *repeatable),
    )
    if repeated or unknown:
        log.warning("messaging.leases.recovered", claimed=claimed, repeated=repeated, unknown=unknown)
    return claimed + repeated + unknown


async def expire_overdue(*, now: datetime) -> int:
    """Let go of messages that waited until they were no longer welcome, and return how many.

    Only the longest waiting are looked at: whatever comes up to be sent is judged then.
    """
    rows: list[dict[str, Any]] = []
    for urgent in (1, 0):
        rows += await sql.fetch(
            "SELECT due.id FROM (SELECT id, expires_at FROM message WHERE state = 'queued' AND urgent = %s"
            " AND next_at <= %s ORDER BY next_at LIMIT %s) due WHERE due.expires_at <= %s ORDER BY due.id",
            (urgent, now, _EXPIRE_AT_ONCE, now),
        )
    if not rows:
        return 0
    # One that was tried without an answer may have arrived: that is not the same as expired.
    expired = await _let_go(rows, state=MessageState.EXPIRED, reason=Reason.TOO_LATE, now=now)
    log.info("messaging.messages.expired", count=expired)
    return expired


async def cancel_messages(*, campaign_id: int, now: datetime) -> int:
    """Cancel up to 5,000 waiting messages of one campaign, and return how many; 0 means that none waits.

    Joins the transaction of the caller. What is being sent at this moment goes on.
    """
    rows = await sql.fetch(
        "SELECT id FROM message WHERE campaign_id = %s AND state = 'queued' ORDER BY id LIMIT %s",
        (campaign_id, _CANCEL_AT_ONCE),
    )
    if not rows:
        return 0
    return await _let_go(rows, state=MessageState.CANCELLED, reason=Reason.CAMPAIGN_CANCELLED, now=now)


async def _let_go(
    rows: Sequence[Mapping[str, Any]], *, state: MessageState, reason: Reason, now: datetime
) -> int:
    return await sql.execute(
        "UPDATE message SET state = CASE WHEN first_tried_at IS NULL THEN %s ELSE 'unknown' END,"
        " reason = CASE WHEN first_tried_at IS NULL THEN %s ELSE %s END, settled_at = %s"
        f" WHERE state = 'queued' AND id IN ({_row_ids(rows)})",
        (state.value, reason.value, Reason.UNANSWERED.value, now),
    )


async def wake_messages(*, campaign_id: int, now: datetime) -> int:
    """Make up to 5,000 waiting messages of a resumed campaign due at once, and return how many.

    Joins the transaction of the caller; any others come up by themselves within a few minutes.
    """
    rows = await sql.fetch(
        "SELECT id FROM message WHERE campaign_id = %s AND state = 'queued' AND next_at > %s"
        " ORDER BY id LIMIT %s",
        (campaign_id, now, _CANCEL_AT_ONCE),
    )
    if not rows:
        return 0
    return await sql.execute(
        f"UPDATE message SET next_at = %s WHERE state = 'queued' AND id IN ({_row_ids(rows)})",
        (now,),
    )
