"""Events that come early, late, never, thrice, mixed up, for nobody; many of them beside a slow database."""

import math
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import pytest
import structlog

from app.bot.enums import PushKind, PushState
from app.bot.models import WeChatPush
from app.core import sql
from app.core.settings import Settings
from app.messaging.enums import MessageState, Reason
from app.messaging.models import Message
from tests.conftest import NOW
from tests.databases import USES_MYSQL
from tests.faults.driver import seeds, sized
from tests.faults.storms import Storm, storm_over
from tests.journeys.town import open_town

log = structlog.get_logger()

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

PEOPLE = sized(80, 400)
# WeChat cuts the connection after five seconds.
WECHAT_WAITS_MS = 4500


@pytest.fixture
async def storm(db: None, settings: Settings) -> AsyncIterator[Storm]:
    async with open_town(settings, now=NOW) as town:
        yield await storm_over(town, people=PEOPLE)


async def everything_delivered(storm: Storm) -> None:
    for campaign in (storm.notices, storm.reminders):
        assert await storm.states(campaign) == {MessageState.DELIVERED: PEOPLE}
    assert await storm.nobody_hears_twice() == 2 * PEOPLE


async def receipts_stored() -> int:
    return await WeChatPush.filter(kind=PushKind.RECEIPT).count()


async def test_an_event_that_overtakes_its_answer_settles_its_message_in_the_end(storm: Storm) -> None:
    await storm.tell("/receipts", {"early": True})

    await storm.work_for(rounds=8, step=timedelta(seconds=30))

    await everything_delivered(storm)
    assert await receipts_stored() == 2 * PEOPLE


@pytest.mark.parametrize("seed", seeds())
async def test_events_told_three_times_in_any_order_are_one_event_each(storm: Storm, seed: int) -> None:
    await storm.tell("/receipts", {"hold": True, "copies": 3, "order": "shuffled", "seed": seed})
    await storm.work()
    released = await storm.tell("/receipts/release")

    await storm.work_for(rounds=2, step=timedelta(seconds=10))

    assert released["released"] == 6 * PEOPLE
    assert await receipts_stored() == 2 * PEOPLE
    await everything_delivered(storm)


@pytest.mark.parametrize("seed", seeds())
async def test_events_that_never_come_leave_their_messages_as_sent(storm: Storm, seed: int) -> None:
    await storm.tell("/receipts", {"drop": 0.2, "failed": 0.2, "seed": seed})

    await storm.work_for(rounds=2, step=timedelta(seconds=10))

    dropped = (await storm.ask("/receipts"))["dropped"]
    lost = await storm.ask("/ledger", kind="lost", limit=10_000)
    assert dropped > 0
    assert lost["entries"]
    for row in await Message.all().only("state", "reason"):
        assert row.state in {MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED}
        assert (row.reason is Reason.REFUSED_BY_WECHAT) == (row.state is MessageState.FAILED)
    assert await Message.filter(state=MessageState.SENT).count() == dropped
    assert await receipts_stored() == 2 * PEOPLE - dropped


@pytest.mark.parametrize("seed", seeds())
async def test_events_for_messages_that_nobody_sent_are_given_up(storm: Storm, seed: int) -> None:
    await storm.tell("/receipts", {"stray": 0.2, "seed": seed})

    await storm.work_for(rounds=8, step=timedelta(minutes=1))

    strays = (await storm.ask("/receipts"))["stray"]
    assert strays > 0
    await everything_delivered(storm)
    assert await WeChatPush.filter(state=PushState.GIVEN_UP).count() == strays
    assert await WeChatPush.filter(state=PushState.WAITING).count() == 0


@asynccontextmanager
async def slow_inbox(settings: Settings) -> AsyncIterator[None]:
    """Let every row of the inbox cost 20 ms; on SQLite another process holds the lock now and then."""
    if USES_MYSQL:
        await sql.execute(
            "CREATE TRIGGER slow_inbox BEFORE INSERT ON wechat_push FOR EACH ROW SET @slept = SLEEP(0.02)"
        )
        try:
            yield
        finally:
            await sql.execute("DROP TRIGGER slow_inbox")
    else:
        with _busy_neighbour(settings.database_url.get_secret_value().removeprefix("sqlite://")):
            yield


@contextmanager
def _busy_neighbour(path: str) -> Iterator[None]:
    over = threading.Event()

    def keep_the_lock() -> None:
        other = sqlite3.connect(path, isolation_level=None, timeout=30)
        while not over.is_set():
            other.execute("BEGIN IMMEDIATE")
            over.wait(0.1)
            other.rollback()
            over.wait(0.05)
        other.close()

    neighbour = threading.Thread(target=keep_the_lock)
    neighbour.start()
    try:
        yield
    finally:
        over.set()
        neighbour.join()


async def test_a_storm_of_events_beside_a_slow_database_is_answered_in_time(
    storm: Storm, settings: Settings
) -> None:
    copies = sized(3, 10)
    await storm.tell("/receipts", {"hold": True, "copies": copies})
    await storm.work()
    before = (await storm.ask("/ledger", limit=1))["last_seq"]

    async with slow_inbox(settings):
        began = time.monotonic()
        await storm.tell("/receipts/release")
        await storm.settled()
        seconds = time.monotonic() - began
    await storm.work_for(rounds=2, step=timedelta(seconds=10))

    pushes = (await storm.ask("/ledger", kind="push", after=before, limit=100_000))["entries"]
    took = sorted(push["ms"] for push in pushes)
    p99 = took[math.ceil(len(took) * 0.99) - 1]
    log.info("faults.storm.answered", pushes=len(pushes), seconds=round(seconds, 1), p99_ms=p99)
    assert {push["outcome"] for push in pushes} == {"received"}
    assert len(pushes) == copies * 2 * PEOPLE
    assert p99 < WECHAT_WAITS_MS
    await everything_delivered(storm)
