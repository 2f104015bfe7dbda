"""A product of the tests: takes pushes, decrypts them with another implementation, answers by script."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import xmltodict
from aiohttp import web
from aiohttp.test_utils import TestServer
from wechatpy.crypto import WeChatCrypto

from tests.sandbox.cast import KEY, TOKEN

Answer = Callable[["Received"], Awaitable[web.Response]]
APPIDS = {"mini": "wxmini0001", "official": "wxofficial1"}


@dataclass
class Received:
    place: str
    query: dict[str, str]
    raw: bytes
    message: dict[str, Any]

    def encrypted_reply(self, xml: str) -> str:
        sealed = WeChatCrypto(TOKEN, KEY, APPIDS[self.place]).encrypt_message(
            xml, self.query["nonce"], self.query["timestamp"]
        )
        return str(sealed)

    def text_reply(self, text: str, **swap: str) -> str:
        ends = {"to": self.message["FromUserName"], "sender": self.message["ToUserName"], **swap}
        return self.encrypted_reply(
            f"<xml><ToUserName><![CDATA[{ends['to']}]]></ToUserName>"
            f"<FromUserName><![CDATA[{ends['sender']}]]></FromUserName><CreateTime>1700000000</CreateTime>"
            f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content></xml>"
        )


async def success(_: Received) -> web.Response:
    return web.Response(text="success")


@dataclass
class Receiver:
    """Answers from `script` first, one per request, then by `answer`."""

    base: str = ""
    received: list[Received] = field(default_factory=list)
    script: list[Answer] = field(default_factory=list)
    answer: Answer = success
    requests: list[tuple[str, Any, str]] = field(default_factory=list)
    mini_answers: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def clear(self) -> None:
        self.received.clear()
        self.script.clear()
        self.requests.clear()
        self.mini_answers.clear()
        self.answer = success

    async def push(self, request: web.Request) -> web.Response:
        place, query, raw = request.match_info["place"], dict(request.query), await request.read()
        crypto = WeChatCrypto(TOKEN, KEY, APPIDS[place])
        xml = crypto.decrypt_message(raw, query["msg_signature"], query["timestamp"], query["nonce"])
        arrived = Received(place, query, raw, xmltodict.parse(xml)["xml"])
        self.received.append(arrived)
        answer = self.script.pop(0) if self.script else self.answer
        return await answer(arrived)

    async def verify(self, request: web.Request) -> web.Response:
        return web.Response(text=request.query["echostr"])

    async def mini(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.requests.append((request.path, body, request.headers.get("authorization", "")))
        status, answer = self.mini_answers.get(request.path, (200, {}))
        return web.json_response(answer, status=status)


def after(seconds: float, answer: Answer = success) -> Answer:
    async def late(received: Received) -> web.Response:
        await asyncio.sleep(seconds)
        return await answer(received)

    return late


def plain(text: str, status: int = 200) -> Answer:
    async def fixed(_: Received) -> web.Response:
        return web.Response(text=text, status=status)

    return fixed


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/wechat/{place}", receiver.push)
    app.router.add_get("/wechat/{place}", receiver.verify)
    app.router.add_route("*", "/mini/v1/{rest:.+}", receiver.mini)
    async with TestServer(app) as server:
        receiver.base = f"http://{server.host}:{server.port}"
        yield receiver
