"""A run of the sender whose database goes away in the middle."""

import asyncio
from datetime import datetime

import pytest
from tortoise.exceptions import OperationalError

from app.messaging.models import Message
from tests.conftest import NOW
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import make_messages, make_sender

pytestmark = pytest.mark.usefixtures("db")


class Broken:
    """Tells the moment of one claim, and breaks every intent after it."""

    def __init__(self) -> None:
        self._told = False

    def now(self) -> datetime:
        if self._told:
            raise OperationalError("gone")
        self._told = True
        return NOW


async def test_a_run_that_can_begin_nothing_more_ends_however_much_it_has_claimed(wechat: FakeWeChat) -> None:
    await make_messages(40)
    # At this pace every message is an intent of its own, and there are more of them than may wait.
    sender = make_sender(wechat, Broken(), rate_per_second=4.0, concurrency=1, chunk=40)

    async with asyncio.timeout(30):
        with pytest.raises(ExceptionGroup, match="unhandled"):
            await sender.send_due()

    assert wechat.template_messages == []
    assert not await Message.filter(begun=True).exists()
