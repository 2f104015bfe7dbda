"""Set-based SQL for the hot paths, written once for SQLite and MySQL.

Statements use `%s` placeholders. Moments are passed as aware datetimes and come back as they are stored:
read them with `moment_of`. Inside `in_transaction()` the statements join it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import structlog
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError

log = structlog.get_logger()
T = TypeVar("T")

_DEADLOCK = 1213
_LOCK_WAIT = 1205
_GONE = {2003, 2006, 2013, 2014, 1053, 1927}


def is_sqlite() -> bool:
    """Return whether the embedded database is in use."""
    return bool(get_connections().get("default").capabilities.dialect == "sqlite")


def db_now_ms() -> str:
    """Return the SQL expression for the database's own clock in milliseconds since 1970.

    Leases use it, so that a worker with a wrong clock can neither steal nor lose one.
    """
    if is_sqlite():
        return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    return "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"


def insert_or_ignore() -> str:
    """Return the verb that inserts rows and passes over those that a unique index refuses."""
    return "INSERT OR IGNORE" if is_sqlite() else "INSERT IGNORE"


def for_update() -> str:
    """Return what ends a SELECT whose rows stay locked until the transaction ends.

    SQLite knows no row locks: there, BEGIN IMMEDIATE has locked the whole file already.
    """
    return "" if is_sqlite() else " FOR UPDATE"


async def execute(statement: str, values: Sequence[Any] = ()) -> int:
    """Run one statement and return how many rows it found or inserted."""
    connection = get_connections().get("default")
    count, _ = await connection.execute_query(_dialect(statement), _bound(values))
    return int(count)


async def insert(statement: str, values: Sequence[Any]) -> int:
    """Run one INSERT of one row and return the row's id."""
    connection = get_connections().get("default")
    return int(await connection.execute_insert(_dialect(statement), _bound(values)))


async def fetch(statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Run one SELECT and return its rows."""
    connection = get_connections().get("default")
    return list(await connection.execute_query_dict(_dialect(statement), _bound(values)))


async def execute_many(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run one statement for many rows in one round trip where the driver can (multi-row INSERT)."""
    if rows:
        connection = get_connections().get("default")
        await connection.execute_many(_dialect(statement), [_bound(row) for row in rows])


def moment_of(stored: Any) -> datetime | None:
    """Read a moment that came back from `fetch`."""
    if stored is None:
        return None
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def day_of(stored: Any) -> date | None:
    """Read a calendar day that came back from `fetch`."""
    if stored is None or (isinstance(stored, date) and not isinstance(stored, datetime)):
        return stored
    return date.fromisoformat(str(stored)[:10])


def marks(count: int) -> str:
    """Return `%s, %s, …` for an IN list of this length."""
    return ", ".join(["%s"] * count)


async def retrying(unit: Callable[[], Awaitable[T]], *, attempts: int = 8) -> T:
    """Run a whole idempotent unit again when the database chose it as a deadlock victim or went away.

    Inside a transaction of the caller it runs once: only whoever began the transaction can begin it again.

    Args:
        unit: everything between BEGIN and COMMIT; running it twice must be harmless.
        attempts: including the first one; waits grow from about 20 ms to about 2 s. After as many seconds
            no other one begins: a server that says nothing has used up the time of all.
    """
    if isinstance(get_connections().get("default"), TransactionalDBClient):
        return await unit()
    until = time.monotonic() + attempts
    for attempt in range(attempts):
        try:
            return await unit()
        except (OperationalError, DBConnectionError) as error:
            if attempt == attempts - 1 or time.monotonic() > until or not is_passing(error):
                raise
            log.info("core.sql.retry", attempt=attempt + 1, error=type(error).__name__)
        await asyncio.sleep(0.02 * 2 ** min(attempt, 6) * (0.5 + random.random()))  # noqa: S311 - jitter
    raise AssertionError("unreachable")


def is_passing(error: Exception) -> bool:
    """Tell whether the same may well succeed later: after a deadlock, a lock, a database that is away."""
    cause = error.args[0] if error.args else None
    number = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    if isinstance(error, DBConnectionError) or number in {_DEADLOCK, _LOCK_WAIT} | _GONE:
        return True
    return "database is locked" in str(error)


def _dialect(statement: str) -> str:
    return statement.replace("%s", "?") if is_sqlite() else statement


def _bound(values: Sequence[Any]) -> list[Any]:
    as_text = is_sqlite()
    return [_moment(value, as_text=as_text) if isinstance(value, datetime) else value for value in values]


def _moment(value: datetime, *, as_text: bool) -> Any:
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    utc = value.astimezone(UTC)
    # SQLite compares text, so every moment must have the shape that Tortoise stores.
    return utc.isoformat(" ") if as_text else utc.replace(tzinfo=None)
