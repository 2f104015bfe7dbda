"""Resident loops: each looks for rows that need something, does one step, and waits for a bell or a while."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.core import sql
from app.core.clock import Clock
from app.core.queue import Bus

log = structlog.get_logger()

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_HEARTBEAT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class ResidentLoop:
    """One kind of work.

    Args:
        name: for logs, and the topic of its bell.
        step: does one bounded portion and returns how much it did; 0 means that nothing waits.
        idle_seconds: the longest wait for a bell; without Redis this is how late work can be.
    """

    name: str
    step: Callable[[datetime], Awaitable[int]]
    idle_seconds: float = 1.0


class LoopRunner:
    """Runs loops until it is told to stop.

    Args:
        loops: what to run; several workers may run the same ones, rows are claimed in the database.
        clock: tells each step the moment.
        bus: wakes loops early.
    """

    def __init__(self, *, loops: Sequence[ResidentLoop], clock: Clock, bus: Bus) -> None:
        self._loops = loops
        self._clock = clock
        self._bus = bus
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start every loop and the heartbeat."""
        self._tasks = [asyncio.create_task(self._run(loop), name=loop.name) for loop in self._loops]
        self._tasks.append(asyncio.create_task(self._beat(), name="heartbeat"))

    async def stop(self, *, grace_seconds: float = 15.0) -> None:
        """Let every loop finish its step; what has not finished after the grace is cancelled.

        A cancelled step loses nothing: its rows keep their lease and are taken up again.
        """
        self._stopping.set()
        for loop in self._loops:
            # Only those of this process: it does not end later because Redis says nothing.
            await self._bus.heard(loop.name)
        _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, loop: ResidentLoop) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                done = await loop.step(self._clock.now())
                pause = _FIRST_PAUSE
            except Exception as error:
                # One broken step must not end the loop.
                log.exception("worker.loop.failed", loop=loop.name, error=type(error).__name__)
                await self._rest(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            if done == 0 and not self._stopping.is_set():
                await self._bus.wait(loop.name, timeout_seconds=loop.idle_seconds)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _beat(self) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}"
        while not self._stopping.is_set():
            try:
                await beat(name=name, now=self._clock.now())
            except Exception as error:  # noqa: BLE001 - a missed beat is itself the signal
                log.warning("worker.heartbeat.missed", error=type(error).__name__)
            await self._rest(_HEARTBEAT_SECONDS)


async def beat(*, name: str, now: datetime) -> None:
    """Say that this worker lives."""
    if not await sql.execute("UPDATE worker_heartbeat SET beat_at = %s WHERE name = %s", (now, name)):
        await sql.execute(
            f"{sql.insert_or_ignore()} INTO worker_heartbeat (name, beat_at) VALUES (%s, %s)", (name, now)
        )
