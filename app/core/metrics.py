"""Numbers about the service for Prometheus: read from rows, never about a person, kept for five seconds."""

import asyncio
import hmac
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from tortoise.exceptions import BaseORMException

from app.core import sql
from app.core.heartbeats import last_beat, workers_alive

log = structlog.get_logger()

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_KEPT = timedelta(seconds=5)
_LONGEST_SECONDS = 8.0
# As long as the schedule waits before it takes a job for dead.
_LATE = timedelta(minutes=10)
_MOST_ROWS = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number.

    Args:
        name: in Prometheus's words, with its unit: `lianxin_oldest_due_seconds`. A counter ends in `_total`.
        meaning: one English sentence; the same for all readings of one name.
        value: the number.
        labels: what tells it from others of the same name; words of ours, never of a person.
    """

    name: str
    meaning: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Source = Callable[[datetime], Awaitable[Sequence[Reading]]]


class MetricsPage:
    """What is read from all sources, at most once in five seconds however many ask.

    Args:
        sources: each returns its readings by a few bounded statements.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._lock = asyncio.Lock()
        self._text = b""
        self._read_at: datetime | None = None

    async def text(self, now: datetime) -> bytes:
        """Return the page; without the database it says only that there is none."""
        async with self._lock:
            if self._read_at is None or not timedelta() <= now - self._read_at < _KEPT:
                self._text = written(await self._readings(now))
                self._read_at = now
            return self._text

    async def _readings(self, now: datetime) -> list[Reading]:
        readings: list[Reading] = []
        began = time.perf_counter()
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                await sql.fetch("SELECT 1 AS one")
                round_trip = time.perf_counter() - began
                for source in self._sources:
                    readings += await source(now)
        except (BaseORMException, TimeoutError) as error:
            log.warning("core.metrics.unread", error=type(error).__name__)
            return [_database_up(0)]
        return [
            _database_up(1),
            Reading(
                name="lianxin_database_round_trip_seconds",
                meaning="Time of the smallest statement.",
                value=round_trip,
            ),
            *readings,
        ]


def _database_up(value: float) -> Reading:
    return Reading(name="lianxin_database_up", meaning="Whether the database answered in time.", value=value)


def written(readings: Iterable[Reading]) -> bytes:
    """Return readings in Prometheus's text format."""
    by_name: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_name[reading.name].append(reading)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once([_family(name, group) for name, group in by_name.items()]))
    return bytes(generate_latest(registry))


class _Once(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _family(name: str, readings: Sequence[Reading]) -> Metric:
    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    family = kind(name, readings[0].meaning, labels=list(readings[0].labels))
    for reading in readings:
        family.add_metric(list(reading.labels.values()), reading.value)
    return family


def may_read(*, authorization: str, host: str, token: str) -> bool:
    """Tell whether a caller may read the numbers: by the token, or without one set only on this machine.

    Args:
        authorization: header of the request.
        host: network address of the caller.
        token: the setting; production always has one.
    """
    if not token:
        return host in _LOOPBACK
    kind, _, given = authorization.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


async def core_readings(now: datetime) -> list[Reading]:
    """Read what belongs to no feature: workers, schedule, sweeps and what they found."""
    silence = await last_beat(now=now)
    late = await sql.fetch(
        "SELECT COUNT(*) AS amount FROM schedule_slot WHERE finished_at IS NULL AND taken_at < %s",
        (now - _LATE,),
    )
    readings = [
        Reading(
            name="lianxin_workers_alive",
            meaning="Workers that said within 35 seconds that they live.",
            value=await workers_alive(now=now),
        ),
        Reading(
            name="lianxin_schedule_slots_late",
            meaning="Scheduled jobs that were begun more than ten minutes ago and not finished.",
            value=late[0]["amount"],
        ),
        *await _findings(),
        *await _sweeps(now),
    ]
    if silence is not None:
        readings.append(
            Reading(
                name="lianxin_heartbeat_age_seconds",
                meaning="Time since any worker said that it lives.",
                value=silence.total_seconds(),
            )
        )
    return readings


async def _findings() -> list[Reading]:
    rows = await sql.fetch(
        "SELECT name, COUNT(*) AS amount FROM invariant_finding WHERE resolved_at IS NULL"
        " GROUP BY name ORDER BY name LIMIT %s",
        (_MOST_ROWS,),
    )
    return [
        Reading(
            name="lianxin_findings_open",
            meaning="Subjects for which something does not hold that always must, by check.",
            value=row["amount"],
            labels={"check": row["name"]},
        )
        for row in rows
    ]


async def _sweeps(now: datetime) -> list[Reading]:
    rows = await sql.fetch("SELECT name, taken_at FROM sweep_turn ORDER BY name LIMIT %s", (_MOST_ROWS,))
    return [
        Reading(
            name="lianxin_sweep_age_seconds",
            meaning="Time since a worker last took the turn of a sweep.",
            value=(now - taken_at).total_seconds(),
            labels={"sweep": row["name"]},
        )
        for row in rows
        if (taken_at := sql.moment_of(row["taken_at"])) is not None
    ]
