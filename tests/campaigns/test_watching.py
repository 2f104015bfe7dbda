"""A campaign stops by itself when WeChat refuses too much of it, whoever of the workers sees it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.campaigns import operations
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.rules import fails_too_often
from app.messaging.enums import MessageState, Reason
from app.messaging.models import Message
from app.wechat.gateway import WeChatRefused
from tests.campaigns.factories import author, campaign_sender, expand_all, make_campaign
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.faults.crowd import plant_guardians
from tests.messaging.factories import make_message

pytestmark = pytest.mark.usefixtures("db")

NOBODY_KNOWS = 99_999
BAD_FIELD = 47003
BANNED = 43116
NOT_FOLLOWING = 43004


async def ended(campaign: Campaign, count: int, **overrides: Any) -> None:
    for _ in range(count):
        await make_message(
            **{
                "campaign_id": campaign.id,
                "org_code": campaign.org_code,
                "state": MessageState.SENT,
                "errcode": 0,
                "sent_at": NOW,
                "settled_at": NOW,
            }
            | overrides
        )


async def refused(
    campaign: Campaign, count: int, errcode: int, *, at: datetime = NOW, reason: Reason | None = None
) -> None:
    await ended(
        campaign,
        count,
        state=MessageState.FAILED,
        reason=reason or Reason.REFUSED_BY_WECHAT,
        errcode=errcode,
        sent_at=None,
        settled_at=at,
    )


async def state_of(campaign: Campaign) -> CampaignState:
    await campaign.refresh_from_db()
    return campaign.state


@pytest.mark.parametrize(
    ("attempts", "failed", "stops"),
    [(39, 39, False), (40, 1, False), (40, 2, True), (100, 4, False), (100, 5, True)],
)
def test_five_percent_of_forty_attempts_are_too_much(attempts: int, failed: int, stops: bool) -> None:
    assert fails_too_often(attempts=attempts, failed=failed) is stops


@pytest.mark.parametrize(
    ("taken", "failed", "errcode", "reason"),
    [
        (38, 2, BAD_FIELD, Reason.BAD_CONTENT),
        (38, 2, NOBODY_KNOWS, Reason.REFUSED_BY_WECHAT),
        (95, 5, BAD_FIELD, Reason.BAD_CONTENT),
    ],
)
async def test_too_many_refusals_stop_a_campaign_and_say_why(
    taken: int, failed: int, errcode: int, reason: Reason
) -> None:
    campaign = await make_campaign(watched_from=NOW)
    await ended(campaign, taken)
    await refused(campaign, failed, errcode, reason=reason)

    assert await operations.watch_step(now=NOW) == 1

    assert await state_of(campaign) is CampaignState.PAUSED
    assert campaign.pause_reason.startswith(f"{taken + failed}次发送中有{failed}次被微信拒绝：")
    assert f"（{errcode}）" in campaign.pause_reason


@pytest.mark.parametrize(
    ("taken", "failed", "errcode", "reason"),
    [
        (37, 2, BAD_FIELD, Reason.BAD_CONTENT),
        (96, 4, BAD_FIELD, Reason.BAD_CONTENT),
        (0, 60, NOT_FOLLOWING, Reason.NOT_FOLLOWING),
        (0, 60, 40003, Reason.REFUSED_BY_WECHAT),
        (0, 60, 0, Reason.REFUSED_BY_WECHAT),
    ],
)
async def test_few_refusals_and_those_of_recipients_stop_nothing(
    taken: int, failed: int, errcode: int, reason: Reason
) -> None:
    campaign = await make_campaign(watched_from=NOW)
    await ended(campaign, taken)
    await refused(campaign, failed, errcode, reason=reason)

    assert await operations.watch_step(now=NOW) == 0
    assert await state_of(campaign) is CampaignState.RUNNING


async def test_more_than_five_unknown_codes_in_a_row_stop_a_campaign() -> None:
    campaign = await make_campaign(watched_from=NOW - timedelta(minutes=5))
    await ended(campaign, 4, sent_at=NOW - timedelta(minutes=1))
    await refused(campaign, 5, NOBODY_KNOWS)
    assert await operations.watch_step(now=NOW) == 0

    await refused(campaign, 1, NOBODY_KNOWS)
    assert await operations.watch_step(now=NOW) == 1

    await campaign.refresh_from_db()
    assert campaign.pause_reason.startswith("连续6次以上没有发出")


async def test_a_message_that_was_taken_in_between_ends_the_row() -> None:
    campaign = await make_campaign(watched_from=NOW - timedelta(minutes=5))
    await refused(campaign, 5, NOBODY_KNOWS, at=NOW - timedelta(seconds=30))
    await ended(campaign, 1, sent_at=NOW - timedelta(seconds=20))
    await refused(campaign, 5, NOBODY_KNOWS)

    assert await operations.watch_step(now=NOW) == 0


async def test_what_waits_because_of_the_template_counts_too() -> None:
    campaign = await make_campaign(watched_from=NOW)
    await ended(campaign, 38)
    waits = NOW + timedelta(minutes=1)
    await ended(
        campaign,
        2,
        state=MessageState.QUEUED,
        errcode=BANNED,
        next_at=waits,
        sent_at=None,
        settled_at=None,
    )

    assert await operations.watch_step(now=NOW) == 1


async def test_resuming_forgives_what_was_before() -> None:
    campaign = await make_campaign(watched_from=NOW, planned=42)
    await ended(campaign, 38)
    await refused(campaign, 2, BAD_FIELD, reason=Reason.BAD_CONTENT)
    await ended(
        campaign,
        2,
        state=MessageState.QUEUED,
        errcode=BANNED,
        next_at=NOW + timedelta(minutes=5),
        settled_at=None,
    )
    await operations.watch_step(now=NOW)
    later = NOW + timedelta(minutes=2)

    await operations.resume(campaign_id=campaign.id, author=author(2), now=later)
    assert await operations.watch_step(now=later) == 0
    assert await state_of(campaign) is CampaignState.RUNNING

    await ended(campaign, 38, sent_at=later)
    await refused(campaign, 2, BAD_FIELD, at=later, reason=Reason.BAD_CONTENT)
    assert await operations.watch_step(now=later) == 1
    await campaign.refresh_from_db()
    assert campaign.pause_reason.startswith("40次发送中有2次")


async def test_what_waits_in_a_spread_campaign_is_forgiven_too() -> None:
    campaign = await make_campaign(watched_from=NOW, planned=40, spread_minutes=600)
    await ended(campaign, 38)
    await ended(
        campaign,
        2,
        state=MessageState.QUEUED,
        errcode=BANNED,
        next_at=NOW + timedelta(minutes=5),
        sent_at=None,
        settled_at=None,
    )
    assert await operations.watch_step(now=NOW) == 1

    await operations.resume(campaign_id=campaign.id, author=author(2), now=NOW)

    assert await operations.watch_step(now=NOW) == 0
    assert await Message.filter(state=MessageState.QUEUED, next_at__gt=NOW).count() == 2


async def test_what_was_counted_before_a_resume_stops_nothing_after_it() -> None:
    campaign = await make_campaign(watched_from=NOW)
    await campaign.refresh_from_db()

    stale = NOW - timedelta(minutes=5)
    assert not await operations.pause_by_system(
        campaign_id=campaign.id, reason="旧的", now=NOW, watched_from=stale
    )
    assert await operations.pause_by_system(campaign_id=campaign.id, reason="新的", now=NOW, watched_from=NOW)


async def test_another_campaign_goes_on() -> None:
    troubled, fine = await make_campaign(watched_from=NOW), await make_campaign(watched_from=NOW)
    await ended(fine, 40)
    await refused(troubled, 40, BAD_FIELD, reason=Reason.BAD_CONTENT)

    assert await operations.watch_step(now=NOW) == 1
    assert await state_of(fine) is CampaignState.RUNNING
    assert await state_of(troubled) is CampaignState.PAUSED


async def test_workers_that_each_saw_a_little_stop_it_together(wechat: FakeWeChat, clock: FixedClock) -> None:
    await plant_guardians([f"o-{number}" for number in range(44)], now=NOW)
    for number in range(0, 44, 20):
        wechat.failures[f"o-{number}"].append(WeChatRefused(errcode=BAD_FIELD, errmsg="bad"))
    campaign = await make_campaign(watched_from=NOW)
    await expand_all(now=NOW)
    workers = [campaign_sender(wechat, clock, chunk=11) for _ in range(3)]

    await asyncio.gather(*[worker.send_due() for worker in workers])
    stopped = await asyncio.gather(*[operations.watch_step(now=NOW) for _ in range(3)])

    assert sum(stopped) == 1
    assert await state_of(campaign) is CampaignState.PAUSED
    assert campaign.pause_reason.startswith("44次发送中有3次")
    assert await Message.filter(state=MessageState.SENT).count() == 41


async def test_a_cancelled_campaign_is_cleared_in_portions() -> None:
    campaign = await make_campaign()
    await ended(campaign, 3, state=MessageState.QUEUED, errcode=None, sent_at=None, settled_at=None)
    await Campaign.all().update(state=CampaignState.CANCELLED)

    assert await operations.clear_cancelled_step(now=NOW) == 3
    assert await operations.clear_cancelled_step(now=NOW) == 0
    assert await Message.filter(state=MessageState.CANCELLED).count() == 3
