"""Sending again what may be sent again, and settling what nobody knew, by order of a named admin."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from app.campaigns import queries
from app.campaigns.enums import OutcomeAct
from app.campaigns.models import Campaign
from app.campaigns.operations.drafting import Author, TooLateToApprove, locked, record
from app.core import sql
from app.core.errors import Conflict, NotFound
from app.messaging.enums import MessageState, Reason
from app.messaging.models import Message, SubscriptionCredit

log = structlog.get_logger()

_AT_ONCE = 5000
_NOTE_LENGTH = 200


class MessageNotFound(NotFound):
    code = "campaigns.message_not_found"
    title = "没有找到这条消息"


class OutcomeKnown(Conflict):
    code = "campaigns.outcome_known"
    title = "这条消息的结果已经确定，不能再登记"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What came of an order to send again.

    Args:
        counts: how many messages wait again, by the reason for which they had not arrived.
        left: whether there are more; the same order again takes the next ones.
    """

    counts: dict[Reason, int]
    left: bool


async def retry(
    *, campaign_id: int, reasons: Sequence[Reason], author: Author, now: datetime, at_once: int = _AT_ONCE
) -> Retried:
    """Send again what did not arrive for these reasons and may be sent again; ordered twice, it happens once.

    Never what was sent, may have arrived, or is on its way. Each message's earlier outcome is kept, with the
    name of the admin. Errors so far are forgiven.

    Args:
        campaign_id: which campaign.
        reasons: only what did not arrive for one of these.
        author: who orders it.
        now: when.
        at_once: how many messages at most.

    Raises:
        CampaignNotFound, WrongState: there is none, or it is not going on any more.
        TooLateToApprove: its time is over, nobody wants it now.
    """

    async def unit() -> Retried:
        async with in_transaction():
            # Locked, so that two orders at the same moment come one after the other.
            campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="retry")
            if campaign.expires_at <= now:
                raise TooLateToApprove("已过任务的截止时间，不再发送")
            rows = await _repeatable_rows(campaign, reasons, at_once=at_once, now=now)
            counts = Counter(Reason(row["reason"]) for row in rows[:at_once])
            if counts:
                await _put_back(campaign, rows[:at_once], author=author, now=now)
                words = ",".join(f"{reason.value}:{count}" for reason, count in sorted(counts.items()))
                await record(campaign, action="campaign.retried", actor=author.actor, now=now, detail=words)
        return Retried(counts=dict(counts), left=len(rows) > at_once)

    retried = await sql.retrying(unit)
    log.info("campaigns.retried", campaign_id=campaign_id, messages=sum(retried.counts.values()))
    return retried


async def _repeatable_rows(
    campaign: Campaign, reasons: Sequence[Reason], *, at_once: int, now: datetime
) -> list[dict[str, Any]]:
    found = queries.repeatable(campaign, reasons=reasons, now=now)
    return await sql.fetch(
        f"SELECT m.id, m.recipient_id, m.reason {found.text} ORDER BY m.id LIMIT %s",
        (*found.values, at_once + 1),
    )


async def _put_back(
    campaign: Campaign, rows: Sequence[dict[str, Any]], *, author: Author, now: datetime
) -> None:
    ids = [row["id"] for row in rows]
    await _keep_outcomes(", ".join(map(str, ids)), act=OutcomeAct.RETRIED, note="", author=author, now=now)
    people = [row["recipient_id"] for row in rows]
    again = queries.put_back(campaign, message_ids=ids, people=people, now=now)
    await sql.execute(again.text, again.values)
    campaign.watched_from = now
    await campaign.save(update_fields=["watched_from"])


async def _keep_outcomes(some: str, *, act: OutcomeAct, note: str, author: Author, now: datetime) -> None:
    await sql.execute(
        "INSERT INTO outcome_change (message_id, campaign_id, act, state, reason, errcode, attempts,"
        " ended_at, note, decided_by, decided_at)"
        " SELECT id, campaign_id, %s, state, reason, errcode, attempts, settled_at, %s, %s, %s FROM message"
        f" WHERE id IN ({some})",
        (act.value, note[:_NOTE_LENGTH], author.staff_id, now),
    )


async def settle_unknown(
    *, campaign_id: int, message_id: int, arrived: bool, note: str, author: Author, now: datetime
) -> Message:
    """Write down what an admin found out about a message of which nobody knew whether it had arrived.

    What did not arrive gives its subscription credit back and may then be sent again, once, by `retry`.

    Args:
        campaign_id: whose message.
        message_id: which one, to somebody of the admin's own region.
        arrived: whether the recipient has it.
        note: how he knows.
        author: who says so.
        now: when.

    Raises:
        CampaignNotFound, MessageNotFound, WrongState: there is none in his region.
        OutcomeKnown: it is not unknown, or not any more.
    """
    act = OutcomeAct.ARRIVED if arrived else OutcomeAct.NOT_ARRIVED
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="settle")
        message = await Message.select_for_update().get_or_none(id=message_id, campaign_id=campaign_id)
        if message is None or not author.scope.may_act_in(message.region_code):
            raise MessageNotFound
        if message.state is not MessageState.UNKNOWN:
            raise OutcomeKnown(f"这条消息现在是“{message.state.label}”")
        await _keep_outcomes(str(message.id), act=act, note=note, author=author, now=now)
        await _settle(message, arrived=arrived, now=now)
        await record(
            campaign,
            action=f"campaign.message.{act.value}",
            actor=author.actor,
            now=now,
            detail=f"message:{message.id}",
        )
    log.info("campaigns.message.settled", message_id=message.id, outcome=act.value)
    return message


async def _settle(message: Message, *, arrived: bool, now: datetime) -> None:
    message.settled_at = now
    message.reason = None if arrived else Reason.NOT_ARRIVED  # type: ignore[assignment]
    message.state = MessageState.DELIVERED if arrived else MessageState.FAILED
    if arrived:
        message.sent_at = message.sent_at or message.first_tried_at or now
    elif message.charged:
        # WeChat counts too: a credit that is spent after all is refused there, and nothing arrives twice.
        await SubscriptionCredit.filter(openid=message.openid, template_id=message.template_id).update(
            remaining=F("remaining") + 1, updated_at=now
        )
        message.charged = False
    await message.save(update_fields=["state", "reason", "settled_at", "sent_at", "charged"])
