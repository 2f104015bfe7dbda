"""A stand-in for Tencent's SMS host: it really receives the SDK's signed requests over HTTP."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from app.core.settings import SmsSettings

SECRET_ID = "AKID-of-the-tests"
SECRET_KEY = "a secret key of the tests"
TITLE = "护理补贴年审"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<date>[\d-]+)/sms/tc3_request,"
    r" SignedHeaders=(?P<headers>[\w;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def _signed(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def is_signed(headers: Mapping[str, str], body: bytes) -> bool:
    """Compute the signature again by the document (cloud.tencent.com/document/api/382/52072)."""
    found = _AUTHORIZATION.fullmatch(headers["Authorization"])
    if found is None or found["id"] != SECRET_ID:
        return False
    names = found["headers"].split(";")
    canonical = "".join(f"{name}:{headers[name].lower()}\n" for name in names)
    request = "\n".join(["POST", "/", "", canonical, found["headers"], hashlib.sha256(body).hexdigest()])
    scope = f"{found['date']}/sms/tc3_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(["TC3-HMAC-SHA256", headers["X-TC-Timestamp"], scope, digest])
    key = _signed(_signed(_signed(f"TC3{SECRET_KEY}".encode(), found["date"]), "sms"), "tc3_request")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == found["signature"]


@dataclass
class Provider:
    """What it was asked, and what it answers next.

    Args:
        endpoint: where it listens.
        status: code of the one message, "Ok" when it is taken over.
        error: code of the whole request, when it is refused as such.
        does: what happens before the answer.
    """

    endpoint: str = ""
    status: str = "Ok"
    error: str = ""
    does: Callable[[web.Request], Any] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.append(json.loads(body))
        self.actions.append(request.headers["X-TC-Action"])
        if self.does is not None:
            await self.does(request)
        if not is_signed(request.headers, body):
            return self._refusal("AuthFailure.SignatureFailure")
        return self._refusal(self.error) if self.error else self._taken(self.asked[-1])

    def _refusal(self, code: str) -> web.Response:
        error = {"Code": code, "Message": "the number +8613800138000 ..."}
        return web.json_response({"Response": {"Error": error, "RequestId": "r-1"}})

    def _taken(self, asked: dict[str, Any]) -> web.Response:
        status = {
            "SerialNo": "2019:538884", "PhoneNumber": asked["PhoneNumberSet"][0], "Fee": 1,
            "SessionContext": asked["SessionContext"], "Code": self.status, "Message": "", "IsoCode": "CN",
        }  # fmt: skip
        return web.json_response({"Response": {"SendStatusSet": [status], "RequestId": "r-1"}})


@asynccontextmanager
async def running_provider() -> AsyncIterator[Provider]:
    """Start it on a free port of this machine."""
    provider = Provider()
    app = web.Application()
    app.router.add_post("/", provider.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    provider.endpoint = f"http://{host}:{port}"
    try:
        yield provider
    finally:
        await runner.cleanup()


def settings_for(endpoint: str) -> SmsSettings:
    """Return settings that name this host."""
    return SmsSettings.model_validate(
        {
            "provider": "tencent",
            "endpoint": endpoint,
            "secret_id": SECRET_ID,
            "secret_key": SECRET_KEY,
            "app_id": "1400006666",
            "sign_name": "省残联",
            "concurrency": 4,
        }
    )


async def hang_up(request: web.Request) -> None:
    """Cut the connection: the request was read, and no answer comes."""
    assert request.transport is not None
    request.transport.close()
    await asyncio.sleep(0)
