"""Expanding a campaign to a million guardians, beside one INSERT … SELECT written by hand.

Run by `make bench-expand`. Needs a MySQL or MariaDB server at LIANXIN_BENCH_MYSQL_URL, default
mysql://root@127.0.0.1:3306, makes a database of its own there and drops it. The statement by hand writes the
same rows into the same table with the same indexes, in one go: if it breaks off it has to begin again, and it
keeps its locks to the end. Ours goes in steps that survive a crash, and must not grow with the campaign.
"""

import argparse
import asyncio
import gc
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.campaigns import operations as campaigns
from app.campaigns.models import Campaign
from app.core import sql
from bench.contact import own_database
from bench.planting import TEMPLATE, approved_campaign, plant_guardians, prepared_database

TARGET = 1.30
# At 100,000 template messages a day a million takes ten: no other way has to be looked for.
DAYS = 30
# A province in which every step leaves something behind would grow by more.
MOST_GROWTH_MB = 24.0

_BY_HAND = (
    "INSERT INTO message (dedup_key, purpose, channel, campaign_id, recipient_kind, recipient_id,"
    " region_code, org_code, openid, template_id, consent, choice, subject_count, urgent, state, reason,"
    " next_at, expires_at, begun, attempts, charged, created_at, settled_at)"
    " SELECT CONCAT('c', %s, ':guardian:', g.id), 'policy_notice', 'official_template', %s, 'guardian', g.id,"
    " g.region_code, '37', i.openid, %s, IF(g.muted_at IS NULL, CONCAT('consent:', k.id), ''),"
    " IF(g.muted_at IS NULL, 'official_subscribe:channel_off', ''), 0, 0,"
    " IF(g.muted_at IS NULL, 'queued', 'suppressed'), IF(g.muted_at IS NULL, NULL, 'muted'), %s, %s, 0, 0, 0,"
    " %s, IF(g.muted_at IS NULL, NULL, %s)"
    " FROM guardian g JOIN wechat_identity i ON i.guardian_id = g.id AND i.app = 'official'"
    " JOIN consent k ON k.guardian_id = g.id AND k.purpose = 'policy_notice'"
    " AND k.channel = 'official_template' AND k.withdrawn_at IS NULL"
    " WHERE g.region_code LIKE '37%%' ORDER BY g.id"
)
# What a row says, but for the campaign that it belongs to.
_FINGERPRINT = (
    "SELECT COUNT(*) AS number, BIT_XOR(CRC32(CONCAT_WS('|', purpose, channel, recipient_kind, recipient_id,"
    " region_code, org_code, openid, template_id, consent, choice, subject_count, urgent, state, reason)))"
    " AS mark FROM message"
)


@dataclass(frozen=True)
class Figure:
    """How long one expansion took, and by how much the process grew from its first tenth on."""

    seconds: float
    cpu_seconds: float
    growth_mb: float = 0.0


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


async def _empty() -> None:
    await sql.execute("TRUNCATE TABLE message")
    await Campaign.all().delete()


async def ours(people: int, *, at_once: int | None, now: datetime) -> Figure:
    """Expand the way a worker does, step by step."""
    await _empty()
    campaign = await approved_campaign(now=now, days=DAYS)
    await campaigns.start_due(now=now)
    step = {} if at_once is None else {"at_once": at_once}
    gc.collect()
    begun, cpu, done, first_tenth = time.perf_counter(), time.process_time(), 0, 0.0
    most = 0.0
    while made := await campaigns.expand_step(now=now, **step):
        done += made
        if done >= people / 10:
            first_tenth = first_tenth or _rss_mb()
            most = max(most, _rss_mb())
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    await campaign.refresh_from_db()
    assert campaign.planned == people, f"{campaign.planned} of {people} planned"
    assert campaign.expanded_at is not None, "the campaign was not expanded"
    return Figure(seconds, cpu, most - first_tenth)


async def by_hand(people: int, *, now: datetime) -> Figure:
    """Expand by one statement."""
    await _empty()
    campaign = await approved_campaign(now=now, days=DAYS)
    begun, cpu = time.perf_counter(), time.process_time()
    made = await sql.execute(
        _BY_HAND, (campaign.id, campaign.id, TEMPLATE, now, campaign.expires_at, now, now)
    )
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert made == people, f"{made} of {people} made"
    return Figure(seconds, cpu)


async def _fingerprint() -> tuple[int, int]:
    (row,) = await sql.fetch(_FINGERPRINT)
    return row["number"], row["mark"]


async def compare(options: argparse.Namespace) -> float:
    """Expand in turns, print each pair, and return the median ratio."""
    now = datetime.now(UTC)
    begun = time.perf_counter()
    await plant_guardians(options.people, now=now)
    await sql.execute("ANALYZE TABLE guardian, wechat_identity, consent")
    print(f"{options.people} guardians planted in {time.perf_counter() - begun:.0f} s", flush=True)
    print("round  by hand s  ours s  ratio  our CPU s  growth MB", flush=True)
    ratios = []
    for number in range(options.rounds):
        figures: dict[bool, Figure] = {}
        marks = []
        for is_ours in (False, True) if number % 2 == 0 else (True, False):
            if is_ours:
                figures[True] = await ours(options.people, at_once=options.at_once, now=now)
            else:
                figures[False] = await by_hand(options.people, now=now)
            marks.append(await _fingerprint())
        assert marks[0] == marks[1], f"the rows differ: {marks}"
        plain, full = figures[False], figures[True]
        ratios.append(full.seconds / plain.seconds)
        print(
            f"{number + 1:5}  {plain.seconds:9.1f}  {full.seconds:6.1f}  {ratios[-1]:5.2f}"
            f"  {full.cpu_seconds:9.2f}  {full.growth_mb:9.1f}",
            flush=True,
        )
        assert full.growth_mb < MOST_GROWTH_MB, "memory grows with the campaign"
    return statistics.median(ratios)


async def run(options: argparse.Namespace) -> float:
    """Measure in a database of its own."""
    with own_database() as url:
        async with prepared_database(url):
            return await compare(options)


def main() -> int:
    """Measure, and return 0 only when the target is met."""
    parser = argparse.ArgumentParser(prog="python -m bench.expand", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--at-once", type=int, help="people a step, the product's own when not given")
    ratio = asyncio.run(run(parser.parse_args()))
    print(f"ratio {ratio:.2f} (target {TARGET:.2f})")
    return 0 if round(ratio, 2) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
