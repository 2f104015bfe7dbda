"""Reads uploaded spreadsheets in a process of its own, limited in memory and time, killed at the limit."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from app.core.spreadsheets.archive import SheetLimits, check_outside
from app.core.spreadsheets.refusals import OUT_OF_MEMORY, SpreadsheetRefused, TooComplex
from app.core.spreadsheets.tables import Columns, SheetRow, SheetTable, sheet_row

_PROJECT = Path(__file__).parents[3]
_CHUNK = 1 << 16
_REFUSALS = {refusal.code: refusal for refusal in SpreadsheetRefused.__subclasses__()}
_T = TypeVar("_T")


class _Reader:
    """One reading process, and how much longer it may be waited for."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        *,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        wait_seconds: float,
    ) -> None:
        self._process = process
        self._stdin = stdin
        self._stdout = stdout
        self._seconds_left = wait_seconds

    async def _wait(self, step: Awaitable[_T]) -> _T:
        """Wait for the process within what is left of its time; the caller's own work does not count."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(self._seconds_left):
                return await step
        except TimeoutError as error:
            raise TooComplex from error
        finally:
            self._seconds_left -= clock() - begun

    async def send(self, request: bytes, content: bytes) -> None:
        """Hand over what is to be read, and the file."""
        try:
            self._stdin.write(len(request).to_bytes(4, "big") + request)
            self._stdin.write(content)
            await self._wait(self._stdin.drain())
            self._stdin.close()
            await self._wait(self._stdin.wait_closed())
        except (BrokenPipeError, ConnectionResetError) as error:
            raise await self._death() from error

    async def receive(self) -> dict[str, Any]:
        """Return the next message of the process.

        Raises:
            SpreadsheetRefused: that was the message, or the process died at one of its limits.
        """
        try:
            length = int.from_bytes(await self._wait(self._stdout.readexactly(4)), "big")
            body = await self._wait(self._stdout.readexactly(length))
        except asyncio.IncompleteReadError as error:
            raise await self._death() from error
        message: dict[str, Any] = json.loads(body)
        if "code" in message:
            raise _REFUSALS[message["code"]](message["detail"], **message["facts"])
        return message

    async def _death(self) -> Exception:
        """Return what an ended process means: it met a limit, all else is our fault."""
        status = await self._wait(self._process.wait())
        if status < 0 or status == OUT_OF_MEMORY:
            return TooComplex()
        return RuntimeError(f"the spreadsheet reader ended with status {status}")

    async def end(self) -> None:
        """Leave neither process nor pipe behind."""
        if self._process.returncode is None:
            self._process.kill()
        self._stdin.close()
        while await self._stdout.read(_CHUNK):
            pass
        await self._process.wait()


async def _start(limits: SheetLimits) -> _Reader:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.core.spreadsheets",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # Our environment holds the keys of the service; a parser of foreign files has no use for them.
        env={"PYTHONPATH": str(_PROJECT), "PYTHONUTF8": "1"},
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the spreadsheet reader has no pipes")
    return _Reader(process, stdin=process.stdin, stdout=process.stdout, wait_seconds=limits.wait_seconds)


async def _messages(
    content: bytes, *, headers: Sequence[str], optional: Sequence[str], limits: SheetLimits | None
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield what the reading process says: first the columns, then rows and rows."""
    limits = limits or SheetLimits()
    check_outside(content, limits=limits)
    request = {"headers": list(headers), "optional": list(optional), "limits": asdict(limits)}
    reader = await _start(limits)
    try:
        await reader.send(json.dumps(request).encode(), content)
        while not (message := await reader.receive()).get("end"):
            yield message
    finally:
        await reader.end()


async def stream_table_safely(
    content: bytes, *, headers: Sequence[str], optional: Sequence[str] = (), limits: SheetLimits | None = None
) -> AsyncGenerator[list[SheetRow], None]:
    """Yield the filled rows of an uploaded .xlsx, up to 100 at a time, in constant memory.

    Close it when you stop early (``contextlib.aclosing``): that ends the reading process. A refusal may come
    after rows were yielded, for a row limit or damage further down.

    Args:
        content: the uploaded file.
        headers: columns that must be named in one of the top five rows.
        optional: columns that are read when they are there.
        limits: what the file may cost.

    Raises:
        SpreadsheetRefused: with its code, title and detail; see app.core.spreadsheets.refusals.
    """
    columns: Columns = ()
    async with aclosing(_messages(content, headers=headers, optional=optional, limits=limits)) as messages:
        async for message in messages:
            if "columns" in message:
                columns = message["columns"]
            else:
                yield [sheet_row(raw, columns=columns) for raw in message["rows"]]


async def read_table_safely(
    content: bytes, *, headers: Sequence[str], optional: Sequence[str] = (), limits: SheetLimits | None = None
) -> SheetTable:
    """Return an uploaded .xlsx as a whole; for large ones take ``stream_table_safely``.

    Raises:
        SpreadsheetRefused: as ``stream_table_safely``; nothing is returned then.
    """
    columns: Columns = ()
    rows: list[SheetRow] = []
    async with aclosing(_messages(content, headers=headers, optional=optional, limits=limits)) as messages:
        async for message in messages:
            columns = message.get("columns", columns)
            rows += [sheet_row(raw, columns=columns) for raw in message.get("rows", ())]
    return SheetTable(tuple(header for header, _ in columns), rows)
