"""What is acted on later: receipts, refusals, and what a request could not finish."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.bot.enums import PushKind, PushState
from app.bot.models import WeChatPush
from app.bot.operations import MOST_ATTEMPTS, apply_waiting_pushes, forget_old_pushes
from app.core.settings import Settings
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind
from app.messaging.models import Message, SubscriptionCredit
from app.people.models import Guardian
from tests.accounts.factories import LIXIA
from tests.bot.factories import (
    OPENID,
    delivery,
    event,
    make_bound_guardian,
    subscribe_event,
    template_receipt,
    text,
)
from tests.conftest import NOW

MINI, OFFICIAL = "/wechat/mini", "/wechat/official"


async def make_sent_message(msgid: str, **overrides: Any) -> Message:
    defaults: dict[str, Any] = {
        "dedup_key": f"test:{msgid}",
        "purpose": Purpose.POLICY_NOTICE,
        "channel": Channel.OFFICIAL_TEMPLATE,
        "recipient_kind": RecipientKind.GUARDIAN,
        "recipient_id": 1,
        "region_code": LIXIA,
        "openid": OPENID,
        "template_id": "t",
        "state": MessageState.SENT,
        "next_at": NOW,
        "expires_at": NOW + timedelta(days=1),
        "wechat_msgid": msgid,
        "created_at": NOW,
        "sent_at": NOW,
    }
    return await Message.create(**defaults | overrides)


async def receive(client: httpx.AsyncClient, settings: Settings, plain: str, path: str = OFFICIAL) -> None:
    account = settings.wechat.official if path == OFFICIAL else settings.wechat.mini
    answer = await delivery(account, plain).post(client, path)
    assert (answer.status_code, answer.text) == (200, "success")


@pytest.mark.parametrize(
    ("status", "state"),
    [("success", MessageState.DELIVERED), ("failed:user block", MessageState.FAILED)],
)
async def test_a_template_receipt_settles_its_message(
    client: httpx.AsyncClient, settings: Settings, status: str, state: MessageState
) -> None:
    await make_sent_message("200163836")
    await receive(client, settings, template_receipt("200163836", status))

    assert await apply_waiting_pushes(now=NOW, limit=10) == 1

    assert (await Message.get()).state is state
    assert (await WeChatPush.get()).state is PushState.APPLIED


async def test_a_receipt_waits_for_the_loop_and_leaves_the_request_alone(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await make_sent_message("1")

    await receive(client, settings, template_receipt("1"))

    assert (await Message.get()).state is MessageState.SENT
    assert (await WeChatPush.get()).state is PushState.WAITING


async def test_a_mini_program_receipt_settles_its_messages(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    for msgid in ("11", "12"):
        await make_sent_message(msgid, channel=Channel.MINI_SUBSCRIBE)
    sent = subscribe_event(
        "sent",
        {"TemplateId": "t", "MsgID": "11", "ErrorCode": "0", "ErrorStatus": "success"},
        {"TemplateId": "t", "MsgID": "12", "ErrorCode": "3", "ErrorStatus": "system failed"},
    )
    await receive(client, settings, sent, MINI)

    await apply_waiting_pushes(now=NOW, limit=10)

    states = [message.state for message in await Message.all().order_by("id")]
    assert states == [MessageState.DELIVERED, MessageState.FAILED]


async def test_a_receipt_that_overtakes_its_message_is_tried_again(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await receive(client, settings, template_receipt("77"))
    await apply_waiting_pushes(now=NOW, limit=10)
    push = await WeChatPush.get()
    assert (push.state, push.attempts) == (PushState.WAITING, 1)
    assert push.next_at > NOW
    assert await apply_waiting_pushes(now=NOW, limit=10) == 0

    await make_sent_message("77")
    await apply_waiting_pushes(now=push.next_at, limit=10)

    assert (await WeChatPush.get()).state is PushState.APPLIED
    assert (await Message.get()).state is MessageState.DELIVERED


async def test_a_receipt_for_a_message_that_never_appears_is_given_up_after_five_minutes(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await receive(client, settings, template_receipt("77"))

    tries = 0
    while (push := await WeChatPush.get()).state is PushState.WAITING:
        await apply_waiting_pushes(now=push.next_at, limit=10)
        tries += 1

    assert push.state is PushState.GIVEN_UP
    assert push.applied_at is not None
    assert timedelta(minutes=5) <= push.applied_at - NOW <= timedelta(minutes=7)
    assert 5 < tries < 15


async def test_closing_a_subscription_in_wechat_takes_the_credits(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await SubscriptionCredit.create(
        openid=OPENID, template_id="festival", remaining=3, granted=3, last_answer="accept", updated_at=NOW
    )
    closed = subscribe_event("change", {"TemplateId": "festival", "SubscribeStatusString": "reject"})
    await receive(client, settings, closed, MINI)

    await apply_waiting_pushes(now=NOW, limit=10)

    assert (await SubscriptionCredit.get()).remaining == 0


async def test_a_popup_event_earns_nothing_since_the_phone_reports_the_answer_itself(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    popup = subscribe_event(
        "popup", {"TemplateId": "festival", "SubscribeStatusString": "accept", "PopupScene": "0"}
    )
    await receive(client, settings, popup, MINI)

    assert await apply_waiting_pushes(now=NOW, limit=10) == 0

    assert (await WeChatPush.get()).state is PushState.IGNORED
    assert await SubscriptionCredit.all().count() == 0


async def test_two_loops_at_once_act_once(client: httpx.AsyncClient, settings: Settings) -> None:
    for msgid in ("1", "2", "3"):
        await make_sent_message(msgid)
        await receive(client, settings, template_receipt(msgid))

    await asyncio.gather(*[apply_waiting_pushes(now=NOW, limit=10) for _ in range(2)])

    assert [push.attempts for push in await WeChatPush.all()] == [1, 1, 1]
    assert await Message.filter(state=MessageState.DELIVERED).count() == 3


async def test_the_loop_finishes_what_a_request_stored_but_did_not_finish(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    guardian = await make_bound_guardian()
    await delivery(settings.wechat.official, text("退订")).post(client)
    await WeChatPush.all().update(state=PushState.WAITING, reply=None)
    await Guardian.filter(id=guardian.id).update(muted_at=None)

    early = await apply_waiting_pushes(now=NOW, limit=10)
    late = await apply_waiting_pushes(now=NOW + timedelta(seconds=15), limit=10)

    assert (early, late) == (0, 1)
    assert (await Guardian.get(id=guardian.id)).muted_at is not None
    push = await WeChatPush.get()
    assert push.state is PushState.APPLIED
    assert push.reply is not None


async def test_a_push_that_cannot_be_read_holds_up_nobody_and_is_given_up(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await make_sent_message("2")
    await receive(client, settings, template_receipt("1"))
    await WeChatPush.all().update(payload="no json")
    await receive(client, settings, template_receipt("2"))

    now, rounds = NOW, 0
    while await WeChatPush.filter(state=PushState.WAITING).exists():
        await apply_waiting_pushes(now=now, limit=10)
        now += timedelta(minutes=15)
        rounds += 1

    assert rounds == MOST_ATTEMPTS
    states = [push.state for push in await WeChatPush.all().order_by("id")]
    assert states == [PushState.GIVEN_UP, PushState.APPLIED]


async def test_old_pushes_are_forgotten_unless_they_prove_a_consent(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await make_bound_guardian()
    await delivery(settings.wechat.official, text("退订")).post(client)
    await delivery(settings.wechat.official, text("帮助")).post(client)
    await receive(client, settings, event("VIEW", "<EventKey>https://example.org</EventKey>"))
    await receive(client, settings, template_receipt("1"))

    early = await forget_old_pushes(now=NOW + timedelta(days=29), limit=100)
    late = await forget_old_pushes(now=NOW + timedelta(days=31), limit=100)

    assert (early, late) == (0, 2)
    left = [push.kind for push in await WeChatPush.all().order_by("id")]
    assert left == [PushKind.STOP, PushKind.RECEIPT]


async def test_a_receipt_settles_the_one_message_whose_answer_was_lost(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await make_sent_message("x", wechat_msgid=None, state=MessageState.UNKNOWN, first_tried_at=NOW)
    await receive(client, settings, template_receipt("501"))

    await apply_waiting_pushes(now=NOW, limit=10)

    message = await Message.get()
    assert (message.state, message.wechat_msgid) == (MessageState.DELIVERED, "501")


async def test_receipts_that_wait_together_are_applied_together_and_the_unknown_one_waits_on(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    told = {"31": "success", "32": "failed:user block", "33": "failed: system failed", "34": "success"}
    for msgid, status in told.items():
        await receive(client, settings, template_receipt(msgid, status))
    for msgid in ("31", "32", "33"):
        await make_sent_message(msgid)

    assert await apply_waiting_pushes(now=NOW, limit=10) == 4

    ends = {message.wechat_msgid: (message.state, message.reason) for message in await Message.all()}
    assert ends == {
        "31": (MessageState.DELIVERED, None),
        "32": (MessageState.FAILED, Reason.BLOCKED_BY_USER),
        "33": (MessageState.FAILED, Reason.REFUSED_BY_WECHAT),
    }
    pushes = await WeChatPush.all().order_by("id")
    assert [push.state for push in pushes] == [PushState.APPLIED] * 3 + [PushState.WAITING]
    assert [push.attempts for push in pushes] == [1] * 4


async def test_a_receipt_that_cannot_be_read_keeps_no_other_from_its_message(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    for msgid in ("41", "42", "43"):
        await make_sent_message(msgid)
        await receive(client, settings, template_receipt(msgid))
    broken = await WeChatPush.all().order_by("id").first()
    assert broken is not None
    await WeChatPush.filter(id=broken.id).update(payload="{}")

    await apply_waiting_pushes(now=NOW, limit=10)

    assert await Message.filter(state=MessageState.DELIVERED).count() == 2
    await broken.refresh_from_db()
    assert (broken.state, broken.attempts) == (PushState.WAITING, 1)
