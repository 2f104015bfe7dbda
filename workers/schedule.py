"""Every scheduled job, in clock order, each with its reason.

A slot is a row: a missed tick is caught up once, a doubled tick does nothing, and it works without Redis.
Times are those of clocks in Shandong. Nothing that speaks to people runs between 21:00 and 8:00.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.bot import operations as bot
from app.campaigns import operations as campaigns
from app.core import sql
from app.core.clock import china_date, china_moment
from app.core.settings import Settings
from app.messaging import operations as messaging
from app.people import operations as people
from app.rosters import operations as rosters

log = structlog.get_logger()

# A job that was begun and not finished for so long died with its worker; every job is harmless to repeat.
_DEAD_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class ScheduledJob:
    """Something to do once a day."""

    name: str
    hour: int
    minute: int
    run: Callable[[datetime, Settings], Awaitable[int]]
    speaks_to_people: bool = False


async def _drop_stale_imports(now: datetime, _: Settings) -> int:
    return await rosters.drop_stale_imports(now=now)


async def _start_automatic_campaigns(now: datetime, settings: Settings) -> int:
    return await campaigns.start_automatic(now=now, days_ahead=settings.send.days_ahead)


async def _forget_windows(now: datetime, _: Settings) -> int:
    return await messaging.forget_windows(now=now)


async def _forget_old_pushes(now: datetime, _: Settings) -> int:
    return await bot.forget_old_pushes(now=now)


async def _forget_pins(now: datetime, _: Settings) -> int:
    return await people.forget_pins(now=now)


SCHEDULE: tuple[ScheduledJob, ...] = (
    # Uploads that nobody confirmed hold people's data for nothing.
    ScheduledJob(name="drop-stale-imports", hour=3, minute=10, run=_drop_stale_imports),
    # What people wrote to us is kept no longer than it is needed; evidence of consent stays.
    ScheduledJob(name="forget-old-pushes", hour=3, minute=20, run=_forget_old_pushes),
    # Windows for 客服消息 that closed are of no use to anybody.
    ScheduledJob(name="forget-windows", hour=3, minute=25, run=_forget_windows),
    # Six digits that nobody may type any more, and tries that no longer count.
    ScheduledJob(name="forget-pins", hour=3, minute=30, run=_forget_pins),
    # Festivals marked automatic: the reminder leaves in the morning, when cadres are in office.
    ScheduledJob(
        name="start-automatic-campaigns",
        hour=8,
        minute=30,
        run=_start_automatic_campaigns,
        speaks_to_people=True,
    ),
)


async def run_due_jobs(
    *, now: datetime, settings: Settings, schedule: Sequence[ScheduledJob] = SCHEDULE
) -> int:
    """Run each job whose time has come today and that nobody has run, and return how many ran."""
    ran = 0
    for job in schedule:
        slot = _latest_slot(job, now)
        if not await _take(job.name, slot, now=now):
            continue
        outcome = await job.run(now, settings)
        await sql.execute(
            "UPDATE schedule_slot SET finished_at = %s, outcome = %s WHERE job_name = %s AND slot = %s",
            (now, str(outcome), job.name, slot),
        )
        log.info("worker.schedule.ran", job=job.name, slot=slot, outcome=outcome)
        ran += 1
    return ran


def _latest_slot(job: ScheduledJob, now: datetime) -> str:
    today = china_date(now)
    has_come = china_moment(today, job.hour, job.minute) <= now
    return (today if has_come else today - timedelta(days=1)).isoformat()


async def _take(name: str, slot: str, *, now: datetime) -> bool:
    taken = await sql.execute(
        f"{sql.insert_or_ignore()} INTO schedule_slot (job_name, slot, taken_at, outcome)"
        " VALUES (%s, %s, %s, '')",
        (name, slot, now),
    )
    if taken:
        return True
    return bool(
        await sql.execute(
            "UPDATE schedule_slot SET taken_at = %s"
            " WHERE job_name = %s AND slot = %s AND finished_at IS NULL AND taken_at < %s",
            (now, name, slot, now - _DEAD_AFTER),
        )
    )
