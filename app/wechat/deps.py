"""The gateway for routes, and its failures in words for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, cast

import structlog
from fastapi import Depends, Request

from app.core.errors import Invalid, Unavailable
from app.wechat.gateway import WeChatGateway, WeChatNotReached, WeChatRefused, WeChatUnanswered

log = structlog.get_logger()


class CodeNotAccepted(Invalid):
    code = "wechat.code_not_accepted"
    title = "微信登录凭证无效或已用过，请重新打开小程序"


class WeChatUnavailable(Unavailable):
    code = "wechat.unavailable"
    title = "暂时连不上微信，请稍后再试"


async def _wechat(request: Request) -> WeChatGateway:
    return cast("WeChatGateway", request.app.state.services.wechat)


WeChatDep = Annotated[WeChatGateway, Depends(_wechat)]


@contextmanager
def code_exchange() -> Iterator[None]:
    """Turn WeChat's refusal of a one-use code, or its silence, into an answer for the phone.

    Raises:
        CodeNotAccepted: WeChat refused the code.
        WeChatUnavailable: WeChat did not answer.
    """
    try:
        yield
    except WeChatRefused as refusal:
        log.info("wechat.code.refused", errcode=refusal.errcode, rid=refusal.rid)
        raise CodeNotAccepted(refusal.sentence) from refusal
    except (WeChatNotReached, WeChatUnanswered) as silence:
        log.warning("wechat.code.unanswered", error=type(silence).__name__)
        raise WeChatUnavailable from silence
