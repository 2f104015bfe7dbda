"""Every channel to a family, over real HTTP to our own WeChat, which counts what people really saw."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.bot.enums import PushKind
from app.bot.models import WeChatPush
from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.campaigns.queries.calling import mass_campaigns
from app.campaigns.rules import stored_festivals
from app.campaigns.writers import message_writers
from app.core.clock import china_moment
from app.core.settings import Settings
from app.festivals.enums import FestivalKey
from app.messaging.enums import BatchState, Channel, MessageState, Reason
from app.messaging.models import MassBatch, Message, ServiceWindow
from app.messaging.sending.masses import MassSender
from app.people.enums import ConsentChannel, ConsentPurpose
from app.people.models import Guardian
from tests.accounts.factories import make_identity
from tests.campaigns.factories import expand_all, make_campaign
from tests.journeys.town import Phone, Town, open_town
from tests.messaging.factories import OFFICIAL_TEMPLATE, Stops, make_message
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_cadre, make_consent, make_guardian

START = china_moment(date(2026, 9, 7), 9, 30)
MID_AUTUMN = date(2026, 9, 25)
ENDS = START + timedelta(days=7)
SUBSCRIBE = "official-policy-notice"
BIZ = "/cgi-bin/message/subscribe/bizsend"
MASS = "/cgi-bin/message/mass/send"
CUSTOM = "/cgi-bin/message/custom/send"
_numbers = itertools.cycle(range(10, 100))


@pytest.fixture
async def town(db: None, settings: Settings) -> AsyncIterator[Town]:
    async with open_town(settings, now=START) as opened:
        policy_notice = opened.sandbox.world.config.templates[OFFICIAL_TEMPLATE]
        template = replace(policy_notice, id=SUBSCRIBE, kind="one_time")
        cast("dict[str, Any]", opened.sandbox.world.config.templates)[SUBSCRIBE] = template
        yield opened


async def family(
    town: Town, name: str, *, follows: bool = True, wishes: bool = False
) -> tuple[Phone, Guardian]:
    """A guardian with a phone, bound to the service account, who agreed."""
    phone = await town.phone(name, number=f"138000000{next(_numbers)}")
    if follows:
        await phone.do("follow")
    openids = (await town.wechat.get(f"/_sandbox/users/{name}")).json()["openids"]
    guardian = await make_guardian(beneficiary=await make_beneficiary())
    found = {"app": WeChatApp.OFFICIAL, "openid": openids["official"]}
    if not await WeChatIdentity.filter(**found).update(guardian_id=guardian.id, follows=follows):
        await make_identity(**found, guardian_id=guardian.id, follows=follows)
    await make_consent(guardian)
    if wishes:
        await make_consent(
            guardian, purpose=ConsentPurpose.FESTIVAL_GREETING, channel=ConsentChannel.MASS_SEND
        )
    return phone, guardian


async def notice(guardian: Guardian, channel: Channel, *, campaign: Campaign, **more: Any) -> Message:
    identity = await openid_of(guardian)
    return await make_message(
        **{
            "channel": channel,
            "campaign_id": campaign.id,
            "recipient_id": guardian.id,
            "openid": identity,
            "template_id": "",
            "next_at": START,
            "expires_at": ENDS,
        }
        | more
    )


async def openid_of(guardian: Guardian) -> str:
    return (await WeChatIdentity.get(guardian_id=guardian.id, app=WeChatApp.OFFICIAL)).openid


async def policy(title: str) -> Campaign:
    """Make a running campaign whose messages the test makes itself."""
    return await make_campaign(title=title, send_at=START, expires_at=ENDS, expanded_at=START)


async def greeting(text: str = "中秋将至，祝您和家人团圆安康。", **more: Any) -> Campaign:
    """Make a running campaign whose messages the worker makes."""
    return await make_campaign(
        **{
            "kind": CampaignKind.FESTIVAL_GREETING,
            "title": "中秋祝福",
            "text": text,
            "festival": stored_festivals([FestivalKey.MID_AUTUMN]),
            "festival_on": MID_AUTUMN,
            "template_id": "",
            "send_at": START,
            "expires_at": ENDS,
        }
        | more
    )


async def trouble(town: Town, **fault: Any) -> None:
    """Let the next call meet a fault."""
    answer = await town.wechat.post("/_sandbox/faults", json=[{"count": 1, **fault}])
    assert answer.status_code == 201, answer.text


async def calls(town: Town, path: str) -> dict[str, int]:
    answer = await town.wechat.get("/_sandbox/calls")
    found: dict[str, int] = answer.json().get(path, {})
    return found


async def seen(town: Town, channel: str) -> dict[str, int]:
    """Return how often each openid really saw something that came by this channel."""
    counts: dict[str, int] = {}
    answer = await town.wechat.get("/_sandbox/ledger", params={"kind": "delivered"})
    for entry in answer.json()["entries"]:
        if entry["channel"] == channel:
            counts[entry["openid"]] = counts.get(entry["openid"], 0) + 1
    return counts


async def test_a_subscription_notice_reaches_who_agreed_once_though_she_does_not_follow(
    town: Town,
) -> None:
    xiulan, guardian = await family(town, "xiulan", follows=False)
    await xiulan.do("subscriptions", {"template_id": SUBSCRIBE, "answer": "accept"})
    await town.work()
    first = await notice(
        guardian, Channel.OFFICIAL_SUBSCRIBE, campaign=await policy("护理补贴年审"), template_id=SUBSCRIBE
    )

    await town.work()

    await first.refresh_from_db()
    assert first.state is MessageState.DELIVERED, "the event alone knows WeChat's number of the message"
    assert await seen(town, "subscribe") == {first.openid: 1}
    second = await notice(
        guardian, Channel.OFFICIAL_SUBSCRIBE, campaign=await policy("免费体检"), template_id=SUBSCRIBE
    )
    await town.work()
    await second.refresh_from_db()
    assert (second.state, second.reason) == (MessageState.SUPPRESSED, Reason.NO_CREDIT)
    assert await seen(town, "subscribe") == {first.openid: 1}


async def test_a_lost_answer_to_a_subscription_notice_is_not_repeated_and_the_event_settles_it(
    town: Town,
) -> None:
    xiulan, guardian = await family(town, "xiulan")
    await xiulan.do("subscriptions", {"template_id": SUBSCRIBE, "answer": "accept", "times": 3})
    await town.work()
    await trouble(town, kind="drop", path=BIZ)
    message = await notice(
        guardian, Channel.OFFICIAL_SUBSCRIBE, campaign=await policy("护理补贴年审"), template_id=SUBSCRIBE
    )

    await town.work()
    town.pass_by(timedelta(minutes=1))
    await town.work()

    await message.refresh_from_db()
    assert message.state is MessageState.DELIVERED
    assert await seen(town, "subscribe") == {message.openid: 1}


async def test_who_wrote_is_answered_by_customer_service_and_nobody_else(town: Town) -> None:
    xiulan, one = await family(town, "xiulan")
    _, two = await family(town, "guiying")
    town.pass_by(timedelta(minutes=5))
    await xiulan.do("say", {"text": "帮助"})
    campaign = await policy("护理补贴年审")
    inside = await notice(one, Channel.CUSTOMER_SERVICE, campaign=campaign)
    outside = await notice(two, Channel.CUSTOMER_SERVICE, campaign=campaign)

    await town.work()

    await inside.refresh_from_db()
    await outside.refresh_from_db()
    assert inside.state is MessageState.SENT
    assert (outside.state, outside.reason) == (MessageState.SUPPRESSED, Reason.WINDOW_CLOSED)
    assert await seen(town, "custom") == {inside.openid: 1}
    assert any("护理补贴年审" in shown for shown in await xiulan.reads())
    # Nobody asked WeChat in vain: the ledger of windows said no before.
    assert await calls(town, CUSTOM) == {"0": 1}


async def test_the_window_has_as_many_places_as_wechats_and_closes_when_it_does(town: Town) -> None:
    xiulan, guardian = await family(town, "xiulan")
    town.pass_by(timedelta(minutes=5))
    await xiulan.do("say", {"text": "帮助"})
    sent = []
    for number in range(6):
        campaign = await policy(f"第{number}号通知")
        sent.append(await notice(guardian, Channel.CUSTOMER_SERVICE, campaign=campaign, urgent=True))
        town.pass_by(timedelta(minutes=1))
        await town.work()

    reasons = [(await Message.get(id=one.id)).reason for one in sent]
    assert reasons == [None] * 5 + [Reason.WINDOW_CLOSED]
    assert await calls(town, CUSTOM) == {"0": 5}

    await xiulan.do("say", {"text": "帮助"})
    town.pass_by(timedelta(hours=48))
    late = await notice(guardian, Channel.CUSTOMER_SERVICE, campaign=await policy("迟到的通知"), urgent=True)
    await town.work()
    await late.refresh_from_db()
    assert late.reason is Reason.WINDOW_CLOSED


async def test_who_leaves_closes_the_window(town: Town) -> None:
    xiulan, _ = await family(town, "xiulan")
    await xiulan.do("say", {"text": "帮助"})
    assert await ServiceWindow.filter(remaining__gt=0).count() == 2

    await xiulan.do("unfollow")

    assert await ServiceWindow.filter(remaining__gt=0).count() == 0


async def families(town: Town, names: str) -> set[str]:
    """Several families who want greetings; returns how the service account knows them."""
    found = [await family(town, name, wishes=True) for name in names.split()]
    return {await openid_of(guardian) for _, guardian in found}


async def test_a_greeting_leaves_with_one_call_and_its_numbers_come_back(town: Town) -> None:
    wanted = await families(town, "xiulan guiying meihua")
    await greeting()

    await town.work()

    assert await calls(town, MASS) == {"0": 1}
    assert await seen(town, "mass") == dict.fromkeys(wanted, 1)
    batch = await MassBatch.get()
    assert (batch.state, batch.people, batch.reached, batch.left_out) == (BatchState.SENT, 3, 3, 0)
    assert (await WeChatPush.get(kind=PushKind.MASS_RESULT)).state.value == "applied"
    # Whom it reached is told by nobody.
    assert await Message.filter(state=MessageState.SENT).count() == 3


async def test_a_greeting_whose_answer_was_lost_is_asked_for_again_and_seen_once(town: Town) -> None:
    wanted = await families(town, "xiulan guiying")
    await greeting()
    await trouble(town, kind="drop", path=MASS)

    await town.work()
    assert await Message.filter(state=MessageState.SENDING).count() == 2
    town.pass_by(timedelta(minutes=4))
    await town.work()

    assert await calls(town, MASS) == {"0": 1, "45065": 1}
    assert await seen(town, "mass") == dict.fromkeys(wanted, 1)
    batch = await MassBatch.get()
    assert (batch.state, batch.tries, batch.reached) == (BatchState.SENT, 2, 2)
    assert await Message.filter(state=MessageState.SENT).count() == 2


async def test_a_worker_that_ends_between_the_commit_and_the_answer_leaves_a_batch_for_the_next(
    town: Town,
) -> None:
    wanted = await families(town, "xiulan guiying")
    await greeting()
    await expand_all(now=town.clock.now())
    await trouble(town, kind="hang", path=MASS, seconds=9)

    async def campaigns() -> list[int]:
        return await mass_campaigns(now=town.clock.now())

    doomed = MassSender(
        wechat=town.services.wechat, clock=town.clock, settings=town.services.settings.send,
        writers=message_writers(), on_stop=Stops(), campaigns=campaigns,
    )  # fmt: skip
    sending = asyncio.get_running_loop().create_task(doomed.send_due())
    async with asyncio.timeout(10):
        while not await seen(town, "mass"):
            await asyncio.sleep(0.02)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert (await MassBatch.get()).state is BatchState.LEAVING

    await MassBatch.all().update(lease_until_ms=1)
    town.pass_by(timedelta(minutes=2))
    await town.work()

    assert await seen(town, "mass") == dict.fromkeys(wanted, 1)
    assert (await MassBatch.get()).state is BatchState.SENT
    assert await Message.filter(state=MessageState.SENT).count() == 2


async def test_nobody_gets_a_fifth_greeting_in_one_month(town: Town) -> None:
    wanted = await families(town, "xiulan guiying")
    for number in range(5):
        await greeting(f"第{number}次祝您和家人安康。", send_at=town.clock.now())
        await town.work()
        town.pass_by(timedelta(days=1))

    assert await seen(town, "mass") == dict.fromkeys(wanted, 4)
    fifth = await Message.all().order_by("-id").limit(2)
    assert {one.reason for one in fifth} == {Reason.MONTH_QUOTA}


async def test_whom_no_other_way_reaches_the_cadre_calls(town: Town) -> None:
    pairing = await make_pairing(cadre=await make_cadre(phone="13900001111"))
    guardian = await make_guardian(beneficiary=await pairing.beneficiary)
    campaign = await policy("护理补贴年审")
    message = await make_message(
        channel=Channel.CALL_TASK, campaign_id=campaign.id, recipient_id=guardian.id, openid=None,
        template_id="", next_at=START, expires_at=ENDS,
    )  # fmt: skip
    sun = await town.phone("sun", number="13900001111")
    await sun.open_mini_program()
    await sun.show_number()
    await sun.open_mini_program()

    await town.work()

    (task,) = (await sun.send("GET", "/mini/v1/call-tasks")).json()["items"]
    assert task["sentence"].startswith("请在2026年9月14日09:30前打电话告诉")
    done = await sun.send("POST", f"/mini/v1/call-tasks/{task['id']}/done", {"outcome": "told"})
    assert done.json()["state"] == "delivered", done.text
    await message.refresh_from_db()
    assert message.state is MessageState.DELIVERED
    assert (await sun.send("GET", "/mini/v1/pairings")).json()["items"][0]["contacts"]["done"] == 1
