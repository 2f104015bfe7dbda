"""Answers of WeChat that are lost, late, broken or none: nothing arrives twice, nothing is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.core.settings import Settings
from app.messaging.enums import MessageState
from app.messaging.models import Message
from app.wechat.client import HttpWeChat
from app.wechat.gateway import WeChatNotReached
from app.wechat.wire import Wire
from tests.conftest import NOW
from tests.faults.driver import seeds, sized
from tests.faults.storms import SUBSCRIBE_PATH, TEMPLATE_PATH, Storm, storm_over
from tests.journeys.town import open_town

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

PEOPLE = sized(200, 2000)
BROKEN = 40
BOTH_PATHS = (TEMPLATE_PATH, SUBSCRIBE_PATH)


@pytest.fixture
async def storm(db: None, settings: Settings) -> AsyncIterator[Storm]:
    async with open_town(settings, now=NOW) as town:
        yield await storm_over(town, people=PEOPLE)


def on_both(**fault: Any) -> list[dict[str, Any]]:
    return [{**fault, "path": path} for path in BOTH_PATHS]


def sockets_in_use(storm: Storm) -> int:
    gateway = storm.town.services.wechat
    assert isinstance(gateway, HttpWeChat)
    connector = gateway._wire._session.connector
    assert connector is not None
    return len(connector._acquired)


@pytest.mark.parametrize("seed", seeds())
async def test_answers_lost_after_acceptance_double_nothing_and_events_settle_what_is_unknown(
    storm: Storm, seed: int
) -> None:
    await storm.tell("/receipts", {"hold": True})
    await storm.trouble(*on_both(kind="drop", probability=0.05, seed=seed))

    await storm.work_for(rounds=3, step=timedelta(seconds=40))

    struck = await storm.struck()
    assert min(struck.values()) > 0
    assert await storm.states(storm.notices) == {MessageState.SENT: PEOPLE}
    assert await storm.states(storm.reminders) == {
        MessageState.SENT: PEOPLE - struck[SUBSCRIBE_PATH],
        MessageState.UNKNOWN: struck[SUBSCRIBE_PATH],
    }
    repeats = await storm.ask("/ledger", kind="repeat", limit=10_000)
    assert len(repeats["entries"]) == struck[TEMPLATE_PATH]
    assert await storm.nobody_hears_twice() == 2 * PEOPLE

    await storm.tell("/receipts", {"order": "shuffled", "seed": seed})
    await storm.tell("/receipts/release")
    await storm.work_for(rounds=3, step=timedelta(seconds=10))

    assert await storm.states(storm.notices) == {MessageState.DELIVERED: PEOPLE}
    assert await storm.states(storm.reminders) == {MessageState.DELIVERED: PEOPLE}


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        ({"kind": "reset"}, False),
        ({"kind": "html", "status": 200}, False),
        ({"kind": "html", "status": 502}, False),
        ({"kind": "drop"}, True),
        ({"kind": "half"}, True),
    ],
    ids=["reset before", "html 200", "html 502", "reset after", "half json"],
)
async def test_an_answer_that_is_none_leaves_a_doubt_and_holds_no_socket(
    storm: Storm, fault: dict[str, Any], arrives: bool
) -> None:
    """DESIGN 6: read failure: a template goes again with its key, a subscribe message never does."""
    await storm.tell("/receipts", {"hold": True})
    await storm.trouble(*on_both(**fault, count=BROKEN))

    await storm.work_for(rounds=3, step=timedelta(seconds=40))

    assert await storm.struck() == dict.fromkeys(BOTH_PATHS, BROKEN)
    assert await storm.states(storm.notices) == {MessageState.SENT: PEOPLE}
    assert await storm.states(storm.reminders) == {
        MessageState.SENT: PEOPLE - BROKEN,
        MessageState.UNKNOWN: BROKEN,
    }
    assert await storm.nobody_hears_twice() == 2 * PEOPLE - (0 if arrives else BROKEN)
    assert sockets_in_use(storm) == 0
    # The slots of the sender are free as well: nothing is in flight in the database.
    assert await Message.filter(begun=True, state=MessageState.SENDING).count() == 0


@pytest.mark.parametrize("kind", ["content_type", "string_errcode"])
async def test_a_strange_shape_of_a_good_answer_is_a_good_answer(storm: Storm, kind: str) -> None:
    await storm.tell("/receipts", {"hold": True})
    await storm.trouble(*on_both(kind=kind))

    await storm.work()

    assert await storm.states(storm.notices) == {MessageState.SENT: PEOPLE}
    assert await storm.states(storm.reminders) == {MessageState.SENT: PEOPLE}
    assert await storm.nobody_hears_twice() == 2 * PEOPLE


async def test_a_slow_wechat_is_waited_for(storm: Storm) -> None:
    await storm.trouble(*on_both(kind="latency", seconds=sized(2, 5), count=10))

    await storm.work_for(rounds=1, step=timedelta(seconds=10))

    assert await storm.states(storm.notices) == {MessageState.DELIVERED: PEOPLE}
    assert await storm.states(storm.reminders) == {MessageState.DELIVERED: PEOPLE}
    assert await storm.nobody_hears_twice() == 2 * PEOPLE
    assert sockets_in_use(storm) == 0


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["reset", "no TLS"])
async def test_a_connection_that_ends_before_it_is_secure_has_carried_nothing(says: bytes) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(says)
        if says:
            writer.close()
        else:
            writer.transport.abort()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Wire(api_base=f"https://127.0.0.1:{port}", connections=1) as wire:
        with pytest.raises(WeChatNotReached):
            await wire.exchange(method="POST", path=TEMPLATE_PATH, params={}, body=b"{}")
