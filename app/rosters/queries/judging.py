"""Judging the rows of a roster against what is registered."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.accounts.rules import Scope, is_county
from app.core.clock import china_date
from app.core.spreadsheets import Cell, SheetRow
from app.pairing import queries as pairing
from app.pairing.rules import PairingVerdict, WantedPairing
from app.people.queries import id_number_index, phone_index
from app.rosters.enums import RosterKind, RowVerdict
from app.rosters.queries.registered import (
    county_codes,
    ids_of_beneficiaries,
    ids_of_cadres,
    registered_beneficiaries,
    registered_cadres,
)
from app.rosters.rules import beneficiaries, cadres, pairings
from app.rosters.rules.columns import Judgement, Problem


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class JudgedRow:
    """One row, what applying it would do, and a digest of what was registered about its person."""

    number: int
    cells: Mapping[str, Cell]
    judgement: Judgement
    seen: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class JudgedBeneficiary(JudgedRow):
    """A row of the roster of beneficiaries that could be read."""

    entry: beneficiaries.BeneficiaryEntry
    indexes: beneficiaries.BeneficiaryIndexes
    known: beneficiaries.RegisteredBeneficiary | None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class JudgedCadre(JudgedRow):
    """A row of the roster of cadres that could be read."""

    entry: cadres.CadreEntry
    phone_index: str
    known: cadres.RegisteredCadre | None


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class JudgedPairing(JudgedRow):
    """A row of the roster of pairings that could be read."""

    wanted: WantedPairing


async def judged_rows(
    *,
    scope: Scope,
    kind: RosterKind,
    org_code: str,
    rows: Sequence[SheetRow],
    now: datetime,
    locked: bool = False,
) -> list[JudgedRow]:
    """Return each row with its verdict, in the same order; a fixed number of statements however many rows.

    Args:
        scope: who asks.
        kind: what the rows list.
        org_code: the federation whose roster it is.
        rows: at most a thousand or so, their cells under the headers of the template.
        now: the moment, for birthdays and dates.
        locked: keep others from changing what was looked up until the transaction ends.
    """
    today = china_date(now)
    if kind is RosterKind.BENEFICIARIES:
        return await _judged_beneficiaries(rows, region_code=org_code, today=today, locked=locked)
    if kind is RosterKind.CADRES:
        return await _judged_cadres(rows, org_code=org_code, locked=locked)
    return await _judged_pairings(rows, scope=scope, region_code=org_code, now=now)


async def _judged_beneficiaries(
    rows: Sequence[SheetRow], *, region_code: str, today: date, locked: bool
) -> list[JudgedRow]:
    parsed = await asyncio.to_thread(
        lambda: [(row, beneficiaries.parse(row.cells, today=today)) for row in rows]
    )
    indexes = await asyncio.to_thread(
        lambda: {
            row.number: _beneficiary_indexes(entry) for row, entry in parsed if not isinstance(entry, tuple)
        }
    )
    found = await registered_beneficiaries(
        indexes=sorted({index.id_number for index in indexes.values()}),
        region_code=region_code,
        locked=locked,
    )

    def judge(row: SheetRow, entry: beneficiaries.BeneficiaryEntry | tuple[Problem, ...]) -> JudgedRow:
        if isinstance(entry, tuple):
            return _unreadable(row, entry)
        index = indexes[row.number]
        hit = found.get(index.id_number)
        judgement = beneficiaries.judge(
            entry, cells=row.cells, known=hit.known if hit else None, indexes=index
        )
        return JudgedBeneficiary(
            number=row.number,
            cells=row.cells,
            judgement=judgement,
            seen=hit.seen if hit else "",
            entry=entry,
            indexes=index,
            known=hit.known if hit and isinstance(hit.known, beneficiaries.RegisteredBeneficiary) else None,
        )

    return await asyncio.to_thread(lambda: [judge(row, entry) for row, entry in parsed])


def _beneficiary_indexes(entry: beneficiaries.BeneficiaryEntry) -> beneficiaries.BeneficiaryIndexes:
    guardian_phone = entry.guardian.phone if entry.guardian else None
    return beneficiaries.BeneficiaryIndexes(
        id_number=id_number_index(entry.id_number.value),
        guardian_phone=phone_index(guardian_phone) if guardian_phone else None,
    )


async def _judged_cadres(rows: Sequence[SheetRow], *, org_code: str, locked: bool) -> list[JudgedRow]:
    counties, own_county = await county_codes(), org_code if is_county(org_code) else None
    parsed = await asyncio.to_thread(
        lambda: [(row, cadres.parse(row.cells, counties=counties, own_county=own_county)) for row in rows]
    )
    indexes = {row.number: phone_index(entry.phone) for row, entry in parsed if not isinstance(entry, tuple)}
    found = await registered_cadres(indexes=sorted(set(indexes.values())), org_code=org_code, locked=locked)

    def judge(row: SheetRow, entry: cadres.CadreEntry | tuple[Problem, ...]) -> JudgedRow:
        if isinstance(entry, tuple):
            return _unreadable(row, entry)
        index = indexes[row.number]
        hit = found.get(index)
        return JudgedCadre(
            number=row.number,
            cells=row.cells,
            judgement=cadres.judge(
                entry, cells=row.cells, known=hit.known if hit else None, phone_index=index
            ),
            seen=hit.seen if hit else "",
            entry=entry,
            phone_index=index,
            known=hit.known if hit and isinstance(hit.known, cadres.RegisteredCadre) else None,
        )

    return [judge(row, entry) for row, entry in parsed]


async def _judged_pairings(
    rows: Sequence[SheetRow], *, scope: Scope, region_code: str, now: datetime
) -> list[JudgedRow]:
    today = china_date(now)
    parsed = await asyncio.to_thread(lambda: [(row, pairings.parse(row.cells, today=today)) for row in rows])
    entries = {row.number: entry for row, entry in parsed if not isinstance(entry, tuple)}
    people = {number: id_number_index(entry.id_number.value) for number, entry in entries.items()}
    phones = {number: phone_index(entry.cadre_phone) for number, entry in entries.items()}
    beneficiary_ids = await ids_of_beneficiaries(
        indexes=sorted(set(people.values())), region_code=region_code
    )
    cadre_ids = await ids_of_cadres(indexes=sorted(set(phones.values())), region_code=region_code)
    wanted = {
        number: WantedPairing(
            # No row has the id 0, so pairing answers that it does not know this one.
            beneficiary_id=beneficiary_ids.get(people[number], 0),
            cadre_id=cadre_ids.get(phones[number], 0),
            started_on=entry.started_on,
        )
        for number, entry in entries.items()
    }
    verdicts = await _pairing_verdicts(wanted, people=people, scope=scope, now=now)

    def judge(row: SheetRow, entry: pairings.PairingEntry | tuple[Problem, ...]) -> JudgedRow:
        if isinstance(entry, tuple):
            return _unreadable(row, entry)
        return JudgedPairing(
            number=row.number,
            cells=row.cells,
            judgement=pairings.judge(
                cells=row.cells, verdict=verdicts.get(row.number), id_number_index=people[row.number]
            ),
            wanted=wanted[row.number],
        )

    return [judge(row, entry) for row, entry in parsed]


async def _pairing_verdicts(
    wanted: Mapping[int, WantedPairing], *, people: Mapping[int, str], scope: Scope, now: datetime
) -> dict[int, PairingVerdict]:
    """Return what pairing answers, by row number.

    Of several rows for one person only the first is asked about; their claims speak against all of them.
    """
    first: dict[str, int] = {}
    for number in wanted:
        first.setdefault(people[number], number)
    asked = [wanted[number] for number in first.values()]
    answers = await pairing.judged_pairings(scope=scope, wanted=asked, now=now)
    return dict(zip(first.values(), answers, strict=True))


def _unreadable(row: SheetRow, problems: tuple[Problem, ...]) -> JudgedRow:
    judgement = Judgement(RowVerdict.ERROR, problems=problems)
    return JudgedRow(number=row.number, cells=row.cells, judgement=judgement)
