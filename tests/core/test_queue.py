"""Bells."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from app.core.queue import ArqBus, LocalBus, arq_client
from tests.databases import REDIS_URL, USES_MYSQL

with_redis = pytest.mark.skipif(not USES_MYSQL, reason="runs in the MySQL and Redis pass")


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bus = LocalBus()
    await bus.ring("messages")

    started = time.monotonic()
    await bus.wait("messages", timeout_seconds=30)

    assert time.monotonic() - started < 20


async def test_a_wait_without_a_ring_ends_by_itself() -> None:
    bus = LocalBus()

    async with asyncio.timeout(20):
        await bus.wait("messages", timeout_seconds=0.05)


@with_redis
async def test_many_rings_are_one_job() -> None:
    bus = ArqBus(arq_client(REDIS_URL))
    redis = Redis.from_url(REDIS_URL)
    await redis.flushdb()

    for _ in range(50):
        await bus.ring("messages")

    assert await redis.zcard("arq:queue") == 1
    await redis.flushdb()
    await redis.aclose()
    await bus.close()


async def test_a_ring_without_redis_is_not_an_error_and_still_heard_here() -> None:
    bus = ArqBus(arq_client("redis://127.0.0.1:1/0"))

    async with asyncio.timeout(20):
        await bus.ring("messages")
        await bus.wait("messages", timeout_seconds=15)
    await bus.close()
