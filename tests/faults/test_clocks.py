"""Machines whose clocks are wrong, and schedules that several workers follow at once."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from app.campaigns.enums import CampaignState
from app.core.clock import SystemClock, china_date
from app.core.models import ScheduleSlot
from app.core.settings import Settings
from tests.databases import USES_MYSQL
from tests.faults.driver import LEASE_SECONDS, Scene, scene, seeds, sized
from tests.faults.servers import faketime
from workers.schedule import SCHEDULE

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

PEOPLE = sized(100, 1_000)
OFFSETS = sized((("+25h", "-1h"),), (("+70s", "-70s"), ("+1h", "-1h"), ("+25h", "-25h")))
WORKERS = 4


async def slots_taken(fire: Scene, *, at_least: int) -> list[ScheduleSlot]:
    async with asyncio.timeout(30):
        while await ScheduleSlot.filter(finished_at__isnull=False).count() < at_least:
            await asyncio.sleep(0.1)
    return await ScheduleSlot.all().order_by("id")


@pytest.mark.skipif(
    not USES_MYSQL, reason="the clock of SQLite is that of the machine: part of the MySQL pass"
)
@pytest.mark.parametrize("offsets", OFFSETS, ids="/".join)
async def test_workers_whose_machines_show_another_hour_go_by_the_database(
    settings: Settings, tmp_path: Path, offsets: tuple[str, ...]
) -> None:
    async with scene(settings, tmp_path, seed=0, notices=PEOPLE, trouble=()) as fire:
        assert fire.notices is not None
        now = SystemClock().now()
        fire.notices.send_at = now + timedelta(minutes=30)
        await fire.notices.save(update_fields=["send_at"])
        for offset in offsets:
            await fire.worker(environment=faketime(offset))
        slots = await slots_taken(fire, at_least=len(SCHEDULE))
        await asyncio.sleep(1)
        await fire.notices.refresh_from_db()

        assert fire.notices.state is CampaignState.SCHEDULED
        assert await fire.delivered() == 0, "too early"
        days = {now.date() for now in (now, now - timedelta(days=1))} | {china_date(now)}
        assert {slot.slot for slot in slots} <= {day.isoformat() for day in days}
        assert fire.log_lines("core.clock.differs")

        # Once the time has come it leaves at once, and a worker beside it takes nothing away from it.
        fire.notices.send_at = now
        await fire.notices.save(update_fields=["send_at"])
        await fire.worker()
        await fire.done()
        await asyncio.sleep(LEASE_SECONDS)
        await fire.verdict()
        assert await ScheduleSlot.all().count() == len(SCHEDULE)


@pytest.mark.parametrize("seed", seeds())
async def test_four_schedulers_take_each_slot_once_and_catch_up_once_after_days(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with scene(settings, tmp_path, seed=seed, notices=20, trouble=()) as fire:
        # As if the last worker had ended three days ago.
        long_ago = SystemClock().now() - timedelta(days=3)
        for job in SCHEDULE:
            await ScheduleSlot.create(
                job_name=job.name,
                slot=china_date(long_ago).isoformat(),
                taken_at=long_ago,
                finished_at=long_ago,
            )
        for _ in range(WORKERS):
            await fire.worker()
        await slots_taken(fire, at_least=2 * len(SCHEDULE))
        await fire.done()
        await fire.stop_workers()

        ran = Counter(line.partition("job=")[2].split()[0] for line in fire.log_lines("worker.schedule.ran"))
        assert ran == {job.name: 1 for job in SCHEDULE}
        assert await ScheduleSlot.all().count() == 2 * len(SCHEDULE)
        await fire.verdict()
