"""Redis only rings bells: without it everything still happens, later."""

import asyncio
import shutil
import time
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from app.campaigns import queries
from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.core.clock import SystemClock
from app.core.models import ScheduleSlot
from app.core.settings import Settings
from tests.databases import USES_MYSQL
from tests.faults.crowd import make_running_campaign, plant_guardians
from tests.faults.processes import Judge, end, judging, kill, start_worker_beside
from tests.faults.servers import redis_of_our_own

pytestmark = [
    pytest.mark.faults,
    pytest.mark.usefixtures("db"),
    pytest.mark.skipif(not USES_MYSQL, reason="Redis belongs to the MySQL pass"),
]
PEOPLE = 300
SEND = {"concurrency": 10, "rate_per_second": 150, "chunk": 50, "lease_seconds": 5}


async def a_campaign_to(judge: Judge, people: int) -> Campaign:
    now = SystemClock().now()
    openids = (await judge.tell("/crowd", {"count": people}))["official"]
    await plant_guardians(openids, now=now)
    return await make_running_campaign(CampaignKind.POLICY_NOTICE, now=now)


async def done(campaign: Campaign) -> None:
    async with asyncio.timeout(45):
        while not await is_done(campaign):
            await asyncio.sleep(0.2)


async def is_done(campaign: Campaign) -> bool:
    await campaign.refresh_from_db()
    return (await queries.progress_of(campaigns=[campaign]))[campaign.id].is_done


async def some_arrived(judge: Judge) -> None:
    async with asyncio.timeout(30):
        while (await judge.ask("/deliveries"))["total"] < PEOPLE // 10:
            await asyncio.sleep(0.05)


async def stops_when_asked(worker: Process) -> None:
    started = time.monotonic()
    await end(worker)
    assert worker.returncode == 0, "it was killed, or it failed"
    assert time.monotonic() - started < 20


async def test_a_campaign_ends_though_redis_dies_in_the_middle(settings: Settings, tmp_path: Path) -> None:
    assert shutil.which("redis-server"), "the suite needs redis-server for this pass"
    async with judging(settings, tmp_path) as judge, redis_of_our_own(tmp_path) as (redis, url):
        campaign = await a_campaign_to(judge, PEOPLE)
        worker = await start_worker_beside(
            settings, judge, redis_url=url, log=tmp_path / "worker.log", send=SEND
        )
        try:
            await some_arrived(judge)
            await kill(redis)
            await done(campaign)
            arrived = await judge.arrived()
        finally:
            await stops_when_asked(worker)

    assert len(arrived) == PEOPLE
    assert max(arrived.values()) == 1


async def test_a_campaign_begins_and_the_schedule_runs_though_redis_was_never_there(
    settings: Settings, tmp_path: Path
) -> None:
    async with judging(settings, tmp_path) as judge:
        campaign = await a_campaign_to(judge, 50)
        nowhere = "redis://127.0.0.1:1/0"
        worker = await start_worker_beside(
            settings, judge, redis_url=nowhere, log=tmp_path / "worker.log", send=SEND
        )
        try:
            await done(campaign)
        finally:
            await stops_when_asked(worker)
        arrived = await judge.arrived()

    assert len(arrived) == 50
    assert await ScheduleSlot.filter(finished_at__isnull=False).count() > 0
