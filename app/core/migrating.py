"""Bringing the schema up to date: one migrator at a time, forward only, with a check for drift."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiomysql
from tortoise.context import TortoiseContext
from tortoise.migrations.api import migrate
from tortoise.migrations.autodetector import MigrationAutodetector

from app.core.database import tortoise_config

_LOCK_SECONDS = 120


class SchemaDrift(Exception):
    """The models say something that no migration does."""


class LockNotHeld(Exception):
    """Another migrator did not finish in time."""


async def migrate_database(database_url: str) -> None:
    """Apply every missing migration; four processes that start at once end with one schema.

    Raises:
        LockNotHeld: another migrator held the lock for two minutes.
        SchemaDrift: a model was changed and its migration was forgotten.
    """
    config = tortoise_config(database_url, pool_size=2)
    async with _migration_lock(database_url), TortoiseContext() as context:
        await context.init(config=config)
        await migrate(config=config, direction="forward")
        apps = {label: app.to_dict() for label, app in config.apps.items()}
        if context.apps is None or await MigrationAutodetector(context.apps, apps).changes():
            raise SchemaDrift("models and migrations differ: run `tortoise makemigrations -n what_changes`")


@asynccontextmanager
async def _migration_lock(database_url: str) -> AsyncIterator[None]:
    if database_url.startswith("sqlite://"):
        async with _file_lock(Path(database_url.removeprefix("sqlite://") + ".migrate-lock")):
            yield
    else:
        async with _mysql_lock(database_url):
            yield


@asynccontextmanager
async def _file_lock(path: Path) -> AsyncIterator[None]:
    with path.open("w") as lock:
        async with asyncio.timeout(_LOCK_SECONDS):
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


@asynccontextmanager
async def _mysql_lock(database_url: str) -> AsyncIterator[None]:
    parts = urlsplit(database_url)
    name = parts.path.lstrip("/")
    connection = await aiomysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        connect_timeout=3,
        autocommit=True,
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT GET_LOCK(%s, %s)", (f"lianxin-migrate-{name}", _LOCK_SECONDS))
            (held,) = await cursor.fetchone()
            if held != 1:
                raise LockNotHeld(f"another migrator of {name} has been running for {_LOCK_SECONDS} s")
            # openids and hashes differ by case; the server's default collation would call them equal.
            quoted = name.replace("`", "``")
            await cursor.execute(f"ALTER DATABASE `{quoted}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
            yield
    finally:
        connection.close()
