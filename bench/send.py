"""Sending a campaign with all its bookkeeping, beside the same client sending without any.

Run by `make bench-send`. WeChat is a plain server in a process of its own that answers after 80 ms. Needs a
MySQL or MariaDB server at LIANXIN_BENCH_MYSQL_URL, default mysql://root@127.0.0.1:3306, makes a database of
its own there and drops it. Both sides send the same messages through the same gateway, in turns, in one
process that runs as a worker does; what counts is the median over the rounds of the ratio within each round.
"""

import argparse
import asyncio
import gc
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
import uvloop
from tortoise.context import TortoiseContext

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.bootstrap import use_keys_of
from app.campaigns import operations as campaigns
from app.campaigns.enums import CampaignKind, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.notices import policy_notice
from app.campaigns.writers import message_writers
from app.core import sql
from app.core.clock import china_date, china_moment
from app.core.database import tortoise_config
from app.core.migrating import migrate_database
from app.core.resident import run_resident
from app.core.settings import SendSettings, Settings
from app.messaging.enums import MessageState
from app.messaging.models import Message
from app.messaging.sending import Sender
from app.people.enums import ConsentChannel, ConsentPurpose
from app.people.models import Consent, Guardian
from app.wechat.account import WeChatAccount
from app.wechat.client import HttpWeChat, connect_wechat
from app.wechat.gateway import TemplateMessage
from bench.contact import own_database

TARGET = 0.95
CPU_TARGET = 1.2
UPSTREAM_SECONDS = 0.08
ROOT = Path(__file__).parents[1]
LIXIA = "370102"
TEMPLATE = "bench-policy-notice"
TITLE = "两项补贴年审开始办理"
# In flight to messages a round: about five seconds each, so that beginning and end weigh little.
ROUNDS = {200: 12_000, 500: 30_000}


class Daytime:
    """A clock that runs as usual but always shows the morning: at night nothing would leave."""

    def __init__(self) -> None:
        self._ahead = china_moment(china_date(datetime.now(UTC)), 9) - datetime.now(UTC)

    def now(self) -> datetime:
        """Return the present moment, moved to this morning."""
        return datetime.now(UTC) + self._ahead


CLOCK = Daytime()


@dataclass(frozen=True)
class Figure:
    """What one side achieved in one round."""

    per_second: float
    cpu_us: float


@dataclass(frozen=True)
class Round:
    """What both sides achieved, one right after the other."""

    plain: Figure
    full: Figure

    @property
    def ratio(self) -> float:
        """How fast sending with bookkeeping is, as a share of sending without."""
        return self.full.per_second / self.plain.per_second

    @property
    def cpu(self) -> float:
        """How many times the CPU of the client it takes."""
        return self.full.cpu_us / self.plain.cpu_us

    def __str__(self) -> str:
        return (
            f"without {self.plain.per_second:.0f}/s ({self.plain.cpu_us:.0f} µs CPU each), "
            f"with bookkeeping {self.full.per_second:.0f}/s ({self.full.cpu_us:.0f} µs), "
            f"ratio {self.ratio:.3f}, CPU × {self.cpu:.2f}"
        )


class Upstream(asyncio.Protocol):
    """Answers every request after a pause, like a distant server that has nothing to compute."""

    sent = 0

    def __init__(self) -> None:
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            if b"stable_token" in head:
                self._answer(b'{"access_token":"bench","expires_in":7200}')
            else:
                Upstream.sent += 1
                answer = b'{"errcode":0,"errmsg":"ok","msgid":%d}' % (3_000_000_000 + Upstream.sent)
                self._loop.call_later(UPSTREAM_SECONDS, self._answer, answer)

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)  # type: ignore[attr-defined]


async def serve_upstream() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def upstream() -> Iterator[str]:
    """Run WeChat's stand-in in a process of its own and yield its address."""
    command = [sys.executable, "-m", "bench.send", "--upstream"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


async def plant(count: int, *, now: datetime) -> list[str]:
    """Make guardians who follow and agree; return their openids."""
    ids = range(1, count + 1)
    openids = [f"official-{number:06d}-abcdefghijkl" for number in ids]
    await Guardian.bulk_create(
        [Guardian(id=number, region_code=LIXIA, name="王秀兰", created_at=now) for number in ids],
        batch_size=1000,
    )
    await WeChatIdentity.bulk_create(
        [
            WeChatIdentity(
                app=WeChatApp.OFFICIAL, openid=openid, guardian_id=number, follows=True, created_at=now
            )
            for number, openid in zip(ids, openids, strict=True)
        ],
        batch_size=1000,
    )
    await Consent.bulk_create(
        [
            Consent(
                guardian_id=number,
                purpose=ConsentPurpose.POLICY_NOTICE,
                channel=ConsentChannel.OFFICIAL_TEMPLATE,
                text_version="2026-11",
                evidence="bench",
                granted_at=now,
            )
            for number in ids
        ],
        batch_size=1000,
    )
    return openids


@asynccontextmanager
async def gateway(base: str, *, connections: int) -> AsyncIterator[HttpWeChat]:
    account = WeChatAccount(appid="wx1", secret=TEMPLATE, token=TEMPLATE, aes_key="B" * 43)
    async with connect_wechat(
        mini=account, official=account, connections=connections, api_base=base
    ) as wechat:
        yield wechat


async def bare(wechat: HttpWeChat, openids: list[str], *, in_flight: int) -> None:
    """Send to everybody and write nothing down."""
    text = policy_notice(title=TITLE, on=china_date(CLOCK.now()))
    waiting = iter(enumerate(openids))

    async def lane() -> None:
        for number, openid in waiting:
            await wechat.send_template(
                TemplateMessage(
                    openid=openid,
                    template_id=TEMPLATE,
                    fields=text.fields,
                    url=None,
                    mini_page=text.page,
                    client_msg_id=f"lx{number}",
                )
            )

    async with asyncio.TaskGroup() as lanes:
        for _ in range(in_flight):
            lanes.create_task(lane())


async def new_campaign(count: int, *, now: datetime) -> None:
    """Make an approved campaign to the first `count` guardians, with one waiting message each."""
    await sql.execute("TRUNCATE TABLE message")
    # All rounds are of one day, and together they are more than WeChat takes on it.
    await sql.execute("DELETE FROM quota")
    # Ids begin anew, so that entries of the round before would be taken for these messages themselves.
    await sql.execute("DELETE FROM person_ledger")
    await sql.execute(
        "UPDATE guardian SET region_code = CASE WHEN id <= %s THEN %s ELSE '370103' END", (count, LIXIA)
    )
    await Campaign.all().delete()
    await Campaign.create(
        kind=CampaignKind.POLICY_NOTICE,
        org_code=LIXIA,
        region_prefix=LIXIA,
        title=TITLE,
        template_id=TEMPLATE,
        send_at=now,
        expires_at=now + timedelta(days=1),
        state=CampaignState.RUNNING,
        author_id=1,
        approver_id=2,
        created_at=now,
    )
    while await campaigns.expand_step(now=now):
        pass


async def booked(wechat: HttpWeChat, *, in_flight: int) -> None:
    """Send the campaign the way a worker does."""
    sender = Sender(
        wechat=wechat,
        clock=CLOCK,
        settings=SendSettings(concurrency=in_flight, rate_per_second=1e6, chunk=1000),
        writers=message_writers(),
        on_stop=campaigns.pause_by_system,
    )
    while await sender.send_due():
        pass


async def measure(base: str, openids: list[str], *, in_flight: int, is_booked: bool) -> Figure:
    count = len(openids)
    if is_booked:
        await new_campaign(count, now=CLOCK.now())
    async with gateway(base, connections=in_flight) as wechat:
        # Connections are opened before the clock starts, for both.
        await bare(wechat, openids[:in_flight], in_flight=in_flight)
        gc.collect()
        started, cpu = time.perf_counter(), time.process_time()
        if is_booked:
            await booked(wechat, in_flight=in_flight)
        else:
            await bare(wechat, openids, in_flight=in_flight)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if is_booked:
        assert await Message.filter(state=MessageState.SENT).count() == count, "a message was not sent"
    return Figure(per_second=count / seconds, cpu_us=cpu / count * 1e6)


async def one_round(base: str, openids: list[str], *, in_flight: int, booked_first: bool) -> Round:
    figures = {}
    for is_booked in (True, False) if booked_first else (False, True):
        figures[is_booked] = await measure(base, openids, in_flight=in_flight, is_booked=is_booked)
    return Round(plain=figures[False], full=figures[True])


async def compare(base: str, *, rounds: int) -> tuple[float, float]:
    """Measure both sides in turns and return the worse ratio and the worse CPU."""
    openids = await plant(max(ROUNDS.values()), now=CLOCK.now())
    measured: dict[int, list[Round]] = {in_flight: [] for in_flight in ROUNDS}
    for number in range(rounds):
        for in_flight, count in ROUNDS.items():
            one = await one_round(base, openids[:count], in_flight=in_flight, booked_first=bool(number % 2))
            measured[in_flight].append(one)
            print(f"round {number + 1}, {in_flight} in flight, {count} messages: {one}", flush=True)
    ratios, cpus = [], []
    for in_flight, found in measured.items():
        ratios.append(statistics.median(one.ratio for one in found))
        cpus.append(statistics.median(one.cpu for one in found))
        print(
            f"{in_flight} in flight: median ratio {ratios[-1]:.3f} (target {TARGET}), "
            f"CPU × {cpus[-1]:.2f} (target {CPU_TARGET})"
        )
    return min(ratios), max(cpus)


async def run(rounds: int) -> tuple[float, float]:
    with own_database() as url, upstream() as base:
        await migrate_database(url)
        use_keys_of(Settings(database_url=url, _env_file=None))
        async with TortoiseContext() as context:
            await context.init(config=tortoise_config(url))
            return await compare(base, rounds=rounds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.send", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--upstream", action="store_true", help="be the server; used by the benchmark itself")
    options = parser.parse_args()
    if options.upstream:
        uvloop.run(serve_upstream())
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    ratio, cpu = run_resident(run(options.rounds))
    print(f"CPU × {cpu:.2f} (target {CPU_TARGET:.2f})")
    print(f"ratio {ratio:.2f} (target {TARGET:.2f})")
    return 0 if round(ratio, 2) >= TARGET and round(cpu, 2) <= CPU_TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
