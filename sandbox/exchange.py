"""One HTTP exchange on the wire: answer it, cut it, or notice that the caller has gone."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Where the sandbox's own server leaves the connection, so that a fault can cut it.
TRANSPORT = "sandbox.transport"
JSON = b"application/json; encoding=utf-8"
HTML = b"text/html"
_MAX_BODY = 1_048_576


class TooMuch(Exception):
    """The body is larger than any API takes."""


class Exchange:
    """A request and the way back."""

    __slots__ = ("_receive", "_scope", "_send")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send

    async def body(self) -> bytes:
        """The whole request body.

        Raises:
            TooMuch: it is longer than a mebibyte.
        """
        message = await self._receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            message = await self._receive()
            body += message.get("body", b"")
            if len(body) > _MAX_BODY:
                raise TooMuch
        return body

    async def answer(self, status: int, kind: bytes, body: bytes) -> None:
        """Answer with one body."""
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def cut(self) -> None:
        """Close the connection without a byte, and wait until the server has noticed.

        Raises:
            ConnectionAbortedError: another server runs this app; it has to end the connection itself.
        """
        transport = self._scope.get(TRANSPORT)
        if transport is None:
            raise ConnectionAbortedError("the sandbox cut this connection on purpose")
        transport.abort()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def gone_within(self, seconds: float) -> bool:
        """Wait, and tell whether the caller gave up meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True
