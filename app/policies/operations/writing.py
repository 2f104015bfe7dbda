"""Writing down verdicts: only what is to be said, and only what differs from what stands there."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core import sql
from app.policies.queries.persons import Known
from app.policies.rules.judging import Judgement
from app.policies.rules.questions import turning_soon
from app.policies.rules.shelf import Shelf

_VERDICT_COLUMNS = "policy_id, region_code, verdict, step, missing, because, rival"
_CHECK_COLUMNS = "outcome, seen_at, questions, turns_age, turns_on, judged_at"
# More keys than a column holds are cut at a comma: nobody asks for the thirtieth fact.
_LONGEST_LIST = 300


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is to stand in the tables for one person."""

    person: Known
    rows: dict[str, tuple[Any, ...]]
    questions: str
    digest: str


async def write_verdicts(*, people: Sequence[Known], shelf: Shelf, now: datetime) -> int:
    """Judge people and write what is to be said of them, in the transaction of the caller.

    Returns of how many the verdicts changed; of the others nothing but the moment is written.
    """
    if not people:
        return 0
    ids = [person.id for person in people]
    known = await sql.fetch(
        "SELECT beneficiary_id, outcome FROM entitlement_check"
        f" WHERE beneficiary_id IN ({sql.marks(len(ids))}) ORDER BY beneficiary_id",
        ids,
    )
    digests = {row["beneficiary_id"]: row["outcome"] for row in known}
    outcomes = [_outcome(person, shelf) for person in people]
    changed = [one for one in outcomes if one.digest != digests.get(one.person.id)]
    if changed:
        await _replace(changed, now=now)
    await _write_checks(outcomes, shelf, now=now)
    return len(changed)


def _outcome(person: Known, shelf: Shelf) -> _Outcome:
    if not person.is_active:
        return _Outcome(person, {}, "", _digest([]))
    found = shelf.of_region(person.region_code).findings(person.facts, steps=person.steps, day=shelf.day)
    rows = {judged.rule.key: _row(judged, person) for judged in found.judgements if judged.is_worth_saying}
    return _Outcome(person, rows, ",".join(found.questions), _digest(rows.items()))


def _row(judged: Judgement, person: Known) -> tuple[Any, ...]:
    """Return one row of _VERDICT_COLUMNS."""
    return (
        judged.rule.policy_id,
        person.region_code,
        judged.verdict.value,
        str(person.steps.get(judged.rule.key, "")),
        _list(judged.missing),
        _list(judged.because),
        judged.rival,
    )


def _list(keys: Sequence[str]) -> str:
    text = ",".join(keys)
    return text if len(text) <= _LONGEST_LIST else text[:_LONGEST_LIST].rpartition(",")[0]


def _digest(rows: Iterable[tuple[str, tuple[Any, ...]]]) -> str:
    return hashlib.md5(repr(list(rows)).encode(), usedforsecurity=False).hexdigest()


async def _replace(changed: Sequence[_Outcome], *, now: datetime) -> None:
    """Delete what is to be said no more and write the rest; a row that stays keeps its id."""
    ids = [one.person.id for one in changed]
    standing = await sql.fetch(
        f"SELECT id, beneficiary_id, policy_key, {_VERDICT_COLUMNS} FROM entitlement"
        f" WHERE beneficiary_id IN ({sql.marks(len(ids))}) ORDER BY id",
        ids,
    )
    before = {
        (row["beneficiary_id"], row["policy_key"]): tuple(row[name] for name in _VERDICT_COLUMNS.split(", "))
        for row in standing
    }
    wanted = {(one.person.id, key): row for one in changed for key, row in one.rows.items()}
    gone = [row["id"] for row in standing if (row["beneficiary_id"], row["policy_key"]) not in wanted]
    for start in range(0, len(gone), 1000):
        part = gone[start : start + 1000]
        await sql.execute(f"DELETE FROM entitlement WHERE id IN ({sql.marks(len(part))})", part)
    await sql.execute_many(
        _upsert("entitlement", ("beneficiary_id", "policy_key"), f"{_VERDICT_COLUMNS}, computed_at"),
        [(*key, *row, now) for key, row in wanted.items() if before.get(key) != row],
    )


async def _write_checks(outcomes: Sequence[_Outcome], shelf: Shelf, *, now: datetime) -> None:
    rows = []
    for one in outcomes:
        turning = turning_soon(one.person.born_on, day=shelf.day) if one.person.is_active else None
        age, day = (turning.age, turning.on) if turning else (None, None)
        rows.append((one.person.id, one.digest, one.person.changed_at, one.questions, age, day, now))
    await sql.execute_many(_upsert("entitlement_check", ("beneficiary_id",), _CHECK_COLUMNS), rows)


def _upsert(table: str, keys: Sequence[str], columns: str) -> str:
    names = columns.split(", ")
    head = f"INSERT INTO {table} ({', '.join(keys)}, {columns}) VALUES ({sql.marks(len(keys) + len(names))})"
    if sql.is_sqlite():
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        return f"{head} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    changes = ", ".join(f"{name} = VALUES({name})" for name in names)
    return f"{head} ON DUPLICATE KEY UPDATE {changes}"
