"""A worker is killed again and again while it sends: nobody is forgotten, nobody hears twice."""

import asyncio
import signal
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.messaging.models import Message
from tests.faults.driver import LEASE_SECONDS, Scene, scene, seeds, sized
from tests.faults.processes import kill

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

PEOPLE = sized(2_000, 20_000)
KILLS = sized(4, 10)
SECONDS = sized(60, 600)


async def strike(fire: Scene) -> None:
    """Kill one worker in each stretch of the work: the notices leave first, then the reminders."""
    for number in range(KILLS):
        share = (number + fire.moments.uniform(0.1, 0.9)) / KILLS
        worker = await fire.worker()
        await fire.arrived_at_least(share, within=SECONDS)
        await kill(worker)


async def sleep_longer_than_the_lease(worker: Process) -> None:
    """Stop a worker in the middle of its work and let it go on later, as when a virtual machine is moved."""
    async with asyncio.timeout(20):
        while not await Message.filter(begun=True).exists():
            await asyncio.sleep(0.02)
    worker.send_signal(signal.SIGSTOP)
    await asyncio.sleep(LEASE_SECONDS + 0.5)
    worker.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("seed", seeds())
async def test_nobody_is_forgotten_and_nobody_hears_twice(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    async with scene(settings, tmp_path, seed=seed, notices=PEOPLE, reminders=PEOPLE) as fire:
        await strike(fire)
        await sleep_longer_than_the_lease(await fire.worker())
        await fire.done(within=SECONDS)

        unknown = await fire.verdict(crashes=KILLS + 1)
        # Subscribe messages: the kills did hit some on their way, and they say that nobody knows.
        assert unknown
        # Template messages: WeChat's key swallowed those that were sent before the kill.
        repeats = await fire.judge.ask("/ledger?kind=repeat&limit=100000")
        assert repeats["entries"]
