"""Servers of our own that tests may kill, and a wire between them and the product that may swallow bytes."""

import asyncio
import contextlib
import getpass
import os
import shutil
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiomysql
import pymysql
import pytest
from tortoise.context import TortoiseContext

from app.core.database import tortoise_config
from app.core.migrating import migrate_database
from tests.faults.processes import end, free_port, kill, listens

_START_SECONDS = 30.0


def needs(*programs: str) -> None:
    """Skip a test whose tools are missing; in CI fail: a fault that was not tried was not survived."""
    _only_if([name for name in programs if shutil.which(name) is None])


def _only_if(missing: Sequence[str]) -> None:
    if missing:
        told = f"needs {', '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)


@dataclass
class MariaDB:
    """A server with a data folder of its own; killed, it comes back with what it had committed."""

    folder: Path
    port: int
    _process: Process | None = None
    _made: int = 0

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def url(self, database: str, *, port: int | None = None) -> str:
        """Return the address of one database, through another port when a wire lies between."""
        return f"mysql://root@127.0.0.1:{port or self.port}/{database}"

    async def start(self) -> None:
        with (self.folder / "mariadbd.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                "mariadbd",
                "--no-defaults",
                f"--user={getpass.getuser()}",
                f"--datadir={self.folder / 'data'}",
                f"--socket={self.folder / 'socket'}",
                # A server that starts clears its folder of temporary tables, and may share no other's.
                f"--tmpdir={self.folder}",
                f"--port={self.port}",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=16M",
                "--innodb-flush-log-at-trx-commit=1",
                stdout=output,
                stderr=output,
            )
        async with asyncio.timeout(_START_SECONDS):
            while not await self._answers():
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        await kill(self._process)

    async def stop(self) -> None:
        if self._process is not None:
            await end(self._process)

    async def ask(self, statement: str, *, database: str | None = None) -> list[tuple[object, ...]]:
        """Run one statement over a connection of its own, past every wire and pool."""
        connection = await aiomysql.connect(
            host="127.0.0.1", port=self.port, user="root", db=database, autocommit=True, connect_timeout=3
        )
        try:
            async with connection.cursor() as cursor:
                await cursor.execute(statement)
                return list(await cursor.fetchall())
        finally:
            connection.close()

    async def create(self, database: str) -> None:
        """Make a database that is migrated and empty."""
        await self.ask(f"CREATE DATABASE {database}")
        await migrate_database(self.url(database))

    async def dump(self, database: str) -> bytes:
        """Return what a nightly backup holds."""
        return await self._client(
            "mariadb-dump", "--single-transaction", "--skip-lock-tables", database, given=None
        )

    async def restore(self, dump: bytes) -> str:
        """Put a backup into an empty database, and return its name."""
        self._made += 1
        name = f"restored_{self._made}"
        await self.ask(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        await self._client("mariadb", name, given=dump)
        return name

    async def _client(self, program: str, *arguments: str, given: bytes | None) -> bytes:
        needs(program)
        process = await asyncio.create_subprocess_exec(
            program, "--no-defaults", "-uroot", f"--socket={self.folder / 'socket'}", *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate(given)
        assert process.returncode == 0
        return output

    async def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, f"mariadbd ended: {self.folder / 'mariadbd.log'}"
        try:
            await self.ask("SELECT 1")
        except (pymysql.err.MySQLError, OSError):
            return False
        return True


@contextlib.asynccontextmanager
async def mariadb_of_our_own(folder: Path) -> AsyncIterator[MariaDB]:
    """Run a MariaDB that a test may kill."""
    needs("mariadbd", "mariadb-install-db")
    made = await asyncio.create_subprocess_exec(
        "mariadb-install-db",
        "--no-defaults",
        f"--user={getpass.getuser()}",
        f"--datadir={folder / 'data'}",
        f"--tmpdir={folder}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await made.wait() == 0, "mariadb-install-db failed"
    server = MariaDB(folder, free_port())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def looking_into(url: str) -> AsyncIterator[TortoiseContext]:
    """Let the test itself read and write this database instead of the one of its run."""
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(url))
        yield context


@contextlib.asynccontextmanager
async def redis_of_our_own(folder: Path) -> AsyncIterator[tuple[Process, str]]:
    """Run a Redis that a test may kill, and yield its process and address."""
    needs("redis-server")
    port = free_port()
    with (folder / "redis.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder),
            stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await listens(port):
                await asyncio.sleep(0.05)
        yield process, f"redis://127.0.0.1:{port}/0"
    finally:
        await end(process)


@dataclass
class Wire:
    """A TCP connection that can go dead without telling anybody.

    While it is dead, bytes wait, and new connections are taken and never answered; nothing is refused or
    reset, so that only a time-out of his own saves whoever waits.
    """

    target: int
    port: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _sockets: set[asyncio.StreamWriter] = field(default_factory=set)

    def die(self) -> None:
        self._open.clear()

    def heal(self, *, cut: bool) -> None:
        """Let bytes through again; with `cut` only those of connections that are made from now on."""
        if cut:
            for writer in self._sockets:
                writer.transport.abort()
        self._open.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sockets.add(writer)
        try:
            await self._open.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self._sockets.add(far_writer)
            try:
                await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
            finally:
                self._sockets.discard(far_writer)
                far_writer.close()
        except OSError:
            return
        finally:
            self._sockets.discard(writer)
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """Lay a wire to a port of this machine."""
    wire = Wire(port)
    wire.heal(cut=False)
    tasks: set[asyncio.Task[None]] = set()

    def took(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(wire.carry(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(took, "127.0.0.1", 0, family=socket.AF_INET)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def faketime(offset: str) -> dict[str, str]:
    """Return the environment of a process whose clock is off by so much, `+70s` or `-1h`."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    _only_if([] if found else ["libfaketime"])
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME": offset,
        # Sleeping and time-outs go by how long things last, as on a machine whose clock is wrong.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
        "PATH": os.environ["PATH"],
    }
