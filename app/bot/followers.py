"""Asking WeChat who else a follower is: outside any transaction, a few at a time, each only once."""

from datetime import datetime

import structlog

from app.people import operations as people
from app.wechat.gateway import WeChatGateway, WeChatNotReached, WeChatRefused, WeChatUnanswered

log = structlog.get_logger()

ASKED_AT_ONCE = 20


async def ask_unionids(*, wechat: WeChatGateway, now: datetime, limit: int = ASKED_AT_ONCE) -> int:
    """Ask for the unionids of followers whom nobody asked about, and link their accounts.

    Returns how many were asked; WeChat that does not answer is asked again at the next round.
    """
    asked = 0
    for follower in await people.identities_to_ask(limit=limit):
        try:
            unionid = await wechat.official_unionid(openid=follower.openid)
        except WeChatRefused as refusal:
            log.info("bot.unionid.refused", identity_id=follower.id, errcode=refusal.errcode)
            unionid = None
        except (WeChatNotReached, WeChatUnanswered) as silence:
            log.warning("bot.unionid.unanswered", error=type(silence).__name__)
            break
        linked = await people.link_unionid(identity_id=follower.id, unionid=unionid, now=now)
        asked += 1
        if linked:
            log.info("bot.accounts.linked", identity_id=follower.id, linked=linked)
    return asked
