"""Comparing the yearly counters with the records that they count, a stretch of pairings at a time."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.contacts.enums import ContactKind, ContactOutcome
from app.core import sql
from app.core.clock import china_year_bounds
from app.core.findings import Finding, keep_repaired

# What findings of this check are called.
COUNTERS = "contact_counters"
_PAIRINGS_AT_ONCE = 2000
_REPAIRS_AT_ONCE = 50
_TRIED = f"outcome = '{ContactOutcome.TRIED.value}'"
_REACHED = f"outcome <> '{ContactOutcome.TRIED.value}'"
_VISIT = f"kind = '{ContactKind.VISIT.value}'"
_COUNTED = (
    f"COALESCE(SUM(CASE WHEN {_REACHED} AND NOT {_VISIT} THEN 1 ELSE 0 END), 0) AS contacts,"
    f" COALESCE(SUM(CASE WHEN {_REACHED} AND {_VISIT} THEN 1 ELSE 0 END), 0) AS visits,"
    f" COALESCE(SUM(CASE WHEN {_TRIED} THEN 1 ELSE 0 END), 0) AS attempts,"
    f" MAX(CASE WHEN {_REACHED} THEN occurred_on END) AS last_reached_on"
)


@dataclass(frozen=True, slots=True)
class _Year:
    """The counters of one pairing in one year, as they are written or as a recount says."""

    contacts: int = 0
    visits: int = 0
    attempts: int = 0
    last_reached_on: date | None = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "_Year":
        return cls(
            int(row["contacts"]),
            int(row["visits"]),
            int(row["attempts"]),
            sql.day_of(row["last_reached_on"]),
        )

    @property
    def in_words(self) -> str:
        return f"联系{self.contacts}次、走访{self.visits}次、未联系上{self.attempts}次"

    @property
    def in_short(self) -> str:
        return f"{self.contacts}/{self.visits}/{self.attempts}/{self.last_reached_on}"


async def recount_counters(*, now: datetime, position: str, repairs: int = _REPAIRS_AT_ONCE) -> str:
    """Compare the counters of the next 2,000 pairings with a recount, and return where to go on.

    Counters that say something else than the records are put right, and the trail tells what they said.

    Args:
        now: when.
        position: where the last look stopped, empty at the start of a round.
        repairs: put right so many at most.
    """
    after = int(position or 0)
    last = await sql.fetch(
        "SELECT MAX(x.id) AS id FROM (SELECT id FROM pairing WHERE id > %s ORDER BY id LIMIT %s) x",
        (after, _PAIRINGS_AT_ONCE),
    )
    upper = last[0]["id"]
    if upper is None:
        return ""
    suspects = await _suspects(after, upper)
    # None in a service without faults; each has a short transaction of its own, so that no tap waits long.
    for pairing_id, year in suspects[:repairs]:
        await sql.retrying(partial(_repair, pairing_id, year, now=now))
    if len(suspects) > repairs:
        # The next look begins at the first that was not put right.
        return str(suspects[repairs][0] - 1)
    return str(upper)


async def _suspects(after: int, upper: int) -> list[tuple[int, int]]:
    """Return pairings and years whose two numbers differ; a tap between the two looks may look like that."""
    year_of = "CAST(SUBSTR(occurred_on, 1, 4) AS INTEGER)" if sql.is_sqlite() else "YEAR(occurred_on)"
    bounds = (after, upper)
    written = await sql.fetch(
        "SELECT pairing_id, year, contacts, visits, attempts, last_reached_on FROM contact_year"
        " WHERE pairing_id > %s AND pairing_id <= %s ORDER BY pairing_id, year",
        bounds,
    )
    counted = await sql.fetch(
        f"SELECT pairing_id, {year_of} AS year, {_COUNTED} FROM contact"
        f" WHERE pairing_id > %s AND pairing_id <= %s AND undone_at IS NULL GROUP BY pairing_id, {year_of}"
        " ORDER BY pairing_id, year",
        bounds,
    )
    says = _by_year(written)
    holds = _by_year(counted)
    return sorted(
        key for key in says.keys() | holds.keys() if says.get(key, _Year()) != holds.get(key, _Year())
    )


def _by_year(rows: Sequence[dict[str, Any]]) -> dict[tuple[int, int], _Year]:
    return {(row["pairing_id"], int(row["year"])): _Year.of(row) for row in rows}


async def _repair(pairing_id: int, year: int, *, now: datetime) -> None:
    """Count once more while nobody can add to the counters, and write what the records say."""
    key = (pairing_id, year)
    async with in_transaction():
        await sql.execute(
            f"{sql.insert_or_ignore()} INTO contact_year (pairing_id, year, contacts, visits, attempts)"
            " VALUES (%s, %s, 0, 0, 0)",
            key,
        )
        written = await sql.fetch(
            "SELECT y.contacts, y.visits, y.attempts, y.last_reached_on, p.region_code FROM contact_year y"
            " JOIN pairing p ON p.id = y.pairing_id"
            f" WHERE y.pairing_id = %s AND y.year = %s{sql.for_update()}",
            key,
        )
        counted = await sql.fetch(
            f"SELECT {_COUNTED} FROM contact WHERE pairing_id = %s AND occurred_on >= %s AND occurred_on < %s"
            " AND undone_at IS NULL",
            (pairing_id, *china_year_bounds(year)),
        )
        said, holds = _Year.of(written[0]), _Year.of(counted[0])
        if said == holds:
            return
        await sql.execute(
            "UPDATE contact_year SET contacts = %s, visits = %s, attempts = %s, last_reached_on = %s"
            " WHERE pairing_id = %s AND year = %s",
            (holds.contacts, holds.visits, holds.attempts, holds.last_reached_on, *key),
        )
        await _tell(key, said, holds, org_code=written[0]["region_code"], now=now)


async def _tell(key: tuple[int, int], said: _Year, holds: _Year, *, org_code: str, now: datetime) -> None:
    pairing_id, year = key
    finding = Finding(
        subject=f"pairing:{pairing_id}:{year}",
        detail=f"{year}年原记{said.in_words}，已按联系记录改为{holds.in_words}",
        org_code=org_code,
    )
    await keep_repaired(name=COUNTERS, found=[finding], now=now)
    await audit.record(
        actor=audit.SYSTEM,
        action="contact_year.repaired",
        object_kind="pairing",
        object_id=pairing_id,
        now=now,
        region_code=org_code,
        detail=f"{year}:{said.in_short}>{holds.in_short}",
    )
