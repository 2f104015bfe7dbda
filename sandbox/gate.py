"""The door of the APIs: one lean ASGI layer that checks, answers, writes the ledger and plays the faults.

It stands before the web framework because benchmarks send thousands of messages a second through it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from sandbox import api_account, api_identity, api_messages
from sandbox.calls import Answer, Call, Route
from sandbox.errors import RefusedCall, refusal
from sandbox.faults import BEFORE, Fault
from sandbox.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Where the sandbox's own server leaves the connection, so that a fault can cut it.
TRANSPORT = "sandbox.transport"

_PREFIXES = ("/cgi-bin/", "/wxa/", "/wxaapi/", "/sns/")
_ROUTES: dict[str, Route] = {**api_identity.ROUTES, **api_messages.ROUTES, **api_account.ROUTES}
_MAX_BODY = 1_048_576
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_JSON = b"application/json; encoding=utf-8"
_SECRETS = {"secret", "access_token"}
_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"
)


class TooMuch(Exception):
    """The body is larger than any API takes."""


class Gate:
    """ASGI middleware: answers WeChat's paths itself, passes every other path on."""

    def __init__(self, app: App, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIXES):
            await self._app(scope, receive, send)
            return
        try:
            raw = await _read_body(receive)
        except TooMuch:
            await _send(send, 413, b"text/plain", b"Request Entity Too Large")
            return
        call, problem = self._call(scope, raw)
        fault = self._world.faults.strike(call.path, call.openid)
        if fault is not None and fault.kind in BEFORE:
            await self._refuse_by(fault, call, scope, receive, send)
            return
        route = _ROUTES.get(call.path)
        if route is None:
            self._note(call, {"status": 404}, None)
            await _send(send, 404, b"text/plain", b"404 Not Found")
            return
        answer = self._answer(call, route, scope["method"], problem)
        await self._finish(call, answer, fault, scope, receive, send)

    def _call(self, scope: Scope, raw: bytes) -> tuple[Call, int | None]:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        body: Any = {}
        problem = 44002 if scope["method"] == "POST" and not raw else None
        if raw:
            try:
                body = json.loads(raw)
            except ValueError:
                problem = 47001
            if not isinstance(body, dict):
                body, problem = {}, 47001
        return Call(self._world, scope["path"], query, body, self._world.clock.now()), problem

    def _check(self, call: Call, route: Route, method: str) -> None:
        if method != route.method:
            raise RefusedCall(43001 if route.method == "GET" else 43002)
        if route.needs_token:
            call.caller = self._world.tokens.account(call.query.get("access_token", ""), now=call.now)
            if call.caller.key not in route.accounts:
                raise RefusedCall(48001)

    def _answer(self, call: Call, route: Route, method: str, problem: int | None) -> Answer:
        try:
            self._check(call, route, method)
            if problem is None:
                return route.handler(call)
            return refusal(problem, RefusedCall(problem).errmsg, now=call.now)
        except RefusedCall as refused:
            call.effects.clear()
            call.pushes.clear()
            return refusal(refused.errcode, refused.errmsg, now=call.now)

    async def _finish(
        self, call: Call, answer: Answer, fault: Fault | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._note(call, answer, fault)
        if self._world.latency_s:
            await asyncio.sleep(self._world.latency_s)
        if fault is None:
            await _send(send, 200, _JSON, _dump(answer))
            self._push(call)
            return
        self._push(call)
        if fault.kind == "drop":
            await _cut(scope, receive)
            return
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        body = _dump(answer)
        await _send(send, 200, _JSON, body[: len(body) // 2] if fault.kind == "half" else body)

    async def _refuse_by(self, fault: Fault, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "reset":
            self._note(call, {"status": 0}, fault)
            await _cut(scope, receive)
        elif fault.kind == "html":
            self._note(call, {"status": fault.status}, fault)
            await _send(send, fault.status, b"text/html", _BAD_GATEWAY)
        else:
            answer = refusal(fault.errcode, fault.errmsg or RefusedCall(fault.errcode).errmsg, now=call.now)
            self._note(call, answer, fault)
            await _send(send, 200, _JSON, _dump(answer))

    def _push(self, call: Call) -> None:
        for event in call.pushes:
            self._world.pusher.send(event())

    def _note(self, call: Call, answer: Answer, fault: Fault | None) -> None:
        facts: dict[str, Any] = {"path": call.path, "openid": call.openid}
        if call.caller is not None:
            facts["account"] = call.caller.key
        facts["errcode"] = answer.get("errcode", 0)
        if facts["errcode"]:
            facts["errmsg"] = answer["errmsg"]
        if "status" in answer:
            facts["status"] = answer["status"]
        if "msgid" in answer:
            facts["msgid"] = answer["msgid"]
        if fault is not None:
            facts["fault"] = fault.kind
        request = call.body or {name: value for name, value in call.query.items() if name not in _SECRETS}
        if "secret" in request:
            request = {name: value for name, value in request.items() if name not in _SECRETS}
        facts["request"] = request
        self._world.ledger.append_all([("call", facts), *call.effects])


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _MAX_BODY:
            raise TooMuch
    return body


async def _send(send: Send, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _cut(scope: Scope, receive: Receive) -> None:
    """Close the connection without a byte, and wait until the server has noticed.

    Raises:
        ConnectionAbortedError: another server runs this app; it has to end the connection itself.
    """
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionAbortedError("the sandbox cut this connection on purpose")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _dump(answer: Answer) -> bytes:
    return _encode(answer).encode()
