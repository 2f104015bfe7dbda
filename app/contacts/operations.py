"""Recording a contact with one tap, and taking it back.

The record is its own trail: it says who recorded what and when, is never changed, and undoing it leaves it.
Set-based SQL on purpose: this is what every cadre does all day, and objects would double its price.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.contacts.enums import ContactOutcome
from app.contacts.queries import CONTACT_COLUMNS, ContactNotFound, ContactRecord, record_of, recorded_tap
from app.contacts.rules import Counts, Tap, canonical_content, counts_of, may_undo, moment_of, moment_refusal
from app.core import sql
from app.core.clock import china_date, china_year_bounds
from app.core.crypto import keyring
from app.core.errors import Conflict, Invalid
from app.pairing.queries import PairingNotFound, PairingNotInForce, own_pairing_on

# Enough for every deadlock seen in tests; a phone asks again by itself after that.
_ATTEMPTS = 4

_INSERT = (
    "INSERT INTO contact"  # noqa: S608 - own text
    " (cadre_id, client_id, content_hash, pairing_id, beneficiary_id, region_code, kind,"
    f" channel, outcome, occurred_at, occurred_on, recorded_at, is_late, note) VALUES ({sql.marks(14)})"
)
_ADD = "contacts = contacts + %s, visits = visits + %s, attempts = attempts + %s"
_REACHED = (
    ", last_reached_on = CASE WHEN last_reached_on IS NULL OR last_reached_on < %s THEN %s"
    " ELSE last_reached_on END"
)


class ContactMomentWrong(Invalid):
    code = "contacts.moment_wrong"
    title = "联系时间不能用"


class ClientIdReused(Conflict):
    code = "contacts.client_id_reused"
    title = "这个编号已用于另一条联系记录"


class UndoTooLate(Conflict):
    code = "contacts.undo_too_late"
    title = "已超过10分钟，不能再撤销"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a tap came to; `is_new` is False when the same tap had arrived before."""

    record: ContactRecord
    is_new: bool


async def record_contact(*, scope: Scope, tap: Tap, now: datetime) -> Recorded:
    """Record that a cadre contacted, visited or tried to reach one of his people.

    The record belongs to the pairing in force on its day in Shanghai. The same tap sent again, at once from
    two places or days later, leaves one record and gets the same answer.

    Args:
        scope: the cadre who calls.
        tap: what his phone sent.
        now: the present moment.

    Raises:
        PairingNotFound: it is not his pairing.
        PairingNotInForce: he did not accompany this person that day.
        ContactMomentWrong: in the future, or more than 60 days ago.
        ClientIdReused: the phone used this id for other content before.
    """
    content_hash = keyring().blind_index(canonical_content(tap), label="contact.content")

    async def once() -> ContactRecord:
        async with in_transaction():
            return await _record(scope, tap, content_hash=content_hash, now=now)

    try:
        return Recorded(await sql.retrying(once, attempts=_ATTEMPTS), is_new=True)
    except (IntegrityError, ContactMomentWrong, PairingNotFound, PairingNotInForce):
        # A tap that succeeded before succeeds again, whatever has become of the pairing since.
        before = await recorded_tap(scope=scope, client_id=tap.client_id)
        if before is None:
            raise
        if before.content_hash != content_hash:
            raise ClientIdReused from None
        return Recorded(before.record, is_new=False)


async def _record(scope: Scope, tap: Tap, *, content_hash: str, now: datetime) -> ContactRecord:
    refusal = moment_refusal(tap, now=now)
    if refusal is not None:
        raise ContactMomentWrong(refusal)
    occurred_at = moment_of(tap, now=now)
    occurred_on = china_date(occurred_at)
    pairing = await own_pairing_on(scope=scope, pairing_id=tap.pairing_id, on=occurred_on)
    is_late = occurred_on < china_date(now)
    contact_id = await _insert(
        (
            scope.cadre_id,
            tap.client_id,
            content_hash,
            pairing.id,
            pairing.beneficiary_id,
            pairing.region_code,
            tap.kind.value,
            tap.channel.value if tap.channel else None,
            tap.outcome.value,
            _stored(occurred_at),
            occurred_on,
            _stored(now),
            int(is_late),
            None if tap.note is None else keyring().seal(tap.note, place="contact.note"),
        )
    )
    reached_on = None if tap.outcome is ContactOutcome.TRIED else occurred_on
    await _count(pairing.id, occurred_on.year, counts_of(tap.kind, tap.outcome), reached_on=reached_on)
    return ContactRecord(
        id=contact_id,
        client_id=tap.client_id,
        pairing_id=pairing.id,
        kind=tap.kind,
        channel=tap.channel,
        outcome=tap.outcome,
        occurred_at=occurred_at,
        occurred_on=occurred_on,
        recorded_at=now,
        is_late=is_late,
        note=tap.note,
        undone_at=None,
    )


async def _insert(values: tuple[Any, ...]) -> int:
    # Beside app.core.sql, which tells how many rows a statement made but not which.
    statement = _INSERT.replace("%s", "?") if sql.is_sqlite() else _INSERT
    connection = get_connections().get("default")
    return int(await connection.execute_insert(statement, list(values)))


def _stored(moment: datetime) -> Any:
    utc = moment.astimezone(UTC)
    return utc.isoformat(" ") if sql.is_sqlite() else utc.replace(tzinfo=None)


async def _count(pairing_id: int, year: int, counts: Counts, *, reached_on: date | None) -> None:
    change = _ADD if reached_on is None else _ADD + _REACHED
    values = [counts.contacts, counts.visits, counts.attempts]
    values_of_change: list[Any] = values if reached_on is None else [*values, reached_on, reached_on]
    found = await sql.execute(
        f"UPDATE contact_year SET {change} WHERE pairing_id = %s AND year = %s",  # noqa: S608 - own text
        [*values_of_change, pairing_id, year],
    )
    if found:
        return
    # The first of a year, perhaps beside another first one.
    on_conflict = (
        "ON CONFLICT (pairing_id, year) DO UPDATE SET" if sql.is_sqlite() else "ON DUPLICATE KEY UPDATE"
    )
    await sql.execute(
        "INSERT INTO contact_year (pairing_id, year, contacts, visits, attempts, last_reached_on)"  # noqa: S608
        f" VALUES ({sql.marks(6)}) {on_conflict} {change}",
        [pairing_id, year, *values, reached_on, *values_of_change],
    )


async def undo_contact(*, scope: Scope, contact_id: int, now: datetime) -> ContactRecord:
    """Take back a record within 10 minutes; taking it back again changes nothing.

    Raises:
        ContactNotFound: it is not a record of this cadre.
        UndoTooLate: it is older than 10 minutes.
    """

    async def once() -> ContactRecord:
        async with in_transaction():
            return await _undo(scope, contact_id, now=now)

    return await sql.retrying(once, attempts=_ATTEMPTS)


async def _undo(scope: Scope, contact_id: int, *, now: datetime) -> ContactRecord:
    rows = await sql.fetch(
        f"SELECT {CONTACT_COLUMNS} FROM contact WHERE id = %s AND cadre_id = %s{_for_update()}",  # noqa: S608
        (contact_id, scope.cadre_id),
    )
    if not rows:
        raise ContactNotFound
    record = record_of(rows[0])
    if record.undone_at is not None:
        return record
    if not may_undo(recorded_at=record.recorded_at, now=now):
        raise UndoTooLate
    await sql.execute("UPDATE contact SET undone_at = %s WHERE id = %s", (now, contact_id))
    await _uncount(record)
    return replace(record, undone_at=now)


async def _uncount(record: ContactRecord) -> None:
    """Correct the counters; locked first, so that the latest day is read while nobody adds one."""
    key = (record.pairing_id, record.occurred_on.year)
    await sql.fetch(
        f"SELECT id FROM contact_year WHERE pairing_id = %s AND year = %s{_for_update()}",  # noqa: S608
        key,
    )
    latest = await sql.fetch(
        "SELECT MAX(occurred_on) AS day FROM contact WHERE pairing_id = %s AND occurred_on >= %s"
        " AND occurred_on < %s AND undone_at IS NULL AND outcome <> %s",
        (record.pairing_id, *china_year_bounds(record.occurred_on.year), ContactOutcome.TRIED.value),
    )
    counts = counts_of(record.kind, record.outcome)
    await sql.execute(
        f"UPDATE contact_year SET {_ADD}, last_reached_on = %s WHERE pairing_id = %s AND year = %s",  # noqa: S608
        (-counts.contacts, -counts.visits, -counts.attempts, latest[0]["day"], *key),
    )


def _for_update() -> str:
    # SQLite knows no row locks: there, BEGIN IMMEDIATE has locked the whole file already.
    return "" if sql.is_sqlite() else " FOR UPDATE"
