"""Reading what is known of people, for the engine: the register, their answers, and what was found out."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from app.accounts.rules import Scope
from app.core import sql
from app.people.enums import BeneficiaryStatus
from app.people.queries import BeneficiaryNotFound
from app.policies.enums import Step
from app.policies.rules.facts import FACTS, Registered, facts_of, read_answer

# Far above what one cadre or guardian looks after; a bound all the same.
_PEOPLE_OF_ONE = 500
_COLUMNS = (
    "id, region_code, name, status, born_on, certificate_status, grade, category, relief, residence,"
    " several_disabled_in_household, kept_by_elderly, updated_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One beneficiary with all that is known of him; the name is not masked yet.

    Args:
        facts: by key.
        steps: what was found out, by key of the policy.
        changed_at: when the register changed him last.
    """

    id: int
    name: str
    region_code: str
    born_on: date
    is_active: bool
    changed_at: datetime
    facts: dict[str, Any]
    steps: dict[str, Step]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Which people: a condition on the column with their ids, and its values."""

    condition: str
    values: tuple[int, ...]

    def on(self, column: str) -> str:
        return self.condition.replace("@", column)


async def people_between(*, after: int, upto: int, day: date) -> list[Known]:
    """Return all beneficiaries whose ids lie in a stretch, by id.

    No scope: the service itself judges everybody.
    """
    return await _known(_Stretch("@ > %s AND @ <= %s", (after, upto)), day=day)


async def people_of(*, ids: Sequence[int], day: date) -> list[Known]:
    """Return some beneficiaries with all that is known of them on a day, by id.

    No scope: the caller has found the ids within his own.
    """
    if not ids:
        return []
    return await _known(_Stretch(f"@ IN ({sql.marks(len(ids))})", tuple(ids)), day=day)


async def _known(stretch: _Stretch, *, day: date) -> list[Known]:
    rows = await sql.fetch(
        f"SELECT {_COLUMNS} FROM beneficiary WHERE {stretch.on('id')} ORDER BY id", stretch.values
    )
    guarded = await _ids(
        f"SELECT DISTINCT beneficiary_id AS id FROM guardianship WHERE {_of(stretch)}", stretch
    )
    paired = await _ids(
        f"SELECT beneficiary_id AS id FROM pairing WHERE {_of(stretch)} AND started_on <= %s"
        " AND (ended_on IS NULL OR ended_on > %s)",
        stretch,
        day,
        day,
    )
    answers = await _answers(stretch)
    steps = await _steps(stretch)
    return [
        _person(
            row,
            registered=_registered(row, has_guardian=row["id"] in guarded, paired=row["id"] in paired),
            answers=answers.get(row["id"], {}),
            steps=steps.get(row["id"], {}),
            day=day,
        )
        for row in rows
    ]


def _of(stretch: _Stretch) -> str:
    return stretch.on("beneficiary_id")


async def _ids(statement: str, stretch: _Stretch, *more: Any) -> set[int]:
    return {row["id"] for row in await sql.fetch(statement, (*stretch.values, *more))}


async def _answers(stretch: _Stretch) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in await sql.fetch(
        f"SELECT beneficiary_id, fact, value FROM person_fact WHERE {_of(stretch)} ORDER BY id",
        stretch.values,
    ):
        # An answer to a question that nobody asks decides nothing.
        if row["fact"] in FACTS:
            value = read_answer(FACTS[row["fact"]], json.loads(row["value"]))
            found.setdefault(row["beneficiary_id"], {})[row["fact"]] = value
    return found


async def _steps(stretch: _Stretch) -> dict[int, dict[str, Step]]:
    found: dict[int, dict[str, Step]] = {}
    for row in await sql.fetch(
        f"SELECT beneficiary_id, policy_key, step FROM policy_step WHERE {_of(stretch)} ORDER BY id",
        stretch.values,
    ):
        found.setdefault(row["beneficiary_id"], {})[row["policy_key"]] = Step(row["step"])
    return found


def _registered(row: dict[str, Any], *, has_guardian: bool, paired: bool) -> Registered:
    return Registered(
        region_code=row["region_code"],
        born_on=cast("date", sql.day_of(row["born_on"])),
        certificate_status=row["certificate_status"],
        grade=row["grade"],
        category=row["category"],
        relief=row["relief"],
        residence=row["residence"],
        several_disabled=bool(row["several_disabled_in_household"]),
        kept_by_elderly=bool(row["kept_by_elderly"]),
        has_guardian=has_guardian,
        paired=paired,
    )


def _person(
    row: dict[str, Any],
    *,
    registered: Registered,
    answers: dict[str, Any],
    steps: dict[str, Step],
    day: date,
) -> Known:
    return Known(
        id=row["id"],
        name=row["name"],
        region_code=row["region_code"],
        born_on=registered.born_on,
        is_active=row["status"] == BeneficiaryStatus.ACTIVE,
        changed_at=cast("datetime", sql.moment_of(row["updated_at"])),
        facts=facts_of(registered, answers=answers, day=day),
        steps=steps,
    )


async def own_people(*, scope: Scope, day: date) -> list[int]:
    """Return the ids of the people whom a cadre accompanies on a day or whom a guardian looks after."""
    if scope.cadre_id is not None:
        rows = await sql.fetch(
            "SELECT beneficiary_id AS id FROM pairing WHERE cadre_id = %s AND started_on <= %s"
            " AND (ended_on IS NULL OR ended_on > %s) ORDER BY id LIMIT %s",
            (scope.cadre_id, day, day, _PEOPLE_OF_ONE),
        )
    else:
        rows = await sql.fetch(
            "SELECT beneficiary_id AS id FROM guardianship WHERE guardian_id = %s ORDER BY id LIMIT %s",
            (scope.guardian_id, _PEOPLE_OF_ONE),
        )
    return [row["id"] for row in rows]


async def refuse_stranger(*, scope: Scope, beneficiary_id: int, day: date) -> None:
    """Let a cadre or guardian through to one of his own people.

    Raises:
        BeneficiaryNotFound: it is none of his.
    """
    if beneficiary_id not in await own_people(scope=scope, day=day):
        raise BeneficiaryNotFound
