"""Hands events over to the product: encrypted, signed, in order per person, with WeChat's patience.

Source: Receiving standard messages: five seconds without an answer cut the connection, the same request is
made again, three times in total; `success` or nothing ends it.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.clock import Clock
from sandbox.config import Account, AccountKey, SandboxConfig
from sandbox.crypto import MessageCrypto
from sandbox.events import Event, element
from sandbox.ledger import Ledger
from sandbox.replies import FAULT_NOTICE, BadReply, read_reply

RETRIES = 3
_HTTP_OK = 200
_MAX_REPLY = 65_536
_MAX_WAITING = 500_000


@dataclass(slots=True)
class _Push:
    event: Event
    done: "asyncio.Future[dict[str, Any] | None] | None"


@dataclass(slots=True)
class Pusher:
    """A fixed number of workers; each person's events wait in their own line."""

    config: SandboxConfig
    clock: Clock
    ledger: Ledger
    _lines: dict[tuple[str, str], deque[_Push]] = field(default_factory=dict)
    _ready: "asyncio.Queue[tuple[str, str]]" = field(default_factory=asyncio.Queue)
    _workers: "list[asyncio.Task[None]]" = field(default_factory=list)
    _http: aiohttp.ClientSession | None = None
    _cryptos: dict[AccountKey, MessageCrypto] = field(default_factory=dict)
    _open: int = 0
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Begin to hand over."""
        limit = self.config.push_concurrency
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit),
            timeout=aiohttp.ClientTimeout(total=self.config.push_timeout_s),
            trust_env=False,
        )
        self._workers = [asyncio.create_task(self._work(self._http)) for _ in range(limit)]

    async def stop(self) -> None:
        """Stop at once; events still waiting are lost, as they are when WeChat gives up."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []
        for line in self._lines.values():
            while line:
                self._finish(line.popleft(), None)
        self._lines.clear()
        self._ready = asyncio.Queue()
        if self._http is not None:
            await self._http.close()
            self._http = None

    def clear(self) -> None:
        """Forget the events that wait behind another; the first of each line still goes out."""
        for line in self._lines.values():
            while len(line) > 1:
                self._finish(line.pop(), None)

    def send(self, event: Event, *, wait: bool = False) -> "asyncio.Future[dict[str, Any] | None] | None":
        """Put an event into its person's line; with `wait`, a future of the reply that was shown."""
        if not event.account.push_url:
            return None
        if self._open >= _MAX_WAITING:
            self.ledger.append(
                "push", openid=event.openid, event=event.name, outcome="dropped: too many wait"
            )
            return None
        done = asyncio.get_running_loop().create_future() if wait else None
        key = (event.account.key, event.openid)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = deque()
            self._ready.put_nowait(key)
        line.append(_Push(event, done))
        self._open += 1
        self._settled.clear()
        return done

    async def settle(self, *, timeout_s: float) -> bool:
        """Wait until no event waits or is under way; False when that took too long."""
        if not self._open:
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), timeout_s)
        return not self._open

    async def verify(self, account: Account) -> str:
        """Ask the product's address the way the admin page does on saving it: "ok", or what is wrong."""
        if self._http is None or not account.push_url:
            return "no push_url"
        crypto = self._crypto(account)
        timestamp, nonce, echo = (
            str(int(self.clock.now())),
            str(secrets.randbelow(10**10)),
            secrets.token_hex(8),
        )
        query = {
            "signature": crypto.sign(timestamp=timestamp, nonce=nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo,
        }
        try:
            async with self._http.get(account.push_url, params=query, allow_redirects=False) as response:
                answer = await _read(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"no answer: {type(error).__name__}"
        return "ok" if answer == echo.encode() else f"HTTP {response.status}, echostr not returned"

    async def _work(self, http: aiohttp.ClientSession) -> None:
        while True:
            key = await self._ready.get()
            line = self._lines[key]
            reply = None
            try:
                reply = await self._hand_over(http, line[0].event)
            finally:
                self._finish(line.popleft(), reply)
                if line:
                    self._ready.put_nowait(key)
                else:
                    del self._lines[key]

    def _finish(self, push: _Push, reply: dict[str, Any] | None) -> None:
        if push.done is not None and not push.done.done():
            push.done.set_result(reply)
        self._open -= 1
        if not self._open:
            self._settled.set()

    async def _hand_over(self, http: aiohttp.ClientSession, event: Event) -> dict[str, Any] | None:
        crypto = self._crypto(event.account)
        query, body = self._sealed(event, crypto)
        for attempt in range(1, RETRIES + 2):
            started = asyncio.get_running_loop().time()
            answer, trouble = await self._post(http, event.account.push_url, query, body)
            took = round((asyncio.get_running_loop().time() - started) * 1000, 1)
            reply, outcome = self._read(answer, trouble, event, crypto)
            last = trouble is None or attempt > RETRIES
            self._note(event, attempt, outcome, took, gave_up=last and trouble is not None)
            if last:
                return self._show(event, reply, outcome)
            await asyncio.sleep(0 if trouble == "timeout" else self.config.push_pause_s)
        return None

    def _read(
        self, answer: bytes, trouble: str | None, event: Event, crypto: MessageCrypto
    ) -> tuple[dict[str, Any] | None, str]:
        if trouble is not None:
            return None, trouble
        try:
            reply = read_reply(answer, event, crypto)
        except BadReply as error:
            return None, f"garbage: {error}"
        return reply, "replied" if reply else "received"

    def _note(self, event: Event, attempt: int, outcome: str, took: float, *, gave_up: bool) -> None:
        facts: dict[str, Any] = {"attempt": attempt, "outcome": outcome, "ms": took, "xml": event.xml}
        if gave_up:
            facts["gave_up"] = True
        self.ledger.append("push", account=event.account.key, openid=event.openid, event=event.name, **facts)

    def _show(self, event: Event, reply: dict[str, Any] | None, outcome: str) -> dict[str, Any] | None:
        if not event.shows_reply:
            return None
        facts = {"account": event.account.key, "openid": event.openid, "event": event.name}
        if reply is not None:
            self.ledger.append("reply", **facts, message=reply)
        elif outcome != "received":
            self.ledger.append("notice", **facts, message={"type": "notice", "text": FAULT_NOTICE})
        return reply

    @staticmethod
    async def _post(
        http: aiohttp.ClientSession, url: str, query: dict[str, str], body: bytes
    ) -> tuple[bytes, str | None]:
        headers = {"content-type": "text/xml"}
        try:
            async with http.post(
                url, params=query, data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await _read(response)
        except TimeoutError:
            return b"", "timeout"
        except aiohttp.ClientError as error:
            return b"", f"no connection: {type(error).__name__}"
        return answer, None if response.status == _HTTP_OK else f"http {response.status}"

    def _sealed(self, event: Event, crypto: MessageCrypto) -> tuple[dict[str, str], bytes]:
        timestamp, nonce = str(int(self.clock.now())), str(secrets.randbelow(10**10))
        encrypted = crypto.encrypt(event.xml)
        query = {
            "signature": crypto.sign(timestamp=timestamp, nonce=nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": event.openid,
            "encrypt_type": "aes",
            "msg_signature": crypto.sign(timestamp=timestamp, nonce=nonce, encrypted=encrypted),
        }
        body = element("xml", [("ToUserName", event.account.original_id), ("Encrypt", encrypted)])
        return query, body.encode()

    def _crypto(self, account: Account) -> MessageCrypto:
        crypto = self._cryptos.get(account.key)
        if crypto is None:
            crypto = MessageCrypto(token=account.token, aes_key=account.aes_key, appid=account.appid)
            self._cryptos[account.key] = crypto
        return crypto


async def _read(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for chunk in response.content.iter_any():
        answer += chunk
        if len(answer) > _MAX_REPLY:
            break
    return bytes(answer)
