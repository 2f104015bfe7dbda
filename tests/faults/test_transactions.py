"""Transactions that are cancelled a thousand times, that wait too long, that lock each other out."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from app.core import sql
from app.core.models import WorkerHeartbeat
from app.core.settings import Settings
from app.messaging.enums import MessageState
from app.messaging.models import Message, SubscriptionCredit
from tests.conftest import NOW
from tests.databases import USES_MYSQL
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.faults.driver import seeds
from tests.messaging.factories import make_message, make_sender, make_subscribe_message

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

CANCELLED = 1000
AT_ONCE = 25
PAIRS = 40
CLAIMERS = 4
# Longer than a connection waits for a lock (innodb_lock_wait_timeout=5).
LONG = 5.5


async def write_pair(name: str) -> None:
    async with in_transaction():
        await WorkerHeartbeat.create(name=f"{name}-one", beat_at=NOW)
        async with in_transaction():
            await WorkerHeartbeat.create(name=f"{name}-two", beat_at=NOW)


async def cancel_somewhere(name: str, moments: random.Random) -> None:
    """Begin to write, and be cancelled after so many turns of the loop, or by a time-out."""
    writing = asyncio.create_task(write_pair(name))
    if moments.random() < 0.5:
        for _ in range(moments.randrange(30)):
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(moments.uniform(0, 0.02))
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing


@pytest.mark.parametrize("seed", seeds())
async def test_a_thousand_cancelled_transactions_keep_no_connection_and_no_lock(
    settings: Settings, seed: int
) -> None:
    moments = random.Random(seed)
    for start in range(0, CANCELLED, AT_ONCE):
        names = range(start, start + AT_ONCE)
        await asyncio.gather(*(cancel_somewhere(f"c{number}", moments) for number in names))

    async with asyncio.timeout(10):
        await asyncio.gather(*(write_pair(f"after-{number}") for number in range(12)))
    written = [str(row.name).rpartition("-") for row in await WorkerHeartbeat.all().only("name")]
    assert {name for name, _, half in written if half == "one"} == {
        name for name, _, half in written if half == "two"
    }
    if USES_MYSQL:
        pool = get_connections().get("default")._pool
        assert pool.size <= pool.maxsize
        assert pool.freesize == pool.size
        assert not pool._used
    else:
        path = settings.database_url.get_secret_value().removeprefix("sqlite://")
        other = sqlite3.connect(path, isolation_level=None, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.rollback()
        other.close()


async def lock_the_other_way_round(stop: asyncio.Event) -> None:
    """Take the locks of the sender in the opposite order, again and again."""
    while not stop.is_set():
        with suppress(OperationalError):
            async with in_transaction():
                await sql.fetch("SELECT id FROM subscription_credit ORDER BY id DESC LIMIT 20 FOR UPDATE")
                await asyncio.sleep(0.01)
                await sql.execute(
                    "UPDATE message SET consent = 'x' WHERE channel = 'mini_subscribe' AND state = 'sending'"
                )
        await asyncio.sleep(0.01)


@asynccontextmanager
async def long_transaction() -> AsyncIterator[None]:
    """Hold some credits for longer than anybody waits."""
    holds, over = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with in_transaction():
            await SubscriptionCredit.all().order_by("id").limit(5).select_for_update()
            holds.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(LONG):
                    await over.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(hold())
        await holds.wait()
        yield
        over.set()


@pytest.mark.skipif(not USES_MYSQL, reason="SQLite has one lock, and whoever waits for it waits his turn")
async def test_deadlocks_and_long_waits_cost_the_claimers_time_and_nothing_else(clock: FixedClock) -> None:
    for _ in range(PAIRS):
        await make_message()
        await make_subscribe_message()
    wechat, stop = FakeWeChat(), asyncio.Event()

    with capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            group.create_task(lock_the_other_way_round(stop))
            async with long_transaction():
                senders = [make_sender(wechat, clock, chunk=10, concurrency=5) for _ in range(CLAIMERS)]
                await asyncio.gather(*(sender.send_due() for sender in senders))
            stop.set()

    assert await Message.filter(state=MessageState.SENT).count() == 2 * PAIRS
    openids = [message.openid for message in wechat.template_messages]
    openids += [message.openid for message in wechat.subscribe_messages]
    assert len(openids) == len(set(openids)) == 2 * PAIRS
    assert await SubscriptionCredit.filter(remaining=0).count() == PAIRS
    assert any(line["event"] == "core.sql.retry" for line in logs)
