"""The only file that reads the clock."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the moment; tests pass one that they move by hand."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


class SteadyClock:
    """A clock that is set by another one, and goes on from there by how long things last.

    However wrong the clock of the machine is, or jumps, this one is not: until it is set for the first time
    it shows the time of the machine.

    Args:
        monotonic: seconds that only grow.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._set_to: datetime | None = None
        self._set_at = 0.0

    def set(self, moment: datetime) -> None:
        """Show this moment from now on."""
        self._set_to, self._set_at = moment, self._monotonic()

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        if self._set_to is None:
            return datetime.now(UTC)
        return self._set_to + timedelta(seconds=self._monotonic() - self._set_at)


def china_date(moment: datetime) -> date:
    """Return the calendar day that people in the province see at this moment."""
    return moment.astimezone(CHINA).date()


def china_moment(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """Return the UTC moment at which clocks in the province show this day and time."""
    return datetime.combine(day, time_of_day(hour, minute), CHINA).astimezone(UTC)


def china_year_bounds(year: int) -> tuple[date, date]:
    """Return the first day of a calendar year and the first day after it."""
    return date(year, 1, 1), date(year + 1, 1, 1)


def chinese_day(day: date) -> str:
    """Return a day as people write it: 2026年5月17日."""
    return f"{day.year}年{day.month}月{day.day}日"


def start_of_china_day(moment: datetime, *, plus_days: int = 0) -> datetime:
    """Return the UTC moment at which the province's day of ``moment`` (or a later one) begins."""
    return china_moment(china_date(moment) + timedelta(days=plus_days))
