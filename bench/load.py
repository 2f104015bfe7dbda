"""A load generator that costs little: prepared requests over connections that stay open."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class UnexpectedAnswer(Exception):
    """A server answered something other than was agreed."""


class _Connection(asyncio.Protocol):
    """Sends one prepared request after the other, each when the one before is answered."""

    def __init__(self, requests: Iterator[bytes], status: bytes, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._expected = b"HTTP/1.1 " + status
        self._done = done
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class, which is a Transport in all but name.
        self._transport = cast("asyncio.Transport", transport)
        self._send_next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(_HEAD_END)
        if head_end < 0:
            return
        head = self._received[:head_end].lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(self._received) < head_end + len(_HEAD_END) + length:
            return
        if not self._received.startswith(self._expected):
            self._finish(UnexpectedAnswer(self._received.decode(errors="replace")))
            return
        self._received = b""
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(UnexpectedAnswer(f"the server hung up: {exc}"))

    def _send_next(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self._finish(None)
            self._transport.close()
        else:
            self._transport.write(request)

    def _finish(self, error: Exception | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


async def drive(*, port: int, requests: Sequence[bytes], in_flight: int, status: int) -> float:
    """Send all requests to a server on this machine and return how many it answered per second.

    Args:
        port: where it listens.
        requests: whole HTTP/1.1 requests.
        in_flight: how many wait for an answer at any time.
        status: what every answer must be.

    Raises:
        UnexpectedAnswer: one was not.
    """
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    finished = [loop.create_future() for _ in range(in_flight)]
    started = time.perf_counter()
    for done in finished:
        await loop.create_connection(
            lambda done=done: _Connection(waiting, str(status).encode(), done),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    async with asyncio.timeout(120):
        await asyncio.gather(*finished)
    return len(requests) / (time.perf_counter() - started)
