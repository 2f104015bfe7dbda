"""The door of the APIs: one lean ASGI layer that checks, answers, writes the ledger and plays the faults.

It stands before the web framework because benchmarks send thousands of messages a second through it.
"""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from sandbox import api_account, api_identity, api_mass, api_messages, api_quota
from sandbox.calls import Answer, Call, Route
from sandbox.errors import RefusedCall, refusal
from sandbox.exchange import HTML, JSON, App, Exchange, Receive, Scope, Send, TooMuch
from sandbox.faults import BEFORE, Fault
from sandbox.world import World

_PREFIXES = ("/cgi-bin/", "/wxa/", "/wxaapi/", "/sns/")
_ROUTES: dict[str, Route] = {
    **api_identity.ROUTES,
    **api_messages.ROUTES,
    **api_mass.ROUTES,
    **api_account.ROUTES,
    **api_quota.ROUTES,
}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_SECRETS = {"secret", "access_token"}
_PAGE = b"<html>\r\n<head><title>%s</title></head>\r\n<body>%s</body>\r\n</html>\r\n"


class Gate:
    """ASGI application in front of another: answers WeChat's paths itself, passes every other path on."""

    def __init__(self, app: App, world: World) -> None:
        self._app = app
        self.world = world
        self._under_way: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIXES):
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        try:
            raw = await exchange.body()
        except TooMuch:
            await exchange.answer(413, b"text/plain", b"Request Entity Too Large")
            return
        call, problem = self._call(scope, raw)
        fault = self.world.faults.strike(call.path, call.openid)
        if fault is not None and fault.kind in BEFORE:
            if await self._refused_by(fault, call, exchange):
                return
            fault = None
        route = _ROUTES.get(call.path)
        if route is None:
            self._note(call, {"status": 404}, None)
            await exchange.answer(404, b"text/plain", b"404 Not Found")
        elif route.one_at_a_time and self.world.limits.rules.overlap:
            await self._one_at_a_time(call, route, problem, fault, exchange)
        else:
            await self._finish(call, self._answer(call, route, problem), fault, exchange)

    def _call(self, scope: Scope, raw: bytes) -> tuple[Call, int | None]:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        body: Any = {}
        method = scope["method"]
        problem = 44002 if method == "POST" and not raw else None
        if raw:
            try:
                body = json.loads(raw)
            except ValueError:
                problem = 47001
            if not isinstance(body, dict):
                body, problem = {}, 47001
        return Call(self.world, method, scope["path"], query, body, self.world.clock.now()), problem

    def _check(self, call: Call, route: Route) -> None:
        if call.method != route.method:
            raise RefusedCall(43001 if route.method == "GET" else 43002)
        if route.needs_token:
            call.caller = self.world.tokens.account(call.query.get("access_token", ""), now=call.now)
            if call.caller.key not in route.accounts:
                raise RefusedCall(48001)
            self.world.limits.count_call(call.caller, call.path, now=call.now)

    def _answer(self, call: Call, route: Route, problem: int | None) -> Answer:
        try:
            self._check(call, route)
            if problem is None:
                return route.handler(call)
            return refusal(problem, RefusedCall(problem).errmsg, now=call.now)
        except RefusedCall as refused:
            call.effects.clear()
            call.receipts.clear()
            return {**refusal(refused.errcode, refused.errmsg, now=call.now), **refused.more}

    async def _one_at_a_time(
        self, call: Call, route: Route, problem: int | None, fault: Fault | None, exchange: Exchange
    ) -> None:
        openid = call.openid
        if openid in self._under_way:
            answer = refusal(43108, RefusedCall(43108).errmsg, now=call.now)
            await self._finish(call, answer, fault, exchange)
            return
        self._under_way.add(openid)
        try:
            await self._finish(call, self._answer(call, route, problem), fault, exchange)
        finally:
            self._under_way.discard(openid)

    async def _finish(self, call: Call, answer: Answer, fault: Fault | None, exchange: Exchange) -> None:
        self._note(call, answer, fault)
        receipts = self.world.receipts
        if call.receipts and receipts.script.early:
            await receipts.take_early(call.receipts)
            call.receipts.clear()
        wait_s = self.world.latency.wait_s()
        if wait_s:
            await asyncio.sleep(wait_s)
        if fault is None:
            await exchange.answer(200, JSON, _dump(answer))
        if call.receipts:
            receipts.take(call.receipts)
        if fault is not None:
            await _spoil(answer, fault, exchange)

    async def _refused_by(self, fault: Fault, call: Call, exchange: Exchange) -> bool:
        """Play a fault that strikes before the call; False when the call goes on after all."""
        if fault.kind == "stall":
            if not await exchange.gone_within(fault.wait_s()):
                call.now = self.world.clock.now()
                return False
            self._note(call, {"status": 0}, fault)
        elif fault.kind == "reset":
            self._note(call, {"status": 0}, fault)
            await exchange.cut()
        elif fault.kind == "html":
            self._note(call, {"status": fault.status}, fault)
            title = b"502 Bad Gateway" if fault.status >= 500 else b"WeChat"  # noqa: PLR2004 - HTTP
            await exchange.answer(fault.status, HTML, _PAGE % (title, title))
        else:
            await self._refuse(fault, call, exchange)
        return True

    async def _refuse(self, fault: Fault, call: Call, exchange: Exchange) -> None:
        errcode = fault.errcode
        if fault.kind == "token":
            self.world.tokens.kill(call.query.get("access_token", ""))
            errcode = 40001
        answer = refusal(errcode, fault.errmsg or RefusedCall(errcode).errmsg, now=call.now)
        self._note(call, answer, fault)
        await exchange.answer(200, JSON, _dump(answer))

    def _note(self, call: Call, answer: Answer, fault: Fault | None) -> None:
        facts: dict[str, Any] = {"path": call.path, "openid": call.openid}
        facts["errcode"] = answer.get("errcode", 0)
        if self.world.ledger.keeps:
            if call.caller is not None:
                facts["account"] = call.caller.key
            if facts["errcode"]:
                facts["errmsg"] = answer["errmsg"]
            facts.update({name: answer[name] for name in ("status", "msgid", "msg_id") if name in answer})
            if fault is not None:
                facts["fault"] = fault.kind
            facts["request"] = _shown_request(call)
        self.world.ledger.append_all([("call", facts), *call.effects])


async def _spoil(answer: Answer, fault: Fault, exchange: Exchange) -> None:
    """Play a fault that strikes after the call was carried out."""
    if fault.kind == "drop":
        await exchange.cut()
        return
    wait_s = fault.wait_s()
    if wait_s:
        await asyncio.sleep(wait_s)
    if fault.kind == "string_errcode":
        answer = {**answer, "errcode": str(answer.get("errcode", 0))}
    body = _dump(answer)
    if fault.kind == "half":
        body = body[: len(body) // 2]
    await exchange.answer(200, HTML if fault.kind == "content_type" else JSON, body)


def _shown_request(call: Call) -> dict[str, Any]:
    """The request for the ledger: no secrets, and of a list of recipients only its length."""
    request = call.body or {name: value for name, value in call.query.items() if name not in _SECRETS}
    if "secret" in request:
        request = {name: value for name, value in request.items() if name not in _SECRETS}
    if isinstance(request.get("touser"), list):
        request = {**request, "touser": len(request["touser"])}
    return request


def _dump(answer: Answer) -> bytes:
    return _encode(answer).encode()
