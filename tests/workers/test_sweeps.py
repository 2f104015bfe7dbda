"""Turns are rows: one worker looks for all, and the next one goes on where it stopped."""

import asyncio
from datetime import datetime, timedelta

from app.core.models import SweepTurn
from app.core.settings import Settings
from app.messaging.enums import MessageState
from tests.conftest import NOW
from tests.messaging.factories import make_message
from workers.sweeps import SWEEPS, Sweep, run_due_sweeps

MINUTE = timedelta(minutes=1)


class Walk:
    """A sweep that remembers where it was, and breaks when it is told to."""

    def __init__(self) -> None:
        self.positions: list[str] = []
        self.breaks = False

    async def __call__(self, now: datetime, settings: Settings, position: str) -> str:
        self.positions.append(position)
        if self.breaks:
            raise RuntimeError("broken")
        return str(len(self.positions))

    def as_sweep(self, name: str = "walk") -> Sweep:
        return Sweep(name=name, every=MINUTE, run=self)


async def test_of_four_workers_one_takes_the_turn(db: None, settings: Settings) -> None:
    walk = Walk()
    sweeps = [walk.as_sweep()]

    first = await asyncio.gather(
        *(run_due_sweeps(now=NOW, settings=settings, sweeps=sweeps) for _ in range(4))
    )
    second = await asyncio.gather(
        *(run_due_sweeps(now=NOW + MINUTE, settings=settings, sweeps=sweeps) for _ in range(4))
    )

    assert (sum(first), sum(second)) == (1, 1)
    assert walk.positions == ["", "1"]


async def test_a_turn_comes_after_its_time_and_not_before(db: None, settings: Settings) -> None:
    walk = Walk()
    for seconds in (0, 59, 60, 61):
        await run_due_sweeps(
            now=NOW + timedelta(seconds=seconds), settings=settings, sweeps=[walk.as_sweep()]
        )

    assert walk.positions == ["", "1"]


async def test_one_that_breaks_stays_where_it_was_and_holds_up_no_other(db: None, settings: Settings) -> None:
    broken, other = Walk(), Walk()
    sweeps = [broken.as_sweep("broken"), other.as_sweep("other")]
    for minute in range(3):
        broken.breaks = minute == 1
        await run_due_sweeps(now=NOW + minute * MINUTE, settings=settings, sweeps=sweeps)

    assert broken.positions == ["", "1", "1"]
    assert other.positions == ["", "1", "2"]


async def test_every_sweep_has_a_name_of_its_own_and_runs(db: None, settings: Settings) -> None:
    await make_message(state=MessageState.SENDING, lease_until_ms=1)

    assert await run_due_sweeps(now=NOW, settings=settings) == len(SWEEPS)

    assert await SweepTurn.all().count() == len({sweep.name for sweep in SWEEPS}) == len(SWEEPS)
