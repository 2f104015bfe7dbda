"""Stopping a campaign in which too much goes wrong, and clearing up after cancelled ones."""

from datetime import datetime

from tortoise.transactions import in_transaction

from app.campaigns import queries
from app.campaigns.operations.deciding import pause_by_system
from app.campaigns.queries import Trouble
from app.campaigns.rules import FAILED_SHARE, FEWEST_ATTEMPTS, UNKNOWN_IN_A_ROW, fails_too_often
from app.messaging.operations import cancel_calls, cancel_messages
from app.wechat.errcodes import reaction_to


async def watch_step(*, now: datetime) -> int:
    """Pause running campaigns of which WeChat refuses too much, and return how many.

    Everything is counted from the rows, so any number of workers comes to the same answer; whoever let a
    campaign go on meanwhile is not overruled by what was counted before.
    """
    paused = 0
    # Only campaigns with refusals are asked about one by one, and those are few.
    for trouble in await queries.troubles(now=now):
        reason = await _reason_to_stop(trouble)
        if reason:
            paused += await pause_by_system(
                campaign_id=trouble.campaign_id, reason=reason, now=now, watched_from=trouble.watched_from
            )
    return paused


async def _reason_to_stop(trouble: Trouble) -> str:
    sentence = f"{reaction_to(trouble.errcode).sentence}（{trouble.errcode}）"
    ended = await queries.attempts_since(
        campaign_id=trouble.campaign_id,
        since=trouble.since,
        at_most=max(trouble.failed * FAILED_SHARE + 1, FEWEST_ATTEMPTS),
    )
    attempts = ended + trouble.waiting
    if fails_too_often(attempts=attempts, failed=trouble.failed):
        return f"{attempts}次发送中有{trouble.failed}次被微信拒绝：{sentence}。请处理后再继续"
    began = await queries.unknown_run_begins(
        campaign_id=trouble.campaign_id, since=trouble.since, length=UNKNOWN_IN_A_ROW + 1
    )
    if began and not await queries.anything_taken_since(campaign_id=trouble.campaign_id, since=began):
        return f"连续{UNKNOWN_IN_A_ROW + 1}次以上没有发出：{sentence}。请联系信息中心"
    return ""


async def clear_cancelled_step(*, now: datetime) -> int:
    """Cancel the next few thousand waiting messages of one cancelled campaign, and return how many."""
    campaign_id = await queries.cancelled_with_waiting(now=now)
    if campaign_id is None:
        return 0
    async with in_transaction():
        return await cancel_messages(campaign_id=campaign_id, now=now)


async def clear_cancelled_calls_step(*, now: datetime) -> int:
    """Take the next calls of one cancelled campaign off the lists of cadres, and return how many.

    Those that were on their way to a list as it was cancelled, and what is left of many thousands.
    """
    campaign_id = await queries.cancelled_with_calls(now=now)
    if campaign_id is None:
        return 0
    async with in_transaction():
        return await cancel_calls(campaign_id=campaign_id, now=now)
