"""The worker process: resident loops that need only the database, and arq beside them for bells and ticks."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import structlog
from arq import cron
from arq.worker import Worker, create_worker, func
from tortoise.exceptions import BaseORMException

from app.bootstrap import Services, running_services
from app.core.clock import Clock, SteadyClock
from app.core.patience import WORK_SECONDS, patience
from app.core.queue import ArqBus, Topic, arq_client, from_json, to_json
from app.core.settings import Settings
from app.core.timekeeping import set_by_database
from workers.jobs import resident_loops
from workers.loops import LoopRunner, ResidentLoop

log = structlog.get_logger()

_ARQ_PAUSE_SECONDS = 5.0


async def hear_ring(ctx: dict[str, Any], topic: str) -> None:
    """Pass a bell from another process to the loop of this one."""
    await ctx["bus"].heard(topic)


async def tick(ctx: dict[str, Any]) -> None:
    """Wake the schedule each minute; which jobs are due is decided by rows."""
    await ctx["bus"].heard(Topic.SCHEDULE)


class WorkerSettings:
    """How arq runs: short jobs that may be lost, no retries of its own, nothing kept, ids only in logs."""

    functions = (func(hear_ring, name="hear_ring", keep_result=0, timeout=20, max_tries=1),)
    cron_jobs = (cron(tick, second=0, unique=True, keep_result=0, timeout=20, max_tries=1),)
    timezone = timezone(timedelta(hours=8), "Asia/Shanghai")
    poll_delay = 0.05
    keep_result = 0
    log_results = False
    handle_signals = False
    job_serializer = to_json
    job_deserializer = from_json


def make_arq_worker(settings: Settings, bus: ArqBus) -> Worker:
    """Build arq's worker over a connection of its own."""
    return create_worker(
        dict(vars(WorkerSettings)),
        redis_pool=arq_client(settings.redis_url.get_secret_value()),
        ctx={"bus": bus},
    )


async def listen_with_arq(settings: Settings, bus: ArqBus) -> None:
    """Run arq, and start it again whenever Redis takes it down; the loops go on meanwhile."""
    while True:
        worker = make_arq_worker(settings, bus)
        try:
            await worker.async_run()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever arq dies of, bells are not worth a worker
            log.warning("worker.arq.stopped", error=type(error).__name__)
        finally:
            await _close_quietly(worker)
        await asyncio.sleep(_ARQ_PAUSE_SECONDS)


async def _close_quietly(worker: Worker) -> None:
    try:
        async with asyncio.timeout(_ARQ_PAUSE_SECONDS):
            await worker.close()
    except Exception as error:  # noqa: BLE001 - the connection is gone with the server
        log.info("worker.arq.close_failed", error=type(error).__name__)


@asynccontextmanager
async def running_loops(services: Services) -> AsyncIterator[None]:
    """Run every resident loop as long as the context lasts."""
    loops = (*resident_loops(services), *_keeping_time(services.clock))
    runner = LoopRunner(loops=loops, clock=services.clock, bus=services.bus)
    runner.start()
    arq_task: asyncio.Task[None] | None = None
    if isinstance(services.bus, ArqBus):
        arq_task = asyncio.create_task(listen_with_arq(services.settings, services.bus), name="arq")
    try:
        yield
    finally:
        if arq_task is not None:
            arq_task.cancel()
            await asyncio.gather(arq_task, return_exceptions=True)
        await runner.stop()


def _keeping_time(clock: Clock) -> Sequence[ResidentLoop]:
    """Return the loop that sets a worker's clock again and again; that of the machine sets itself."""
    if not isinstance(clock, SteadyClock):
        return ()

    async def set_clock(_: datetime) -> int:
        await set_by_database(clock=clock)
        return 0

    return (ResidentLoop(name="clock", step=set_clock, idle_seconds=10.0),)


async def _database_clock() -> SteadyClock:
    """Return a clock that shows the database's time as soon as the database answers."""
    clock = SteadyClock()
    try:
        await set_by_database(clock=clock)
    except BaseORMException as error:
        log.warning("worker.clock.not_set", error=type(error).__name__)
    return clock


async def run_worker(settings: Settings) -> None:
    """Run one worker until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    patience.statement_seconds = WORK_SECONDS
    async with running_services(settings) as running:
        services = replace(running, clock=await _database_clock())
        async with running_loops(services):
            log.info("worker.started", redis=not settings.is_embedded)
            await stop.wait()
    log.info("worker.stopped")
