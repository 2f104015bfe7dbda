"""The inbox: what a push wants is understood, and stored before WeChat hears that it arrived.

After a campaign WeChat reports on every message within minutes. Pushes that arrive together share one
transaction, so that a process takes in hundreds a second.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.bot.enums import PushKind, PushState
from app.bot.intents import Intent, intent_of_event, intent_of_message
from app.bot.models import WeChatPush
from app.core import sql
from app.core.crypto import keyring
from app.core.grouping import Group
from app.messaging.enums import SubscriptionAnswer
from app.wechat.callback import Push

log = structlog.get_logger()

# The request that brought it acts first; the loop takes over when that request broke off.
HEAD_START = timedelta(seconds=15)

_LONGEST_WORD = 64
_ANSWERS = frozenset({SubscriptionAnswer.ACCEPT.value, SubscriptionAnswer.REJECT.value})
# A deadlock victim tries again within the second in which WeChat wants its answer.
_TRIES = 4
# A longer statement saves no more, and keeps the first of them waiting.
_LARGEST_GROUP = 100
# They concern the account as a whole, and need somebody who reads the log.
_FOR_OPERATORS = frozenset({"wxa_punish_event"})
_GONE = "user_authorization_cancellation"
# What we keep of a user of the mini program is his number's match in the register: 8 is the phone number, of
# anything else he takes back we hold nothing (user_authorization_revoke, RevokeInfo).
_PHONE_TAKEN_BACK = "8"


@dataclass(frozen=True, slots=True)
class _Arrival:
    """One delivery of a push."""

    app: WeChatApp
    push: Push
    now: datetime


# By connection: a transaction of the caller's is one of its own, and nobody else's push can get into it.
_GROUPS: WeakKeyDictionary[BaseDBAsyncClient, Group[_Arrival, WeChatPush]] = WeakKeyDictionary()


async def receive_push(*, app: WeChatApp, push: Push, now: datetime) -> WeChatPush:
    """Put a push into the inbox, and return the row that the first of its deliveries made.

    Nothing of a push that needs no action is kept but the fact that it came: no place, no page, no words.

    Args:
        app: which of our accounts received it.
        push: verified and decrypted.
        now: the present moment, aware.
    """
    arrival = _Arrival(app, push, now)
    stored = await _group().join(arrival)
    if stored is not None:
        return stored
    return await sql.retrying(lambda: _store(arrival), attempts=_TRIES)


def _group() -> Group[_Arrival, WeChatPush]:
    connection = get_connections().get("default")
    group = _GROUPS.get(connection)
    if group is None:
        group = _GROUPS[connection] = Group(_store_several, largest=_LARGEST_GROUP)
    return group


async def _store_several(take: Callable[[], Sequence[_Arrival]]) -> list[WeChatPush]:
    """Store in one transaction what nobody delivered before, and return everybody's row."""
    async with in_transaction():
        arrivals = take()
        keys = sorted({each.push.dedupe_key for each in arrivals})
        rows = {row.dedupe_key: row for row in await WeChatPush.filter(dedupe_key__in=keys)}
        fresh: dict[str, WeChatPush] = {}
        for each in arrivals:
            key = each.push.dedupe_key
            if key not in rows and key not in fresh:
                fresh[key] = _row_of(each)
        await _insert([fresh[key] for key in sorted(fresh)])
        await _number([row for row in fresh.values() if row.kind.is_from_person])
    rows |= fresh
    return [rows[each.push.dedupe_key] for each in arrivals]


async def _insert(rows: Sequence[WeChatPush]) -> None:
    # Always in the order of the key: two processes that store the same repeats do not wait for each other.
    await sql.execute_many(
        "INSERT INTO wechat_push (app, dedupe_key, openid, kind, payload, state, attempts, next_at,"
        " happened_at, received_at, applied_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (
                *(row.app.value, row.dedupe_key, row.openid, row.kind.value),
                keyring().seal(row.payload, place="wechat_push.payload"),
                *(row.state.value, 0, row.next_at, row.happened_at, row.received_at, row.applied_at),
            )
            for row in rows
        ],
    )


async def _number(rows: Sequence[WeChatPush]) -> None:
    """Read the ids of rows that are to be acted on within their request."""
    if rows:
        keys = [row.dedupe_key for row in rows]
        ids = dict(await WeChatPush.filter(dedupe_key__in=keys).values_list("dedupe_key", "id"))
        for row in rows:
            row.id = ids[row.dedupe_key]


async def _store(arrival: _Arrival) -> WeChatPush:
    try:
        async with in_transaction():
            row = _row_of(arrival)
            await row.save(force_create=True)
            return row
    except IntegrityError:
        return await WeChatPush.get(dedupe_key=arrival.push.dedupe_key)


def _row_of(arrival: _Arrival) -> WeChatPush:
    app, push, now = arrival.app, arrival.push, arrival.now
    kind, payload = _understood(app, push)
    settled = kind is PushKind.OTHER
    return WeChatPush(
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


def _understood(app: WeChatApp, push: Push) -> tuple[PushKind, dict[str, Any]]:
    """Tell what a push wants, and what has to be kept of it for that."""
    results = _receipts(push)
    if results:
        return PushKind.RECEIPT, {"results": results}
    subscribed = _subscribed(app, push)
    if subscribed is not None:
        return subscribed
    if push.mass is not None and app is WeChatApp.OFFICIAL:
        return PushKind.MASS_RESULT, {"mass": asdict(push.mass)}
    intent = _intent(app, push)
    if intent is not None:
        return intent.kind, {"scene": intent.scene, "text": intent.text, "opens": push.opens}
    if _takes_back(app, push):
        return PushKind.REVOKED, {"is_gone": push.event == _GONE}
    if push.event in _FOR_OPERATORS:
        log.warning("bot.push.for_operators", app=app.value, wechat_event=push.event)
    return PushKind.OTHER, {}


def _subscribed(app: WeChatApp, push: Push) -> tuple[PushKind, dict[str, Any]] | None:
    """Tell what somebody accepts or refuses to be sent, None for any other push."""
    # Accepted credits are counted from the phone's own report (POST /mini/v1/subscriptions), never from
    # subscribe_msg_popup_event: with 总是保持以上选择 no popup appears, yet every call earns a credit, and
    # counting both would double them. A refusal in WeChat's settings is seen by no page of ours: only this
    # event tells it. The service account asks in articles and web pages, from which nothing else reports.
    if push.event == "subscribe_msg_change_event":
        refused = [one.template_id for one in push.subscriptions if one.status == "reject"]
        return (PushKind.REFUSAL, {"templates": refused}) if refused else (PushKind.OTHER, {})
    if push.event == "subscribe_msg_popup_event" and app is WeChatApp.OFFICIAL:
        answers = {one.template_id: one.status for one in push.subscriptions if one.status in _ANSWERS}
        return (PushKind.ANSWERS, {"answers": answers}) if answers else (PushKind.OTHER, {})
    return None


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


def _takes_back(app: WeChatApp, push: Push) -> bool:
    if app is not WeChatApp.MINI:
        return False
    if push.event == "user_authorization_revoke":
        return _PHONE_TAKEN_BACK in push.raw.get("RevokeInfo", "").replace("|", ",").split(",")
    return push.event == _GONE


def _intent(app: WeChatApp, push: Push) -> Intent | None:
    if app is not WeChatApp.OFFICIAL:
        return None
    if push.event is not None:
        return intent_of_event(event=push.event, event_key=push.event_key, scene=push.scene)
    return intent_of_message(
        msg_type=push.msg_type, content=push.content, recognition=push.raw.get("Recognition")
    )
