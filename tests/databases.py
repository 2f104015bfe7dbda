"""One fresh database per test process, made by migrations, on SQLite or on MySQL/MariaDB."""

import asyncio
import os
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pymysql

from app.core.migrating import migrate_database

USES_MYSQL = os.environ.get("LIANXIN_TEST_DATABASE", "sqlite") == "mysql"
MYSQL_SERVER = os.environ.get("LIANXIN_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306")
REDIS_URL = os.environ.get("LIANXIN_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")

# Whoever may have to kill a test run chooses how its databases begin, and removes what is left of them.
_PREFIX = os.environ.get("LIANXIN_TEST_PREFIX", "lianxin_test_")


def mysql_admin(statement: str) -> list[tuple[str, ...]]:
    """Run one statement on the MySQL server, outside any database, and return its rows."""
    parts = urlsplit(MYSQL_SERVER)
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        connect_timeout=3,
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
    finally:
        connection.close()


@asynccontextmanager
async def fresh_database(*, migrated: bool = True) -> AsyncIterator[str]:
    """Make an empty database, migrate it, yield its address, and remove it."""
    name = f"{_PREFIX}{uuid.uuid4().hex[:12]}"
    if USES_MYSQL:
        await asyncio.to_thread(
            mysql_admin, f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
        url = f"{MYSQL_SERVER}/{name}"
        try:
            if migrated:
                await migrate_database(url)
            yield url
        finally:
            await asyncio.to_thread(mysql_admin, f"DROP DATABASE {name}")
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite://{Path(folder) / name}.db"
        if migrated:
            await migrate_database(url)
        yield url
