"""What a team would build instead, beside us: the same campaign, the same stand-in, the same kills.

Run by `make bench-rivals`, which builds an environment of its own for Celery, SQLAlchemy and requests under
var/. Each sends once undisturbed, which gives its pace, and once while it is killed three times with kill -9
in the middle and started again; the stand-in counts who heard nothing and who was called again. The ratio is
our pace to that of the fastest rival. Needs redis-server and a MySQL or MariaDB server at
LIANXIN_BENCH_MYSQL_URL, default mysql://root@127.0.0.1:3306, makes a database of its own there and drops it.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.campaigns import operations as campaigns
from app.campaigns.models import Campaign
from app.core import sql
from bench.contact import own_database
from bench.planting import approved_campaign, plant_guardians, prepared_database
from bench.processes import (
    ROOT,
    WORKER,
    Judge,
    Process,
    end,
    judging,
    kill,
    redis_server,
    start,
    worker_environment,
)

TARGET = 1.5
KILLS = 3
IN_FLIGHT = 200
# Processes that each wait 80 ms for WeChat: more of them no longer help two cores.
CELERY_PROCESSES = 32
_LONGEST_SECONDS = 120.0
_PYTHON = ROOT / "var" / "bench-rivals" / "bin" / "python"


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    database_url: str
    judge: Judge
    folder: Path
    people: int


@dataclass(frozen=True)
class Contender:
    """One way of sending.

    Args:
        name: in the tables.
        start: starts its sender with this Redis.
        books: how many messages it believes to have been sent.
        prepare: what has to be done once before its sender starts, with this Redis.
        quiet: seconds without a call after which nothing more is to come: what a kill left lying is taken
            up again before.
        paced: whether its pace is of interest too.
    """

    name: str
    start: Callable[[Place, str], Process]
    books: Callable[[], Awaitable[int]]
    prepare: Callable[[Place, str], Awaitable[None]]
    quiet: float
    paced: bool = True


@dataclass(frozen=True)
class Fallen:
    """What became of a campaign whose sender was killed.

    Args:
        lost: people whom no call was about.
        called_again: calls too many.
        rung_again: those of them that WeChat cannot know for repeats.
        believed: how many messages were sent, as the sender believes.
        people: how many were to be sent.
    """

    lost: int
    called_again: int
    rung_again: int
    believed: int
    people: int


def _rival_environment(place: Place, redis_url: str, *, late: bool = False) -> dict[str, str]:
    return {
        "RIVAL_DATABASE": place.database_url.replace("mysql://", "mysql+pymysql://"),
        "RIVAL_REDIS": redis_url,
        "RIVAL_API": place.judge.base,
        "RIVAL_ACKS_LATE": str(int(late)),
    }


def _celery(*, late: bool) -> Contender:
    async def prepare(place: Place, redis_url: str) -> None:
        await _plant_rivals(place, redis_url)
        command = [str(_PYTHON), "-m", "bench.rival_celery", str(place.people)]
        environment = os.environ | _rival_environment(place, redis_url, late=late)
        await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=environment, check=True)

    def run(place: Place, redis_url: str) -> Process:
        command = [
            *(str(_PYTHON), "-m", "celery", "-A", "bench.rival_celery", "worker", "--loglevel", "ERROR"),
            *("--concurrency", str(CELERY_PROCESSES), "--without-gossip", "--without-mingle"),
        ]
        environment = _rival_environment(place, redis_url, late=late)
        return start(command, environment, log=place.folder / "celery.log")

    name = "Celery, acks late" if late else "Celery, defaults"
    return Contender(name, run, _rows_sent, prepare, quiet=25.0, paced=not late)


def _run_checkpoint(place: Place, redis_url: str) -> Process:
    environment = _rival_environment(place, redis_url)
    command = [str(_PYTHON), "-m", "bench.rival_checkpoint"]
    return start(command, environment, log=place.folder / "checkpoint.log")


def _run_ours(place: Place, redis_url: str) -> Process:
    environment = worker_environment(
        database_url=place.database_url,
        redis_url=redis_url,
        judge=place.judge,
        # The lease is shorter than by default only so that nobody waits a minute after each kill.
        send={
            "concurrency": IN_FLIGHT,
            "rate_per_second": 100_000,
            "chunk": 4 * IN_FLIGHT,
            "lease_seconds": 5,
        },
    )
    return start(WORKER, environment, log=place.folder / "worker.log")


async def _plant_rivals(place: Place, _: str) -> None:
    await sql.execute("DELETE FROM rival_message")
    await sql.execute("UPDATE rival_campaign SET last_id = 0")
    await sql.execute(
        "INSERT INTO rival_message (id, openid, state) SELECT guardian_id, openid, 'queued'"
        " FROM wechat_identity WHERE guardian_id <= %s ORDER BY guardian_id",
        (place.people,),
    )


async def _plant_ours(_: Place, __: str) -> None:
    now = datetime.now(UTC)
    await sql.execute("TRUNCATE TABLE message")
    await Campaign.all().delete()
    await approved_campaign(now=now, urgent=True)
    await campaigns.start_due(now=now)
    while await campaigns.expand_step(now=now):
        pass


async def _rows_sent() -> int:
    (row,) = await sql.fetch("SELECT COUNT(*) AS amount FROM rival_message WHERE state = 'sent'")
    return int(row["amount"])


async def _checkpoint() -> int:
    (row,) = await sql.fetch("SELECT last_id AS amount FROM rival_campaign WHERE id = 1")
    return int(row["amount"])


async def _ours_sent() -> int:
    (row,) = await sql.fetch("SELECT COUNT(*) AS amount FROM message WHERE state = 'sent'")
    return int(row["amount"])


OURS = Contender(f"Lianxin, {IN_FLIGHT} in flight", _run_ours, _ours_sent, _plant_ours, quiet=12.0)
CONTENDERS = (
    OURS,
    _celery(late=False),
    _celery(late=True),
    Contender("checkpoint, 200 threads", _run_checkpoint, _checkpoint, _plant_rivals, quiet=5.0),
)


async def _calls(place: Place) -> int:
    return int((await asyncio.to_thread(place.judge.tally))["calls"])


async def _until_quiet(place: Place, seconds: float) -> None:
    before, since = -1, time.monotonic()
    deadline = since + _LONGEST_SECONDS
    while time.monotonic() < min(deadline, since + seconds):
        calls = await _calls(place)
        if calls != before:
            before, since = calls, time.monotonic()
        await asyncio.sleep(0.2)


async def _until_called(place: Place, calls: int) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while await _calls(place) < calls:
            await asyncio.sleep(0.02)


async def pace_of(contender: Contender, place: Place) -> float:
    """Send the campaign undisturbed and return how many messages a second left."""
    place.judge.reset()
    with redis_server() as redis_url:
        await contender.prepare(place, redis_url)
        process = contender.start(place, redis_url)
        try:
            await _until_called(place, place.people)
        finally:
            await asyncio.to_thread(end, process)
    pace: float = place.judge.tally()["per_second"]
    return pace


async def under_fire(contender: Contender, place: Place) -> Fallen:
    """Send the campaign with a sender that is killed again and again, and return what became of it."""
    place.judge.reset()
    with redis_server() as redis_url:
        await contender.prepare(place, redis_url)
        for number in range(1, KILLS + 1):
            process = contender.start(place, redis_url)
            try:
                await _until_called(place, number * place.people // (KILLS + 1))
            finally:
                kill(process)
        process = contender.start(place, redis_url)
        try:
            await _until_quiet(place, contender.quiet)
        finally:
            await asyncio.to_thread(end, process)
    tally = place.judge.tally()
    return Fallen(
        lost=place.people - tally["people"],
        called_again=tally["called_again"],
        rung_again=tally["rung_again"],
        believed=await contender.books(),
        people=place.people,
    )


async def compare(place: Place) -> float:
    """Print both tables, and return our pace to that of the fastest rival; 0 when we lost or doubled any."""
    await plant_guardians(place.people, now=datetime.now(UTC) - timedelta(days=30))
    await sql.execute("UPDATE guardian SET muted_at = NULL")
    await sql.execute(
        "CREATE TABLE rival_message (id BIGINT PRIMARY KEY, openid VARCHAR(64) NOT NULL, state VARCHAR(12)"
        " NOT NULL, wechat_msgid VARCHAR(32), sent_at DATETIME)"
    )
    await sql.execute("CREATE TABLE rival_campaign (id INT PRIMARY KEY, last_id BIGINT NOT NULL)")
    await sql.execute("INSERT INTO rival_campaign VALUES (1, 0)")
    print(
        f"{place.people} messages, 80 ms until WeChat answers\nundisturbed              messages/s",
        flush=True,
    )
    paces = {}
    for contender in CONTENDERS:
        if contender.paced:
            paces[contender.name] = await pace_of(contender, place)
            print(f"{contender.name:24} {paces[contender.name]:10.0f}", flush=True)
    print(
        f"killed {KILLS} times            lost  called again  rung again  believes to have sent", flush=True
    )
    fallen = {}
    for contender in CONTENDERS:
        one = fallen[contender.name] = await under_fire(contender, place)
        print(
            f"{contender.name:24} {one.lost:4}  {one.called_again:12}  {one.rung_again:10}"
            f"  {one.believed} of {one.people}",
            flush=True,
        )
    print("called again: repeated calls; rung again: those that carry no key by which WeChat knows a repeat")
    ours = fallen[OURS.name]
    assert (ours.lost, ours.rung_again, ours.believed) == (0, 0, place.people), f"{ours}"
    return paces[OURS.name] / max(pace for name, pace in paces.items() if name != OURS.name)


async def run(people: int) -> float:
    """Measure in a database of its own."""
    with ExitStack() as stack:
        place = Place(
            database_url=stack.enter_context(own_database()),
            judge=stack.enter_context(judging()),
            folder=Path(stack.enter_context(tempfile.TemporaryDirectory())),
            people=people,
        )
        async with prepared_database(place.database_url):
            return await compare(place)


def main() -> int:
    """Measure, and return 0 only when the target is met."""
    parser = argparse.ArgumentParser(prog="python -m bench.rivals", description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    options = parser.parse_args()
    if not _PYTHON.exists():
        print("the rivals are not installed: run `make bench-rivals`")
        return 2
    ratio = asyncio.run(run(options.people))
    print(f"ratio {ratio:.2f} (target {TARGET:.2f})")
    return 0 if round(ratio, 2) >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
