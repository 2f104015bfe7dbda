"""A running campaign: texts, the last look before sending, pausing, going on and giving up."""

from datetime import date, timedelta

import pytest

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.campaigns import operations, queries
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.contacts.enums import ContactOutcome
from app.core.clock import china_moment
from app.messaging.enums import MessageState, Reason
from app.messaging.models import Message
from app.pairing.models import Pairing
from app.people.enums import CadreStatus
from app.people.models import Beneficiary, Cadre, Consent, Guardian
from app.wechat.gateway import WeChatRefused
from tests.campaigns.factories import (
    DRAGON_BOAT,
    approved,
    author,
    campaign_sender,
    expand_all,
    notice,
    reachable_cadre,
    reachable_guardian,
    reminder,
)
from tests.campaigns.test_expanding import note_contact
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat

pytestmark = pytest.mark.usefixtures("db")

IN_TIME = china_moment(date(2026, 6, 12), 9)


async def adds_up(campaign: Campaign) -> bool:
    await campaign.refresh_from_db()
    progress = (await queries.progress_of(campaigns=[campaign]))[campaign.id]
    return progress.planned == progress.open + progress.final


async def only_message() -> Message:
    return await Message.get()


async def test_a_cadre_is_told_whom_to_call_by_masked_names(wechat: FakeWeChat, clock: FixedClock) -> None:
    cadre = await reachable_cadre(families=3)
    await approved(reminder())
    clock.moment = IN_TIME
    await expand_all(now=IN_TIME)

    await campaign_sender(wechat, clock).send_due()

    (message,) = wechat.subscribe_messages
    assert message.openid == f"mini-{cadre.id}"
    assert message.fields == {"thing1": "端午节前请联系", "thing2": "张*山等3人", "date3": "2026年6月19日"}
    assert message.page == "pages/today/index"
    assert (await only_message()).state is MessageState.SENT


async def test_a_guardian_is_told_that_there_is_a_notice(wechat: FakeWeChat, clock: FixedClock) -> None:
    guardian = await reachable_guardian()
    await approved(notice())
    await expand_all(now=NOW)

    await campaign_sender(wechat, clock).send_due()

    (message,) = wechat.template_messages
    assert message.openid == f"official-{guardian.id}"
    assert message.client_msg_id == f"lx{(await only_message()).id}"
    assert message.fields == {
        "thing1": "您有1条政策通知",
        "thing2": "两项补贴年审开始办理",
        "date3": "2026年5月17日",
    }


async def mute_guardian() -> None:
    await Guardian.all().update(muted_at=NOW)


async def withdraw_consent() -> None:
    await Consent.all().update(withdrawn_at=NOW)


async def unfollow() -> None:
    await WeChatIdentity.filter(app=WeChatApp.OFFICIAL).update(follows=False)


async def bind_to_somebody_else() -> None:
    await WeChatIdentity.all().update(guardian_id=None, cadre_id=None)


async def leave_office() -> None:
    await Cadre.all().update(status=CadreStatus.LEFT)


async def die_in_the_family() -> None:
    await Beneficiary.all().update(muted_until=date(2027, 1, 1), mute_reason="bereavement")


async def call_everybody() -> None:
    for pairing in await Pairing.all():
        await note_contact(pairing, on=date(2026, 6, 12), outcome=ContactOutcome.REACHED_PERSON)


async def end_pairings() -> None:
    await Pairing.all().update(ended_on=date(2026, 6, 12), open_beneficiary_id=None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (mute_guardian, Reason.MUTED),
        (withdraw_consent, Reason.NO_CONSENT),
        (unfollow, Reason.NOT_FOLLOWING),
        (bind_to_somebody_else, Reason.NOT_BOUND),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_a_notice_that_is_not_wanted_any_more_is_not_sent(
    wechat: FakeWeChat, clock: FixedClock, change: object, reason: Reason
) -> None:
    await reachable_guardian()
    campaign = await approved(notice())
    await expand_all(now=NOW)

    await change()  # type: ignore[operator]
    await campaign_sender(wechat, clock).send_due()

    message = await only_message()
    assert (message.state, message.reason) == (MessageState.SUPPRESSED, reason)
    assert wechat.template_messages == []
    assert await adds_up(campaign)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (leave_office, Reason.LEFT_OFFICE),
        (die_in_the_family, Reason.BEREAVEMENT),
        (call_everybody, Reason.NOTHING_DUE),
        (end_pairings, Reason.NOTHING_DUE),
        (bind_to_somebody_else, Reason.NOT_BOUND),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_a_reminder_that_is_not_needed_any_more_is_not_sent(
    wechat: FakeWeChat, clock: FixedClock, change: object, reason: Reason
) -> None:
    await reachable_cadre()
    campaign = await approved(reminder())
    clock.moment = IN_TIME
    await expand_all(now=IN_TIME)

    await change()  # type: ignore[operator]
    await campaign_sender(wechat, clock).send_due()

    message = await only_message()
    assert (message.state, message.reason) == (MessageState.SUPPRESSED, reason)
    assert wechat.subscribe_messages == []
    assert await adds_up(campaign)


async def test_a_paused_campaign_sends_nothing_and_goes_on_where_it_stopped(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for _ in range(6):
        await reachable_guardian()
    campaign = await approved(notice())
    await expand_all(now=NOW)
    sender = campaign_sender(wechat, clock)

    await operations.pause(campaign_id=campaign.id, reason="先核对名单", author=author(1), now=NOW)
    await sender.send_due()
    assert wechat.template_messages == []

    await operations.resume(campaign_id=campaign.id, author=author(1), now=NOW)
    await sender.send_due()
    assert len({message.openid for message in wechat.template_messages}) == 6
    assert await adds_up(campaign)
    assert campaign.pause_reason == ""


async def test_a_campaign_paused_before_its_time_waits_for_its_time_again() -> None:
    campaign = await approved(reminder())
    await operations.pause(campaign_id=campaign.id, reason="", author=author(1), now=NOW)

    resumed = await operations.resume(campaign_id=campaign.id, author=author(1), now=NOW)

    assert resumed.state is CampaignState.SCHEDULED


async def test_a_cancelled_campaign_tells_what_had_left_already(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for _ in range(3):
        await reachable_guardian()
    campaign = await approved(notice())
    await expand_all(now=NOW)
    first = await Message.all().order_by("id").first()
    assert first is not None
    await Message.filter(id=first.id).update(state=MessageState.SENT)

    await operations.cancel(campaign_id=campaign.id, author=author(1), now=NOW)
    await campaign_sender(wechat, clock).send_due()

    await campaign.refresh_from_db()
    progress = (await queries.progress_of(campaigns=[campaign]))[campaign.id]
    assert {one.state: one.count for one in progress.counts} == {
        MessageState.SENT: 1,
        MessageState.CANCELLED: 2,
    }
    assert progress.is_done
    assert wechat.template_messages == []


async def test_messages_of_a_campaign_cancelled_behind_our_back_are_let_go_when_they_come_up(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await reachable_guardian()
    campaign = await approved(notice())
    await expand_all(now=NOW)
    await Campaign.filter(id=campaign.id).update(state=CampaignState.CANCELLED)

    await campaign_sender(wechat, clock).send_due()

    message = await only_message()
    assert (message.state, message.reason) == (MessageState.CANCELLED, Reason.CAMPAIGN_CANCELLED)


async def test_a_campaign_that_wechat_objects_to_pauses_itself_with_the_reason_and_loses_nobody(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    for _ in range(8):
        guardian = await reachable_guardian()
        wechat.failures[f"official-{guardian.id}"].append(
            WeChatRefused(errcode=43116, errmsg="template banned")
        )
    campaign = await approved(notice())
    await expand_all(now=NOW)

    await campaign_sender(wechat, clock, concurrency=2).send_due()

    assert await adds_up(campaign)
    assert campaign.state is CampaignState.PAUSED
    assert campaign.pause_reason == "这个模板被微信限制下发（43116）"
    assert await Message.filter(state=MessageState.QUEUED).count() == 8

    wechat.failures.clear()
    await operations.resume(campaign_id=campaign.id, author=author(1), now=clock.now())
    await campaign_sender(wechat, clock).send_due()
    assert await Message.filter(state=MessageState.SENT).count() == 8


async def test_what_is_still_waiting_when_the_festival_is_over_expires(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await reachable_cadre()
    campaign = await approved(reminder())
    await expand_all(now=IN_TIME)
    clock.moment = china_moment(DRAGON_BOAT + timedelta(days=1), 9)

    await campaign_sender(wechat, clock).send_due()

    message = await only_message()
    assert (message.state, message.reason) == (MessageState.EXPIRED, Reason.TOO_LATE)
    assert await adds_up(campaign)
