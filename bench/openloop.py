"""Requests that come when they come: at a fixed pace, whether those before are answered or not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_LONGEST_SECONDS = 30.0


@dataclass
class Arrivals:
    """What became of requests: for each the seconds from the moment it was due to its whole answer."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    most_waiting: int = 0
    _waiting: int = 0

    def percentile(self, share: float) -> float:
        """Return the time that this share of the answered requests stayed below."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """Carries one request at a time."""

    def __init__(self) -> None:
        self.is_open = True
        self._received = b""
        self._answered: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class, which is a Transport in all but name.
        self._transport = cast("asyncio.Transport", transport)

    async def carry(self, request: bytes) -> bool:
        """Send a request and return whether the answer was 200."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_HEAD_END)
        if end < 0 or self._answered is None:
            return
        head = self._received[:end].lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        if len(self._received) < end + len(_HEAD_END) + int(head[start:].split(b"\r\n", 1)[0]):
            return
        is_good = self._received.startswith(b"HTTP/1.1 200")
        self._received = b""
        if not self._answered.done():
            self._answered.set_result(is_good)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError())

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def arrive(*, port: int, requests: Sequence[bytes], per_second: float) -> Arrivals:
    """Send requests to a server on this machine at a fixed pace, and return what became of them.

    A request that finds no free connection opens one, as many servers of one caller do.

    Args:
        port: where it listens.
        requests: whole HTTP/1.1 requests.
        per_second: how many are due each second.
    """
    loop = asyncio.get_running_loop()
    found, free = Arrivals(), list[_Connection]()
    begun = loop.time() + 0.1

    async def one(request: bytes, due: float) -> None:
        found._waiting += 1  # noqa: SLF001 - one object's own count
        found.most_waiting = max(found.most_waiting, found._waiting)  # noqa: SLF001 - as above
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                connection = _idle(free) or await _open(port)
                is_good = await connection.carry(request)
        except (OSError, TimeoutError):
            found.lost += 1
        else:
            free.append(connection)
            found.seconds.append(loop.time() - due)
            found.refused += not is_good
        finally:
            found._waiting -= 1  # noqa: SLF001 - as above

    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(requests):
            due = begun + number / per_second
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(request, due))
    for connection in free:
        connection.close()
    return found


def _idle(free: list[_Connection]) -> _Connection | None:
    """Take a connection that waits for work; what the server closed meanwhile is forgotten."""
    while free:
        connection = free.pop()
        if connection.is_open:
            return connection
    return None


async def _open(port: int) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return connection
