"""What the sender makes of WeChat's refusals and silences."""

from datetime import datetime, timedelta

import pytest

from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.models import Message
from app.wechat.gateway import WeChatNotReached, WeChatRefused, WeChatUnanswered
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import (
    Stops,
    credits_of,
    make_message,
    make_sender,
    make_subscribe_message,
)

pytestmark = pytest.mark.usefixtures("db")


async def states() -> list[MessageState]:
    return [message.state for message in await Message.all().order_by("id")]


def refused(errcode: int) -> WeChatRefused:
    return WeChatRefused(errcode=errcode, errmsg="no rid: 1-2")


@pytest.mark.parametrize(
    ("error", "template", "subscribe", "left"),
    [
        (refused(43101), MessageState.FAILED, MessageState.FAILED, 0),
        (refused(40003), MessageState.FAILED, MessageState.FAILED, 2),
        (refused(40252), MessageState.HELD, MessageState.HELD, 1),
        (refused(-1), MessageState.QUEUED, MessageState.QUEUED, 2),
        (refused(45011), MessageState.QUEUED, MessageState.QUEUED, 2),
        (refused(45009), MessageState.QUEUED, MessageState.QUEUED, 2),
        (refused(40164), MessageState.QUEUED, MessageState.QUEUED, 2),
        (refused(43116), MessageState.FAILED, MessageState.FAILED, 2),
        (refused(12345678), MessageState.FAILED, MessageState.FAILED, 2),
        (WeChatNotReached("ClientConnectorError"), MessageState.QUEUED, MessageState.QUEUED, 2),
        (WeChatUnanswered("TimeoutError"), MessageState.QUEUED, MessageState.UNKNOWN, 1),
        (KeyError("a bug"), MessageState.QUEUED, MessageState.UNKNOWN, 1),
    ],
    ids=lambda value: f"{getattr(value, 'errcode', value)}",
)
async def test_each_answer_of_wechat_has_its_consequence(
    wechat: FakeWeChat,
    clock: FixedClock,
    error: Exception,
    template: MessageState,
    subscribe: MessageState,
    left: int,
) -> None:
    one = await make_message()
    two = await make_subscribe_message(credits_left=2)
    wechat.failures[str(one.openid)].append(error)
    wechat.failures[str(two.openid)].append(error)

    await make_sender(wechat, clock).send_due()

    assert await states() == [template, subscribe]
    assert await credits_of(two) == left
    assert await Message.filter(state=MessageState.QUEUED, next_at__lte=NOW).count() == 0


async def test_an_unanswered_template_message_is_repeated_with_the_same_key_and_not_after_nine_minutes(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    message = await make_message()
    wechat.failures[str(message.openid)] += [WeChatUnanswered("TimeoutError")] * 2
    sender = make_sender(wechat, clock)

    await sender.send_due()
    clock.advance(timedelta(seconds=20))
    await sender.send_due()
    clock.advance(timedelta(minutes=9))
    await sender.send_due()

    await message.refresh_from_db()
    assert (message.state, message.reason, message.attempts) == (MessageState.UNKNOWN, Reason.UNANSWERED, 2)
    assert wechat.template_messages == []


async def test_five_unknown_codes_in_a_row_stop_the_campaign_and_the_rest_waits(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for number in range(30):
        message = await make_message(campaign_id=9, next_at=NOW - timedelta(minutes=30 - number))
        wechat.failures[str(message.openid)].append(refused(12345678))
    other = await make_message(campaign_id=10)
    stops = Stops()

    await make_sender(wechat, clock, stops=stops, concurrency=1).send_due()

    assert list(stops.campaigns) == [9]
    assert "12345678" in stops.campaigns[9]
    assert await Message.filter(campaign_id=9, state=MessageState.FAILED).count() == 5
    assert await Message.filter(campaign_id=9, state=MessageState.QUEUED).count() == 25
    await other.refresh_from_db()
    assert other.state is MessageState.SENT


async def test_unknown_codes_with_successes_between_them_stop_the_campaign_at_one_in_twenty(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for number in range(200):
        message = await make_message(campaign_id=9, next_at=NOW - timedelta(minutes=200 - number))
        if number % 15 == 0:
            wechat.failures[str(message.openid)].append(refused(12345678))
    stops = Stops()

    await make_sender(wechat, clock, stops=stops, concurrency=1).send_due()

    assert list(stops.campaigns) == [9]
    assert await Message.filter(state=MessageState.SENT).count() >= 90


async def test_a_banned_template_stops_its_campaign_at_once_and_loses_nobody(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for _ in range(5):
        message = await make_message(campaign_id=9)
        wechat.failures[str(message.openid)].append(refused(43116))
    stops = Stops()

    await make_sender(wechat, clock, stops=stops, concurrency=1).send_due()

    assert stops.campaigns == {9: "这个模板被微信限制下发（43116）"}
    assert await states() == [MessageState.QUEUED] * 5


async def test_a_stopped_account_rests_while_the_other_one_goes_on(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for _ in range(4):
        message = await make_message()
        wechat.failures[str(message.openid)].append(refused(40164))
    sender = make_sender(wechat, clock, concurrency=1)

    await sender.send_due()
    await make_subscribe_message()
    clock.advance(timedelta(minutes=5))
    await sender.send_due()
    assert (len(wechat.template_messages), len(wechat.subscribe_messages)) == (0, 1)

    clock.advance(timedelta(minutes=6))
    for waiting in wechat.failures.values():
        waiting.clear()
    await sender.send_due()
    assert len(wechat.template_messages) == 4


async def test_a_used_up_daily_quota_costs_few_calls_and_goes_on_in_the_morning(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for _ in range(40):
        message = await make_message()
        wechat.failures[str(message.openid)].append(refused(45009))
    sender = make_sender(wechat, clock, concurrency=2)

    await sender.send_due()

    asked = sum(not waiting for waiting in wechat.failures.values())
    assert 1 <= asked <= 4
    assert await Message.filter(state=MessageState.QUEUED).count() == 40
    for waiting in wechat.failures.values():
        waiting.clear()
    clock.moment = datetime(2026, 5, 18, 0, 1, tzinfo=NOW.tzinfo)
    await sender.send_due()
    assert await Message.filter(state=MessageState.SENT).count() == 40


async def test_too_much_haste_halves_the_pace(wechat: FakeWeChat, clock: FixedClock) -> None:
    message = await make_message()
    wechat.failures[str(message.openid)].append(refused(45011))
    sender = make_sender(wechat, clock)

    await sender.send_due()

    roads = sender._trier.roads
    assert roads[Channel.OFFICIAL_TEMPLATE].rate == 5_000
    assert roads[Channel.MINI_SUBSCRIBE].rate == 10_000


async def test_a_wechat_out_of_reach_is_left_alone_for_a_moment(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for _ in range(60):
        message = await make_message()
        wechat.failures[str(message.openid)].append(WeChatNotReached("ClientConnectorError"))
    sender = make_sender(wechat, clock, concurrency=1)

    await sender.send_due()
    assert sum(not waiting for waiting in wechat.failures.values()) == 20

    clock.advance(timedelta(minutes=2))
    for waiting in wechat.failures.values():
        waiting.clear()
    await sender.send_due()
    assert await Message.filter(state=MessageState.SENT).count() == 60
