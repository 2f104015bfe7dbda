"""What people do opens windows for 客服消息; what the service account tells of masses and consents."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.bot.enums import PushKind, PushState
from app.bot.models import WeChatPush
from app.bot.operations import apply_waiting_pushes
from app.core.settings import Settings
from app.messaging.enums import BatchState
from app.messaging.models import MassBatch, ServiceWindow, SubscriptionCredit
from tests.bot.factories import OPENID, delivery, event, subscribe_event, text
from tests.conftest import NOW

OFFICIAL = "/wechat/official"


async def receive(client: httpx.AsyncClient, settings: Settings, plain: str) -> None:
    answer = await delivery(settings.wechat.official, plain).post(client, OFFICIAL)
    assert answer.status_code == 200


async def windows() -> dict[str, tuple[int, timedelta]]:
    rows = await ServiceWindow.filter(openid=OPENID)
    return {row.act.value: (row.remaining, row.closes_at - NOW) for row in rows}


@pytest.mark.parametrize(
    ("plain", "act", "places", "lasts"),
    [
        (text("帮助"), "message", 5, timedelta(hours=48)),
        (event("CLICK", "<EventKey>help</EventKey>"), "click", 3, timedelta(minutes=1)),
        (event("subscribe"), "follow", 3, timedelta(minutes=1)),
        (event("SCAN", "<EventKey>b7Kx</EventKey><Ticket>gQH</Ticket>"), "scan", 3, timedelta(minutes=1)),
    ],
    ids=["message", "click", "follow", "scan"],
)
async def test_what_a_person_does_opens_his_window_as_long_as_wechats(
    client: httpx.AsyncClient, settings: Settings, plain: str, act: str, places: int, lasts: timedelta
) -> None:
    await receive(client, settings, plain)

    ((found, (remaining, open_for)),) = (await windows()).items()
    assert (found, remaining) == (act, places)
    # A few seconds early: WeChat's clock decides, and a message needs a moment to arrive.
    assert lasts - timedelta(seconds=10) < open_for < lasts


async def test_a_retry_of_a_push_opens_nothing_anew(client: httpx.AsyncClient, settings: Settings) -> None:
    push = delivery(settings.wechat.official, text("帮助"))
    await push.post(client, OFFICIAL)
    await ServiceWindow.all().update(remaining=1)

    await push.post(client, OFFICIAL)

    assert (await windows())["message"][0] == 1


async def test_who_leaves_closes_his_windows(client: httpx.AsyncClient, settings: Settings) -> None:
    await receive(client, settings, text("帮助"))

    await receive(client, settings, event("unsubscribe"))

    assert (await windows())["message"][0] == 0


async def test_the_mini_program_opens_no_window_of_the_service_account(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await delivery(settings.wechat.mini, text("帮助")).post(client, "/wechat/mini")

    assert await windows() == {}


async def test_what_somebody_accepts_in_an_article_is_a_credit_and_closing_it_takes_it(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    accepted = {"TemplateId": "policy", "SubscribeStatusString": "accept", "PopupScene": "1"}
    await receive(client, settings, subscribe_event("popup", accepted))
    assert await SubscriptionCredit.all().count() == 0, "nobody waits for an answer to it"

    await apply_waiting_pushes(now=NOW, limit=10)
    assert (await SubscriptionCredit.get(openid=OPENID, template_id="policy")).remaining == 1

    closed = {"TemplateId": "policy", "SubscribeStatusString": "reject"}
    await receive(client, settings, subscribe_event("change", closed))
    await apply_waiting_pushes(now=NOW, limit=10)
    assert (await SubscriptionCredit.get(openid=OPENID)).remaining == 0


def finished(msgid: str) -> str:
    numbers = {"TotalCount": 3, "FilterCount": 3, "SentCount": 2, "ErrorCount": 1}
    told = "".join(f"<{name}>{number}</{name}>" for name, number in numbers.items())
    return event("MASSSENDJOBFINISH", f"<MsgID>{msgid}</MsgID><Status>send success</Status>{told}")


async def batch(**overrides: Any) -> MassBatch:
    defaults: dict[str, Any] = {
        "campaign_id": 1,
        "token": "t",
        "text": "中秋节快乐",
        "people": 3,
        "state": BatchState.SENT,
        "next_at": NOW,
        "created_at": NOW,
        "wechat_msgid": "34182",
    }
    return await MassBatch.create(**defaults | overrides)


async def test_the_end_of_a_mass_message_stays_with_its_batch(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    made = await batch()
    await receive(client, settings, finished("34182"))

    await apply_waiting_pushes(now=NOW, limit=10)

    await made.refresh_from_db()
    assert (made.reached, made.not_reached, made.left_out, made.finished_at) == (2, 1, 0, NOW)
    assert (await WeChatPush.get()).state is PushState.APPLIED


async def test_the_end_of_a_mass_message_waits_a_day_until_its_batch_knows_its_name(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    made = await batch(wechat_msgid=None, state=BatchState.LEAVING)
    await receive(client, settings, finished("34182"))

    for hours in (0, 12):
        await apply_waiting_pushes(now=NOW + timedelta(hours=hours), limit=10)
        assert (await WeChatPush.get(kind=PushKind.MASS_RESULT)).state is PushState.WAITING
    await MassBatch.filter(id=made.id).update(wechat_msgid="34182")
    await apply_waiting_pushes(now=NOW + timedelta(hours=13), limit=10)

    await made.refresh_from_db()
    assert made.reached == 2


async def test_the_end_of_somebody_elses_mass_message_is_given_up_after_a_day(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await receive(client, settings, finished("99999"))

    await apply_waiting_pushes(now=NOW + timedelta(hours=25), limit=10)

    assert (await WeChatPush.get()).state is PushState.GIVEN_UP
