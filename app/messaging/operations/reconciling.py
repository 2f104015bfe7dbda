"""Receipts for messages without a name, lost with the answer or never told: which one is the event about?"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from datetime import datetime, timedelta

import structlog

from app.accounts.enums import WeChatApp
from app.core import sql
from app.messaging.enums import Channel
from app.messaging.operations.settling import apply_receipt

log = structlog.get_logger()

# WeChat tells within seconds; the rest is for clocks and for an event that it had to repeat.
_AROUND_THE_TRY = timedelta(minutes=10)
# What WeChat reviews first (40252) it pushes and reports when the review is over.
_REVIEW = timedelta(days=1)
# An event about one message cannot be about one that travels by any other way.
_TOLD = ", ".join(f"'{channel.value}'" for channel in Channel if channel.tells_delivery)


async def take_receipt(  # noqa: PLR0913 - what WeChat tells about one message
    *,
    msgid: str,
    delivered: bool,
    status: str | None,
    openid: str,
    template_id: str | None,
    happened_at: datetime,
    now: datetime,
) -> bool:
    """Write down how a message ended, as WeChat's event tells, and return whether we know the message.

    An event whose number we never learned, because the answer to the try was lost, settles the one message
    to this person that was tried at that time and whose outcome is open. When there are two, or one is on
    its way at this moment or waits to be tried again, it settles none. A 订阅通知 of the service account has
    no number before its event. Joins the transaction of the caller.

    Args:
        msgid: WeChat's name of the message.
        delivered: whether it reached the phone.
        status: WeChat's word for a failure.
        openid: whom it was for.
        template_id: of which template, None when the event does not say.
        happened_at: when WeChat says it happened.
        now: when.
    """
    if await apply_receipt(msgid=msgid, delivered=delivered, status=status, now=now):
        return True
    lost = await _lost(openid, template_id, happened_at=happened_at)
    if lost is None or not await _give_name(lost, msgid):
        return False
    log.info("messaging.receipt.reconciled", message_id=lost)
    return await apply_receipt(msgid=msgid, delivered=delivered, status=status, now=now)


async def _nameless(openid: str, template_id: str | None, *, happened_at: datetime) -> list[int]:
    """Return up to two 订阅通知 of the service account that were taken at that time and have no name."""
    if template_id is None:
        return []
    rows = await sql.fetch(
        "SELECT m.id FROM wechat_identity i JOIN message m"
        " ON m.recipient_id = COALESCE(i.guardian_id, i.cadre_id)"
        " AND m.recipient_kind = CASE WHEN i.guardian_id IS NULL THEN 'cadre' ELSE 'guardian' END"
        " WHERE i.app = %s AND i.openid = %s AND m.openid = i.openid AND m.channel = %s AND m.state = 'sent'"
        " AND m.template_id = %s AND m.wechat_msgid IS NULL AND m.first_tried_at BETWEEN %s AND %s"
        " ORDER BY m.id LIMIT 2",
        (
            *(WeChatApp.OFFICIAL.value, openid, Channel.OFFICIAL_SUBSCRIBE.value, template_id),
            *(happened_at - _AROUND_THE_TRY, happened_at + _AROUND_THE_TRY),
        ),
    )
    return [row["id"] for row in rows]


async def _lost(openid: str, template_id: str | None, *, happened_at: datetime) -> int | None:
    nameless = await _nameless(openid, template_id, happened_at=happened_at)
    # Counted, not listed: asked for the first two by id, MariaDB would walk through the whole table.
    rows = await sql.fetch(
        "SELECT COUNT(*) AS fitting, MIN(id) AS id,"
        " SUM(CASE WHEN state IN ('queued', 'sending') THEN 1 ELSE 0 END) AS leaving FROM message"
        # One that waits to be repeated may be the one that the event is about.
        f" WHERE state IN ('queued', 'sending', 'unknown', 'held') AND openid = %s AND channel IN ({_TOLD})"
        " AND (%s IS NULL OR template_id = %s) AND wechat_msgid IS NULL AND first_tried_at <= %s"
        " AND first_tried_at >= CASE state WHEN 'held' THEN %s ELSE %s END",
        (
            *(openid, template_id, template_id),
            happened_at + _AROUND_THE_TRY,
            happened_at - _REVIEW,
            happened_at - _AROUND_THE_TRY,
        ),
    )
    fitting = rows[0]["fitting"] + len(nameless)
    if fitting == 1 and not rows[0]["leaving"]:
        return int(rows[0]["id"] or nameless[0])
    if fitting > 1:
        log.warning("messaging.receipt.ambiguous", fitting=fitting, first_message_id=rows[0]["id"])
    return None


async def _give_name(message_id: int, msgid: str) -> bool:
    named = await sql.execute(
        "UPDATE message SET wechat_msgid = %s, sent_at = COALESCE(sent_at, first_tried_at)"
        " WHERE id = %s AND state IN ('unknown', 'held', 'sent') AND wechat_msgid IS NULL",
        (msgid, message_id),
    )
    return bool(named)
