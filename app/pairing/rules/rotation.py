"""Which pairings pass on in which month, so that no month carries more than its share.

官方方案 二: 联系帮扶对象原则上每2年调整一次. In principle, so a window of months around two years is kept,
and within it the load is spread: a county that began in one spring would otherwise change everybody at once.
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

# 官方方案 二: 每2年. Two months early and three late still are about two years.
CYCLE = 24
EARLIEST = 22
LATEST = 27
# All three sides hear of it so long before; nobody is told later than the shorter one.
NOTICE = timedelta(days=30)
SHORTEST_NOTICE = timedelta(days=10)
# In the middle of a month, so that no change falls on New Year or National Day.
_CHANGE_DAY = 15
_ROOM_WITHIN = 12
# A hand-over is planned for the coming year (`PLANNED_AHEAD`).
LONGEST_HORIZON = 12

# Months since the year 0, so that they can be counted.
Month = int


def month_of(day: date) -> Month:
    """Return the month of a day."""
    return day.year * 12 + day.month - 1


def change_day(month: Month) -> date:
    """Return the day on which rotations of a month happen."""
    return date(month // 12, month % 12 + 1, _CHANGE_DAY)


def first_month(today: date) -> Month:
    """Return the first month whose change day leaves time to tell everybody."""
    month = month_of(today)
    return month if change_day(month) >= today + NOTICE else first_after(month, today=today)


def first_after(month: Month, *, today: date) -> Month:
    """Return the first later month whose change day leaves time to tell everybody."""
    later = month + 1
    while change_day(later) < today + NOTICE:
        later += 1
    return later


@dataclass(frozen=True, slots=True)
class Round:
    """One pairing that is to pass on some day.

    Args:
        pairing_id: which one.
        cadre_id: whose.
        since: when it began, or the day of the last round that left it as it was.
    """

    pairing_id: int
    cadre_id: int
    since: date


class Window(NamedTuple):
    """Between which months a pairing may pass on, both included, and when it usually would."""

    earliest: Month
    usual: Month
    latest: Month


def window_of(since: date, *, first: Month) -> Window:
    """Return the window of a round; whoever is late already is spread over as many months from the first on.

    Args:
        since: when the round began.
        first: the first month that can still be planned.
    """
    begun = month_of(since)
    latest = max(begun + LATEST, first + LATEST - EARLIEST)
    return Window(max(begun + EARLIEST, first), max(begun + CYCLE, first), latest)


@dataclass(frozen=True, slots=True)
class Staggered:
    """The month of each pairing, and what a month carries at most.

    Args:
        months: by pairing.
        share: the most; no smaller one is possible within the windows.
        even_share: what it would be if everybody had begun evenly: people by 24 months, rounded up.
    """

    months: Mapping[int, Month]
    share: int
    even_share: int


def stagger(
    rounds: Sequence[Round], *, standing: Mapping[Month, int], first: Month, population: int
) -> Staggered:
    """Spread pairings over months: the lowest peak that the windows allow, and nobody earlier than needed.

    Deterministic, whatever the order of the list. What stands already is not moved and takes its place in
    its month: told people stay told. Where everybody began in one spring, the even share cannot hold in the
    first round; then the windows are filled evenly, and each round spreads further by their width.

    Args:
        rounds: what has no month yet.
        standing: how many have one, by month.
        first: the first month that can be planned.
        population: how many pairings the county has in all.
    """
    even = math.ceil(population / CYCLE)
    jobs = _jobs(rounds, first=first)
    low, high = max(even, 1), max(even, len(rounds) + max(standing.values(), default=0), 1)
    while low < high:
        middle = (low + high) // 2
        if _filled(jobs, standing=standing, share=middle, lead=CYCLE - EARLIEST) is None:
            low = middle + 1
        else:
            high = middle
    for lead in range(CYCLE - EARLIEST + 1):
        months = _filled(jobs, standing=standing, share=low, lead=lead)
        if months is not None:
            return Staggered(months, share=low, even_share=even)
    raise AssertionError("the share was possible a moment ago")


class _Job(NamedTuple):
    """A round in the order in which months are given out."""

    latest: Month
    # Of one cadre's families the first come before the second ones: nobody loses all of his at once.
    nth: int
    pairing_id: int
    window: Window


def _jobs(rounds: Iterable[Round], *, first: Month) -> list[_Job]:
    taken: Counter[int] = Counter()
    jobs = []
    for one in sorted(rounds, key=lambda item: (item.since, item.pairing_id)):
        window = window_of(one.since, first=first)
        jobs.append(_Job(window.latest, taken[one.cadre_id], one.pairing_id, window))
        taken[one.cadre_id] += 1
    return jobs


def _filled(
    jobs: Sequence[_Job], *, standing: Mapping[Month, int], share: int, lead: int
) -> dict[int, Month] | None:
    """Return the month of each job by earliest end first, None when that many a month are not enough.

    For jobs of one size this order finds a plan whenever there is one.
    """
    opening: dict[Month, list[_Job]] = defaultdict(list)
    for job in jobs:
        opening[max(job.window.earliest, job.window.usual - lead)].append(job)
    months: dict[int, Month] = {}
    waiting: list[_Job] = []
    month = min(opening, default=0)
    while len(months) < len(jobs):
        for job in opening.get(month, ()):
            heapq.heappush(waiting, job)
        for _ in range(share - standing.get(month, 0)):
            if not waiting:
                break
            months[heapq.heappop(waiting).pairing_id] = month
        if waiting and waiting[0].latest <= month:
            return None
        month += 1
    return months


def room_from(month: Month, *, standing: Mapping[Month, int], population: int) -> Month:
    """Return the next month within a year that carries less than the even share, else the quietest one.

    For what cannot happen in its own month: nobody takes over, or the successor declined.

    Args:
        month: the first one that is possible.
        standing: how many each month carries already.
        population: how many pairings the county has in all.
    """
    even = math.ceil(population / CYCLE)
    coming = range(month, month + _ROOM_WITHIN)
    free = next((one for one in coming if standing.get(one, 0) < even), None)
    return min(coming, key=lambda one: (standing.get(one, 0), one)) if free is None else free


@dataclass(frozen=True, slots=True)
class Wishes:
    """Who wishes that a pairing goes on: True to stay, False to change, None when nobody was heard."""

    family: bool | None = None
    cadre: bool | None = None


def stays(wishes: Wishes) -> bool:
    """Tell whether a pairing goes on for another two years.

    官方方案 四(四): 充分尊重困难重度残疾人及其监护人的意愿; 二: 原则上每2年调整. So the family's wish decides
    unless the cadre said that he wants to change: he goes on doing what he does, and his silence is no
    objection. The cadre's wish alone does not: a family that nobody has asked may be glad of another face,
    and would not say so to him.
    """
    return wishes.family is True and wishes.cadre is not False
