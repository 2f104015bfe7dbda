"""After a backup was put back: nothing leaves until an admin has looked."""

from datetime import datetime, timedelta

import pytest

from app.audit.models import AuditEntry
from app.audit.operations import first_broken_link, seal
from app.campaigns import operations
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations import Restored
from app.festivals.enums import FestivalKey
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.models import Message
from tests.campaigns.factories import author, make_campaign
from tests.campaigns.test_automatic import A_WEEK_BEFORE, make_automatic
from tests.conftest import NOW
from tests.messaging.factories import make_message

pytestmark = pytest.mark.usefixtures("db")


async def after_restore(*, now: datetime = NOW) -> Restored:
    return await operations.after_restore(days_ahead=7, now=now)


async def stopped(campaign: Campaign) -> Campaign:
    await campaign.refresh_from_db()
    assert campaign.state is CampaignState.PAUSED
    return campaign


async def test_a_campaign_under_way_stops_and_says_how_many_may_be_repeated() -> None:
    campaign = await make_campaign(expanded_at=NOW, planned=3)
    for _ in range(2):
        await make_message(campaign_id=campaign.id)
    await make_message(campaign_id=campaign.id, state=MessageState.SENT)
    await make_message(campaign_id=campaign.id, next_at=NOW + timedelta(hours=1))

    restored = await after_restore()

    assert [(one.campaign_id, one.may_repeat, one.is_complete) for one in restored.stopped] == [
        (campaign.id, 2, True)
    ]
    assert (await stopped(campaign)).pause_reason == (
        "数据库恢复到了较早的备份：继续发送最多会重复2条。请与微信后台核对后再继续或取消"
    )
    assert await Message.filter(state=MessageState.QUEUED).count() == 3


async def test_when_messages_were_still_to_be_made_that_is_said_too() -> None:
    campaign = await make_campaign()

    assert not (await after_restore()).stopped[0].is_complete
    assert "尚未生成的消息也可能重复" in (await stopped(campaign)).pause_reason


async def test_what_was_due_or_paused_in_the_backup_may_have_been_sent_since() -> None:
    due = await make_campaign(state=CampaignState.SCHEDULED)
    paused = await make_campaign(state=CampaignState.PAUSED, pause_reason="核对名单")

    await after_restore()

    assert "较早的备份" in (await stopped(due)).pause_reason
    assert "较早的备份" in (await stopped(paused)).pause_reason


async def test_what_can_repeat_nothing_is_left_alone() -> None:
    ended = await make_campaign(expanded_at=NOW)
    await make_message(campaign_id=ended.id, state=MessageState.SENT)
    others = [
        await make_campaign(expires_at=NOW),
        await make_campaign(state=CampaignState.SCHEDULED, send_at=NOW + timedelta(minutes=1)),
        await make_campaign(state=CampaignState.SUBMITTED),
        await make_campaign(state=CampaignState.CANCELLED),
    ]
    before = [one.state for one in (ended, *others)]

    assert (await after_restore()).stopped == []
    assert [one.state for one in await Campaign.all().order_by("id")] == before


@pytest.mark.parametrize("channel", [Channel.MINI_SUBSCRIBE, Channel.OFFICIAL_TEMPLATE])
async def test_what_was_leaving_in_the_backup_becomes_unknown_at_once(channel: Channel) -> None:
    campaign = await make_campaign(expanded_at=NOW)
    held = {"campaign_id": campaign.id, "state": MessageState.SENDING, "lease_token": "t", "channel": channel}
    leaving = await make_message(**held, begun=True, first_tried_at=NOW, lease_until_ms=2**50, charged=True)
    claimed = await make_message(**held, lease_until_ms=2**50)

    restored = await after_restore()

    assert (restored.unknown, restored.stopped[0].may_repeat) == (1, 1)
    await leaving.refresh_from_db()
    await claimed.refresh_from_db()
    assert (leaving.state, leaving.reason) == (MessageState.UNKNOWN, Reason.CRASHED_WHILE_SENDING)
    assert leaving.charged is True
    assert (claimed.state, claimed.lease_token) == (MessageState.QUEUED, None)


async def test_a_reminder_whose_start_was_lost_does_not_start_once_more_by_itself() -> None:
    await make_automatic(FestivalKey.DRAGON_BOAT)
    at_ten = A_WEEK_BEFORE + timedelta(minutes=90)

    await after_restore(now=at_ten)

    await stopped(await Campaign.get())
    assert await operations.start_automatic(now=at_ten, days_ahead=7) == 0
    assert await operations.start_due(now=at_ten) == 0


async def test_an_admin_who_has_looked_lets_it_go_on_and_the_trail_tells_all_of_it() -> None:
    campaign = await make_campaign(expanded_at=NOW, planned=1)
    await make_message(campaign_id=campaign.id)
    await after_restore()
    await after_restore()

    await operations.resume(campaign_id=campaign.id, author=author(), now=NOW)
    await seal()

    await campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == (CampaignState.RUNNING, "")
    deeds = await AuditEntry.all().order_by("id")
    assert [(deed.action, deed.detail) for deed in deeds] == [
        *[
            ("campaign.paused", "after_restore may_repeat:1"),
            ("database.restored", "campaigns:1 unknown:0"),
        ]
        * 2,
        ("campaign.resumed", ""),
    ]
    assert await first_broken_link() is None
