"""Slots are rows."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.core.clock import china_date, china_moment
from app.core.models import ScheduleSlot
from app.core.settings import Settings
from tests.conftest import NOW
from workers.schedule import ScheduledJob, run_due_jobs

MORNING = china_moment(china_date(NOW), 9, 0)


class Counted:
    """A job that counts its runs, and breaks when it is told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.breaks = False

    async def __call__(self, now: datetime, settings: Settings) -> int:
        self.runs += 1
        if self.breaks:
            raise RuntimeError("broken")
        return self.runs

    def at(self, hour: int) -> tuple[ScheduledJob, ...]:
        return (ScheduledJob(name="counted", hour=hour, minute=0, run=self),)


async def test_four_workers_at_one_tick_run_a_job_once(db: None, settings: Settings) -> None:
    counted = Counted()

    await asyncio.gather(
        *(run_due_jobs(now=MORNING, settings=settings, schedule=counted.at(8)) for _ in range(4))
    )

    assert counted.runs == 1


async def test_a_slot_missed_for_days_is_caught_up_once(db: None, settings: Settings) -> None:
    counted = Counted()
    await run_due_jobs(now=MORNING, settings=settings, schedule=counted.at(8))

    later = MORNING + timedelta(days=3)
    for _ in range(3):
        await run_due_jobs(now=later, settings=settings, schedule=counted.at(8))

    assert counted.runs == 2


async def test_before_its_hour_the_job_of_yesterday_is_due(db: None, settings: Settings) -> None:
    counted = Counted()

    await run_due_jobs(now=MORNING, settings=settings, schedule=counted.at(20))

    assert (await ScheduleSlot.get()).slot == (china_date(MORNING) - timedelta(days=1)).isoformat()


async def test_a_job_that_died_is_taken_up_again_after_ten_minutes(db: None, settings: Settings) -> None:
    counted = Counted()
    counted.breaks = True
    with pytest.raises(RuntimeError):
        await run_due_jobs(now=MORNING, settings=settings, schedule=counted.at(8))
    counted.breaks = False

    await run_due_jobs(now=MORNING + timedelta(minutes=5), settings=settings, schedule=counted.at(8))
    assert counted.runs == 1
    await run_due_jobs(now=MORNING + timedelta(minutes=11), settings=settings, schedule=counted.at(8))
    assert counted.runs == 2
