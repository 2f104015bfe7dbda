"""Servers of our own, started once for all fault tests that hurt a database."""

from collections.abc import AsyncIterator

import pytest

from tests.databases import USES_MYSQL
from tests.faults.servers import MariaDB, mariadb_of_our_own

_TEMPLATE = "template"


@pytest.fixture(scope="session")
async def own_mariadb(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[MariaDB, bytes]]:
    """Yield a server, and the dump of a database that is migrated and empty."""
    async with mariadb_of_our_own(tmp_path_factory.mktemp("mariadb")) as server:
        await server.create(_TEMPLATE)
        yield server, await server.dump(_TEMPLATE)


@pytest.fixture
async def mariadb(own_mariadb: tuple[MariaDB, bytes]) -> AsyncIterator[MariaDB]:
    """Yield a server that runs and that the test may kill."""
    server, _ = own_mariadb
    yield server
    if not server.runs:
        await server.start()


@pytest.fixture
async def own_database(mariadb: MariaDB, own_mariadb: tuple[MariaDB, bytes]) -> str:
    """Yield the name of a migrated, empty database on the server that may be killed."""
    assert USES_MYSQL, "Tortoise caches statements for one kind of database in each process"
    _, empty = own_mariadb
    return await mariadb.restore(empty)
