"""Each test fails when its cure is taken out of app/core/tortoise_guards.py."""

import asyncio
import sqlite3
import threading

import pytest
from tortoise.context import TortoiseContext
from tortoise.exceptions import TransactionManagementError
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.core import sql
from app.core.models import WorkerHeartbeat
from app.core.settings import Settings
from tests.conftest import NOW
from tests.databases import USES_MYSQL

on_mysql = pytest.mark.skipif(not USES_MYSQL, reason="concerns the connection pool of MySQL")
on_sqlite = pytest.mark.skipif(USES_MYSQL, reason="concerns the single connection of SQLite")
POOL_SIZE = 10


async def beat(name: str) -> None:
    async with in_transaction():
        await WorkerHeartbeat.create(name=name, beat_at=NOW)


async def test_a_cancelled_begin_gives_its_connection_back(db: None) -> None:
    for steps in range(40):
        task = asyncio.create_task(beat(f"cancelled-{steps}"))
        for _ in range(steps % 8):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async with asyncio.timeout(10):
        await asyncio.gather(*(beat(f"after-{number}") for number in range(POOL_SIZE + 2)))


@on_mysql
async def test_a_timeout_inside_a_transaction_stays_a_timeout(db: None) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            async with in_transaction():
                await sql.fetch("SELECT SLEEP(3) AS slept")

    await beat("after")


async def test_a_cancelled_transaction_leaves_nothing_behind(db: None) -> None:
    async def half() -> None:
        async with in_transaction():
            await WorkerHeartbeat.create(name="half", beat_at=NOW)
            await asyncio.sleep(60)

    task = asyncio.create_task(half())
    await asyncio.sleep(0.1)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert await WorkerHeartbeat.filter(name="half").count() == 0


@on_mysql
async def test_a_task_that_outlives_its_transaction_fails_instead_of_joining_another(db: None) -> None:
    may_go_on = asyncio.Event()

    async def outlives() -> None:
        await may_go_on.wait()
        await WorkerHeartbeat.create(name="stray", beat_at=NOW)

    async with in_transaction():
        stray = asyncio.create_task(outlives())
        await asyncio.sleep(0)
    may_go_on.set()

    with pytest.raises(TransactionManagementError):
        await stray
    assert await WorkerHeartbeat.filter(name="stray").count() == 0


async def test_an_error_inside_a_transaction_is_the_error_outside(db: None) -> None:
    with pytest.raises(ZeroDivisionError):
        async with in_transaction():
            await WorkerHeartbeat.create(name="undone", beat_at=NOW)
            raise ZeroDivisionError

    assert await WorkerHeartbeat.all().count() == 0


async def test_an_error_about_transactions_rolls_back_like_any_other(db: None) -> None:
    with pytest.raises(TransactionManagementError):
        async with in_transaction():
            await WorkerHeartbeat.create(name="undone", beat_at=NOW)
            raise TransactionManagementError

    await beat("after")
    assert [row.name for row in await WorkerHeartbeat.all()] == ["after"]


@on_mysql
async def test_a_deadlock_in_a_nested_transaction_is_told_as_a_deadlock(db: None) -> None:
    for name in ("one", "two"):
        await WorkerHeartbeat.create(name=name, beat_at=NOW)
    met = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with in_transaction():
            await WorkerHeartbeat.select_for_update().get(name=first)
            await met.wait()
            async with in_transaction():
                await WorkerHeartbeat.select_for_update().get(name=second)

    results = await asyncio.gather(lock("one", "two"), lock("two", "one"), return_exceptions=True)

    (error,) = [result for result in results if result is not None]
    assert "1213" in str(error)


@on_sqlite
async def test_a_cancelled_bulk_insert_leaves_no_transaction_open(db: None, settings: Settings) -> None:
    rows = [WorkerHeartbeat(name=f"bulk-{number}", beat_at=NOW) for number in range(20_000)]

    async def write_all() -> None:
        await WorkerHeartbeat.bulk_create(rows)

    task = asyncio.create_task(write_all())
    other = sqlite3.connect(_path(settings), isolation_level=None, timeout=10)
    async with asyncio.timeout(20):
        while not task.done() and _can_write(settings):
            await asyncio.sleep(0)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await beat("after")

    assert other.execute("SELECT count(*) FROM worker_heartbeat WHERE name = 'after'").fetchone() == (1,)
    other.close()


@on_sqlite
async def test_a_begin_cancelled_while_it_waits_for_another_process_frees_the_lock(
    db: None, settings: Settings
) -> None:
    other = sqlite3.connect(_path(settings), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    task = asyncio.create_task(beat("waits"))
    await asyncio.sleep(0.1)
    task.cancel()
    threading.Timer(0.2, other.rollback).start()

    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        await beat("after")
    other.close()


@on_sqlite
async def test_a_transaction_takes_the_write_lock_when_it_begins(db: None, settings: Settings) -> None:
    """A deferred one would read first, and lose everything when another process has written meanwhile."""
    other = sqlite3.connect(_path(settings), isolation_level=None, timeout=0)

    async with in_transaction():
        await WorkerHeartbeat.all().count()

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    other.close()


async def test_openids_that_differ_by_case_are_two_persons(db: None, tortoise: TortoiseContext) -> None:
    await WeChatIdentity.create(app=WeChatApp.MINI, openid="oAbC", created_at=NOW)
    await WeChatIdentity.create(app=WeChatApp.MINI, openid="oabc", created_at=NOW)

    assert await WeChatIdentity.filter(openid="oABC").count() == 0


def _can_write(settings: Settings) -> bool:
    other = sqlite3.connect(_path(settings), isolation_level=None, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.rollback()
    except sqlite3.OperationalError:
        return False
    finally:
        other.close()
    return True


def _path(settings: Settings) -> str:
    return settings.database_url.get_secret_value().removeprefix("sqlite://")
