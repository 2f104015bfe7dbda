"""The whole register judged by the 27 measures: a first round, a round a day later, and a short one.

Run by `make bench-entitlements`. Needs a MySQL or MariaDB server at LIANXIN_BENCH_MYSQL_URL, default
mysql://root@127.0.0.1:3306, makes a database of its own there and drops it. People are invented: grades and
relief are spread as in a register of severely disabled people in hardship, and one in five has answers.
"""

# ruff: noqa: S608 - only words of this file are put into statements, values are bound

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.core import sql
from app.core.clock import china_date
from app.orgs.models import Org
from app.orgs.operations import plant_tree
from app.policies.enums import PolicyState
from app.policies.models import Policy
from app.policies.operations import example_drafts, recompute_step
from bench.contact import own_database
from bench.planting import NUMBERS, prepared_database

PROVINCE_CODE = "370000"
# A register of 500,000 has to be through in ten minutes on two cores, and no process may grow beyond this.
TARGET_PEOPLE_PER_SECOND = 500_000 / 600
TARGET_RSS_MB = 300.0
_PEOPLE_AT_ONCE = 100_000
_NOW = datetime(2026, 5, 17, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Figure:
    """What one round took."""

    name: str
    people: int
    seconds: float
    cpu_seconds: float


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def _draw(salt: str, *choices: tuple[str, int]) -> str:
    """Return SQL that draws a word for person n.number, each with its weight out of 100."""
    roll = f"MOD(CRC32(CONCAT('{salt}', n.number)), 100)"
    bound, cases = 0, []
    for word, weight in choices:
        bound += weight
        cases.append(f"WHEN {roll} < {bound} THEN '{word}'")
    return f"CASE {' '.join(cases)} END"


async def plant_people(count: int) -> None:
    """Make people 1 to `count` in the real counties, with guardians' and families' answers for some."""
    counties = [code for code in await _county_codes() if code]
    county = f"ELT(1 + MOD(n.number, {len(counties)}), {', '.join(repr(code) for code in counties)})"
    grade = _draw("grade", ("1", 52), ("2", 40), ("3", 5), ("4", 3))
    category = _draw(
        "category", ("limb", 52), ("vision", 10), ("hearing", 8), ("intellectual", 12), ("mental", 12),
        ("multiple", 5), ("speech", 1),
    )  # fmt: skip
    relief = _draw(
        "relief", ("dibao_rural", 48), ("dibao_urban", 12), ("tekun_dispersed", 18), ("tekun_central", 4),
        ("dibao_edge", 5), ("none", 13),
    )  # fmt: skip
    residence = _draw("residence", ("rural", 70), ("urban", 26), ("unknown", 4))
    born_on = "DATE_SUB('2026-01-01', INTERVAL MOD(CRC32(CONCAT('born', n.number)), 33000) DAY)"
    for lower in range(0, count, _PEOPLE_AT_ONCE):
        people = f"(SELECT {lower} + number AS number FROM ({NUMBERS}) x WHERE {lower} + number <= {count}) n"
        await sql.execute(
            "INSERT INTO beneficiary (id, region_code, town, name, id_number, id_number_index, certificate,"
            " certificate_status, born_on, sex, category, grade, relief, residence,"
            " several_disabled_in_household, kept_by_elderly, status, mute_reason, created_at, updated_at)"
            f" SELECT n.number, {county}, '', '张大山', '', LPAD(n.number, 64, '0'), '', 'valid', {born_on},"
            f" 'male', {category}, {grade}, {relief}, {residence}, 0, 0, 'active', '', %s, %s"
            f" FROM {people} ORDER BY n.number",
            (_NOW, _NOW),
        )
        for fact, value, remainder in (("injury_care_fee", "false", 0), ("in_resident_pension", "true", 1)):
            await sql.execute(
                "INSERT INTO person_fact (beneficiary_id, fact, value, said_by, said_by_id, said_at)"
                f" SELECT n.number, %s, %s, 'cadre', 1, %s FROM {people}"
                f" WHERE MOD(n.number, 5) = {remainder} ORDER BY n.number",
                (fact, value, _NOW),
            )
        await sql.execute(
            "INSERT INTO policy_step (beneficiary_id, policy_key, step, said_by, said_by_id, said_at)"
            f" SELECT n.number, 'care_sub', 'received', 'staff', 1, %s FROM {people}"
            " WHERE MOD(n.number, 4) = 0 ORDER BY n.number",
            (_NOW,),
        )


async def _county_codes() -> list[str]:
    await plant_tree()
    found = await Org.filter(level="county").order_by("code").limit(500)
    return [org.code for org in found]


async def publish_examples() -> None:
    """Publish the 27 measures for the province."""
    for draft in example_drafts(org_code=PROVINCE_CODE):
        await Policy.create(
            policy_key=draft.key, org_code=PROVINCE_CODE, version=1, region_prefix="37", name=draft.name,
            access=draft.access, summary=draft.summary, rules=json.dumps(dict(draft.rules)),
            source=draft.source, checked_on=draft.checked_on, confidence=draft.confidence,
            state=PolicyState.PUBLISHED, valid_from=china_date(_NOW), created_at=_NOW,
        )  # fmt: skip


async def one_round(name: str, *, now: datetime, people: int) -> Figure:
    """Go on until nobody waits, and return what it took."""
    started, cpu = time.perf_counter(), time.process_time()
    total = 0
    while done := await recompute_step(now=now, people=people):
        total += done
    return Figure(name, total, time.perf_counter() - started, time.process_time() - cpu)


async def measure(url: str, *, people: int, at_once: int) -> list[Figure]:
    """Plant the register, judge it three times, and return what each took."""
    async with prepared_database(url):
        await publish_examples()
        await plant_people(people)
        print(f"register of {people:,} planted, RSS {_rss_mb():.0f} MB", flush=True)
        rounds = [await one_round("first round", now=_NOW, people=at_once)]
        rounds.append(await one_round("next day", now=_NOW + timedelta(days=1), people=at_once))
        await sql.execute(
            "UPDATE beneficiary SET relief = 'none', updated_at = %s WHERE MOD(id, 1000) = 0",
            (_NOW + timedelta(days=1),),
        )
        soon = _NOW + timedelta(days=1, minutes=6)
        rounds.append(await one_round("short round, 1 in 1,000 changed", now=soon, people=at_once))
        started = time.perf_counter()
        rows = await sql.fetch(
            "SELECT SUBSTR(region_code, 1, 4) AS unit, policy_key, verdict, step, SUM(amount) AS amount"
            " FROM entitlement_tally WHERE region_code LIKE '37%%' GROUP BY unit, policy_key, verdict, step"
        )
        print(f"counts of the province: {time.perf_counter() - started:.2f} s", flush=True)
        for verdict in sorted({row["verdict"] for row in rows}):
            amount = sum(row["amount"] for row in rows if row["verdict"] == verdict)
            print(f"  rows {verdict}: {amount:,} ({amount / people:.2f} per person)")
    return rounds


def main() -> None:
    """Measure, print the first round beside what ten minutes for a province need, and fail below that."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=500_000)
    parser.add_argument("--at-once", type=int, default=500, help="people in one transaction")
    options = parser.parse_args()
    with own_database() as url:
        rounds = asyncio.run(measure(url, people=options.people, at_once=options.at_once))
    peak = _rss_mb()
    for one in rounds:
        print(
            f"{one.name}: {one.people:,} people in {one.seconds:.1f} s,"
            f" {one.people / one.seconds:,.0f} people/s, CPU {one.cpu_seconds:.1f} s"
        )
    pace = rounds[0].people / rounds[0].seconds
    print(f"RSS {peak:.0f} MB, at most {TARGET_RSS_MB:.0f} MB")
    print(f"ratio {pace / TARGET_PEOPLE_PER_SECOND:.2f} (target 1.00)")
    sys.exit(0 if pace >= TARGET_PEOPLE_PER_SECOND and peak <= TARGET_RSS_MB else 1)


if __name__ == "__main__":
    main()
