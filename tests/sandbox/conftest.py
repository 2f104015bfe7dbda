"""One sandbox for all these tests, begun afresh for each, and a product that takes its pushes."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from sandbox.main import RunningSandbox, serve
from sandbox.world import World
from tests.sandbox.api import Api
from tests.sandbox.cast import config
from tests.sandbox.receiver import Receiver, receiving


@pytest_asyncio.fixture(scope="session")
async def shared_receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="session")
async def running(shared_receiver: Receiver) -> AsyncIterator[RunningSandbox]:
    base = shared_receiver.base
    async with serve(config(push_base=base, product_base=base)) as sandbox:
        yield sandbox


@pytest_asyncio.fixture
async def world(running: RunningSandbox, shared_receiver: Receiver) -> World:
    await running.world.pusher.settle(timeout_s=10)
    running.world.reset()
    shared_receiver.clear()
    return running.world


@pytest.fixture
def receiver(world: World, shared_receiver: Receiver) -> Receiver:
    return shared_receiver


@pytest_asyncio.fixture
async def api(world: World, running: RunningSandbox) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=30) as http:
        yield Api(http)
