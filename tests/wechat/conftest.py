from collections.abc import AsyncIterator

import pytest_asyncio

from app.wechat.client import HttpWeChat, connect_wechat
from tests.wechat.factories import MINI, OFFICIAL
from tests.wechat.scripted import ScriptedWeChat, scripted_wechat


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedWeChat]:
    async with scripted_wechat() as wechat:
        yield wechat


@pytest_asyncio.fixture
async def gateway(server: ScriptedWeChat) -> AsyncIterator[HttpWeChat]:
    async with connect_wechat(
        mini=MINI,
        official=OFFICIAL,
        connections=50,
        api_base=server.base,
        connect_seconds=2,
        total_seconds=5,
    ) as wechat:
        yield wechat
