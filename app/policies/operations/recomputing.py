"""Judging the whole register by the policies, a stretch at a time, and writing down what is to be said.

A round walks through everybody once a day and whenever another policy comes into force; between two of them
short rounds look only for whom the register changed. Where a round stands is a row, so a worker that dies is
followed by the next, and the row's numbers are the progress. One person's check row is his lock.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from tortoise.transactions import in_transaction

from app.core import sql
from app.core.clock import china_date
from app.policies.operations.writing import write_verdicts
from app.policies.queries.library import shelf_of
from app.policies.queries.persons import people_between, people_of
from app.policies.rules.shelf import Shelf

log = structlog.get_logger()

# Few enough that the other loops of the worker hardly wait for them.
_PEOPLE_AT_ONCE = 250
# A short round looks through so many ids for the few that changed.
_IDS_AT_ONCE = 20_000
# How long after a round the next short one begins.
_SHORT_ROUND_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Where one walk through the register stands."""

    id: int
    is_whole: bool
    library: str
    position: int
    finished_at: datetime | None


async def recompute_step(*, now: datetime, people: int = _PEOPLE_AT_ONCE) -> int:
    """Judge the next people whose turn has come, and return how many; 0 when nobody waits.

    Several workers may call it: the row of the round is locked while one of them does a stretch.

    Args:
        now: when.
        people: how many at most.
    """
    day = china_date(now)
    shelf = await shelf_of(day=day)
    current = await _current_round(shelf, now=now)
    if current is None:
        return 0

    async def stretch() -> int:
        async with in_transaction():
            return await _stretch(current, shelf, people=people, now=now)

    return await sql.retrying(stretch)


async def _current_round(shelf: Shelf, *, now: datetime) -> Round | None:
    """Return the round to go on with, begun now if one is due."""
    rows = await sql.fetch(
        "SELECT id, is_whole, library, position, finished_at FROM entitlement_round ORDER BY id DESC LIMIT 1"
    )
    last = _round(rows[0]) if rows else None
    if last is None and shelf.is_empty:
        return None
    if last is None or last.library != shelf.fingerprint:
        return await _begin(last, shelf, is_whole=True, now=now)
    if last.finished_at is None:
        return last
    if last.finished_at + _SHORT_ROUND_EVERY > now:
        return None
    return await _begin(last, shelf, is_whole=False, now=now)


def _round(row: dict[str, object]) -> Round:
    return Round(
        id=int(str(row["id"])),
        is_whole=bool(row["is_whole"]),
        library=str(row["library"]),
        position=int(str(row["position"])),
        finished_at=sql.moment_of(row["finished_at"]),
    )


async def _begin(last: Round | None, shelf: Shelf, *, is_whole: bool, now: datetime) -> Round | None:
    """Begin a round; None when another worker was faster. One that policies overtook is over."""
    number = last.id + 1 if last else 1
    async with in_transaction():
        if last is not None and last.finished_at is None:
            await sql.execute(
                "UPDATE entitlement_round SET finished_at = %s WHERE id = %s AND finished_at IS NULL",
                (now, last.id),
            )
        made = await sql.execute(
            f"{sql.insert_or_ignore()} INTO entitlement_round"
            " (id, is_whole, library, day, position, people, changed, started_at, touched_at)"
            " VALUES (%s, %s, %s, %s, 0, 0, 0, %s, %s)",
            (number, int(is_whole), shelf.fingerprint, shelf.day, now, now),
        )
    if not made:
        return None
    return Round(id=number, is_whole=is_whole, library=shelf.fingerprint, position=0, finished_at=None)


async def _stretch(current: Round, shelf: Shelf, *, people: int, now: datetime) -> int:
    rows = await sql.fetch(
        f"SELECT position FROM entitlement_round WHERE id = %s AND finished_at IS NULL{sql.for_update()}",
        (current.id,),
    )
    if not rows:
        return 0
    after = int(rows[0]["position"])
    if current.is_whole:
        ids, upto = await _next_ids(after, people)
    else:
        ids, upto = await _next_changed(after, people)
    changed = await _judge(ids, shelf, day=shelf.day, now=now) if ids else 0
    await sql.execute(
        "UPDATE entitlement_round SET position = %s, people = people + %s, changed = changed + %s,"
        " touched_at = %s, finished_at = %s WHERE id = %s",
        (upto or after, len(ids), changed, now, None if upto else now, current.id),
    )
    if not upto:
        log.info("policies.round.finished", round_id=current.id)
    return len(ids) or int(bool(upto))


async def _next_ids(after: int, people: int) -> tuple[list[int], int]:
    """Return the next people, and where to go on; 0 at the end."""
    rows = await sql.fetch("SELECT id FROM beneficiary WHERE id > %s ORDER BY id LIMIT %s", (after, people))
    ids = [row["id"] for row in rows]
    return ids, ids[-1] if ids else 0


async def _next_changed(after: int, people: int) -> tuple[list[int], int]:
    """Return the next people whom the register changed since they were judged, and where to go on."""
    last = await sql.fetch(
        "SELECT MAX(x.id) AS id FROM (SELECT id FROM beneficiary WHERE id > %s ORDER BY id LIMIT %s) x",
        (after, _IDS_AT_ONCE),
    )
    upto = last[0]["id"]
    if upto is None:
        return [], 0
    rows = await sql.fetch(
        "SELECT b.id FROM beneficiary b LEFT JOIN entitlement_check c ON c.beneficiary_id = b.id"
        " WHERE b.id > %s AND b.id <= %s AND (c.seen_at IS NULL OR c.seen_at <> b.updated_at)"
        " ORDER BY b.id LIMIT %s",
        (after, upto, people),
    )
    ids = [row["id"] for row in rows]
    return ids, ids[-1] if len(ids) == people else int(upto)


async def _judge(ids: Sequence[int], shelf: Shelf, *, day: date, now: datetime) -> int:
    """Judge people whose ids stand in order, and return of how many the verdicts changed."""
    await _take(ids)
    is_dense = ids[-1] - ids[0] < 2 * len(ids)
    if is_dense:
        wanted = set(ids)
        found = await people_between(after=ids[0] - 1, upto=ids[-1], day=day)
        found = [person for person in found if person.id in wanted]
    else:
        found = await people_of(ids=ids, day=day)
    return await write_verdicts(people=found, shelf=shelf, now=now)


async def _take(ids: Sequence[int]) -> None:
    """Lock these people, in the transaction of the caller: whoever answers for one of them waits."""
    await sql.execute(
        f"{sql.insert_or_ignore()} INTO entitlement_check (beneficiary_id, outcome, questions)"
        f" SELECT b.id, '', '' FROM beneficiary b WHERE b.id IN ({sql.marks(len(ids))})"
        " AND NOT EXISTS (SELECT 1 FROM entitlement_check c WHERE c.beneficiary_id = b.id)",
        ids,
    )
    if not sql.is_sqlite():
        await sql.fetch(
            f"SELECT beneficiary_id FROM entitlement_check WHERE beneficiary_id IN ({sql.marks(len(ids))})"
            f" ORDER BY beneficiary_id{sql.for_update()}",
            ids,
        )


async def judge_one(*, beneficiary_id: int, now: datetime) -> None:
    """Judge one person, in the transaction of the caller, who has locked him with `lock_person`."""
    day = china_date(now)
    found = await people_of(ids=[beneficiary_id], day=day)
    regions = [person.region_code for person in found]
    await write_verdicts(people=found, shelf=await shelf_of(day=day, regions=regions), now=now)


async def lock_person(*, beneficiary_id: int) -> None:
    """Keep everybody else from judging a person until the transaction of the caller ends."""
    await _take([beneficiary_id])
