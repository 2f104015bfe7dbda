"""One record taken back."""

from dataclasses import replace
from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.contacts.enums import ContactOutcome
from app.contacts.queries import CONTACT_COLUMNS, ContactNotFound, ContactRecord, record_of
from app.contacts.rules import counts_of, may_undo
from app.core import sql
from app.core.clock import china_year_bounds
from app.core.errors import Conflict

_ATTEMPTS = 4


class UndoTooLate(Conflict):
    code = "contacts.undo_too_late"
    title = "已超过10分钟，不能再撤销"


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
        f"SELECT {CONTACT_COLUMNS} FROM contact WHERE id = %s AND cadre_id = %s{sql.for_update()}",  # noqa: S608
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
        f"SELECT id FROM contact_year WHERE pairing_id = %s AND year = %s{sql.for_update()}",  # noqa: S608
        key,
    )
    latest = await sql.fetch(
        "SELECT MAX(occurred_on) AS day FROM contact WHERE pairing_id = %s AND occurred_on >= %s"
        " AND occurred_on < %s AND undone_at IS NULL AND outcome <> %s",
        (record.pairing_id, *china_year_bounds(record.occurred_on.year), ContactOutcome.TRIED.value),
    )
    counts = counts_of(record.kind, record.outcome)
    await sql.execute(
        "UPDATE contact_year SET contacts = contacts - %s, visits = visits - %s, attempts = attempts - %s,"
        " last_reached_on = %s WHERE pairing_id = %s AND year = %s",
        (counts.contacts, counts.visits, counts.attempts, latest[0]["day"], *key),
    )
