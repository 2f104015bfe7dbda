"""Cures for tortoise-orm 1.1.9, applied once before the first connection is made.

Each block repairs one measured failure and has a test (tests/core/test_tortoise_guards.py; the third one in
tests/faults/test_database.py) that fails without it. They touch private classes of exactly this version: an
upgrade has to pass those tests first.

1. Pooled databases (MySQL): a BEGIN that fails or is cancelled keeps its connection for ever; a cancelled
   transaction hides CancelledError behind a driver error, so time-outs misbehave; a task that outlives the
   transaction it was born in silently joins somebody else's; a deadlock inside a nested transaction is hidden
   behind the error about its lost savepoint.
2. SQLite: cancelling a BEGIN keeps the one lock of the process for ever; a deferred BEGIN that reads before
   it writes fails at once when another process writes, whatever busy_timeout says.
3. aiomysql waits for ever for an answer, and for a handshake once TCP is connected: a black-holed database
   hangs every task that asks it. What fails while a connection is opened, or at COMMIT, leaves as the
   driver's own error, so that nobody above recognizes a database that went away.
4. MySQL migrations name the character set of each table, and with it MySQL's case-blind collation, whatever
   the database says: two openids that differ by case would be one person.
"""

import asyncio
from importlib.util import find_spec

import pymysql
from aiomysql import connection as mysql_connection
from tortoise.backends.base import client as base_client
from tortoise.backends.sqlite import client as sqlite_client
from tortoise.connection import get_connections
from tortoise.migrations.schema_editor import mysql as mysql_schema_editor
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError

from app.core.patience import patience

_unlimited_query = mysql_connection.Connection.query
_unlimited_greeting = mysql_connection.Connection._get_server_information
_unlimited_login = mysql_connection.Connection._request_authentication
_unlimited_read_ok = mysql_connection.Connection._read_ok_packet


class _Ended:
    """Stands where the connection was, so that a task which outlived its transaction fails loudly."""

    def __getattr__(self, name):
        raise TransactionManagementError("this task was started inside a transaction that has ended")


def _close(connection):
    try:
        connection.close()
    except Exception:  # the connection is being thrown away: nothing is lost if it was already dead
        pass


async def _give_back(pool, connection):
    if pool is None:
        return
    releasing = pool.release(connection)
    if releasing is not None:
        await asyncio.shield(asyncio.ensure_future(releasing))


async def _acquire(wrapper, client):
    try:
        async with asyncio.timeout(patience.connection_seconds):
            await wrapper.ensure_connection()
            return await client._pool.acquire()
    except TimeoutError:
        raise DBConnectionError(patience.no_connection()) from None
    except pymysql.err.OperationalError as error:
        raise DBConnectionError(error) from error


async def _limited_query(self, sql, unbuffered=False):
    try:
        async with asyncio.timeout(patience.statement_seconds):
            return await _unlimited_query(self, sql, unbuffered)
    except TimeoutError:
        raise patience.no_answer() from None


async def _limited_read_ok(self):
    try:
        async with asyncio.timeout(patience.statement_seconds):
            return await _unlimited_read_ok(self)
    except TimeoutError:
        raise patience.no_answer() from None


# asyncio.wait_for, in which aiomysql opens the socket, may swallow a cancellation that comes as the socket
# opens (Python 3.11): the handshake that follows has limits of its own.
async def _limited_greeting(self):
    try:
        async with asyncio.timeout(patience.connection_seconds):
            return await _unlimited_greeting(self)
    except TimeoutError:
        raise patience.no_connection() from None


async def _limited_login(self):
    try:
        async with asyncio.timeout(patience.connection_seconds):
            return await _unlimited_login(self)
    except TimeoutError:
        raise patience.no_connection() from None


async def _connection_enter(self):
    self.connection = await _acquire(self, self.client)
    return self.connection


async def _pooled_enter(self):
    connection = self.client._connection = await _acquire(self, self.client._parent)
    pool = self.client._parent._pool
    try:
        await self.client.begin()
    except BaseException:
        _close(connection)
        await _give_back(pool, connection)
        raise
    self.token = get_connections().set(self.connection_name, self.client)
    return self.client


async def _pooled_exit(self, exc_type, exc_val, exc_tb):
    client = self.client
    pool = client._parent._pool
    get_connections().reset(self.token)
    finalized, client._finalized = client._finalized, True
    connection, client._connection = client._connection, _Ended()
    try:
        if finalized:
            pass
        elif exc_type is None:
            try:
                await connection.commit()
            except BaseException as error:
                # Whether it was committed is unknown; the caller sees the error and the socket is not reused.
                _close(connection)
                if isinstance(error, pymysql.err.OperationalError):
                    raise OperationalError(error) from error
                raise
        elif issubclass(exc_type, Exception):
            try:
                await connection.rollback()
            except Exception:
                _close(connection)
            except BaseException:
                _close(connection)
                raise
        else:
            # Cancelled in the middle of a statement: closing the socket is the only sure rollback.
            _close(connection)
    finally:
        await _give_back(pool, connection)


async def _nested_exit(self, exc_type, exc_val, exc_tb):
    if self.client._finalized:
        return
    if exc_type is None:
        await self.client.release_savepoint()
    elif exc_type is not TransactionManagementError:
        try:
            await self.client.savepoint_rollback()
        except Exception:  # a deadlock has ended the savepoint too, and the first error tells more
            pass


async def _uncancelled(awaitable):
    """Finish a statement, which runs in a thread and cannot be stopped, before a cancellation goes on."""
    task = asyncio.ensure_future(awaitable)
    cancelled = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:
            break
    if cancelled is not None:
        task.exception()
        raise cancelled
    return task.result()


async def _sqlite_enter(self):
    await self._trxlock.acquire()
    try:
        await self.ensure_connection()
        await _uncancelled(self.connection.begin())
    except BaseException:
        try:
            raw = self.connection._connection
            if raw is not None:
                await _uncancelled(raw.rollback())
        finally:
            self._trxlock.release()
        raise
    self.token = get_connections().set(self.connection_name, self.connection)
    return self.connection


async def _sqlite_exit(self, exc_type, exc_val, exc_tb):
    get_connections().reset(self.token)
    try:
        if not self.connection._finalized:
            raw = self.connection._connection
            if exc_type is None:
                try:
                    await _uncancelled(raw.commit())
                except BaseException:
                    await _uncancelled(raw.rollback())
                    raise
            else:
                await _uncancelled(raw.rollback())
    finally:
        self.connection._finalized = True
        self._trxlock.release()


async def _sqlite_begin(self):
    # IMMEDIATE takes the write lock now, so busy_timeout waits for the other process instead of failing.
    await self._connection.execute("BEGIN IMMEDIATE")


async def _sqlite_execute_many(self, query, values):
    async with self.acquire_connection() as connection:

        async def run():
            await connection.execute("BEGIN IMMEDIATE")
            try:
                await connection.executemany(query, values)
            except BaseException:
                await connection.rollback()
                raise
            await connection.commit()

        await _uncancelled(run())


def _case_sensitive_table(self, table):
    return " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def install() -> None:
    """Put the cures in place; calling it again changes nothing."""
    if find_spec("asyncmy") is not None:
        raise RuntimeError("asyncmy is installed: Tortoise would silently prefer it to aiomysql. Remove it.")
    mysql_connection.Connection.query = _limited_query
    mysql_connection.Connection._get_server_information = _limited_greeting
    mysql_connection.Connection._request_authentication = _limited_login
    mysql_connection.Connection._read_ok_packet = _limited_read_ok
    base_client.PoolConnectionWrapper.__aenter__ = _connection_enter
    base_client.TransactionContextPooled.__aenter__ = _pooled_enter
    base_client.TransactionContextPooled.__aexit__ = _pooled_exit
    base_client.NestedTransactionContext.__aexit__ = _nested_exit
    sqlite_client.SqliteTransactionContext.__aenter__ = _sqlite_enter
    sqlite_client.SqliteTransactionContext.__aexit__ = _sqlite_exit
    sqlite_client.SqliteTransactionWrapper.begin = _sqlite_begin
    mysql_schema_editor.MySQLSchemaEditor._table_generate_extra = _case_sensitive_table
    sqlite_client.SqliteClient.execute_many = sqlite_client.translate_exceptions(_sqlite_execute_many)
