"""Pause acts within one lease, resume doubles nobody whatever crashed, cancel tells what has left."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

from app.campaigns import operations, queries
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.notices import already_left
from app.core import sql
from app.messaging import operations as messaging
from app.messaging.enums import Channel, MessageState
from app.messaging.models import Message
from tests.campaigns.factories import (
    approved,
    author,
    campaign_sender,
    expand_all,
    notice,
    reminder,
)
from tests.campaigns.test_canary import IN_TIME
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.faults.crowd import plant_cadres, plant_guardians
from tests.messaging.factories import SlowWeChat

pytestmark = pytest.mark.usefixtures("db")

ALL_CHANNELS = list(Channel)
# Openids whose message WeChat took from a worker that died before it could write that down.
IN_DOUBT: Counter[str] = Counter()


async def planted(count: int) -> Campaign:
    await plant_guardians([f"o-{number}" for number in range(count)], now=NOW)
    campaign = await approved(notice())
    await expand_all(now=NOW)
    return campaign


async def pause(campaign: Campaign) -> None:
    await operations.pause(campaign_id=campaign.id, reason="", author=author(1), now=NOW)


async def resume(campaign: Campaign) -> None:
    await operations.resume(campaign_id=campaign.id, author=author(1), now=NOW)


async def leases_pass() -> None:
    """Let the lease of everything that is claimed end, and the sweep take it up."""
    await Message.filter(lease_until_ms__isnull=False).update(lease_until_ms=1)
    await messaging.recover_leases(now=NOW)


async def test_after_a_pause_only_what_was_claimed_before_it_leaves(clock: FixedClock) -> None:
    campaign = await planted(600)
    wechat = SlowWeChat()
    sender = campaign_sender(wechat, clock, concurrency=4, chunk=40)
    running = asyncio.create_task(sender.send_due())
    while wechat.inside < 4:
        await asyncio.sleep(0.01)

    await pause(campaign)
    claimed = {f"lx{message.id}" for message in await Message.filter(state=MessageState.SENDING)}
    wechat.go.set()
    await running

    left = {message.client_msg_id for message in wechat.template_messages}
    assert left <= claimed
    assert 0 < len(left) < 600
    assert await Message.filter(state=MessageState.QUEUED).count() == 600 - len(left)


async def test_what_was_claimed_before_a_pause_cannot_leave_once_its_lease_is_over(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    campaign = await planted(10)
    claimed = await messaging.claim(
        limit=10,
        token="asleep",
        now=NOW,
        lease_seconds=60,
        channels=ALL_CHANNELS,
        urgent_only=False,
    )
    await pause(campaign)

    await leases_pass()

    assert len(claimed) == 10
    assert await messaging.begin(messages=claimed, now=NOW, lease_seconds=60) == []
    await campaign_sender(wechat, clock).send_due()
    assert wechat.template_messages == []


async def crash(random_: random.Random) -> None:
    """Let a worker die with messages that it claimed, began, or handed to WeChat without writing it down."""
    claimed = await messaging.claim(
        limit=random_.randint(1, 12),
        token=f"dead-{random_.random()}",
        now=NOW,
        lease_seconds=60,
        channels=ALL_CHANNELS,
        urgent_only=False,
    )
    begun = await messaging.begin(messages=claimed[::2], now=NOW, lease_seconds=60) if claimed else []
    for message in begun[::2]:
        IN_DOUBT[message.openid] += 1
    await leases_pass()


@pytest.mark.parametrize("seed", range(4))
async def test_pauses_resumes_and_crashes_double_and_lose_nobody(
    wechat: FakeWeChat, clock: FixedClock, seed: int
) -> None:
    random_ = random.Random(seed)
    IN_DOUBT.clear()
    await plant_cadres([f"c-{number}" for number in range(80)], now=IN_TIME)
    campaign = await approved(reminder())
    clock.moment = IN_TIME
    await expand_all(now=IN_TIME)
    await Message.all().update(next_at=NOW)

    for _ in range(8):
        act = random_.choice([pause, resume, "send", "crash", "crash"])
        if act == "crash":
            await crash(random_)
        elif act == "send":
            running = asyncio.create_task(campaign_sender(wechat, clock, chunk=7, concurrency=3).send_due())
            for _ in range(random_.randint(0, 40)):
                await asyncio.sleep(0)
            await pause_if_running(campaign)
            await running
        else:
            await (pause_if_running if act is pause else resume_if_paused)(campaign)
    await resume_if_paused(campaign)
    await Message.filter(state=MessageState.QUEUED).update(next_at=NOW)
    await campaign_sender(wechat, clock).send_due()

    received = Counter(message.openid for message in wechat.subscribe_messages) + IN_DOUBT
    states = Counter(message.state for message in await Message.all())
    assert max(received.values()) == 1
    assert states.keys() <= {MessageState.SENT, MessageState.UNKNOWN}
    assert states[MessageState.SENT] == len(wechat.subscribe_messages)
    assert states[MessageState.UNKNOWN] >= len(IN_DOUBT)
    assert states.total() == 80


async def pause_if_running(campaign: Campaign) -> None:
    if await Campaign.filter(id=campaign.id, state=CampaignState.RUNNING).exists():
        await pause(campaign)


async def resume_if_paused(campaign: Campaign) -> None:
    if await Campaign.filter(id=campaign.id, state=CampaignState.PAUSED).exists():
        await resume(campaign)


async def test_cancelling_tells_what_has_left_and_cancels_the_rest(clock: FixedClock) -> None:
    campaign = await planted(30)
    wechat = SlowWeChat()
    running = asyncio.create_task(campaign_sender(wechat, clock, concurrency=3, chunk=5).send_due())
    while wechat.inside < 3:
        await asyncio.sleep(0.01)

    await operations.cancel(campaign_id=campaign.id, author=author(1), now=NOW)
    wechat.go.set()
    await running

    await campaign.refresh_from_db()
    progress = (await queries.progress_of(campaigns=[campaign]))[campaign.id]
    sent = len(wechat.template_messages)
    assert progress.by_state == {MessageState.SENT: sent, MessageState.CANCELLED: 30 - sent}
    assert already_left(progress.by_state) == f"已经离开系统、不能收回的：已发出{sent}条"
    assert progress.is_done


def test_what_has_left_is_told_in_words() -> None:
    assert already_left({MessageState.CANCELLED: 5}) == "还没有发出任何消息"
    told = already_left({MessageState.SENT: 3, MessageState.DELIVERED: 2, MessageState.UNKNOWN: 1})
    assert told == "已经离开系统、不能收回的：已发出3条，已送达2条，结果未知1条"


async def test_messages_of_a_spread_campaign_are_cancelled_before_their_time(clock: FixedClock) -> None:
    await plant_guardians([f"o-{number}" for number in range(20)], now=NOW)
    campaign = await approved(notice(spread_minutes=600))
    await expand_all(now=NOW)
    await sql.execute("UPDATE campaign SET state = 'cancelled' WHERE id = %s", (campaign.id,))

    assert await operations.clear_cancelled_step(now=NOW + timedelta(seconds=1)) == 20
