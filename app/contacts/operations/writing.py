"""The rows of one or several taps, in a fixed number of statements inside the caller's transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.contacts.enums import ContactOutcome
from app.contacts.queries import ContactRecord
from app.contacts.rules import Counts, Tap, counts_of
from app.core import sql
from app.core.crypto import keyring
from app.pairing.queries import OwnPairing

_COLUMNS = (
    "cadre_id, client_id, content_hash, pairing_id, beneficiary_id, region_code, kind, channel, outcome,"
    " occurred_at, occurred_on, recorded_at, is_late, note"
)
_ROW = f"({sql.marks(14)})"
_ADD = "contacts = contacts + %s, visits = visits + %s, attempts = attempts + %s"
_REACHED = (
    ", last_reached_on = CASE WHEN last_reached_on IS NULL OR last_reached_on < %s THEN %s"
    " ELSE last_reached_on END"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One tap, understood: whose it is, when it happened, and the digest of what was sent."""

    cadre_id: int
    tap: Tap
    content_hash: str
    occurred_at: datetime
    occurred_on: date
    recorded_at: datetime
    is_late: bool


@dataclass(frozen=True, slots=True)
class _Change:
    """What one pairing's counters of one year gain."""

    counts: Counts
    reached_on: date | None


async def write(entries: Sequence[tuple[Entry, OwnPairing]]) -> list[ContactRecord]:
    """Insert one record per entry, add them to the counters, and return them in the same order.

    Raises:
        IntegrityError: a cadre's client_id is taken already; nothing of the transaction may be kept.
    """
    ids = await (_insert_one(*entries[0]) if len(entries) == 1 else _insert_several(entries))
    await _count(_changes(entries))
    return [
        ContactRecord(
            id=contact_id,
            client_id=entry.tap.client_id,
            pairing_id=pairing.id,
            kind=entry.tap.kind,
            channel=entry.tap.channel,
            outcome=entry.tap.outcome,
            occurred_at=entry.occurred_at,
            occurred_on=entry.occurred_on,
            recorded_at=entry.recorded_at,
            is_late=entry.is_late,
            note=entry.tap.note,
            undone_at=None,
        )
        for contact_id, (entry, pairing) in zip(ids, entries, strict=True)
    ]


async def _insert_one(entry: Entry, pairing: OwnPairing) -> list[int]:
    statement = f"INSERT INTO contact ({_COLUMNS}) VALUES {_ROW}"  # noqa: S608 - own text
    return [await sql.insert(statement, _values(entry, pairing))]


async def _insert_several(entries: Sequence[tuple[Entry, OwnPairing]]) -> list[int]:
    rows = ", ".join([_ROW] * len(entries))
    await sql.execute(
        f"INSERT INTO contact ({_COLUMNS}) VALUES {rows}",  # noqa: S608 - own text
        [value for entry, pairing in entries for value in _values(entry, pairing)],
    )
    keys = [(entry.cadre_id, entry.tap.client_id) for entry, _ in entries]
    # Asked for, not counted up from the first: whether ids of one statement are dense is a server's setting.
    found = await sql.fetch(
        "SELECT id, cadre_id, client_id FROM contact WHERE (cadre_id, client_id) IN"  # noqa: S608 - own text
        f" (VALUES {', '.join(['(%s, %s)'] * len(keys))})"
        if sql.is_sqlite()
        else "SELECT id, cadre_id, client_id FROM contact WHERE (cadre_id, client_id) IN"  # noqa: S608
        f" ({', '.join(['(%s, %s)'] * len(keys))})",
        [part for key in keys for part in key],
    )
    ids = {(row["cadre_id"], row["client_id"]): int(row["id"]) for row in found}
    return [ids[key] for key in keys]


def _values(entry: Entry, pairing: OwnPairing) -> tuple[Any, ...]:
    tap = entry.tap
    return (
        entry.cadre_id,
        tap.client_id,
        entry.content_hash,
        pairing.id,
        pairing.beneficiary_id,
        pairing.region_code,
        tap.kind.value,
        tap.channel.value if tap.channel else None,
        tap.outcome.value,
        entry.occurred_at,
        entry.occurred_on,
        entry.recorded_at,
        int(entry.is_late),
        None if tap.note is None else keyring().seal(tap.note, place="contact.note"),
    )


def _changes(entries: Iterable[tuple[Entry, OwnPairing]]) -> dict[tuple[int, int], _Change]:
    """Return what each pairing's counters gain, by pairing and year."""
    changes: dict[tuple[int, int], _Change] = {}
    for entry, pairing in entries:
        key = (pairing.id, entry.occurred_on.year)
        added = counts_of(entry.tap.kind, entry.tap.outcome)
        reached_on = None if entry.tap.outcome is ContactOutcome.TRIED else entry.occurred_on
        before = changes.get(key)
        if before is not None:
            added = before.counts + added
            reached_on = max(filter(None, (before.reached_on, reached_on)), default=None)
        changes[key] = _Change(added, reached_on)
    return changes


async def _count(changes: Mapping[tuple[int, int], _Change]) -> None:
    # The usual single tap finds its row; several at once are likely to hold the first of a year.
    if len(changes) == 1 and await _add(changes):
        return
    await _make_missing_rows(changes)
    await _add(changes)


async def _add(changes: Mapping[tuple[int, int], _Change]) -> int:
    """Add the changes to rows that exist, one statement for all that change alike; return how many did."""
    alike: dict[tuple[_Change, int], list[int]] = defaultdict(list)
    for (pairing_id, year), change in changes.items():
        alike[change, year].append(pairing_id)
    found = 0
    for (change, year), pairing_ids in alike.items():
        counts, day = change.counts, change.reached_on
        added = (counts.contacts, counts.visits, counts.attempts)
        found += await sql.execute(
            f"UPDATE contact_year SET {_ADD}{_REACHED if day else ''}"  # noqa: S608 - own text
            f" WHERE year = %s AND pairing_id IN ({sql.marks(len(pairing_ids))})",
            [*added, *((day, day) if day else ()), year, *sorted(pairing_ids)],
        )
    return found


async def _make_missing_rows(changes: Iterable[tuple[int, int]]) -> None:
    by_year: dict[int, list[int]] = defaultdict(list)
    for pairing_id, year in changes:
        by_year[year].append(pairing_id)
    # Another process may make the same row between our look and our insert.
    unchanged = (
        "ON CONFLICT DO NOTHING" if sql.is_sqlite() else "ON DUPLICATE KEY UPDATE year = contact_year.year"
    )
    for year, pairing_ids in by_year.items():
        await sql.execute(
            "INSERT INTO contact_year (pairing_id, year, contacts, visits, attempts)"  # noqa: S608 - own text
            f" SELECT p.id, %s, 0, 0, 0 FROM pairing p WHERE p.id IN ({sql.marks(len(pairing_ids))})"
            " AND NOT EXISTS (SELECT 1 FROM contact_year y WHERE y.pairing_id = p.id AND y.year = %s)"
            f" {unchanged}",
            [year, *sorted(pairing_ids), year],
        )
