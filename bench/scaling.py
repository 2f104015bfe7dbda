"""One, two and four workers on one campaign: how fast they are together, and that nobody hears twice.

Run by `make bench-scaling`. WeChat's stand-in answers after 80 ms. Three tables: 25 in flight per worker, so
that the wait for WeChat binds and each worker may add its own pace; the same while the stand-in takes no more
than 500 a second from all of them; 200 in flight per worker, where the cores of this machine bind. The ratio
is the pace of four workers to that of one in the first table. Needs redis-server and a MySQL or MariaDB
server at LIANXIN_BENCH_MYSQL_URL, default mysql://root@127.0.0.1:3306, makes a database of its own there and
drops it.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.campaigns import operations as campaigns
from app.campaigns.models import Campaign
from app.core import sql
from bench.contact import own_database
from bench.planting import approved_campaign, plant_guardians, prepared_database
from bench.processes import WORKER, Judge, judging, redis_server, running, worker_environment

TARGET = 3.40
WORKERS = (1, 2, 4)
_PAUSE = 0.2
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Setting:
    """What one table is about.

    Args:
        binds: what limits the pace.
        in_flight: per worker.
        rate: what the stand-in takes a second at most, 0: no limit.
        people: in the campaign, by number of workers.
    """

    binds: str
    in_flight: int
    rate: float
    people: dict[int, int]


SETTINGS = (
    Setting("the wait for WeChat", 25, 0.0, {1: 3000, 2: 5000, 4: 9000}),
    Setting("a scripted rate of 500/s", 25, 500.0, {1: 3000, 2: 4000, 4: 4000}),
    Setting("the cores of this machine", 200, 0.0, {1: 14_000, 2: 18_000, 4: 18_000}),
)


@dataclass(frozen=True)
class Place:
    """Where the processes of this benchmark are."""

    database_url: str
    redis_url: str
    judge: Judge
    folder: Path


async def waiting_campaign(people: int, *, now: datetime) -> None:
    """Make a campaign to the first so many guardians whose messages come up only tomorrow."""
    await sql.execute("TRUNCATE TABLE message")
    await Campaign.all().delete()
    await sql.execute(
        "UPDATE guardian SET muted_at = NULL, region_code = IF(id <= %s, '370102', '360102')", (people,)
    )
    await approved_campaign(now=now, urgent=True)
    await campaigns.start_due(now=now)
    while await campaigns.expand_step(now=now):
        pass
    await sql.execute("UPDATE message SET next_at = %s, expires_at = %s", (now + timedelta(days=1),) * 2)


@contextlib.contextmanager
def workers(count: int, place: Place, *, in_flight: int) -> Iterator[None]:
    """Run so many workers."""
    environment = worker_environment(
        database_url=place.database_url,
        redis_url=place.redis_url,
        judge=place.judge,
        send={"concurrency": in_flight, "rate_per_second": 100_000, "chunk": 4 * in_flight},
    )
    with ExitStack() as stack:
        for number in range(count):
            stack.enter_context(running(WORKER, environment, log=place.folder / f"worker-{number}.log"))
        yield


async def _beating(count: int) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            (row,) = await sql.fetch("SELECT COUNT(*) AS beating FROM worker_heartbeat")
            if row["beating"] >= count:
                return
            await asyncio.sleep(_PAUSE)


async def measure(count: int, setting: Setting, place: Place) -> float:
    """Send one campaign with so many workers, check that everybody heard once, and return the pace."""
    people = setting.people[count]
    await waiting_campaign(people, now=datetime.now(UTC))
    await sql.execute("DELETE FROM worker_heartbeat")
    place.judge.reset(rate=setting.rate)
    with workers(count, place, in_flight=setting.in_flight):
        await _beating(count)
        now = datetime.now(UTC)
        await sql.execute("UPDATE message SET next_at = %s, expires_at = %s", (now, now + timedelta(days=1)))
        deadline = time.monotonic() + 10 + people / 50
        while place.judge.tally()["calls"] < people and time.monotonic() < deadline:
            await asyncio.sleep(_PAUSE)
    # Only now: whoever sends a message twice may do it at the end.
    tally = place.judge.tally()
    assert (tally["people"], tally["called_again"]) == (people, 0), f"of {people} people: {tally}"
    (row,) = await sql.fetch("SELECT COUNT(*) AS sent FROM message WHERE state = 'sent'")
    assert row["sent"] == people, f"{row['sent']} of {people} written down as sent"
    pace: float = tally["per_second"]
    return pace


async def compare(place: Place) -> float:
    """Print a table for each setting, and return the ratio of the first."""
    most = max(people for setting in SETTINGS for people in setting.people.values())
    await plant_guardians(most, now=datetime.now(UTC) - timedelta(days=30))
    ratios = []
    for setting in SETTINGS:
        print(f"{setting.in_flight} in flight per worker; what binds: {setting.binds}", flush=True)
        print("workers  messages/s  to one worker  doubled", flush=True)
        paces: dict[int, float] = {}
        for count in WORKERS:
            paces[count] = await measure(count, setting, place)
            print(f"{count:7}  {paces[count]:10.0f}  {paces[count] / paces[1]:13.2f}        0", flush=True)
        ratios.append(paces[4] / paces[1])
    return ratios[0]


async def run() -> float:
    """Measure in a database of its own."""
    print(f"{os.cpu_count()} cores for workers, database, Redis and stand-in together", flush=True)
    with ExitStack() as stack:
        place = Place(
            database_url=stack.enter_context(own_database()),
            redis_url=stack.enter_context(redis_server()),
            judge=stack.enter_context(judging()),
            folder=Path(stack.enter_context(tempfile.TemporaryDirectory())),
        )
        async with prepared_database(place.database_url):
            return await compare(place)


def main() -> int:
    """Measure, and return 0 only when the target is met."""
    argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__).parse_args()
    ratio = asyncio.run(run())
    print(f"ratio {ratio:.2f} (target {TARGET:.2f})")
    return 0 if round(ratio, 2) >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
