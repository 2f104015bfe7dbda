"""A server on loopback that answers as a test tells it to, over real sockets."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN_PATH = "/cgi-bin/stable_token"


@dataclass(frozen=True)
class Reply:
    """An answer: JSON of ``content``, or ``text`` as it is; ``headers`` beside it."""

    content: Any = None
    text: str | bytes | None = None
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Drop:
    """Read the request, then cut the connection."""


@dataclass(frozen=True)
class Hang:
    """Read the request, then say nothing."""


@dataclass(frozen=True)
class Asked:
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ScriptedWeChat:
    """Answers each path with what was scripted for it, the last answer for ever."""

    base: str = ""
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    tokens_given: int = 0
    _scripts: dict[str, deque[Reply | Drop | Hang]] = field(default_factory=lambda: defaultdict(deque))
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def answers(self, path: str, *replies: Reply | Drop | Hang) -> None:
        self._scripts[path].extend(replies)

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, dict(request.query), body))
        self.arrived.set()
        script = self._scripts[request.path]
        if not script and request.path == TOKEN_PATH:
            return self._next_token()
        reply = script.popleft() if len(script) > 1 else script[0]
        if isinstance(reply, Reply):
            text = json.dumps(reply.content) if reply.text is None else reply.text
            content = text.encode() if isinstance(text, str) else text
            return web.Response(
                body=content, status=reply.status, content_type=reply.kind, headers=dict(reply.headers)
            )
        if isinstance(reply, Hang):
            await self._over.wait()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _next_token(self) -> web.Response:
        self.tokens_given += 1
        return web.json_response({"access_token": f"token-{self.tokens_given}", "expires_in": 7200})


@asynccontextmanager
async def scripted_wechat() -> AsyncIterator[ScriptedWeChat]:
    wechat = ScriptedWeChat()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", wechat.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    wechat.base = f"http://{host}:{port}"
    try:
        yield wechat
    finally:
        wechat._over.set()
        await runner.cleanup()
