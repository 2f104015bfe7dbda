"""Several workers: put to sleep beyond their lease, paused by an admin, replaced one after another."""

import asyncio
import signal
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from app.campaigns import operations
from app.core.clock import SystemClock
from app.core.settings import Settings
from app.messaging.enums import MessageState
from app.messaging.models import Message
from tests.campaigns.factories import author
from tests.databases import USES_MYSQL
from tests.faults.driver import LEASE_SECONDS, Scene, scene, seeds, sized
from tests.faults.processes import end, kill

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

PEOPLE = sized(200, 4_000)
DEPLOYS = sized(3, 30)
SECONDS = sized(60, 300)
# Slow enough that there is something left to hurt.
RATE = sized(100.0, 200.0)


async def unknown_in(fire: Scene) -> int:
    return await Message.filter(state=MessageState.UNKNOWN).count()


# Nor is there anybody else: an embedded service is one process.
not_on_sqlite = pytest.mark.skipif(
    not USES_MYSQL, reason="a process asleep may hold the one write lock of SQLite: part of the MySQL pass"
)


async def asleep_with_answers_under_way(fire: Scene) -> Process:
    """Start a worker and stop it while WeChat's answers are on their way to it."""
    await fire.judge.tell("/latency", {"ms": 200})
    sleeper = await fire.worker()
    await fire.arrived_at_least(fire.moments.uniform(0.1, 0.5))
    sleeper.send_signal(signal.SIGSTOP)
    return sleeper


@not_on_sqlite
@pytest.mark.parametrize("seed", seeds())
async def test_what_a_sleeper_says_of_messages_that_another_took_over_comes_to_nothing(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with scene(settings, tmp_path, seed=seed, notices=PEOPLE) as fire:
        sleeper = await asleep_with_answers_under_way(fire)
        await fire.worker()
        await fire.done(within=SECONDS)
        sleeper.send_signal(signal.SIGCONT)
        await end(sleeper)

        await fire.verdict()
        assert fire.log_lines("messaging.settle.not_ours")


@not_on_sqlite
@pytest.mark.parametrize("seed", seeds())
async def test_what_a_sleeper_says_of_messages_that_nobody_took_over_settles_them(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with scene(settings, tmp_path, seed=seed, reminders=PEOPLE) as fire:
        sleeper = await asleep_with_answers_under_way(fire)
        await fire.worker()
        await fire.done(within=SECONDS)
        doubtful = await unknown_in(fire)
        sleeper.send_signal(signal.SIGCONT)
        async with asyncio.timeout(SECONDS):
            while await unknown_in(fire) >= doubtful > 0:
                await asyncio.sleep(0.1)

        assert 0 < await fire.verdict(crashes=1) + 1 <= doubtful


@pytest.mark.parametrize("seed", seeds())
async def test_a_pause_acts_within_a_lease_and_nobody_hears_twice_after_it(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with scene(settings, tmp_path, seed=seed, notices=2 * PEOPLE, trouble=()) as fire:
        assert fire.notices is not None
        admin = author()
        workers = [await fire.worker(rate_per_second=RATE) for _ in range(2)]
        await fire.arrived_at_least(fire.moments.uniform(0.1, 0.3))
        await operations.pause(
            campaign_id=fire.notices.id, reason="核对名单", author=admin, now=SystemClock().now()
        )
        await kill(workers[0])
        # What was claimed before may still begin until its lease ends, and then takes its time.
        await asyncio.sleep(2 * LEASE_SECONDS)
        at_rest = await fire.delivered()
        await asyncio.sleep(LEASE_SECONDS)
        assert await fire.delivered() == at_rest < fire.messages
        await fire.worker(rate_per_second=RATE)
        await operations.resume(campaign_id=fire.notices.id, author=admin, now=SystemClock().now())
        await fire.done(within=SECONDS)

        await fire.verdict(crashes=1)


@pytest.mark.parametrize("seed", seeds())
async def test_a_rolling_deploy_costs_no_message_its_tries(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with scene(settings, tmp_path, seed=seed, notices=PEOPLE, reminders=PEOPLE) as fire:
        pace = 2 * PEOPLE / (2.5 * DEPLOYS)
        worker = await fire.worker(rate_per_second=pace)
        await fire.started(worker)
        for _ in range(DEPLOYS):
            following = await fire.worker(rate_per_second=pace)
            await fire.started(following)
            await asyncio.sleep(2)
            await end(worker)
            assert worker.returncode == 0
            worker = following
        await fire.done(within=SECONDS)

        await fire.verdict()
        assert not await Message.filter(state=MessageState.FAILED).exists()
