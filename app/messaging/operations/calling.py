"""Calls that cadres are asked to make: standing in the list, what came of them, and their end."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from app.core import sql
from app.core.errors import Conflict, NotFound
from app.messaging.enums import CallOutcome, Channel, MessageState, Reason
from app.messaging.models import CallReport, CallTask, Message
from app.messaging.notices import DueMessage

log = structlog.get_logger()

_END_AT_ONCE = 2000


class CallTaskNotFound(NotFound):
    code = "messaging.call_task_not_found"
    title = "没有找到这项电话任务，可能已经办结、过期或转给了接任的干部"


class CallReportReused(Conflict):
    code = "messaging.call_report_reused"
    title = "这个编号已用于另一次登记"


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report came to; `is_new` is False when the same report had arrived before."""

    message: Message
    report_id: int
    is_new: bool


async def list_calls(messages: Sequence[DueMessage], *, now: datetime) -> set[int]:
    """Let calls stand in the list of the cadre until they would come too late, and return their ids.

    Joins the transaction of the caller. Doing it again changes nothing.

    Args:
        messages: of the channel of calls.
        now: when; what is too late by then has been sorted out before.
    """
    if not messages:
        return set()
    keep = (
        "ON CONFLICT (message_id) DO NOTHING"
        if sql.is_sqlite()
        else "ON DUPLICATE KEY UPDATE message_id = message_id"
    )
    rows = ", ".join(["(%s, %s)"] * len(messages))
    values = [value for message in messages for value in (message.id, max(message.expires_at, now))]
    await sql.execute(f"INSERT INTO call_task (message_id, ends_at) VALUES {rows} {keep}", values)
    return {message.id for message in messages}


async def report_call(
    *, message_id: int, cadre_id: int, client_id: str, outcome: CallOutcome, is_own: bool, now: datetime
) -> Reported:
    """Write down what came of a call that a cadre was asked to make.

    Told: delivered. Declined: failed, with that reason. Not reached: the attempt is counted and the call goes
    on standing in the list. The same report sent again changes nothing. Joins the transaction of the caller.

    Args:
        message_id: which call.
        cadre_id: who called.
        client_id: chosen by his phone once per report.
        outcome: what came of it.
        is_own: whether it stands in this cadre's list, which is asked above.
        now: when.

    Raises:
        CallTaskNotFound: it is settled already, too late, or somebody else's.
        CallReportReused: this id stands for another report.
    """
    # Holds the row until the commit: of two reports at once, the second finds the first.
    message = await Message.select_for_update().get_or_none(id=message_id, channel=Channel.CALL_TASK)
    if message is None:
        raise CallTaskNotFound
    before = await CallReport.get_or_none(message_id=message_id, client_id=client_id)
    if before is not None:
        if before.cadre_id != cadre_id:
            # Whoever called before him, when the family was handed over.
            raise CallReportReused if is_own else CallTaskNotFound
        if before.outcome is not outcome:
            raise CallReportReused
        return Reported(message, before.id, is_new=False)
    if not is_own or message.state is not MessageState.SENT or message.expires_at <= now:
        raise CallTaskNotFound
    report = await CallReport.create(
        message_id=message_id, cadre_id=cadre_id, client_id=client_id, outcome=outcome, reported_at=now
    )
    message.attempts += 1
    if outcome is not CallOutcome.NOT_REACHED:
        is_told = outcome is CallOutcome.TOLD
        message.update_from_dict(
            {
                "state": MessageState.DELIVERED if is_told else MessageState.FAILED,
                "reason": None if is_told else Reason.DECLINED,
                "settled_at": now,
            }
        )
        await CallTask.filter(message_id=message_id).delete()
    await message.save(update_fields=["attempts", "state", "reason", "settled_at"])
    return Reported(message, report.id, is_new=True)


async def end_calls(*, now: datetime) -> int:
    """Let go of up to 2,000 calls that nobody made until they came too late, and return how many."""

    async def unit() -> int:
        async with in_transaction():
            rows = await sql.fetch(
                "SELECT t.message_id FROM call_task t JOIN message m ON m.id = t.message_id"
                # One that is on its way into a list would stand there without an end.
                " WHERE t.ends_at <= %s AND m.state NOT IN ('queued', 'sending')"
                " ORDER BY t.ends_at LIMIT %s",
                (now, _END_AT_ONCE),
            )
            if not rows:
                return 0
            return await _take_off(rows, state=MessageState.EXPIRED, reason=Reason.TOO_LATE, now=now)

    ended = await sql.retrying(unit)
    if ended:
        log.info("messaging.calls.expired", count=ended)
    return ended


async def cancel_calls(*, campaign_id: int, now: datetime) -> int:
    """Take up to 2,000 calls of one campaign off the lists, because it was cancelled; return how many.

    Joins the transaction of the caller. What a cadre told about a call before stays as he told it.
    """
    rows = await sql.fetch(
        # In this order on SQLite: few calls stand in lists, and a campaign may have a million messages.
        "SELECT t.message_id FROM call_task t CROSS JOIN message m ON m.id = t.message_id"
        " WHERE m.campaign_id = %s AND m.state = 'sent' ORDER BY t.id LIMIT %s",
        (campaign_id, _END_AT_ONCE),
    )
    if not rows:
        return 0
    reason = Reason.CAMPAIGN_CANCELLED
    return await _take_off(rows, state=MessageState.CANCELLED, reason=reason, now=now)


async def _take_off(
    rows: Sequence[Mapping[str, int]], *, state: MessageState, reason: Reason, now: datetime
) -> int:
    ids = ", ".join(str(int(row["message_id"])) for row in rows)
    ended = await sql.execute(
        "UPDATE message SET state = %s, reason = %s, settled_at = %s"
        f" WHERE state = 'sent' AND channel = %s AND id IN ({ids})",
        (state.value, reason.value, now, Channel.CALL_TASK.value),
    )
    await sql.execute(f"DELETE FROM call_task WHERE message_id IN ({ids})")
    return ended
