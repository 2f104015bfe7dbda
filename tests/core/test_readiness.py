"""When the supervisor may send people here."""

import asyncio

import httpx
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

from app.core.database import tortoise_config
from tests.databases import fresh_database

# More than one process opens.
CONNECTIONS = 20


async def test_a_database_with_its_tables_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_database_that_nobody_prepared_is_not_ready(client: httpx.AsyncClient) -> None:
    async with fresh_database(migrated=False) as url, TortoiseContext() as bare:
        await bare.init(config=tortoise_config(url))
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "database"})


async def test_a_database_that_keeps_everybody_waiting_is_not_ready(client: httpx.AsyncClient) -> None:
    answered = asyncio.Event()
    async with asyncio.TaskGroup() as others:
        for _ in range(CONNECTIONS):
            others.create_task(hold_a_connection(until=answered))
        await asyncio.sleep(0)
        answer = await client.get("/readyz")
        answered.set()

    assert (answer.status_code, answer.json()) == (503, {"status": "database"})


async def hold_a_connection(*, until: asyncio.Event) -> None:
    async with in_transaction():
        await until.wait()
