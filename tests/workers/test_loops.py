"""Resident loops."""

import asyncio
from datetime import datetime

from app.core.models import WorkerHeartbeat
from app.core.queue import LocalBus
from tests.fakes.clock import FixedClock
from workers.loops import LoopRunner, ResidentLoop


class Work:
    """Counts steps; breaks on the first ones when told to."""

    def __init__(self, *, failures: int = 0) -> None:
        self.steps = 0
        self.failures = failures
        self.stepped = asyncio.Event()

    async def step(self, now: datetime) -> int:
        self.steps += 1
        if self.failures:
            self.failures -= 1
            raise RuntimeError("broken step")
        self.stepped.set()
        return 0


def runner(work: Work, clock: FixedClock, bus: LocalBus, *, idle_seconds: float = 60) -> LoopRunner:
    loops = [ResidentLoop(name="work", step=work.step, idle_seconds=idle_seconds)]
    return LoopRunner(loops=loops, clock=clock, bus=bus)


async def test_a_ring_wakes_a_sleeping_loop(db: None, clock: FixedClock) -> None:
    work, bus = Work(), LocalBus()
    running = runner(work, clock, bus)
    running.start()
    await work.stepped.wait()
    work.stepped.clear()

    await bus.ring("work")

    async with asyncio.timeout(10):
        await work.stepped.wait()
    await running.stop()


async def test_without_any_ring_a_loop_still_looks(db: None, clock: FixedClock) -> None:
    work = Work()
    running = runner(work, clock, LocalBus(), idle_seconds=0.05)
    running.start()

    async with asyncio.timeout(10):
        while work.steps < 3:
            await asyncio.sleep(0.02)
    await running.stop()

    assert await WorkerHeartbeat.all().count() == 1


async def test_a_broken_step_does_not_end_the_loop(db: None, clock: FixedClock) -> None:
    work = Work(failures=1)
    running = runner(work, clock, LocalBus())
    running.start()

    async with asyncio.timeout(20):
        await work.stepped.wait()
    await running.stop()

    assert work.steps == 2


async def test_a_stuck_step_is_cancelled_after_the_grace(db: None, clock: FixedClock) -> None:
    async def stuck(now: datetime) -> int:
        await asyncio.sleep(3600)
        return 0

    running = LoopRunner(loops=[ResidentLoop(name="stuck", step=stuck)], clock=clock, bus=LocalBus())
    running.start()
    await asyncio.sleep(0.05)

    async with asyncio.timeout(20):
        await running.stop(grace_seconds=0.1)
