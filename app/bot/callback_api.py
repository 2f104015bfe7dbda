"""The callback addresses (消息推送) of the service account and the mini program.

WeChat wants an answer within five seconds, else it comes again, three times: so a push is verified, stored,
acted on if somebody waits for the reply, and nothing more. What is refused leaves no row and learns nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import cast
from weakref import WeakKeyDictionary

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from app.accounts.enums import WeChatApp
from app.bot import inbox, operations
from app.bot.enums import PushState
from app.core.clock import Clock
from app.core.deps import BusDep, ClockDep
from app.core.grouping import Group
from app.core.queue import Bus, Topic
from app.wechat.account import WeChatAccount
from app.wechat.callback import (
    MAX_BODY_BYTES,
    CallbackRejected,
    RejectReason,
    check_url,
    open_push,
    seal_text_reply,
)

log = structlog.get_logger()
router = APIRouter(prefix="/wechat", include_in_schema=False)

# WeChat hangs up after five; a request that it no longer hears must not hold a connection either.
ANSWER_WITHIN_SECONDS = 4.0
# The loop looks by itself every second: a bell is worth no longer wait.
RING_WITHIN_SECONDS = 0.3

_MANY = 10_000
_bells: WeakKeyDictionary[Bus, Group[None, bool]] = WeakKeyDictionary()
_refusals: Counter[tuple[WeChatApp, RejectReason]] = Counter()


def refused_pushes() -> Mapping[tuple[WeChatApp, RejectReason], int]:
    """Return how many pushes this process refused since it started, by account and reason."""
    return dict(_refusals)


@router.get("/official", summary="服务号推送地址校验")
async def check_official(request: Request) -> Response:
    return _check(request, WeChatApp.OFFICIAL)


@router.get("/mini", summary="小程序推送地址校验")
async def check_mini(request: Request) -> Response:
    return _check(request, WeChatApp.MINI)


@router.post("/official", summary="服务号推送")
async def take_official(request: Request, clock: ClockDep, bus: BusDep) -> Response:
    return await _take(request, WeChatApp.OFFICIAL, clock, bus)


@router.post("/mini", summary="小程序推送")
async def take_mini(request: Request, clock: ClockDep, bus: BusDep) -> Response:
    return await _take(request, WeChatApp.MINI, clock, bus)


def _check(request: Request, app: WeChatApp) -> Response:
    try:
        return PlainTextResponse(check_url(account=_account(request, app), query=request.query_params))
    except CallbackRejected as refusal:
        return _refused(app, refusal.reason)


async def _take(request: Request, app: WeChatApp, clock: Clock, bus: Bus) -> Response:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            return await _answer(request, app, clock.now(), bus)
    except CallbackRejected as refusal:
        return _refused(app, refusal.reason)
    except ClientDisconnect:
        return PlainTextResponse("", status_code=400)
    except Exception:
        # Whatever broke, a plain 500 makes WeChat come again.
        log.exception("bot.push.failed", app=app.value)
        return PlainTextResponse("", status_code=500)


async def _answer(request: Request, app: WeChatApp, now: datetime, bus: Bus) -> Response:
    account = _account(request, app)
    push = open_push(account=account, query=request.query_params, body=await _body(request), now=now)
    stored = await inbox.receive_push(app=app, push=push, now=now)
    if stored.state is PushState.WAITING:
        if stored.kind.is_from_person:
            stored = await operations.apply_push(push_id=stored.id, now=now)
        else:
            await _ring(bus)
    if stored.reply is None:
        return PlainTextResponse("success")
    sealed = seal_text_reply(
        account=account, push=push, text=stored.reply, now=now, nonce=request.query_params["nonce"]
    )
    return Response(sealed, media_type="application/xml")


async def _body(request: Request) -> bytes:
    """Read the body, and stop reading where it becomes too long to be WeChat's."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise CallbackRejected(RejectReason.TOO_LARGE)
    return bytes(body)


async def _ring(bus: Bus) -> None:
    bell = _bells.get(bus)
    if bell is None:
        bell = _bells[bus] = Group(partial(_ring_once, bus), largest=_MANY)
    await bell.join(None)


async def _ring_once(bus: Bus, take: Callable[[], Sequence[None]]) -> list[bool | None]:
    """Ring for all whose push is stored by now; who comes while the bell sounds waits for the next one."""
    rung: list[bool | None] = [True for _ in take()]
    try:
        async with asyncio.timeout(RING_WITHIN_SECONDS):
            await bus.ring(Topic.PUSHES)
    except TimeoutError:
        log.warning("bot.ring.late")
    return rung


def _refused(app: WeChatApp, reason: RejectReason) -> Response:
    _refusals[app, reason] += 1
    log.warning("bot.push.refused", app=app.value, reason=reason.value)
    # One answer for all reasons: it tells a stranger nothing about how far he came.
    return PlainTextResponse("refused", status_code=403)


def _account(request: Request, app: WeChatApp) -> WeChatAccount:
    accounts = cast("Mapping[WeChatApp, WeChatAccount]", request.app.state.wechat_accounts)
    return accounts[app]
