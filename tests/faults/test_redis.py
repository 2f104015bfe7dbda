"""Redis only rings bells: flushed, dead or silent, everything still happens, later."""

import asyncio
import time
from asyncio.subprocess import Process
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.core.models import ScheduleSlot
from app.core.settings import Settings
from tests.databases import USES_MYSQL
from tests.faults.driver import scene, seeds, sized
from tests.faults.processes import end, kill
from tests.faults.servers import redis_of_our_own, wire_to

pytestmark = [
    pytest.mark.faults,
    pytest.mark.usefixtures("db"),
    pytest.mark.skipif(not USES_MYSQL, reason="Redis belongs to the MySQL pass"),
]
PEOPLE = sized(300, 5_000)
SECONDS = sized(45, 300)
RATE = 150.0
# Less than any supervisor waits after SIGTERM before it kills.
GRACE_SECONDS = 20.0


async def stops_when_asked(worker: Process, *, within: float = 20.0) -> float:
    """Stop a worker and return how many seconds it took."""
    started = time.monotonic()
    await end(worker, within=within)
    assert worker.returncode == 0, "it was killed, or it failed"
    return time.monotonic() - started


@pytest.mark.parametrize("seed", seeds())
async def test_a_campaign_ends_though_redis_is_flushed_and_then_dies(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with (
        redis_of_our_own(tmp_path) as (redis, url),
        scene(settings, tmp_path, seed=seed, notices=PEOPLE, trouble=()) as fire,
    ):
        worker = await fire.worker(redis_url=url, rate_per_second=RATE)
        await fire.arrived_at_least(fire.moments.uniform(0.05, 0.3), within=SECONDS)
        async with Redis.from_url(url) as client:
            await client.flushall()
        await fire.arrived_at_least(fire.moments.uniform(0.4, 0.6), within=SECONDS)
        await kill(redis)
        await fire.done(within=SECONDS)
        await stops_when_asked(worker)

        await fire.verdict()


async def test_a_campaign_begins_and_the_schedule_runs_though_redis_was_never_there(
    settings: Settings, tmp_path: Path
) -> None:
    async with scene(settings, tmp_path, seed=0, notices=50, trouble=()) as fire:
        worker = await fire.worker(redis_url="redis://127.0.0.1:1/0", rate_per_second=RATE)
        await fire.done()
        await stops_when_asked(worker)

        await fire.verdict()
        assert await ScheduleSlot.filter(finished_at__isnull=False).count() > 0


@pytest.mark.parametrize("seed", seeds())
async def test_a_redis_that_says_nothing_holds_up_neither_a_campaign_nor_the_end_of_a_worker(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with redis_of_our_own(tmp_path) as (_, url):
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with (
            wire_to(port) as wire,
            scene(settings, tmp_path, seed=seed, notices=PEOPLE, trouble=()) as fire,
        ):
            worker = await fire.worker(redis_url=f"redis://127.0.0.1:{wire.port}/0", rate_per_second=RATE)
            await fire.arrived_at_least(fire.moments.uniform(0.1, 0.3), within=SECONDS)
            wire.die()
            await fire.done(within=SECONDS)
            await asyncio.sleep(sized(0.0, 20.0))
            seconds = await stops_when_asked(worker, within=2 * GRACE_SECONDS)

            await fire.verdict()
            assert seconds < GRACE_SECONDS
