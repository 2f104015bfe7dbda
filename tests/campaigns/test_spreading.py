"""A campaign that is spread over a window comes up evenly, by day, and stays so."""

from collections import Counter
from datetime import date, timedelta

import pytest

from app.campaigns import operations
from app.core.clock import china_moment
from app.messaging.models import Message
from app.messaging.rules import is_quiet
from tests.campaigns.factories import (
    approved,
    author,
    campaign_sender,
    expand_all,
    make_campaign,
    notice,
)
from tests.campaigns.test_canary import crowd
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat

pytestmark = pytest.mark.usefixtures("db")


async def test_a_spread_campaign_comes_up_evenly_by_day_only() -> None:
    await crowd(600)
    evening = china_moment(NOW.date(), 20)
    await approved(notice(spread_minutes=120, canary=False), now=evening)

    await expand_all(now=evening, at_once=100)

    moments = Counter([message.next_at for message in await Message.all()])
    assert len(moments) == 60
    assert max(moments.values()) - min(moments.values()) <= 3
    assert not any(is_quiet(moment) for moment in moments)
    assert (min(moments), max(moments)) == (
        evening,
        china_moment(NOW.date() + timedelta(days=1), 8) + timedelta(minutes=58),
    )


async def test_a_resumed_campaign_stays_spread(wechat: FakeWeChat, clock: FixedClock) -> None:
    await crowd(60)
    campaign = await approved(notice(spread_minutes=60))
    await expand_all(now=NOW)
    before = {message.id: message.next_at for message in await Message.all()}

    await operations.pause(campaign_id=campaign.id, reason="", author=author(1), now=NOW)
    await operations.resume(campaign_id=campaign.id, author=author(1), now=NOW)
    await campaign_sender(wechat, clock).send_due()

    assert {message.id: message.next_at for message in await Message.all()} == before
    assert len(wechat.template_messages) == sum(moment <= NOW for moment in before.values()) < 10


async def test_a_spread_ends_before_the_campaign_does() -> None:
    await crowd(100)
    late = china_moment(date(2026, 5, 24), 19)
    await make_campaign(spread_minutes=600, opened_at=late)

    await expand_all(now=late)

    assert max(message.next_at for message in await Message.all()) < china_moment(date(2026, 5, 24), 21)
