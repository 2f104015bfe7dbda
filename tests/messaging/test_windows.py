"""客服消息: whoever wrote to the service account may be written to, so often and for so long."""

from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Reason, WindowAct
from app.messaging.models import Message, ServiceWindow
from app.messaging.operations import Outcome
from app.messaging.rules import again
from app.wechat.gateway import WeChatNotReached, WeChatRefused, WeChatUnanswered
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import GreetingWriter, make_message, make_sender

pytestmark = pytest.mark.usefixtures("db")

ACTS = [
    (WindowAct.MESSAGE, 5, timedelta(hours=48)),
    (WindowAct.CLICK, 3, timedelta(minutes=1)),
    (WindowAct.FOLLOW, 3, timedelta(minutes=1)),
    (WindowAct.SCAN, 3, timedelta(minutes=1)),
]


async def writes(openid: str, *, act: WindowAct = WindowAct.MESSAGE, ago: timedelta = timedelta()) -> None:
    """The person does something in the service account."""
    async with in_transaction():
        await operations.open_window(openid=openid, act=act, happened_at=NOW - ago)


async def answer_to(openid: str, *, recipient_id: int = 1) -> Message:
    return await make_message(
        channel=Channel.CUSTOMER_SERVICE, openid=openid, recipient_id=recipient_id, template_id=""
    )


async def send(wechat: FakeWeChat, clock: FixedClock) -> None:
    await make_sender(wechat, clock, writer=GreetingWriter(text="您的材料已经收到")).send_due()


async def left(openid: str) -> list[int]:
    rows = await ServiceWindow.filter(openid=openid).order_by("closes_at", "id")
    return [row.remaining for row in rows]


async def test_who_wrote_is_written_to_and_who_did_not_is_not(wechat: FakeWeChat, clock: FixedClock) -> None:
    await writes("o-open")
    answered, silent = await answer_to("o-open"), await answer_to("o-silent", recipient_id=2)

    await send(wechat, clock)

    assert wechat.texts == [("o-open", "您的材料已经收到")]
    await answered.refresh_from_db()
    await silent.refresh_from_db()
    assert (answered.state, answered.charged) == (MessageState.SENT, False)
    assert (silent.state, silent.reason) == (MessageState.SUPPRESSED, Reason.WINDOW_CLOSED)
    assert (silent.attempts, silent.begun) == (0, False)
    assert await left("o-open") == [4]


@pytest.mark.parametrize(("act", "messages", "lasts"), ACTS, ids=str)
async def test_an_act_opens_so_many_messages_for_so_long(
    wechat: FakeWeChat, clock: FixedClock, act: WindowAct, messages: int, lasts: timedelta
) -> None:
    await writes("o-1", act=act)
    assert await left("o-1") == [messages]

    clock.advance(lasts - timedelta(seconds=10))
    await answer_to("o-1")
    await send(wechat, clock)
    clock.advance(timedelta(seconds=10))
    late = await answer_to("o-1")
    await send(wechat, clock)

    await late.refresh_from_db()
    assert len(wechat.texts) == 1
    assert late.reason is Reason.WINDOW_CLOSED


async def test_the_same_act_renews_its_own_window_and_an_older_one_changes_nothing() -> None:
    await writes("o-1", ago=timedelta(hours=3))
    await ServiceWindow.all().update(remaining=0)
    await writes("o-1", ago=timedelta(hours=4))
    assert await left("o-1") == [0]

    await writes("o-1", ago=timedelta(hours=1))
    await writes("o-1", act=WindowAct.CLICK)

    assert await left("o-1") == [3, 5]


async def test_the_window_that_closes_first_is_used_first_and_nothing_lends_to_another(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await writes("o-1")
    await writes("o-1", act=WindowAct.CLICK)
    await answer_to("o-1")

    await send(wechat, clock)

    assert await left("o-1") == [2, 5]


async def test_what_never_left_gives_its_place_back(wechat: FakeWeChat, clock: FixedClock) -> None:
    await writes("o-1")
    message = await answer_to("o-1")
    wechat.failures["o-1"].append(WeChatNotReached("no connection"))

    await send(wechat, clock)

    await message.refresh_from_db()
    assert message.state is MessageState.QUEUED
    assert await left("o-1") == [5]


async def test_a_place_that_is_given_back_never_makes_more_than_the_act_allows(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await writes("o-1", ago=timedelta(hours=1))
    message = await answer_to("o-1")
    (due,) = await operations.claim(
        limit=1, token="t", now=NOW, lease_seconds=60, channels=[message.channel], urgent_only=False
    )
    await operations.begin(messages=[due], now=NOW, lease_seconds=60)
    await writes("o-1")

    await operations.settle(outcomes=[Outcome(message=due, fate=again(NOW))], now=NOW)

    assert await left("o-1") == [5]


async def test_an_answer_that_was_lost_is_not_repeated(wechat: FakeWeChat, clock: FixedClock) -> None:
    await writes("o-1")
    message = await answer_to("o-1")
    wechat.failures["o-1"].append(WeChatUnanswered("cut"))

    await send(wechat, clock)
    clock.advance(timedelta(minutes=5))
    await send(wechat, clock)

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)
    assert wechat.texts == []
    assert await left("o-1") == [4]


@pytest.mark.parametrize("errcode", [45015, 45047])
async def test_when_wechat_says_that_the_window_is_closed_we_believe_it(
    wechat: FakeWeChat, clock: FixedClock, errcode: int
) -> None:
    await writes("o-1")
    message = await answer_to("o-1")
    wechat.failures["o-1"].append(WeChatRefused(errcode=errcode, errmsg="no rid: 1"))

    await send(wechat, clock)

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.FAILED, Reason.WINDOW_CLOSED)
    assert await left("o-1") == [0]


async def test_who_leaves_is_written_to_no_more(wechat: FakeWeChat, clock: FixedClock) -> None:
    await writes("o-1")
    async with in_transaction():
        await operations.close_windows(openids=["o-1"])
    await answer_to("o-1")

    await send(wechat, clock)

    assert wechat.texts == []


async def test_closed_windows_are_forgotten_and_open_ones_stay() -> None:
    await writes("o-1")
    await writes("o-1", act=WindowAct.CLICK, ago=timedelta(hours=1))

    assert await operations.forget_windows(now=NOW) == 1
    assert await left("o-1") == [5]


async def test_several_people_take_their_places_in_one_go(wechat: FakeWeChat, clock: FixedClock) -> None:
    for number in range(1, 31):
        await writes(f"o-{number}")
        await answer_to(f"o-{number}", recipient_id=number)

    await send(wechat, clock)

    assert len(wechat.texts) == 30
    assert await ServiceWindow.filter(remaining=4).count() == 30
