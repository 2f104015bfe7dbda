"""Real processes that tests may kill: a worker, and WeChat's stand-in that judges it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.core.settings import Settings
from tests.messaging.factories import OFFICIAL_TEMPLATE, SUBSCRIBE_TEMPLATE

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 20.0


@dataclass
class Judge:
    """The sandbox as a process of its own, asked over HTTP what really arrived."""

    base: str
    http: httpx.AsyncClient

    async def ask(self, path: str) -> Any:
        answer = await self.http.get(f"/_sandbox{path}")
        answer.raise_for_status()
        return answer.json()

    async def tell(self, path: str, body: Any) -> Any:
        answer = await self.http.post(f"/_sandbox{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def arrived(self) -> dict[str, int]:
        """Return how many messages each openid really got."""
        found = await self.ask("/deliveries")
        counts: dict[str, int] = {}
        for row in found["rows"]:
            counts[row["openid"]] = counts.get(row["openid"], 0) + row["count"]
        return counts


def _config(settings: Settings) -> dict[str, Any]:
    wechat = settings.wechat
    accounts = {
        key: {"appid": given.appid, "secret": given.secret.get_secret_value()}
        for key, given in (("mini", wechat.mini), ("official", wechat.official))
    }
    fields = {"thing1": "thing", "thing2": "thing", "date3": "date"}
    templates = {
        SUBSCRIBE_TEMPLATE: {"kind": "one_time", "account": "mini", "title": "提醒", "fields": fields},
        OFFICIAL_TEMPLATE: {"kind": "template", "account": "official", "title": "通知", "fields": fields},
    }
    return {"accounts": accounts, "templates": templates, "latency_ms": 30}


@contextlib.asynccontextmanager
async def judging(settings: Settings, folder: Path) -> AsyncIterator[Judge]:
    """Run the sandbox until the context ends."""
    config = folder / "sandbox.json"
    config.write_text(json.dumps(_config(settings)), encoding="utf-8")
    port = free_port()
    process = await _spawn(
        "sandbox", "--config", str(config), "--port", str(port), log=folder / "sandbox.log"
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30) as http:
            judge = Judge(base, http)
            await _answering(judge)
            yield judge
    finally:
        await end(process)


async def _answering(judge: Judge) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            try:
                await judge.ask("/clock")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


async def start_worker(
    settings: Settings,
    judge: Judge,
    *,
    redis_url: str,
    log: Path,
    send: Mapping[str, float],
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start `lianxin worker` on the database of the tests; it sends to the judge.

    Args:
        settings: of the tests.
        judge: our own WeChat.
        redis_url: its Redis, or `embedded`.
        log: where its log goes.
        send: how it sends, by the names of `SendSettings`.
        environment: whatever else its environment should say.
    """
    environment = {
        "LIANXIN_DATABASE_URL": settings.database_url.get_secret_value(),
        "LIANXIN_REDIS_URL": redis_url,
        "LIANXIN_WECHAT__API_BASE": judge.base,
        **{f"LIANXIN_SEND__{name.upper()}": str(value) for name, value in send.items()},
        **(environment or {}),
    }
    return await _spawn("workers", log=log, **environment)


@contextlib.asynccontextmanager
async def serving(settings: Settings, *, log: Path) -> AsyncIterator[str]:
    """Run `lianxin api` until the context ends, and yield its address."""
    port = free_port()
    environment = {
        "LIANXIN_DATABASE_URL": settings.database_url.get_secret_value(),
        "LIANXIN_REDIS_URL": "embedded",
        "LIANXIN_PORT": str(port),
    }
    process = await _spawn("app.cli", "api", log=log, **environment)
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await listens(port):
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        await end(process)


async def end(process: Process, *, within: float = 20.0) -> None:
    """Ask a process to stop, and make it stop."""
    if process.returncode is None:
        process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), within)
    await kill(process)


async def kill(process: Process) -> None:
    """End a process as a power cut does."""
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()


async def _spawn(module: str, *arguments: str, log: Path, **environment: str) -> Process:
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            cwd=_ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
        )


async def listens(port: int) -> bool:
    """Tell whether anybody takes connections on this port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def free_port() -> int:
    """Return a port that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
