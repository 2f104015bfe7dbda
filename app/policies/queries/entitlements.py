"""Reading what policies mean for people: a cadre's or guardian's own, a county's list, counts by region."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from app.accounts.queries import in_regions
from app.accounts.rules import Scope, org_code_of, region_prefix
from app.core import sql
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.orgs.queries import org_in_count, orgs_in_count
from app.people.queries import beneficiary_in
from app.policies.enums import Step, Verdict
from app.policies.models import Entitlement, EntitlementCheck
from app.policies.queries.library import shelf_of
from app.policies.queries.persons import Known, own_people, people_of
from app.policies.rules.amounts import row_of
from app.policies.rules.authoring import PolicyText
from app.policies.rules.judging import Judgement
from app.policies.rules.questions import Turning, questions_for, turning_soon
from app.policies.rules.shelf import RegionShelf, Shelf
from app.policies.rules.wording import amount_in_words, reasons

# What a cadre can do something about comes first.
_ORDER = (Verdict.GAP, Verdict.TO_VERIFY, Verdict.HIGHER_CHOSEN, Verdict.RECEIVED, Verdict.NOT_ELIGIBLE)
_ROWS_OF_ONE = 5000


class EntitlementNotFound(NotFound):
    code = "policies.entitlement_not_found"
    title = "没有找到这条政策提示"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementLine:
    """What one policy means for one person, with the words for it; `id` is 0 where no row stands for it."""

    id: int
    beneficiary_id: int
    beneficiary_name: str
    region_code: str
    key: str
    name: str
    text: PolicyText
    verdict: Verdict
    step: Step | None
    missing: tuple[str, ...]
    because: tuple[str, ...]
    rival_name: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One person with what policies mean for him; the name is not masked yet.

    Args:
        questions: keys of at most two facts to ask for.
        turning: the next birthday that changes something.
        lines: what can be done something about first.
    """

    beneficiary_id: int
    name: str
    questions: tuple[str, ...]
    turning: Turning | None
    lines: list[EntitlementLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCount:
    """How many people of one unit stand how with one policy."""

    code: str
    name: str
    key: str
    gaps: int = 0
    applied: int = 0
    to_verify: int = 0
    received: int = 0
    higher_chosen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundProgress:
    """How far the judging of the register has come."""

    is_whole: bool
    people: int
    changed: int
    position: int
    last_id: int
    started_at: datetime
    finished_at: datetime | None


async def entitlement_in(*, scope: Scope, entitlement_id: int, day: date) -> Entitlement:
    """Return one row of the caller's own people, or of the regions where he may act.

    Raises:
        EntitlementNotFound: there is none.
    """
    if scope.cadre_id is not None:
        found = Entitlement.filter(beneficiary_id__in=await own_people(scope=scope, day=day))
    else:
        found = Entitlement.filter(in_regions("region_code", scope.act))
    row = await found.get_or_none(id=entitlement_id)
    if row is None:
        raise EntitlementNotFound
    return row


async def own_entitlements(*, scope: Scope, day: date) -> list[Family]:
    """Return a cadre's people with the rows that stand for them, in the order in which they were paired."""
    ids = await own_people(scope=scope, day=day)
    if not ids:
        return []
    people = {person.id: person for person in await people_of(ids=ids, day=day)}
    rows = await Entitlement.filter(beneficiary_id__in=ids).order_by("policy_key").limit(_ROWS_OF_ONE)
    asked = await EntitlementCheck.filter(beneficiary_id__in=ids).values_list("beneficiary_id", "questions")
    questions = {int(beneficiary_id): str(keys) for beneficiary_id, keys in asked}
    lines = await _lines(rows, people, day=day)
    return [
        Family(
            beneficiary_id=person.id,
            name=person.name,
            questions=_keys(questions.get(person.id, "")),
            turning=turning_soon(person.born_on, day=day),
            lines=_sorted([line for line in lines if line.beneficiary_id == person.id]),
        )
        for person in (people[number] for number in ids)
        if person.is_active
    ]


async def family_in(*, scope: Scope, beneficiary_id: int, day: date) -> Family:
    """Return one person with the rows that stand for him and what to ask him, as his county sees them.

    Raises:
        BeneficiaryNotFound: he is of another region.
    """
    await beneficiary_in(scope=scope, beneficiary_id=beneficiary_id)
    (person,) = await people_of(ids=[beneficiary_id], day=day)
    rows = await Entitlement.filter(beneficiary_id=beneficiary_id).order_by("policy_key").limit(_ROWS_OF_ONE)
    check = await EntitlementCheck.get_or_none(beneficiary_id=beneficiary_id)
    return Family(
        beneficiary_id=person.id,
        name=person.name,
        questions=_keys(check.questions) if check else (),
        turning=turning_soon(person.born_on, day=day),
        lines=_sorted(await _lines(rows, {person.id: person}, day=day)),
    )


async def own_policies(*, scope: Scope, day: date) -> list[Family]:
    """Return what concerns the people whom a guardian looks after, judged by what is known at this moment.

    With it comes what they have by showing a certificate, for which no row stands.
    """
    people = [
        one for one in await people_of(ids=await own_people(scope=scope, day=day), day=day) if one.is_active
    ]
    if not people:
        return []
    shelf = await shelf_of(day=day, regions={person.region_code for person in people})
    return [_judged_family(person, shelf) for person in people]


def _judged_family(person: Known, shelf: Shelf) -> Family:
    region = shelf.of_region(person.region_code)
    judged = region.library.judge(person.facts, steps=person.steps, day=shelf.day)
    lines = [
        _line(0, person, one, region, day=shelf.day)
        for one in judged
        if one.is_worth_saying or one.verdict in {Verdict.GAP, Verdict.RECEIVED}
    ]
    return Family(
        beneficiary_id=person.id,
        name=person.name,
        questions=questions_for(judged),
        turning=turning_soon(person.born_on, day=shelf.day),
        lines=_sorted(lines),
    )


async def entitlements_in(
    *,
    scope: Scope,
    page: PageQuery,
    day: date,
    key: str | None = None,
    verdict: Verdict = Verdict.GAP,
    step: Step | None = None,
) -> tuple[list[EntitlementLine], int | None]:
    """Return one page of rows of people whom the caller may find, oldest first, and where the next begins.

    Args:
        scope: who asks.
        page: where to go on and how many.
        day: for amounts and reasons.
        key: keep those of one policy.
        verdict: keep those with this verdict.
        step: keep those about which this was found out; of gaps, None keeps those about which nothing was.
    """
    found = Entitlement.filter(in_regions("region_code", scope.find), id__gt=page.cursor, verdict=verdict)
    if step is not None:
        found = found.filter(step=step.value)
    elif verdict in {Verdict.GAP, Verdict.TO_VERIFY}:
        found = found.filter(step="")
    if key is not None:
        found = found.filter(policy_key=key)
    rows, next_cursor = cut(await found.order_by("id").limit(page.limit + 1), page=page)
    ids = sorted({row.beneficiary_id for row in rows})
    people = {person.id: person for person in await people_of(ids=ids, day=day)}
    return await _lines(rows, people, day=day), next_cursor


async def _lines(
    rows: Sequence[Entitlement], people: Mapping[int, Known], *, day: date
) -> list[EntitlementLine]:
    """Put rows into words; one whose policy ended since it was written is left out until it is gone."""
    shelf = await shelf_of(day=day, regions={person.region_code for person in people.values()})
    lines = []
    for row in rows:
        region = shelf.of_region(people[row.beneficiary_id].region_code)
        rule = region.rules.get(row.policy_key)
        if rule is not None:
            judged = Judgement(
                rule=rule,
                verdict=row.verdict,
                missing=_keys(row.missing),
                because=_keys(row.because),
                rival=row.rival,
            )
            lines.append(_line(row.id, people[row.beneficiary_id], judged, region, day=day))
    return lines


def _line(
    row_id: int, person: Known, judged: Judgement, region: RegionShelf, *, day: date
) -> EntitlementLine:
    rule = judged.rule
    rival = region.rules.get(judged.rival)
    return EntitlementLine(
        id=row_id,
        beneficiary_id=person.id,
        beneficiary_name=person.name,
        region_code=person.region_code,
        key=rule.key,
        name=rule.name,
        text=region.texts[rule.key],
        verdict=judged.verdict,
        step=person.steps.get(rule.key),
        missing=judged.missing,
        because=tuple(reasons(judged.because, person.facts)),
        rival_name=rival.name if rival else "",
        amount=amount_in_words(row_of(rule.amounts, facts=person.facts, day=day)),
    )


def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _sorted(lines: list[EntitlementLine]) -> list[EntitlementLine]:
    return sorted(lines, key=lambda line: (_ORDER.index(line.verdict), line.key))


async def counts_by_unit(*, scope: Scope, region: str, key: str | None = None) -> list[UnitCount]:
    """Return how many people stand how with each policy, by unit in the order of codes, then by policy.

    The units of a province are its cities, those of a city its counties, a county stands alone.

    Raises:
        NotFound: the caller may not see numbers of this region.
    """
    org = await org_in_count(scope=scope, code=region)
    children = [child for child in await orgs_in_count(scope=scope) if child.parent_code == region]
    names = {child.code: child.name for child in children} | {org.code: org.name}
    digits = max(len(region_prefix(code)) for code in names)
    rows = await sql.fetch(
        f"SELECT SUBSTR(region_code, 1, {digits}) AS unit, policy_key, verdict, step, SUM(amount) AS amount"
        " FROM entitlement_tally WHERE region_code LIKE %s AND (%s = '' OR policy_key = %s) AND amount <> 0"
        " GROUP BY unit, policy_key, verdict, step ORDER BY unit, policy_key",
        (f"{region_prefix(region)}%", key or "", key or ""),
    )
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        column = _column(row)
        if column:
            place = counted.setdefault((org_code_of(row["unit"]), row["policy_key"]), {})
            place[column] = place.get(column, 0) + int(row["amount"])
    return [
        UnitCount(code=code, name=names.get(code, code), key=policy, **numbers)
        for (code, policy), numbers in sorted(counted.items())
    ]


def _column(row: Mapping[str, Any]) -> str:
    """Return which number a group of rows belongs to; refused and not applicable are nobody's gap."""
    if row["step"] in {Step.REFUSED.value, Step.NOT_APPLICABLE.value}:
        return ""
    if row["verdict"] == Verdict.GAP:
        return "applied" if row["step"] == Step.APPLIED else "gaps"
    return str(row["verdict"])


async def round_progress() -> RoundProgress | None:
    """Return how far the latest round has come, None before the first.

    No scope: it tells numbers of the service itself.
    """
    rows = await sql.fetch("SELECT * FROM entitlement_round ORDER BY id DESC LIMIT 1")
    last = await sql.fetch("SELECT MAX(id) AS id FROM beneficiary")
    if not rows:
        return None
    row = rows[0]
    return RoundProgress(
        is_whole=bool(row["is_whole"]),
        people=row["people"],
        changed=row["changed"],
        position=row["position"],
        last_id=last[0]["id"] or 0,
        started_at=cast("datetime", sql.moment_of(row["started_at"])),
        finished_at=sql.moment_of(row["finished_at"]),
    )
