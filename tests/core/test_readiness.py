"""When the supervisor may send people here."""

import httpx
from tortoise.context import TortoiseContext

from app.core.database import tortoise_config
from tests.databases import fresh_database


async def test_a_database_with_its_tables_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_database_that_nobody_prepared_is_not_ready(client: httpx.AsyncClient) -> None:
    async with fresh_database(migrated=False) as url, TortoiseContext() as bare:
        await bare.init(config=tortoise_config(url))
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "database"})
