"""Writing down the intent to send claimed messages, giving them back, and picking up after a crash.

Every change is one statement that names the state it starts from and the claim it belongs to, so that two
workers, or one that was asleep, cannot both believe that a message is theirs.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from tortoise.transactions import in_transaction

from app.core import sql
from app.messaging import queries
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.notices import DueMessage
from app.messaging.operations.calling import list_calls
from app.messaging.operations.claiming import lease_end, numbers
from app.messaging.operations.quotas import held_by, uncount, uncount_rows
from app.messaging.operations.windows import take_windows
from app.messaging.rules import RETRY_WINDOW, state_of
from app.messaging.rules.channels import CREDITED

log = structlog.get_logger()

_EXPIRE_AT_ONCE = 2000
_CANCEL_AT_ONCE = 5000
# SQLite takes no more than 500 parts in one statement.
_MOST_QUEUES = 400
_RECOVER_AT_ONCE = 5000


def _ids(messages: Sequence[DueMessage]) -> str:
    return numbers(message.id for message in messages)


def _row_ids(rows: Sequence[Mapping[str, Any]]) -> str:
    return numbers(row["id"] for row in rows)


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
            await uncount(held_by(unpaid))
        return [message for message in mine if message.id in paid]


async def _mark_sending(messages: Sequence[DueMessage], *, now: datetime, lease_ms: int) -> int:
    charged = int(messages[0].channel in CREDITED)
    return await sql.execute(
        "UPDATE message SET begun = 1, attempts = attempts + 1, charged = %s,"
        f" first_tried_at = COALESCE(first_tried_at, %s), lease_until_ms = {lease_end()}"
        f" WHERE state = 'sending' AND begun = 0 AND lease_token = %s AND lease_until_ms >= {sql.db_now_ms()}"
        f" AND id IN ({_ids(messages)})",
        (charged, now, lease_ms, messages[0].token),
    )


async def _held_of(messages: Sequence[DueMessage]) -> list[DueMessage]:
    rows = await sql.fetch(
        "SELECT id FROM message WHERE state = 'sending' AND begun = 1 AND lease_token = %s"
        f" AND id IN ({_ids(messages)})",
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

    async def unit() -> int:
        async with in_transaction():
            await uncount(held_by(await _claimed_still(messages)))
            return await sql.execute(
                "UPDATE message SET state = 'queued', counted_on = NULL, lease_token = NULL,"
                " lease_until_ms = NULL, next_at = %s"
                f" WHERE state = 'sending' AND begun = 0 AND lease_token = %s AND id IN ({_ids(messages)})",
                (next_at, messages[0].token),
            )

    return await sql.retrying(unit)


async def set_aside(*, messages: Mapping[Reason, Sequence[DueMessage]], now: datetime) -> int:
    """Settle claimed messages that must not be sent, by reason; returns how many were still ours."""
    groups = {reason: group for reason, group in messages.items() if group}
    if not groups:
        return 0

    async def unit() -> int:
        settled = 0
        async with in_transaction():
            # Few statements for each reason, not for each message.
            still = [await _claimed_still(group) for group in groups.values()]
            for reason, group in groups.items():
                settled += await sql.execute(
                    "UPDATE message SET state = %s, reason = %s, settled_at = %s, counted_on = NULL,"
                    " lease_token = NULL, lease_until_ms = NULL"
                    " WHERE state = 'sending' AND begun = 0 AND lease_token = %s"
                    f" AND id IN ({_ids(group)})",
                    (state_of(reason).value, reason.value, now, group[0].token),
                )
            await uncount(held_by([message for group in still for message in group]))
        return settled

    return await sql.retrying(unit)


async def _claimed_still(messages: Sequence[DueMessage]) -> list[DueMessage]:
    """Lock those that are counted and still ours: what a lease that passed held was given back already."""
    counted = [message for message in messages if message.counted_on is not None]
    if not counted:
        return []
    rows = await sql.fetch(
        "SELECT id FROM message WHERE state = 'sending' AND begun = 0 AND lease_token = %s"
        f" AND id IN ({_ids(counted)})" + sql.for_update(),
        (counted[0].token,),
    )
    ours = {row["id"] for row in rows}
    return [message for message in counted if message.id in ours]


async def recover_leases(*, now: datetime) -> int:
    """Take up what a worker left behind whose lease has passed, and return how many messages that were.

    What was only claimed goes back. What was being sent may have arrived: a template message goes back as
    long as WeChat still knows its key, and a call task always; everything else becomes unknown and keeps its
    credit. A mass message is repeated by its batch (`masses`), whose rows have a lease as long as its key.
    """
    passed = f"lease_until_ms < {sql.db_now_ms()}"
    claimed = await sql.retrying(_take_back_claimed)
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


async def _take_back_claimed() -> int:
    """Put back what a worker whose lease has passed had only claimed, with all that it held of the quotas."""
    async with in_transaction():
        rows = await sql.fetch(
            "SELECT id, channel, template_id, counted_on FROM message WHERE state = 'sending' AND begun = 0"
            f" AND lease_until_ms < {sql.db_now_ms()} ORDER BY id LIMIT %s"
            + ("" if sql.is_sqlite() else " FOR UPDATE SKIP LOCKED"),
            (_RECOVER_AT_ONCE,),
        )
        if not rows:
            return 0
        await sql.execute(
            "UPDATE message SET state = 'queued', counted_on = NULL, lease_token = NULL,"
            f" lease_until_ms = NULL WHERE state = 'sending' AND begun = 0 AND id IN ({_row_ids(rows)})"
        )
        await uncount_rows(rows)
    return len(rows)


async def expire_overdue(*, now: datetime) -> int:
    """Let go of messages that waited until they were no longer welcome, and return how many.

    Only the longest waiting are looked at: whatever comes up to be sent is judged then.
    """
    rows: list[dict[str, Any]] = []
    for urgent in (True, False):
        rows += await _overdue(urgent=urgent, now=now)
    if not rows:
        return 0
    expired = await let_go(rows, state=MessageState.EXPIRED, reason=Reason.TOO_LATE, now=now)
    log.info("messaging.messages.expired", count=expired)
    return expired


async def _overdue(*, urgent: bool, now: datetime) -> list[dict[str, Any]]:
    """Return which of those are overdue that have waited longest for their federation."""
    since = await queries.waiting_since(urgent=urgent)
    waiting = sorted((queue for queue in since if since[queue] <= now), key=since.__getitem__)[:_MOST_QUEUES]
    if not waiting:
        return []
    each = max(1, _EXPIRE_AT_ONCE // len(waiting))
    part = (
        "SELECT id, expires_at FROM message WHERE state = 'queued' AND urgent = %s AND org_code = %s"
        " AND channel = %s AND next_at <= %s ORDER BY next_at LIMIT %s"
    )
    parts = " UNION ALL ".join(f"SELECT * FROM ({part}) part{number}" for number in range(len(waiting)))
    return await sql.fetch(
        f"SELECT due.id FROM ({parts}) due WHERE due.expires_at <= %s ORDER BY due.id LIMIT %s",
        [
            *[
                value
                for queue in waiting
                for value in (int(urgent), queue.org_code, queue.channel.value, now, each)
            ],
            now,
            _EXPIRE_AT_ONCE,
        ],
    )


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
    return await let_go(rows, state=MessageState.CANCELLED, reason=Reason.CAMPAIGN_CANCELLED, now=now)


async def let_go(
    rows: Sequence[Mapping[str, Any]], *, state: MessageState, reason: Reason, now: datetime
) -> int:
    """End waiting messages by id; one that was tried without an answer may have arrived, so it is unknown."""
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
