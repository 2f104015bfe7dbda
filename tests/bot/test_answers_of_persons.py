"""What a person answers reaches the guardian: as a message while WeChat allows it, else with a reply."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from app.bot.enums import PushState
from app.bot.models import WeChatPush
from app.bot.operations import apply_waiting_pushes
from app.campaigns.writers import message_writers
from app.core.settings import SendSettings, Settings, WeChatAccountSettings
from app.messaging.enums import Channel, MessageState, Purpose, Reason
from app.messaging.models import Message, ServiceWindow
from app.messaging.sending import Sender
from app.needs.models import Inquiry
from app.pairing.models import Pairing
from app.people.models import Guardian
from app.wechat.gateway import WeChatRefused
from tests.bot.factories import OPENID, delivery, event, make_bound_guardian, read_reply, text
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.needs.factories import Desk
from tests.pairing.factories import make_pairing

Say = Callable[[str], Awaitable[str]]
LATER = timedelta(hours=50)


@pytest.fixture
def official(settings: Settings) -> WeChatAccountSettings:
    return settings.wechat.official


@pytest.fixture
def say(client: httpx.AsyncClient, official: WeChatAccountSettings, clock: FixedClock) -> Say:
    async def write(words: str) -> str:
        at = clock.now()
        answer = await delivery(official, text(words, at=at), at=at).post(client)
        return read_reply(official, answer).content

    return write


@pytest.fixture
async def pairing() -> Pairing:
    pairing = await make_pairing()
    await make_bound_guardian(beneficiary=await pairing.beneficiary)
    return pairing


def sender(wechat: FakeWeChat, clock: FixedClock) -> Sender:
    async def stop(**_: object) -> None:
        raise AssertionError("no campaign is stopped by an answer")

    return Sender(
        wechat=wechat, clock=clock, settings=SendSettings(), writers=message_writers(), on_stop=stop
    )


async def answer_the_last(client: httpx.AsyncClient, pairing: Pairing, words: str = "每月15日前发") -> str:
    """Answer as the cadre, and return how he is told that it travels."""
    desk = await Desk.of_cadre(client, pairing.cadre_id)
    inquiry = await Inquiry.all().order_by("-id").first()
    assert inquiry is not None
    answer = await desk.post(f"/inquiries/{inquiry.id}/answer", text=words)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["way"])


async def way_shown(client: httpx.AsyncClient, pairing: Pairing) -> str:
    desk = await Desk.of_cadre(client, pairing.cadre_id)
    return str((await desk.get("/inquiries?waiting_only=false"))["items"][0]["way"])


async def test_an_answer_within_two_days_leaves_at_once_as_a_message(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, wechat: FakeWeChat, clock: FixedClock
) -> None:
    await say("补贴什么时候发？")

    told = await answer_the_last(client, pairing)
    await sender(wechat, clock).send_due()

    message = await Message.get()
    inquiry = await Inquiry.get()
    assert told == "leaves"
    assert wechat.texts == [(OPENID, "您的留言有了回复。\n您说：补贴什么时候发？\n回复：每月15日前发")]
    assert (message.purpose, message.channel, message.urgent) == (
        Purpose.REPLY,
        Channel.CUSTOMER_SERVICE,
        True,
    )
    assert (message.state, message.consent) == (MessageState.SENT, f"inquiry:{inquiry.id}")
    assert await way_shown(client, pairing) == "sent"
    assert "每月15日前发" not in await say("谢谢"), "what arrived is not told again"


async def test_an_answer_after_two_days_waits_and_is_told_once_at_his_next_message(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, clock: FixedClock
) -> None:
    await say("补贴什么时候发？")
    clock.moment = NOW + LATER

    told = await answer_the_last(client, pairing)
    first, second = await say("谢谢"), await say("谢谢")

    assert told == "waits"
    assert await Message.all().count() == 0
    assert first.startswith("不客气。")
    assert first.endswith("您说：补贴什么时候发？\n回复：每月15日前发")
    assert "每月15日前发" not in second
    assert await way_shown(client, pairing) == "told"


async def test_a_retry_of_the_push_that_told_an_answer_hears_it_again(
    client: httpx.AsyncClient, official: WeChatAccountSettings, say: Say, pairing: Pairing, clock: FixedClock
) -> None:
    await say("补贴什么时候发？")
    clock.moment = NOW + LATER
    await answer_the_last(client, pairing)
    push = delivery(official, text("谢谢", at=clock.moment), at=clock.moment)

    heard = [read_reply(official, await push.post(client)).content for _ in range(2)]

    assert heard[0] == heard[1]
    assert "每月15日前发" in heard[0]


@pytest.mark.parametrize("errcode", [45015, 45047])
async def test_an_answer_that_wechat_refuses_is_told_at_his_next_message(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, wechat: FakeWeChat, clock: FixedClock, errcode: int
) -> None:
    await say("补贴什么时候发？")
    await answer_the_last(client, pairing)
    wechat.failures[OPENID] = [WeChatRefused(errcode=errcode, errmsg="out of time limit")]
    await sender(wechat, clock).send_due()

    assert await way_shown(client, pairing) == "waits"
    assert "回复：每月15日前发" in await say("谢谢")


async def test_who_left_hears_the_answer_when_he_comes_back(
    client: httpx.AsyncClient, official: WeChatAccountSettings, say: Say, pairing: Pairing
) -> None:
    await say("补贴什么时候发？")
    await delivery(official, event("unsubscribe")).post(client)

    assert await answer_the_last(client, pairing) == "waits"

    back = NOW + timedelta(seconds=20)
    answer = await delivery(official, event("subscribe", at=back), at=back).post(client)
    assert "回复：每月15日前发" in read_reply(official, answer).content


async def test_a_guardian_who_gets_no_notices_still_gets_the_answer_he_asked_for(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, clock: FixedClock
) -> None:
    await say("退订")
    clock.moment = NOW + timedelta(minutes=5)
    await say("补贴什么时候发？")

    assert await answer_the_last(client, pairing) == "leaves"


async def test_who_says_stop_after_he_asked_is_written_to_no_more_and_hears_it_when_he_writes(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, wechat: FakeWeChat, clock: FixedClock
) -> None:
    await say("补贴什么时候发？")
    await answer_the_last(client, pairing)
    await Guardian.all().update(muted_at=NOW + timedelta(seconds=5))
    await sender(wechat, clock).send_due()

    message = await Message.get()
    assert (message.state, message.reason, wechat.texts) == (MessageState.SUPPRESSED, Reason.MUTED, [])
    assert "回复：每月15日前发" in await say("帮助")


async def test_somebody_else_who_was_bound_meanwhile_does_not_get_the_answer(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, wechat: FakeWeChat, clock: FixedClock
) -> None:
    await say("补贴什么时候发？")
    await answer_the_last(client, pairing)
    await say("解绑")
    await sender(wechat, clock).send_due()

    assert (await Message.get()).reason is Reason.NOT_BOUND
    assert wechat.texts == []


async def test_two_answers_that_wait_are_told_one_after_the_other(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, clock: FixedClock
) -> None:
    await say("补贴什么时候发？")
    clock.moment = NOW + LATER
    await answer_the_last(client, pairing, "第一个答复")
    await say("轮椅什么时候到？")
    await ServiceWindow.all().delete()
    await answer_the_last(client, pairing, "第二个答复")

    replies = [await say("谢谢") for _ in range(2)]

    assert ["第一个答复" in one for one in replies] == [False, False], "it was told with the second question"
    assert ["第二个答复" in one for one in replies] == [True, False]


async def test_a_reply_that_nobody_hears_tells_no_answer(
    client: httpx.AsyncClient, say: Say, pairing: Pairing, clock: FixedClock
) -> None:
    await say("补贴什么时候发？")
    clock.moment = NOW + LATER
    await answer_the_last(client, pairing)
    await WeChatPush.all().update(state=PushState.WAITING, next_at=clock.moment)
    await apply_waiting_pushes(now=clock.moment)

    assert "回复：每月15日前发" in await say("谢谢")


async def test_the_guardian_may_read_the_answer_again_as_often_as_he_asks(
    client: httpx.AsyncClient, say: Say, pairing: Pairing
) -> None:
    await say("补贴什么时候发？")
    await answer_the_last(client, pairing)

    for _ in range(2):
        assert "回复：每月15日前发" in await say("我的留言")
