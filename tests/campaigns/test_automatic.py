"""Festivals whose reminder starts by itself, once two admins have said so."""

import asyncio
from datetime import date, datetime, timedelta

import pytest

from app.campaigns import operations
from app.campaigns.enums import CampaignState
from app.campaigns.models import AutomaticFestival, Campaign
from app.core.clock import china_moment
from app.festivals.enums import FestivalKey
from tests.accounts.factories import JINAN, LIXIA
from tests.campaigns.factories import DRAGON_BOAT, author
from tests.conftest import NOW
from tests.messaging.factories import SUBSCRIBE_TEMPLATE

pytestmark = pytest.mark.usefixtures("db")

A_WEEK_BEFORE = china_moment(DRAGON_BOAT - timedelta(days=7), 8, 30)


async def mark(festival: FestivalKey, *, staff_id: int = 1, enabled: bool = True, org: str = LIXIA) -> None:
    await operations.mark_automatic(
        festival=festival,
        enabled=enabled,
        template_id=SUBSCRIBE_TEMPLATE,
        author=author(staff_id, org_code=org),
        now=NOW,
    )


async def confirm(festival: FestivalKey, *, staff_id: int = 2, org: str = LIXIA) -> None:
    await operations.confirm_automatic(festival=festival, author=author(staff_id, org_code=org), now=NOW)


async def make_automatic(festival: FestivalKey, *, org: str = LIXIA) -> None:
    await mark(festival, org=org)
    await confirm(festival, org=org)


async def start(now: datetime) -> int:
    return await operations.start_automatic(now=now, days_ahead=7)


async def test_a_confirmed_festival_gets_its_campaign_a_week_before_approved_by_both() -> None:
    await make_automatic(FestivalKey.DRAGON_BOAT)

    assert await start(A_WEEK_BEFORE - timedelta(days=1)) == 0
    assert await start(A_WEEK_BEFORE) == 1

    campaign = await Campaign.get()
    assert (campaign.state, campaign.author_id, campaign.approver_id) == (CampaignState.SCHEDULED, 1, 2)
    assert (campaign.title, campaign.festival_on) == ("端午节联系提醒", DRAGON_BOAT)
    assert campaign.send_at == china_moment(DRAGON_BOAT - timedelta(days=7), 9)
    assert campaign.template_id == SUBSCRIBE_TEMPLATE


async def test_it_starts_once_however_often_and_in_however_many_workers() -> None:
    await make_automatic(FestivalKey.DRAGON_BOAT)

    await asyncio.gather(*[start(A_WEEK_BEFORE) for _ in range(4)])
    await start(A_WEEK_BEFORE + timedelta(days=3))

    assert await Campaign.all().count() == 1


async def test_the_next_year_has_its_own() -> None:
    await make_automatic(FestivalKey.DRAGON_BOAT)
    await start(A_WEEK_BEFORE)

    assert await start(china_moment(date(2027, 6, 2), 8, 30)) == 1


async def test_without_a_second_admin_nothing_starts() -> None:
    await mark(FestivalKey.DRAGON_BOAT)

    assert await start(A_WEEK_BEFORE) == 0
    with pytest.raises(operations.OwnMark):
        await confirm(FestivalKey.DRAGON_BOAT, staff_id=1)
    with pytest.raises(operations.NotMarked):
        await confirm(FestivalKey.MID_AUTUMN)
    with pytest.raises(operations.NotMarked):
        await confirm(FestivalKey.DRAGON_BOAT, org=JINAN)


async def test_marked_again_it_has_to_be_confirmed_again_and_unmarked_it_is_gone() -> None:
    await make_automatic(FestivalKey.DRAGON_BOAT)
    await mark(FestivalKey.DRAGON_BOAT, staff_id=3)
    assert await start(A_WEEK_BEFORE) == 0

    await confirm(FestivalKey.DRAGON_BOAT)
    await confirm(FestivalKey.DRAGON_BOAT)
    assert (await AutomaticFestival.get()).confirmed_by == 2
    await mark(FestivalKey.DRAGON_BOAT, enabled=False)
    assert await start(A_WEEK_BEFORE) == 0


async def test_two_festivals_on_one_day_are_one_campaign() -> None:
    await make_automatic(FestivalKey.MID_AUTUMN)
    await make_automatic(FestivalKey.NATIONAL_DAY)

    assert await start(china_moment(date(2031, 9, 24), 8, 30)) == 1

    assert (await Campaign.get()).title == "中秋节、国庆节联系提醒"


async def test_each_federation_has_its_own() -> None:
    await make_automatic(FestivalKey.DRAGON_BOAT)
    await make_automatic(FestivalKey.DRAGON_BOAT, org=JINAN)

    assert await start(A_WEEK_BEFORE) == 2

    campaigns = await Campaign.all()
    assert {campaign.region_prefix for campaign in campaigns} == {LIXIA, "3701"}


async def test_confirmed_late_it_starts_at_once_and_after_the_day_not_at_all() -> None:
    await make_automatic(FestivalKey.DRAGON_BOAT)
    late = china_moment(DRAGON_BOAT, 22)
    assert await start(late) == 0

    now = china_moment(DRAGON_BOAT, 8, 30)
    assert await start(now) == 1
    assert (await Campaign.get()).send_at == now
