"""The database is killed and black-holed under a campaign and under people's requests."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tortoise.exceptions import DBConnectionError
from tortoise.transactions import in_transaction

from app.bootstrap import use_keys_of
from app.core import sql
from app.core.clock import SystemClock
from app.core.patience import REQUEST_SECONDS, patience
from app.core.settings import Settings
from tests.accounts.factories import phone_headers
from tests.databases import USES_MYSQL
from tests.faults.driver import IS_LARGE, scene, seeds, sized
from tests.faults.processes import end, serving
from tests.faults.servers import MariaDB, looking_into, wire_to

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not USES_MYSQL, reason="kills a MariaDB server: part of the MySQL pass"),
]
PEOPLE = sized(300, 5_000)
KILLS = sized(2, 6)
DEAD_SECONDS = sized(10.0, 25.0)
# What a phone or a clerk waits at most before the answer says "later".
ANSWER_SECONDS = 10.0
POOL_SIZE = 10
GRACE_SECONDS = 35.0
# Some networks forget their connections, some let them go on.
CUT_SHARE = 0.5


def settings_for(url: str) -> Settings:
    made = Settings(database_url=url, _env_file=None)
    use_keys_of(made)
    return made


@dataclass(frozen=True)
class Asked:
    status: int
    seconds: float
    text: str


async def ask(client: httpx.AsyncClient) -> Asked:
    """Ask something that needs the database, as a phone does."""
    began = time.monotonic()
    answer = await client.get("/mini/v1/me")
    return Asked(answer.status_code, time.monotonic() - began, answer.text)


async def connections_of(server: MariaDB, database: str) -> list[str]:
    """Return what each connection to a database is doing."""
    rows = await server.ask(
        f"SELECT command FROM information_schema.processlist WHERE db = '{database}'"  # noqa: S608
    )
    return [str(command) for (command,) in rows]


@pytest.mark.parametrize("seed", seeds())
async def test_a_database_killed_in_mid_campaign_loses_and_doubles_nothing(
    mariadb: MariaDB, own_database: str, tmp_path: Path, seed: int
) -> None:
    url = mariadb.url(own_database)
    async with (
        looking_into(url),
        scene(settings_for(url), tmp_path, seed=seed, notices=PEOPLE, reminders=PEOPLE) as fire,
    ):
        workers = [await fire.worker() for _ in range(2)]
        for number in range(KILLS):
            share = (number + fire.moments.uniform(0.1, 0.9)) / KILLS
            await fire.arrived_at_least(share, within=120)
            await mariadb.kill()
            await asyncio.sleep(fire.moments.uniform(0.1, 1.0))
            await mariadb.start()
        await fire.done(within=120)

        assert all(worker.returncode is None for worker in workers), "a worker needed a restart"
        await fire.verdict(crashes=2 * KILLS)
        assert len(await connections_of(mariadb, own_database)) <= 3 * POOL_SIZE


@pytest.mark.parametrize("seed", seeds())
async def test_a_database_that_says_nothing_fails_requests_in_time_and_delays_a_campaign_only(
    mariadb: MariaDB, own_database: str, tmp_path: Path, seed: int
) -> None:
    async with wire_to(mariadb.port) as wire, looking_into(mariadb.url(own_database)):
        headers = await phone_headers(cadre_id=None, now=SystemClock().now())
        through_wire = settings_for(mariadb.url(own_database, port=wire.port))
        async with (
            scene(through_wire, tmp_path, seed=seed, notices=PEOPLE, reminders=PEOPLE) as fire,
            serving(through_wire, log=tmp_path / "api.log") as base,
            httpx.AsyncClient(base_url=base, headers=headers, trust_env=False, timeout=60) as client,
        ):
            usual = await ask(client)
            worker = await fire.worker(rate_per_second=PEOPLE / 2)
            await fire.arrived_at_least(fire.moments.uniform(0.1, 0.6), within=60)
            wire.die()
            early = [asyncio.create_task(ask(client)) for _ in range(3 * POOL_SIZE)]
            await asyncio.sleep(DEAD_SECONDS)
            late = await asyncio.gather(*(ask(client) for _ in range(POOL_SIZE)))
            answers = [*await asyncio.gather(*early), *late]
            wire.heal(cut=fire.moments.random() < CUT_SHARE)
            healed = await ask(client)
            await fire.done(within=120)

            assert {answer.status for answer in answers} == {503}
            assert max(answer.seconds for answer in answers) < ANSWER_SECONDS
            assert all('"code":"unavailable"' in answer.text for answer in answers)
            assert (healed.status, healed.text) == (usual.status, usual.text), "the first one after it healed"
            assert worker.returncode is None
            await fire.verdict(crashes=1)


@pytest.mark.skipif(not IS_LARGE, reason="waits out the grace of a worker: part of `make faults`")
async def test_a_worker_ends_when_asked_though_its_database_says_nothing(
    mariadb: MariaDB, own_database: str, tmp_path: Path
) -> None:
    async with wire_to(mariadb.port) as wire, looking_into(mariadb.url(own_database)):
        through_wire = settings_for(mariadb.url(own_database, port=wire.port))
        async with scene(through_wire, tmp_path, seed=0, notices=500) as fire:
            worker = await fire.worker(rate_per_second=20.0)
            await fire.arrived_at_least(0.05, within=120)
            wire.die()
            await asyncio.sleep(1)
            began = time.monotonic()
            await end(worker, within=2 * GRACE_SECONDS)

            assert time.monotonic() - began < GRACE_SECONDS
            assert worker.returncode == 0


async def test_a_pool_that_met_silence_holds_no_connection_afterwards(
    mariadb: MariaDB, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        wire_to(mariadb.port) as wire,
        looking_into(mariadb.url(own_database, port=wire.port)) as context,
    ):
        monkeypatch.setattr(patience, "statement_seconds", 1.0)
        monkeypatch.setattr("app.core.patience._CONNECTION_SECONDS", 2.0)
        await sql.fetch("SELECT 1 AS one")
        pool = context.connections.get("default")._pool
        wire.die()
        failures = await asyncio.gather(
            *(sql.fetch("SELECT 1 AS one") for _ in range(3 * POOL_SIZE)), return_exceptions=True
        )
        wire.heal(cut=True)

        assert all(isinstance(failure, Exception) and sql.is_passing(failure) for failure in failures)
        assert not pool._used
        assert await sql.fetch("SELECT 1 AS one") == [{"one": 1}]
        assert not pool._used


async def test_a_transaction_on_a_dead_server_fails_as_something_that_may_be_tried_again(
    mariadb: MariaDB, own_database: str
) -> None:
    async with looking_into(mariadb.url(own_database)):
        await sql.fetch("SELECT 1 AS one")
        await mariadb.kill()
        with pytest.raises(DBConnectionError) as failure:
            async with in_transaction():
                await sql.fetch("SELECT 1 AS one")
        again = asyncio.create_task(sql.retrying(_in_transaction))
        await mariadb.start()

        assert sql.is_passing(failure.value)
        assert await again == [{"one": 1}]


async def _in_transaction() -> list[dict[str, object]]:
    async with in_transaction():
        return await sql.fetch("SELECT 1 AS one")


def test_a_request_gives_up_before_the_caller_does() -> None:
    assert REQUEST_SECONDS < ANSWER_SECONDS
