"""Writing down verdicts: only what is to be said, and only what differs from what stands there."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core import sql
from app.policies.queries.persons import Known
from app.policies.rules.judging import Judgement
from app.policies.rules.questions import turning_soon
from app.policies.rules.shelf import Shelf

_VERDICT_COLUMNS = "policy_id, region_code, verdict, step, missing, because, rival"
_CHECK_COLUMNS = "outcome, seen_at, questions, turns_age, turns_on"
# More keys than a column holds are cut at a comma: nobody asks for the thirtieth fact.
_LONGEST_LIST = 300
# Of whom nothing is said who left the register.
_NOTHING = "none"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is to stand in the tables for one person; `check` is a row of _CHECK_COLUMNS."""

    person: Known
    judgements: tuple[Judgement, ...]
    check: tuple[Any, ...]


async def write_verdicts(*, people: Sequence[Known], shelf: Shelf, now: datetime) -> int:
    """Judge people and write what is to be said of them, in the transaction of the caller.

    Returns of how many the verdicts changed. Of whom nothing changed, nothing is written.
    """
    if not people:
        return 0
    checks = await _checks([person.id for person in people])
    outcomes = [_outcome(person, shelf) for person in people]
    changed = [one for one in outcomes if one.check[0] != checks[one.person.id][0]]
    if changed:
        await _replace(changed, now=now)
    await sql.execute_many(
        _upsert("entitlement_check", ("beneficiary_id",), f"{_CHECK_COLUMNS}, judged_at"),
        [(one.person.id, *one.check, now) for one in outcomes if one.check != checks[one.person.id]],
    )
    return len(changed)


async def _checks(ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    """Return the rows of _CHECK_COLUMNS that stand for people, who are locked."""
    rows = await sql.fetch(
        f"SELECT beneficiary_id, {_CHECK_COLUMNS} FROM entitlement_check"
        f" WHERE beneficiary_id IN ({sql.marks(len(ids))}) ORDER BY beneficiary_id",
        ids,
    )
    return {
        row["beneficiary_id"]: (
            row["outcome"],
            sql.moment_of(row["seen_at"]),
            row["questions"],
            row["turns_age"],
            sql.day_of(row["turns_on"]),
        )
        for row in rows
    }


def _outcome(person: Known, shelf: Shelf) -> _Outcome:
    if not person.is_active:
        return _Outcome(person, (), (_NOTHING, person.changed_at, "", None, None))
    found = shelf.of_region(person.region_code).findings(person.facts, steps=person.steps, day=shelf.day)
    turning = turning_soon(person.born_on, day=shelf.day)
    check = (
        f"{found.digest}:{person.region_code}",
        person.changed_at,
        ",".join(found.questions),
        turning.age if turning else None,
        turning.on if turning else None,
    )
    return _Outcome(person, found.judgements, check)


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
    wanted = {
        (one.person.id, judged.rule.key): _row(judged, one.person)
        for one in changed
        for judged in one.judgements
    }
    await _tally(before, wanted)
    gone = [row["id"] for row in standing if (row["beneficiary_id"], row["policy_key"]) not in wanted]
    for start in range(0, len(gone), 1000):
        part = gone[start : start + 1000]
        await sql.execute(f"DELETE FROM entitlement WHERE id IN ({sql.marks(len(part))})", part)
    await sql.execute_many(
        _upsert("entitlement", ("beneficiary_id", "policy_key"), f"{_VERDICT_COLUMNS}, computed_at"),
        [(*key, *row, now) for key, row in wanted.items() if before.get(key) != row],
    )


async def _tally(
    before: Mapping[tuple[int, str], tuple[Any, ...]], after: Mapping[tuple[int, str], tuple[Any, ...]]
) -> None:
    """Count what goes and what comes, by county, policy, verdict and step."""
    changes: Counter[tuple[str, str, str, str]] = Counter()
    for rows, sign in ((before, -1), (after, 1)):
        for (_, key), (_, region_code, verdict, step, *_) in rows.items():
            changes[region_code, key, verdict, step] += sign
    keys = "region_code, policy_key, verdict, step"
    statement = f"INSERT INTO entitlement_tally ({keys}, amount) VALUES (%s, %s, %s, %s, %s)"
    if sql.is_sqlite():
        statement += f" ON CONFLICT ({keys}) DO UPDATE SET amount = amount + excluded.amount"
    else:
        statement += " ON DUPLICATE KEY UPDATE amount = amount + VALUES(amount)"
    # In one order everywhere, so that two writers wait for each other and do not lock each other out.
    await sql.execute_many(
        statement, [(*place, amount) for place, amount in sorted(changes.items()) if amount]
    )


def _upsert(table: str, keys: Sequence[str], columns: str) -> str:
    names = columns.split(", ")
    head = f"INSERT INTO {table} ({', '.join(keys)}, {columns}) VALUES ({sql.marks(len(keys) + len(names))})"
    if sql.is_sqlite():
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        return f"{head} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    changes = ", ".join(f"{name} = VALUES({name})" for name in names)
    return f"{head} ON DUPLICATE KEY UPDATE {changes}"
