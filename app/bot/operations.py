"""Taking pushes in, acting on each exactly once, and trying again what could not be done yet."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.rules import Scope
from app.bot import queries, replies
from app.bot.enums import PushKind, PushState
from app.bot.intents import Intent, intent_of_event, intent_of_message
from app.bot.models import WeChatPush
from app.core import sql
from app.core.clock import china_date
from app.messaging import operations as messaging
from app.messaging.enums import SubscriptionAnswer
from app.messaging.rules import MAX_ANSWERS
from app.people import operations as people
from app.people.operations import BindingCodeRefused
from app.people.queries import guardian_of_openid
from app.wechat.callback import Push

log = structlog.get_logger()

# The request that brought it acts first; the loop takes over when that request broke off.
HEAD_START = timedelta(seconds=15)
# A receipt can overtake the commit that stores the message's number.
RECEIPT_PATIENCE = timedelta(minutes=5)
LONGEST_RECEIPT_WAIT = timedelta(minutes=1)
LONGEST_FAILURE_WAIT = timedelta(minutes=15)
MOST_ATTEMPTS = 12
KEPT = timedelta(days=30)

_LONGEST_WORD = 64
# A deadlock victim tries again within the second in which WeChat wants its answer.
_TRIES = 4
# What binds or withdraws consent is the evidence of it, and stays.
_EVIDENCE = (PushKind.FOLLOW, PushKind.SCAN, PushKind.STOP, PushKind.RESUME)
# What is done late must not undo what the person did since.
_OVERTAKEN_BY: dict[PushKind, tuple[PushKind, ...]] = {
    PushKind.FOLLOW: (PushKind.UNFOLLOW,),
    PushKind.SCAN: (PushKind.UNFOLLOW,),
    PushKind.UNFOLLOW: (PushKind.FOLLOW, PushKind.SCAN),
    PushKind.STOP: (PushKind.RESUME,),
    PushKind.RESUME: (PushKind.STOP,),
}
# They concern the account or a person's data as a whole, and need somebody who reads the log.
_FOR_OPERATORS = frozenset(
    {"wxa_punish_event", "user_authorization_revoke", "user_authorization_cancellation"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What came of acting on a push: its new state, and the words for the person if there are any."""

    state: PushState = PushState.APPLIED
    reply: str | None = None


async def receive_push(*, app: WeChatApp, push: Push, now: datetime) -> WeChatPush:
    """Put a push into the inbox, and return the row that the first of its deliveries made.

    Nothing of a push that needs no action is kept but the fact that it came: no place, no page, no words.

    Args:
        app: which of our accounts received it.
        push: verified and decrypted.
        now: the present moment, aware.
    """
    return await sql.retrying(lambda: _store(app, push, now=now), attempts=_TRIES)


async def _store(app: WeChatApp, push: Push, *, now: datetime) -> WeChatPush:
    kind, payload = _understood(app, push)
    settled = kind is PushKind.OTHER
    try:
        async with in_transaction():
            return await WeChatPush.create(
                app=app,
                dedupe_key=push.dedupe_key,
                openid=push.openid,
                kind=kind,
                payload=json.dumps(payload, ensure_ascii=False),
                state=PushState.IGNORED if settled else PushState.WAITING,
                next_at=now + HEAD_START if kind.is_from_person else now,
                happened_at=push.created_at,
                received_at=now,
                applied_at=now if settled else None,
            )
    except IntegrityError:
        return await WeChatPush.get(dedupe_key=push.dedupe_key)


def _understood(app: WeChatApp, push: Push) -> tuple[PushKind, dict[str, Any]]:
    """Tell what a push wants, and what has to be kept of it for that."""
    results = _receipts(push)
    if results:
        return PushKind.RECEIPT, {"results": results}
    # Accepted credits are counted from the phone's own report (POST /mini/v1/subscriptions), never from
    # subscribe_msg_popup_event: with 总是保持以上选择 no popup appears, yet every call earns a credit, and
    # counting both would double them. A refusal in WeChat's settings is seen by no page of ours: only this
    # event tells it. The service account has no credits.
    if push.event == "subscribe_msg_change_event" and app is WeChatApp.MINI:
        refused = [one.template_id for one in push.subscriptions if one.status == "reject"]
        return (PushKind.REFUSAL, {"templates": refused}) if refused else (PushKind.OTHER, {})
    intent = _intent(app, push)
    if intent is not None:
        return intent.kind, {"scene": intent.scene, "text": intent.text}
    if push.event in _FOR_OPERATORS:
        log.warning("bot.push.for_operators", app=app.value, wechat_event=push.event)
    return PushKind.OTHER, {}


def _receipts(push: Push) -> list[dict[str, Any]]:
    if push.template_msgid and push.template_status:
        delivered = push.template_status == "success"
        return [_receipt_of(push.template_msgid, delivered, push.template_status, None)]
    return [
        _receipt_of(one.msgid, one.error_code == 0, one.error_status, one.template_id)
        for one in push.subscriptions
        if one.msgid and one.error_code is not None
    ]


def _receipt_of(msgid: str, delivered: bool, status: str | None, template_id: str | None) -> dict[str, Any]:  # noqa: FBT001
    return {
        "msgid": msgid[:_LONGEST_WORD],
        "delivered": delivered,
        "status": (status or "")[:_LONGEST_WORD],
        "template_id": template_id,
    }


def _intent(app: WeChatApp, push: Push) -> Intent | None:
    if app is not WeChatApp.OFFICIAL:
        return None
    if push.event is not None:
        return intent_of_event(event=push.event, event_key=push.event_key, scene=push.scene)
    return intent_of_message(msg_type=push.msg_type, content=push.content)


async def apply_push(*, push_id: int, now: datetime) -> WeChatPush:
    """Act on a push that waits, and return it settled, with the reply for the person if there is one.

    A push that was settled before is returned as it is, so that a retry hears the same words. Deliveries that
    arrive together wait for the first; effect and state are one commit. Safe to run again.
    """
    return await sql.retrying(lambda: _act(push_id, now=now), attempts=_TRIES)


async def apply_waiting_pushes(*, now: datetime, limit: int = 200) -> int:
    """Act on pushes that are due, oldest first, and return how many were looked at.

    One that fails is tried again after a growing wait, up to 12 times; a receipt for a message that nobody
    knows yet for five minutes. Both end as given up. Any number of workers may run this at once.
    """
    due = (
        await WeChatPush.filter(state=PushState.WAITING, next_at__lte=now)
        .order_by("next_at", "id")
        .limit(limit)
        .values_list("id", "attempts")
    )
    for push_id, attempts in due:
        try:
            await sql.retrying(partial(_act, push_id, now=now, due_by=now), attempts=_TRIES)
        except Exception:
            # Whatever is wrong with one push, the others go on.
            log.exception("bot.push.failed", push_id=push_id, attempts=attempts + 1)
            await _postpone(push_id, attempts=attempts, now=now)
    return len(due)


async def forget_old_pushes(*, now: datetime, limit: int = 1000) -> int:
    """Delete settled pushes older than 30 days that prove nothing, and return how many.

    Bindings, withdrawals and renewals stay: they are the evidence of a consent.
    """
    async with in_transaction():
        old: list[Any] = (
            await WeChatPush.filter(
                state__in=(PushState.APPLIED, PushState.IGNORED, PushState.GIVEN_UP),
                next_at__lt=now - KEPT,
                kind__not_in=_EVIDENCE,
            )
            .order_by("next_at")
            .limit(limit)
            .values_list("id", flat=True)
        )
        return await WeChatPush.filter(id__in=old).delete() if old else 0


async def _act(push_id: int, *, now: datetime, due_by: datetime | None = None) -> WeChatPush:
    async with in_transaction():
        waiting = WeChatPush.filter(id=push_id, state=PushState.WAITING)
        if due_by is not None:
            waiting = waiting.filter(next_at__lte=due_by)
        # This UPDATE holds the row until the commit: whoever comes second finds it settled.
        mine = await waiting.update(attempts=F("attempts") + 1)
        push = await WeChatPush.get(id=push_id)
        if mine:
            await _settle(push, now=now)
    return push


async def _settle(push: WeChatPush, *, now: datetime) -> None:
    if await _is_overtaken(push):
        done = _Done(state=PushState.IGNORED)
    else:
        done = await _EFFECTS[push.kind](push, json.loads(push.payload), now)
    push.update_from_dict({"state": done.state, "reply": done.reply})
    if push.state is PushState.WAITING:
        push.next_at = now + min(timedelta(seconds=2**push.attempts), LONGEST_RECEIPT_WAIT)
        if now >= push.received_at + RECEIPT_PATIENCE:
            push.state = PushState.GIVEN_UP
            log.warning("bot.receipt.given_up", push_id=push.id)
    if push.state is not PushState.WAITING:
        push.applied_at = now
    await push.save(update_fields=["state", "reply", "next_at", "applied_at"])


async def _is_overtaken(push: WeChatPush) -> bool:
    kinds = _OVERTAKEN_BY.get(push.kind)
    if kinds is None:
        return False
    return await WeChatPush.filter(
        app=push.app,
        openid=push.openid,
        kind__in=kinds,
        happened_at__gt=push.happened_at,
        state__in=(PushState.APPLIED, PushState.WAITING),
    ).exists()


async def _postpone(push_id: int, *, attempts: int, now: datetime) -> None:
    tried = attempts + 1
    state = PushState.GIVEN_UP if tried >= MOST_ATTEMPTS else PushState.WAITING
    wait = min(timedelta(seconds=2**tried), LONGEST_FAILURE_WAIT)
    async with in_transaction():
        # Only if nobody else tried it meanwhile.
        await WeChatPush.filter(id=push_id, state=PushState.WAITING, attempts=attempts).update(
            attempts=tried, state=state, next_at=now + wait
        )


async def _follow(push: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    await people.note_follow(openid=push.openid, now=now)
    if payload["scene"]:
        return await _bind(push, payload["scene"], now)
    guardian = await guardian_of_openid(openid=push.openid)
    muted = guardian is not None and guardian.muted_at is not None
    return _Done(reply=replies.followed(bound=guardian is not None, muted=muted))


async def _bind(push: WeChatPush, code: str, now: datetime) -> _Done:
    try:
        await people.bind_guardian_by_code(code=code, openid=push.openid, evidence=_evidence(push), now=now)
    except BindingCodeRefused:
        log.info("bot.binding.refused", push_id=push.id)
        guardian = await guardian_of_openid(openid=push.openid)
        return _Done(reply=replies.code_refused(bound=guardian is not None))
    return _Done(reply=replies.bound())


async def _unfollow(push: WeChatPush, _: dict[str, Any], now: datetime) -> _Done:
    await people.note_unfollow(openid=push.openid, now=now)
    return _Done()


async def _stop(push: WeChatPush, _: dict[str, Any], now: datetime) -> _Done:
    guardian = await people.mute_guardian(openid=push.openid, evidence=_evidence(push), now=now)
    return _Done(reply=replies.stopped(bound=guardian is not None))


async def _resume(push: WeChatPush, _: dict[str, Any], now: datetime) -> _Done:
    guardian = await people.unmute_guardian(openid=push.openid, evidence=_evidence(push), now=now)
    return _Done(reply=replies.resumed(bound=guardian is not None))


async def _help(push: WeChatPush, _: dict[str, Any], __: datetime) -> _Done:
    return _Done(reply=replies.help_text(federation=await _federation_of(push.openid)))


async def _unclear(push: WeChatPush, _: dict[str, Any], __: datetime) -> _Done:
    return _Done(reply=replies.unclear(federation=await _federation_of(push.openid)))


async def _my_cadre(push: WeChatPush, _: dict[str, Any], now: datetime) -> _Done:
    guardian = await guardian_of_openid(openid=push.openid)
    if guardian is None:
        return _Done(reply=replies.my_cadres([], bound=False, federation=None))
    cadres = await queries.cadres_of_family(scope=Scope(guardian_id=guardian.id), today=china_date(now))
    federation = await queries.federation_name(region_code=guardian.region_code)
    return _Done(reply=replies.my_cadres(cadres, bound=True, federation=federation))


async def _federation_of(openid: str) -> str | None:
    guardian = await guardian_of_openid(openid=openid)
    return None if guardian is None else await queries.federation_name(region_code=guardian.region_code)


async def _receipt(push: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    # One push reports on few messages, and settling one twice changes nothing.
    known = [
        await messaging.take_receipt(**one, openid=push.openid, happened_at=push.happened_at, now=now)
        for one in payload["results"]
    ]
    return _Done(state=PushState.APPLIED if all(known) else PushState.WAITING)


async def _refusal(push: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    # WeChat calls it reject, as it calls a refused popup; but whoever closes a template in WeChat's settings
    # accepts none of what he earned before either.
    templates = payload["templates"]
    for start in range(0, len(templates), MAX_ANSWERS):
        some = templates[start : start + MAX_ANSWERS]
        await messaging.grant_credits(
            openid=push.openid, answers=dict.fromkeys(some, SubscriptionAnswer.BAN), now=now
        )
    return _Done()


def _evidence(push: WeChatPush) -> str:
    return f"push:{push.id}"


_EFFECTS: dict[PushKind, Callable[[WeChatPush, dict[str, Any], datetime], Awaitable[_Done]]] = {
    PushKind.FOLLOW: _follow,
    PushKind.SCAN: _follow,
    PushKind.UNFOLLOW: _unfollow,
    PushKind.STOP: _stop,
    PushKind.RESUME: _resume,
    PushKind.HELP: _help,
    PushKind.MY_CADRE: _my_cadre,
    PushKind.UNCLEAR: _unclear,
    PushKind.RECEIPT: _receipt,
    PushKind.REFUSAL: _refusal,
}
