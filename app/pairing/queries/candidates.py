"""Everything that decides about the best pairs of some counties, read in a few statements."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from app.accounts.rules import org_code_of
from app.core import sql
from app.pairing.enums import BarReason, PairDecision, ProposalState
from app.pairing.queries.places import geography
from app.pairing.rules import BeneficiaryFacts, eligibility_reasons, rotation_due_on
from app.pairing.rules.costs import DEFAULT_CAPACITY, CadreChoice, PersonChoice, Place
from app.pairing.rules.matching import Task, may_pair
from app.pairing.rules.participation import ParticipationFacts, participation
from app.people.enums import (
    BeneficiaryStatus,
    CadreRank,
    CadreStatus,
    CertificateStatus,
    Relief,
    Residence,
    Sex,
)
from app.people.rules import EligibilityFacts, PriorityFacts, age_on, eligibility, priority_flags

_TOWN_OFFICE = "办事处"
_REGISTERED = (
    "SELECT b.id, b.region_code, b.town, b.certificate_status, b.grade, b.relief, b.residence, b.born_on,"
    " b.several_disabled_in_household, b.kept_by_elderly, w.cadre_sex, w.language,"
    " p.cadre_id AS present_cadre_id, p.started_on"
    " FROM beneficiary b LEFT JOIN pairing_wish w ON w.beneficiary_id = b.id"
    " LEFT JOIN pairing p ON p.open_beneficiary_id = b.id"
    " WHERE b.region_code IN ({regions}) AND b.status = %s"
    # Whose pairing has an end that is set is looked after until then, and nobody else may begin before.
    " AND NOT EXISTS (SELECT 1 FROM pairing e WHERE e.beneficiary_id = b.id"
    " AND e.ended_on > %s AND e.ended_on > e.started_on)"
    " ORDER BY b.id"
)
_BARS = (
    "SELECT r.beneficiary_id, r.cadre_id, r.reason FROM pairing_bar r"
    " JOIN beneficiary b ON b.id = r.beneficiary_id WHERE b.region_code IN ({regions}) ORDER BY r.id"
)


@dataclass(frozen=True, slots=True)
class Candidates:
    """A task, of which county each person is, and whether those who accompany them today are in office."""

    task: Task
    region_of: Mapping[int, str]
    status_of: Mapping[int, CadreStatus]


@dataclass(frozen=True, slots=True)
class Lock:
    """What somebody decided by hand about one person; None is to leave him without."""

    beneficiary_id: int
    cadre_id: int | None


async def candidates_of(*, regions: Sequence[str], locks: Iterable[Lock], day: date) -> Candidates:
    """Return the people of counties who are to have a cadre, and the cadres who may accompany them.

    No scope: for the worker that solves and for operations that have checked it. Whoever is not eligible or
    has a pairing with an end that is set is left out. Names, numbers and addresses are not read.

    Args:
        regions: the counties that are solved together.
        locks: what was decided by hand.
        day: the day.
    """
    barred: dict[int, dict[int, str]] = {}
    for row in await _rows_in(_BARS, regions):
        barred.setdefault(row["beneficiary_id"], {})[row["cadre_id"]] = BarReason(row["reason"]).label
    rows = await _rows_in(_REGISTERED, regions, BeneficiaryStatus.ACTIVE.value, day)
    eligible = [row for row in rows if _is_eligible(row)]
    people = [_person(row, barred=barred.get(row["id"], {}), day=day) for row in eligible]
    cadre_rows = await _cadre_rows(regions, {person.present_cadre_id for person in people})
    loads = await _loads(regions, [row["id"] for row in cadre_rows])
    here = Counter(person.present_cadre_id for person in people)
    choices = (_cadre(row, loads=loads, here=here) for row in cadre_rows)
    cadres = [cadre for cadre in choices if cadre is not None]
    return Candidates(
        task=Task(people=_decided(people, cadres, locks), cadres=cadres, geography=geography()),
        region_of={row["id"]: row["region_code"] for row in eligible},
        status_of={row["id"]: CadreStatus(row["status"]) for row in cadre_rows},
    )


async def eligible_counts(*, regions: Sequence[str]) -> dict[str, int]:
    """Return at least how many people of each county may have a cadre; counties without any are left out.

    No scope: for operations that have checked it.
    """
    rows = await _rows_in(
        "SELECT region_code, COUNT(*) AS people FROM beneficiary WHERE region_code IN ({regions})"
        " AND status = %s GROUP BY region_code ORDER BY region_code",
        regions,
        BeneficiaryStatus.ACTIVE.value,
    )
    return {row["region_code"]: row["people"] for row in rows}


async def _rows_in(statement: str, regions: Sequence[str], *values: object) -> list[dict[str, Any]]:
    return await sql.fetch(statement.format(regions=sql.marks(len(regions))), [*regions, *values])


def _is_eligible(row: Mapping[str, Any]) -> bool:
    facts = EligibilityFacts(
        certificate_status=CertificateStatus(row["certificate_status"]),
        grade=row["grade"],
        relief=Relief(row["relief"]),
    )
    person = BeneficiaryFacts(row["region_code"], BeneficiaryStatus.ACTIVE, eligibility(facts))
    return not eligibility_reasons(person)


def _person(row: Mapping[str, Any], *, barred: Mapping[int, str], day: date) -> PersonChoice:
    flags = priority_flags(
        PriorityFacts(
            residence=Residence(row["residence"]),
            several_disabled_in_household=bool(row["several_disabled_in_household"]),
            kept_by_elderly=bool(row["kept_by_elderly"]),
            age=age_on(cast("date", sql.day_of(row["born_on"])), day=day),
            grade=row["grade"],
        )
    )
    started_on = sql.day_of(row["started_on"])
    return PersonChoice(
        id=row["id"],
        place=Place(row["region_code"], _town(row["town"])),
        rank=len(flags),
        present_cadre_id=row["present_cadre_id"],
        is_due=started_on is not None and rotation_due_on(started_on) <= day,
        wished_sex=Sex(row["cadre_sex"]) if row["cadre_sex"] else None,
        wished_language=row["language"] or "",
        barred=dict(barred),
    )


def _decided(
    people: Sequence[PersonChoice], cadres: Sequence[CadreChoice], locks: Iterable[Lock]
) -> list[PersonChoice]:
    """Return the people with what was decided by hand, as far as it is still possible."""
    by_id = {cadre.id: cadre for cadre in cadres}
    wanted = {lock.beneficiary_id: lock.cadre_id for lock in locks}
    decided = []
    for person in people:
        cadre_id = wanted.get(person.id)
        cadre = by_id.get(cadre_id or 0)
        holds = person.id in wanted and (cadre_id is None or (cadre is not None and may_pair(person, cadre)))
        decided.append(person.by_hand(cadre_id) if holds else person)
    return decided


def _town(name: str) -> str:
    """Return a town's name without the word for its office: 泉城路街道办事处 is 泉城路街道."""
    return name.strip().removesuffix(_TOWN_OFFICE)


async def _cadre_rows(regions: Sequence[str], present: Collection[int | None]) -> list[dict[str, Any]]:
    """Return the cadres of the counties and of the federations above them; present ones are among them."""
    above = {org_code_of(region[:digits]) for region in regions for digits in (2, 4)}
    orgs = sorted({*regions, *above})
    rows = await _rows_in(
        "SELECT c.id, c.org_code, c.rank, c.status, t.work_county, t.work_town, t.home_county, t.home_town,"
        " t.sex, t.languages, t.capacity, t.takes_part, t.leads_unit FROM cadre c"
        " LEFT JOIN pairing_cadre_terms t ON t.cadre_id = c.id"
        " WHERE c.org_code IN ({regions}) ORDER BY c.id",
        orgs,
    )
    return [
        row
        for row in rows
        if row["status"] == CadreStatus.ACTIVE.value or row["takes_part"] or row["id"] in present
    ]


async def _loads(regions: Sequence[str], cadre_ids: Sequence[int]) -> Counter[int]:
    """Return how many families each cadre has, and is to have by proposals for other counties.

    Of a proposal only those count whom he does not have today, so that nobody counts twice.
    """
    if not cadre_ids:
        return Counter()
    wanted = set(cadre_ids)
    loads: Counter[int] = Counter()
    rows = await sql.fetch(
        "SELECT cadre_id, COUNT(*) AS families FROM pairing WHERE open_beneficiary_id IS NOT NULL"
        " GROUP BY cadre_id ORDER BY cadre_id"
    )
    rows += await sql.fetch(
        "SELECT x.cadre_id, COUNT(*) AS families FROM pairing_proposal_pair x"
        " JOIN pairing_proposal o ON o.id = x.proposal_id WHERE o.state = %s AND x.decision = %s"
        f" AND o.region_code NOT IN ({sql.marks(len(regions))})"
        " AND (x.present_cadre_id IS NULL OR x.present_cadre_id <> x.cadre_id)"
        " GROUP BY x.cadre_id ORDER BY x.cadre_id",
        [ProposalState.READY.value, PairDecision.OPEN.value, *regions],
    )
    for row in rows:
        if row["cadre_id"] in wanted:
            loads[row["cadre_id"]] += row["families"]
    return loads


def participation_facts(row: Mapping[str, Any]) -> ParticipationFacts:
    """Return what decides about a cadre's part, from a row of cadre and pairing_cadre_terms.

    No scope: it reads nothing.
    """
    known = {name: None if row[name] is None else bool(row[name]) for name in ("leads_unit", "takes_part")}
    return ParticipationFacts(
        org_code=row["org_code"],
        rank=CadreRank(row["rank"]),
        status=CadreStatus(row["status"]),
        excuse=row.get("excuse") or "",
        **known,
    )


def _cadre(
    row: Mapping[str, Any], *, loads: Mapping[int, int], here: Mapping[int | None, int]
) -> CadreChoice | None:
    """Return a cadre as a choice; None for one who is gone or takes nobody new and accompanies nobody."""
    facts = participation_facts(row)
    is_retired = facts.status is CadreStatus.RETIRED
    if facts.status is CadreStatus.LEFT or (is_retired and facts.takes_part is False):
        return None
    takes_new = participation(facts).part.takes_part
    if not takes_new and not here.get(row["id"]):
        return None
    load = loads.get(row["id"], 0)
    known = [(row["work_county"], row["work_town"]), (row["home_county"], row["home_town"])]
    return CadreChoice(
        id=row["id"],
        org_code=row["org_code"],
        places=tuple(Place(county, _town(town or "")) for county, town in known if county),
        sex=Sex(row["sex"]) if row["sex"] else None,
        languages=frozenset(json.loads(row["languages"] or "[]")),
        # Where nobody says how many, whoever has more families today keeps them.
        capacity=max(DEFAULT_CAPACITY, load) if row["capacity"] is None else row["capacity"],
        other_load=load - here.get(row["id"], 0),
        takes_new=takes_new,
    )
