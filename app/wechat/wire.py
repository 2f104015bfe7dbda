"""The road to WeChat's servers: one aiohttp session for all accounts, and an honest word on every failure."""

import json
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from app.wechat.gateway import WeChatNotReached, WeChatUnanswered

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
# The largest answer we ask for is a picture of a QR code, some 300 KiB.
MAX_ANSWER_BYTES = 2 * 1024 * 1024

_OK = 200
_JSON_HEADERS = {"Content-Type": "application/json"}
_BINARY_TYPES = ("image/", "audio/", "video/", "application/octet-stream")
# Built once: json.dumps and json.loads make a new coder for every call with these options. WeChat refuses
# Chinese as \\uXXXX (errcode 40033), and lets control characters stand in names.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_DECODE = json.JSONDecoder(strict=False).decode

Answer = dict[str, Any]


def to_json(content: Mapping[str, Any]) -> bytes:
    """Return content as WeChat wants JSON: UTF-8, Chinese as it is; half characters become ``?``."""
    return _ENCODE(content).encode("utf-8", "replace")


class Wire:
    """Carries requests to one WeChat host. Make it inside the running loop; close it at the end.

    Args:
        api_base: scheme and host, e.g. ``https://api.weixin.qq.com``.
        connections: sockets open at once, over all accounts.
        connect_seconds: wait for a free socket, name look-up, connection and TLS together.
        total_seconds: wait for the whole exchange.
    """

    def __init__(
        self,
        *,
        api_base: str,
        connections: int,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        base = api_base.rstrip("/")
        if not base.startswith(("https://", "http://")):
            raise ValueError("the base of WeChat's API must begin with https:// or http://")
        self.base = base
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, limit_per_host=connections),
            timeout=aiohttp.ClientTimeout(total=total_seconds, connect=connect_seconds),
            # A proxy named in the environment would see every token.
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all sockets."""
        await self._session.close()

    async def exchange(
        self,
        *,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes | None,
    ) -> Answer | bytes:
        """Send one request and return the JSON object that came back, or the bytes of a picture.

        Raises:
            WeChatNotReached: nothing left us.
            WeChatUnanswered: the request may have arrived; no usable answer came.
        """
        if self._session.closed:
            raise WeChatNotReached("closed")
        url = _url(self.base + path, tuple(params.items()))
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=None if body is None else _JSON_HEADERS,
                allow_redirects=False,
            ) as response:
                status, kind = response.status, response.headers.get("Content-Type", "")
                content = await _bounded(response)
        # The texts of aiohttp's errors hold the whole address with secret and token, so that they are cut
        # off here and only their names go on.
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise WeChatNotReached(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise WeChatUnanswered(type(error).__name__) from None
        return _understood(status, kind, content)


@lru_cache(maxsize=64)
def _url(address: str, params: tuple[tuple[str, str], ...]) -> URL:
    return URL(address).with_query(params) if params else URL(address)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """Return the whole answer, unless it is larger than any that WeChat gives."""
    if response.content_length is not None and response.content_length <= MAX_ANSWER_BYTES:
        return await response.read()
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            response.close()
            raise WeChatUnanswered("the answer is too large")
    return b"".join(chunks)


def _understood(status: int, kind: str, content: bytes) -> Answer | bytes:
    if status != _OK:
        raise WeChatUnanswered(f"HTTP {status}")
    if kind.startswith(_BINARY_TYPES):
        return content
    try:
        answer = _DECODE(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise WeChatUnanswered("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise WeChatUnanswered("the answer is not a JSON object")
    return answer


def errcode_of(answer: Answer | bytes) -> int:
    """Return the errcode of an answer; 0 when there is none, since success may leave it out.

    Raises:
        WeChatUnanswered: what stands there is not a number.
    """
    if isinstance(answer, bytes):
        return 0
    try:
        return int(answer.get("errcode") or 0)
    except (TypeError, ValueError):
        raise WeChatUnanswered("the errcode is not a number") from None
