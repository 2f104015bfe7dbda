"""Measures how many messages a second one sandbox takes: python -m tests.sandbox.load [--messages 60000].

The sandbox runs in a process of its own; its processor time per message is the figure that other work on the
machine disturbs least. A wall-clock figure is worth something on a quiet machine only.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.sandbox.cast import TEMPLATES

_ROOT = Path(__file__).parents[2]
_TEXT = {"thing1": {"value": "您有1条政策通知"}}
_TICKS = 100.0
_PORT = 8899


class Caller(asyncio.Protocol):
    """One connection that sends the next message as soon as the last one is answered."""

    def __init__(self, requests: Iterator[bytes], done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._done = done
        self._buffer = b""
        self.answered = 0
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, rest = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(rest) < length:
            return
        self._buffer = b""
        self.answered += 1
        self.refused += b'"errcode":0' not in rest
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self._done.done():
            self._transport.close()
            self._done.set_result(None)


def template_requests(openids: list[str], token: str, count: int) -> Iterator[bytes]:
    head = (
        f"POST /cgi-bin/message/template/send?access_token={token} HTTP/1.1\r\nhost: sandbox\r\n"
        "content-type: application/json\r\ncontent-length: "
    )
    for number in range(count):
        body = {
            "touser": openids[number % len(openids)],
            "template_id": "POLICY",
            "client_msg_id": f"m-{number:032d}",
            "data": _TEXT,
        }
        raw = json.dumps(body, ensure_ascii=False).encode()
        yield f"{head}{len(raw)}\r\n\r\n".encode() + raw


@contextlib.contextmanager
def running(settings: dict[str, Any], port: int) -> Iterator[int]:
    """Run a sandbox until the context ends; its process id."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "sandbox.json"
        config.write_text(json.dumps(settings), encoding="utf-8")
        command = [sys.executable, "-m", "sandbox", "--config", str(config), "--port", str(port)]
        with subprocess.Popen(command, cwd=_ROOT) as process:
            try:
                yield process.pid
            finally:
                process.terminate()


def cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


async def fire(port: int, requests: Iterator[bytes], connections: int) -> int:
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(connections)]
    callers = [Caller(requests, end) for end in ends]
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    return sum(caller.refused for caller in callers)


async def measure(settings: dict[str, Any], options: argparse.Namespace) -> str:
    """Send through one sandbox and say what it cost."""
    address = f"http://127.0.0.1:{_PORT}"
    patient = httpx.AsyncHTTPTransport(retries=8)
    with running(settings, _PORT) as pid:
        async with httpx.AsyncClient(base_url=address, transport=patient, timeout=600) as http:
            return await send_through(http, pid, options)


async def send_through(http: httpx.AsyncClient, pid: int, options: argparse.Namespace) -> str:
    crowd = (await http.post("/_sandbox/crowd", json={"count": options.people})).json()["official"]
    credentials = {"appid": "wxofficial1", "secret": "officialsecret", "grant_type": "client_credential"}
    token = (await http.post("/cgi-bin/stable_token", json=credentials)).json()["access_token"]
    requests = template_requests(crowd, token, options.messages)
    started, cpu, memory = time.perf_counter(), cpu_seconds(pid), resident_mb(pid)
    refused = await fire(_PORT, requests, options.connections)
    took, cpu, grown = time.perf_counter() - started, cpu_seconds(pid) - cpu, resident_mb(pid) - memory
    asking = time.perf_counter()
    asked = await http.get("/_sandbox/deliveries", params={"by": options.by, "detail": "totals"})
    asked_ms = (time.perf_counter() - asking) * 1000
    return (
        f"{options.messages / took:.0f}/s by the clock,"
        f" {cpu / options.messages * 1e6:.0f} us of processor each,"
        f" refused {refused}, +{grown:.0f} MB; {asked.json()} in {asked_ms:.0f} ms\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--by", default="data")
    parser.add_argument("--settings", type=json.loads, default={}, help="more of the sandbox's configuration")
    options = parser.parse_args()
    accounts = {
        "mini": {"appid": "wxmini0001", "secret": "minisecret"},
        "official": {"appid": "wxofficial1", "secret": "officialsecret", "daily_quota": 10_000_000},
    }
    settings = {"accounts": accounts, "templates": TEMPLATES, **options.settings}
    sys.stdout.write(asyncio.run(measure(settings, options)))


if __name__ == "__main__":
    main()
