"""Acting on each push exactly once, and trying again what could not be done yet."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from app.bot import conversation, dialogues, replies
from app.bot.enums import PushKind, PushState
from app.bot.models import WeChatPush
from app.core import sql
from app.messaging import operations as messaging
from app.messaging.enums import SubscriptionAnswer, WindowAct
from app.messaging.rules import MAX_ANSWERS
from app.people import operations as people
from app.people.operations import BindingCodeRefused, PinRefused, TooManyTries
from app.people.queries import guardian_of_openid

log = structlog.get_logger()

# A receipt can overtake the commit that stores the message's number.
RECEIPT_PATIENCE = timedelta(minutes=5)
LONGEST_RECEIPT_WAIT = timedelta(minutes=1)
# A mass message whose answer was lost learns its name when it is repeated, perhaps the next morning.
_PATIENCE = {PushKind.MASS_RESULT: timedelta(days=1)}
LONGEST_FAILURE_WAIT = timedelta(minutes=15)
MOST_ATTEMPTS = 12
KEPT = timedelta(days=30)

# A deadlock victim tries again within the second in which WeChat wants its answer.
_TRIES = 4
# What binds or withdraws consent is the evidence of it, and stays.
_EVIDENCE = (
    *(PushKind.FOLLOW, PushKind.SCAN, PushKind.CODE, PushKind.STOP, PushKind.RESUME),
    *(PushKind.UNBIND, PushKind.REVOKED),
)
# What is done late must not undo what the person did since.
_OVERTAKEN_BY: dict[PushKind, tuple[PushKind, ...]] = {
    PushKind.FOLLOW: (PushKind.UNFOLLOW,),
    PushKind.SCAN: (PushKind.UNFOLLOW,),
    PushKind.CODE: (PushKind.UNFOLLOW, PushKind.UNBIND),
    PushKind.UNBIND: (PushKind.FOLLOW, PushKind.SCAN, PushKind.CODE),
    PushKind.UNFOLLOW: (PushKind.FOLLOW, PushKind.SCAN),
    PushKind.STOP: (PushKind.RESUME,),
    PushKind.RESUME: (PushKind.STOP,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What came of acting on a push: its new state, and the words for the person if there are any."""

    state: PushState = PushState.APPLIED
    reply: str | None = None


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
        .values_list("id", "attempts", "kind")
    )
    receipts = [push_id for push_id, _, kind in due if kind is PushKind.RECEIPT]
    applied = await _apply_receipts(receipts, now=now) if len(receipts) > 1 else set()
    for push_id, attempts, _ in due:
        if push_id in applied:
            continue
        try:
            await sql.retrying(partial(_act, push_id, now=now, due_by=now), attempts=_TRIES)
        except Exception:
            # Whatever is wrong with one push, the others go on.
            log.exception("bot.push.failed", push_id=push_id, attempts=attempts + 1)
            await _postpone(push_id, attempts=attempts, now=now)
    return len(due)


async def _apply_receipts(push_ids: Sequence[int], *, now: datetime) -> set[int]:
    """Apply together the receipts of messages that we know, and return their pushes; the others go alone."""
    try:
        return await sql.retrying(lambda: _receipts_in_one(push_ids, now=now), attempts=_TRIES)
    except Exception as error:  # noqa: BLE001 - each meets its own error again, alone, and waits for it
        log.info("bot.receipts.dissolved", size=len(push_ids), error=type(error).__name__)
        return set()


async def _receipts_in_one(push_ids: Sequence[int], *, now: datetime) -> set[int]:
    async with in_transaction():
        # Who is being looked after by another worker is left to it.
        pushes = await (
            WeChatPush.filter(id__in=push_ids, state=PushState.WAITING, next_at__lte=now)
            .select_for_update(skip_locked=True)
            .order_by("id")
        )
        told = {
            push.id: [
                messaging.Receipt(msgid=one["msgid"], delivered=one["delivered"], status=one["status"])
                for one in json.loads(push.payload)["results"]
            ]
            for push in sorted(pushes, key=lambda push: (push.happened_at, push.id))
        }
        known = await messaging.apply_receipts(
            receipts=[receipt for receipts in told.values() for receipt in receipts], now=now
        )
        applied = {
            push_id for push_id, receipts in told.items() if all(one.msgid in known for one in receipts)
        }
        if applied:
            await WeChatPush.filter(id__in=sorted(applied)).update(
                state=PushState.APPLIED, attempts=F("attempts") + 1, applied_at=now
            )
    # Those of another worker need no second look either.
    return applied | (set(push_ids) - told.keys())


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
            await _settle(push, is_heard=due_by is None, now=now)
    return push


async def _settle(push: WeChatPush, *, is_heard: bool, now: datetime) -> None:
    if await _is_overtaken(push):
        done = _Done(state=PushState.IGNORED)
    else:
        payload = json.loads(push.payload)
        done = await _EFFECTS[push.kind](push, payload, now)
        await _note_window(push, payload)
        if is_heard and done.reply is not None:
            done = replace(done, reply=await _with_answers(done.reply, openid=push.openid, now=now))
    push.update_from_dict({"state": done.state, "reply": done.reply})
    if push.state is PushState.WAITING:
        push.next_at = now + min(timedelta(seconds=2**push.attempts), LONGEST_RECEIPT_WAIT)
        if now >= push.received_at + _PATIENCE.get(push.kind, RECEIPT_PATIENCE):
            push.state = PushState.GIVEN_UP
            log.warning("bot.receipt.given_up", push_id=push.id)
    if push.state is not PushState.WAITING:
        push.applied_at = now
    await push.save(update_fields=["state", "reply", "next_at", "applied_at"])


async def _with_answers(reply: str, *, openid: str, now: datetime) -> str:
    """Add what persons answered before; only a reply within the request is heard by anybody."""
    guardian = await guardian_of_openid(openid=openid)
    if guardian is None:
        return reply
    return await conversation.add_answers(reply, guardian=guardian, now=now)


async def _note_window(push: WeChatPush, payload: dict[str, Any]) -> None:
    """Note that the person lets us write to him for a while (客服消息), or that he left."""
    if push.kind is PushKind.UNFOLLOW:
        await messaging.close_windows(openids=[push.openid])
    elif payload.get("opens"):
        act = WindowAct(payload["opens"])
        await messaging.open_window(openid=push.openid, act=act, happened_at=push.happened_at)


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


async def _code(push: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    try:
        await people.bind_guardian_by_pin(
            pin=payload["text"], openid=push.openid, evidence=_evidence(push), now=now
        )
    except TooManyTries:
        log.warning("bot.binding.too_many_tries", push_id=push.id)
        return _Done(reply=replies.too_many_tries())
    except PinRefused:
        log.info("bot.binding.refused", push_id=push.id)
        guardian = await guardian_of_openid(openid=push.openid)
        return _Done(reply=replies.pin_refused(bound=guardian is not None))
    return _Done(reply=replies.bound())


async def _unbind(push: WeChatPush, _: dict[str, Any], now: datetime) -> _Done:
    # Words that wait for a choice still belong to somebody now.
    await dialogues.end(openid=push.openid, now=now)
    guardian = await people.unbind_by_follower(openid=push.openid, evidence=_evidence(push), now=now)
    return _Done(reply=replies.not_bound() if guardian is None else replies.unbound())


async def _revoked(push: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    await people.forget_mini_user(
        openid=push.openid, evidence=_evidence(push), is_gone=payload["is_gone"], now=now
    )
    return _Done()


async def _spoken(push: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    guardian = await guardian_of_openid(openid=push.openid)
    if guardian is None:
        return _Done(reply=replies.not_bound())
    talk = conversation.Talk(
        openid=push.openid, guardian=guardian, text=payload["text"], evidence=_evidence(push), now=now
    )
    return _Done(reply=await conversation.answer(push.kind, talk))


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


async def _answers(push: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    answers = list(payload["answers"].items())
    for start in range(0, len(answers), MAX_ANSWERS):
        some = dict(answers[start : start + MAX_ANSWERS])
        await messaging.grant_credits(openid=push.openid, answers=some, now=now)
    return _Done()


async def _mass_result(_: WeChatPush, payload: dict[str, Any], now: datetime) -> _Done:
    known = await messaging.take_mass_result(**payload["mass"], now=now)
    return _Done(state=PushState.APPLIED if known else PushState.WAITING)


def _evidence(push: WeChatPush) -> str:
    return f"push:{push.id}"


_EFFECTS: dict[PushKind, Callable[[WeChatPush, dict[str, Any], datetime], Awaitable[_Done]]] = {
    PushKind.FOLLOW: _follow,
    PushKind.SCAN: _follow,
    PushKind.UNFOLLOW: _unfollow,
    PushKind.STOP: _stop,
    PushKind.RESUME: _resume,
    PushKind.CODE: _code,
    PushKind.UNBIND: _unbind,
    PushKind.REVOKED: _revoked,
    **dict.fromkeys(conversation.SPOKEN, _spoken),
    PushKind.RECEIPT: _receipt,
    PushKind.REFUSAL: _refusal,
    PushKind.ANSWERS: _answers,
    PushKind.MASS_RESULT: _mass_result,
}
