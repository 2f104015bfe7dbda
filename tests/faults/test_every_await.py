"""A worker dies at its first touch of the database or of WeChat, then at its second, until it lives.

One small story, told once for each point where a process can end; `test_machine` draws longer ones.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest

from app.campaigns import operations as campaigns
from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.messaging import operations
from app.messaging.enums import MessageState, Reason
from app.messaging.models import Message
from tests.campaigns.factories import author, reachable_cadre, reachable_guardian
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.faults.crowd import make_running_campaign
from tests.faults.life import World, forget_messages, illegal_steps_refused
from tests.faults.mortal import Life, living, mortal_drivers
from tests.messaging.factories import SUBSCRIBE_TEMPLATE, make_message, make_subscribe_message

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

# One of each that matters, in the order of the claim: the urgent campaign first.
SAID = ("ok", "silence after it arrived", "43101", "-1", "ok")
MOST_POINTS = 400

Scene = tuple[World, Campaign]
Work = Callable[[World, Campaign], Awaitable[object]]


async def scene() -> Scene:
    """Begin the story: a campaign to two guardians, a message to one cadre, one that was being sent."""
    await forget_messages()
    world = World(FixedClock(NOW))
    campaign = await make_running_campaign(CampaignKind.POLICY_NOTICE, now=NOW)
    for number in range(2):
        await make_subscribe_message(credits_left=2, openid=f"mini-{number}", recipient_id=number)
    await make_message(openid="o-late", recipient_id=9, expires_at=NOW + timedelta(seconds=1))
    return world, campaign


async def expand(world: World, campaign: Campaign) -> None:
    await campaigns.start_due(now=world.clock.now())
    while await campaigns.expand_step(now=world.clock.now(), at_once=1):
        pass


async def send(world: World, campaign: Campaign) -> None:
    await world.sender().send_due()


async def recover(world: World, campaign: Campaign) -> None:
    await world.recover()
    await operations.expire_overdue(now=world.clock.now())


async def send_again(world: World, campaign: Campaign) -> None:
    await campaigns.retry(
        campaign_id=campaign.id, reasons=list(Reason), author=author(7), now=world.clock.now()
    )


async def take_receipts(world: World, campaign: Campaign) -> None:
    for arrival in world.wechat.arrivals:
        await operations.take_receipt(
            msgid=arrival.msgid, delivered=True, status="success", openid=arrival.openid,
            template_id=None if arrival.is_template else SUBSCRIBE_TEMPLATE,
            happened_at=arrival.at, now=world.clock.now(),
        )  # fmt: skip


async def nothing(world: World, campaign: Campaign) -> None:
    """Come to the scene as it is."""


async def being_sent(world: World, campaign: Campaign) -> None:
    """Another worker dies in the middle, and its lease passes."""
    await expand(world, campaign)
    world.wechat.script.extend(SAID)
    await living(Life(dies_at=60), lambda: send(world, campaign))
    await world.pass_time(timedelta(seconds=61))


async def refused(world: World, campaign: Campaign) -> None:
    """WeChat refuses for reasons that pass."""
    await expand(world, campaign)
    world.wechat.script.extend(["43004"] * 6)
    await send(world, campaign)
    world.wechat.script.clear()


async def answers_lost(world: World, campaign: Campaign) -> None:
    """Everything arrives, and WeChat says nothing."""
    await expand(world, campaign)
    world.wechat.script.extend(["silence after it arrived"] * 6)
    await send(world, campaign)
    world.wechat.script.clear()


STORIES: dict[str, tuple[Work, Work]] = {
    "expanding": (nothing, expand),
    "sending": (expand, send),
    "recovering": (being_sent, recover),
    "sending again by order": (refused, send_again),
    "taking receipts": (answers_lost, take_receipts),
}


async def come_to_rest(world: World, campaign: Campaign) -> None:
    world.wechat.script.clear()
    await expand(world, campaign)
    for _ in range(6):
        await world.pass_time(timedelta(seconds=61))
        await recover(world, campaign)
        await send(world, campaign)
        if not await Message.filter(state__in=[MessageState.QUEUED, MessageState.SENDING]).exists():
            return
    raise AssertionError("something is still open")


@pytest.mark.parametrize("story", STORIES)
async def test_wherever_a_worker_dies_nobody_is_forgotten_and_nobody_hears_twice(story: str) -> None:
    for _ in range(2):
        await reachable_guardian()
    await reachable_cadre()
    before, work = STORIES[story]
    with mortal_drivers():
        async with illegal_steps_refused():
            for point in range(1, MOST_POINTS):
                world, campaign = await scene()
                await before(world, campaign)
                world.wechat.script.extend(SAID)
                life = Life(dies_at=point)
                lived = await living(life, partial(work, world, campaign))
                await world.check()
                await come_to_rest(world, campaign)
                await world.check()
                # Five, or as many as the campaign had: who was forgotten is missing here.
                assert await Message.all().count() == 5, f"died at point {point}"
                if lived:
                    break
    assert 1 < life.points < MOST_POINTS
