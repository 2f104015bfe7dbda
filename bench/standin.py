"""WeChat's stand-in for benchmarks: answers after a pause and counts who heard how often.

It costs little, so that it does not become what is measured. Like WeChat it takes a `client_msg_id` that it
has seen for the same message and rings nobody's phone again (developers.weixin.qq.com: 防重入id).
"""

import argparse
import asyncio
import json
import time
from array import array
from collections import Counter
from typing import Any, cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_FIRST_MSGID = 3_000_000_000


class Ledger:
    """What reached the stand-in, and how it is to answer.

    Args:
        latency: seconds until it answers.
        rate: how many it answers a second at most; the others wait, 0: no limit.
    """

    def __init__(self, *, latency: float, rate: float) -> None:
        self.latency, self.rate = latency, rate
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self.calls: Counter[str] = Counter()
        self.rung: Counter[str] = Counter()
        self._keys: set[str] = set()
        self._moments = array("d")
        self._turn = 0.0

    def take(self, message: dict[str, Any]) -> tuple[bytes, float]:
        """Count one message; return the answer and how long it is to wait."""
        openid, key = message["touser"], message.get("client_msg_id")
        self.calls[openid] += 1
        if key is None or key not in self._keys:
            self.rung[openid] += 1
        if key is not None:
            self._keys.add(key)
        now = time.monotonic()
        self._moments.append(now)
        if self.rate:
            self._turn = max(self._turn, now) + 1 / self.rate
        msgid = _FIRST_MSGID + len(self._moments)
        answer = b'{"errcode":0,"errmsg":"ok","msgid":%d}' % msgid
        return answer, self.latency + max(0.0, self._turn - now)

    def tally(self) -> dict[str, Any]:
        """Return the counts, and the pace in the middle: from the tenth to the ninetieth of a hundred."""
        moments = self._moments
        count = len(moments)
        lower, upper = count // 10, count - 1 - count // 10
        seconds = moments[upper] - moments[lower] if count > 100 else 0.0
        return {
            "calls": count,
            "people": len(self.calls),
            "called_again": sum(number - 1 for number in self.calls.values()),
            "rung_again": sum(number - 1 for number in self.rung.values()),
            "per_second": (upper - lower) / seconds if seconds else 0.0,
        }


class StandIn(asyncio.Protocol):
    """One connection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own class, which is a Transport in all but name.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head = self._buffer[:end]
            _, has_length, rest = head.lower().partition(_LENGTH)
            length = int(rest.split(b"\r\n", 1)[0]) if has_length else 0
            start = end + len(_HEAD_END)
            if len(self._buffer) < start + length:
                return
            body, self._buffer = self._buffer[start : start + length], self._buffer[start + length :]
            self._take(head.split(b" ", 2)[1], body)

    def _take(self, path: bytes, body: bytes) -> None:
        if path.startswith(b"/_"):
            self._answer(self._control(path, body))
        elif b"token" in path.partition(b"?")[0]:
            self._answer(b'{"access_token":"bench","expires_in":7200}')
        else:
            answer, wait = self._ledger.take(json.loads(body))
            self._loop.call_later(wait, self._answer, answer)

    def _control(self, path: bytes, body: bytes) -> bytes:
        if path == b"/_reset":
            for name, value in json.loads(body).items():
                setattr(self._ledger, name, value)
            self._ledger.reset()
        return json.dumps(self._ledger.tally()).encode()

    def _answer(self, body: bytes) -> None:
        if not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
                body
            )
            self._transport.write(head + body)


async def serve(ledger: Ledger) -> None:
    """Listen on a free port, print it, and answer until the process is stopped."""
    server = await asyncio.get_running_loop().create_server(
        lambda: StandIn(ledger), "127.0.0.1", 0, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Be the stand-in."""
    parser = argparse.ArgumentParser(prog="python -m bench.standin", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.08, help="seconds")
    parser.add_argument("--rate", type=float, default=0.0, help="answers a second at most, 0: no limit")
    options = parser.parse_args()
    uvloop.run(serve(Ledger(latency=options.latency, rate=options.rate)))


if __name__ == "__main__":
    main()
