"""The small port through which work is woken up.

Nothing that must not be lost travels here: rows in the database carry the work, a ring only says "look now".
"""

import asyncio
import json
import time
from collections import defaultdict
from typing import Any, Protocol

import structlog
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

log = structlog.get_logger()

# A bell that takes longer is later than the look that each loop takes once a second anyway.
_RING_SECONDS = 1.0
# While Redis is known to be away nobody waits to find out again.
_AWAY_SECONDS = 5.0


class Topic:
    """What a ring may be about; each is the name of the resident loop that hears it."""

    MESSAGES = "messages"
    CAMPAIGNS = "campaigns"
    PUSHES = "pushes"
    AUDIT = "audit"
    SCHEDULE = "schedule"
    ENTITLEMENTS = "entitlements"
    PROPOSALS = "proposals"


class Bus(Protocol):
    """Rings bells and waits for them."""

    async def ring(self, topic: str) -> None:
        """Wake whoever waits for this topic; a bell that nobody hears is no error."""
        ...

    async def heard(self, topic: str) -> None:
        """Wake whoever waits for this topic in this process, and nobody else."""
        ...

    async def wait(self, topic: str, *, timeout_seconds: float) -> None:
        """Return when the topic was rung, at the latest after the time-out."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class LocalBus:
    """Bells inside one process, for the embedded default and for tests."""

    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def ring(self, topic: str) -> None:
        """Wake the loop of this topic."""
        await self.heard(topic)

    async def heard(self, topic: str) -> None:
        """Wake the loop of this topic: there is no other process."""
        self._bells[topic].set()

    async def wait(self, topic: str, *, timeout_seconds: float) -> None:
        """Wait for the bell or the time-out, then rearm the bell."""
        bell = self._bells[topic]
        try:
            async with asyncio.timeout(timeout_seconds):
                await bell.wait()
        except TimeoutError:
            return
        finally:
            bell.clear()

    async def close(self) -> None:
        """Nothing to let go of."""


class ArqBus(LocalBus):
    """Bells between processes as arq jobs; with Redis gone they stay silent and the loops poll.

    One job per topic at a time: a thousand rings before anybody looked are one ring.

    Args:
        arq: an arq client whose sockets have time-outs, so that a silent server cannot hold anybody.
    """

    def __init__(self, arq: ArqRedis) -> None:
        super().__init__()
        self._arq = arq
        self._away_until = 0.0

    async def ring(self, topic: str) -> None:
        """Wake the loop of this topic here and in one worker."""
        await self.heard(topic)
        if time.monotonic() < self._away_until:
            return
        try:
            async with asyncio.timeout(_RING_SECONDS):
                await self._arq.enqueue_job("hear_ring", topic, _job_id=f"ring:{topic}", _expires=60)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            log.warning("core.queue.ring_lost", topic=topic, error=type(error).__name__)

    async def close(self) -> None:
        """Close the connections to Redis."""
        # The pool was made by us, so the client would leave it open.
        await self._arq.aclose(close_connection_pool=True)


def arq_client(redis_url: str) -> ArqRedis:
    """Make an arq client that gives up on a silent Redis after three seconds and writes JSON, not pickles."""
    pool = ConnectionPool.from_url(
        redis_url, socket_timeout=3, socket_connect_timeout=3, health_check_interval=10, max_connections=20
    )
    return ArqRedis(pool, job_serializer=to_json, job_deserializer=from_json)


def to_json(job: dict[str, Any]) -> bytes:
    """Write one arq job."""
    return json.dumps(job).encode()


def from_json(raw: bytes) -> dict[str, Any]:
    """Read one arq job."""
    job: dict[str, Any] = json.loads(raw)
    return job
