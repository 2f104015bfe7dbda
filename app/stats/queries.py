"""Reading the ledger: the order of its rows first, then a thousand of them at a time."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from app.accounts.rules import Scope, is_county
from app.core import sql
from app.core.crypto import keyring
from app.orgs.models import Org
from app.pairing.enums import EndReason
from app.people.enums import DisabilityCategory, GuardianRelation, Relief
from app.stats.rules import LedgerLine

_ORG_WORD = "残联"
_LINES = (
    "SELECT p.id, p.region_code, p.beneficiary_id, p.started_on, p.ended_on, p.end_reason, b.town, b.name,"
    " b.id_number, b.certificate, b.category, b.grade, b.relief, b.phone, c.name AS cadre, c.unit, c.post,"
    " y.contacts, y.visits,"
    " (SELECT MAX(last_reached_on) FROM contact_year WHERE pairing_id = p.id) AS last_reached_on"
    " FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id JOIN cadre c ON c.id = p.cadre_id"
    " LEFT JOIN contact_year y ON y.pairing_id = p.id AND y.year = %s WHERE p.id IN ({ids}) ORDER BY p.id"
)
_GUARDIANS = (
    "SELECT s.beneficiary_id, s.relation, g.name, g.phone FROM guardianship s"
    " JOIN guardian g ON g.id = s.guardian_id WHERE s.beneficiary_id IN ({ids}) ORDER BY s.id DESC"
)


async def ledger_order(*, scope: Scope, day: date, past: bool, most: int) -> list[int]:
    """Return the ids of pairings by county, town and person, one more than `most` when there are more.

    Args:
        scope: who asks; people of his regions, for city and province the people of their own cadres.
        day: the day.
        past: those that have ended by then; otherwise those that go on, planned ones too.
        most: how many.
    """
    places = ["p.region_code LIKE %s" for _ in scope.find]
    values = [f"{prefix}%" for prefix in scope.find]
    own = [prefix for prefix in scope.find if not is_county(prefix)]
    places += ["c.org_code LIKE %s" for _ in own]
    values += [f"{prefix}%" for prefix in own]
    if not places:
        return []
    # One that ended on its first day never was in force.
    goes_on = "(p.ended_on IS NULL OR (p.ended_on > %s AND p.ended_on > p.started_on))"
    ended = "p.ended_on <= %s" if past else goes_on
    rows = await sql.fetch(
        "SELECT p.id FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id"
        f" JOIN cadre c ON c.id = p.cadre_id WHERE ({' OR '.join(places)}) AND {ended}"
        " ORDER BY p.region_code, b.town, p.beneficiary_id, p.started_on, p.id LIMIT %s",
        [*values, day, most + 1],
    )
    return [row["id"] for row in rows]


async def ledger_lines(*, pairing_ids: Sequence[int], year: int) -> list[LedgerLine]:
    """Return what the ledger says about pairings, in the order of the ids; a thousand or so.

    No scope: they were found within one. Numbers are opened in a thread.
    """
    if not pairing_ids:
        return []
    marks = sql.marks(len(pairing_ids))
    rows = await sql.fetch(_LINES.format(ids=marks), [year, *pairing_ids])
    people = sorted({row["beneficiary_id"] for row in rows})
    guardians = await sql.fetch(_GUARDIANS.format(ids=sql.marks(len(people))), people)
    # Whoever was entered first stands last and remains.
    first = {row["beneficiary_id"]: row for row in guardians}
    counties = await _county_names(sorted({row["region_code"] for row in rows}))

    def opened() -> list[LedgerLine]:
        by_id = {row["id"]: row for row in rows}
        return [
            _line(by_id[number], first.get(by_id[number]["beneficiary_id"]), counties)
            for number in pairing_ids
            if number in by_id
        ]

    return await asyncio.to_thread(opened)


async def _county_names(codes: Sequence[str]) -> dict[str, str]:
    found = await Org.filter(code__in=list(codes)).order_by("code").values_list("code", "name")
    return {str(code): str(name).removesuffix(_ORG_WORD) for code, name in found}


def _line(
    row: Mapping[str, Any], guardian: Mapping[str, Any] | None, counties: Mapping[str, str]
) -> LedgerLine:
    phone = _opened(row["phone"], place="beneficiary.phone")
    if guardian is not None and guardian["phone"] is not None:
        phone = _opened(guardian["phone"], place="guardian.phone")
    return LedgerLine(
        county=counties.get(row["region_code"], row["region_code"]),
        town=row["town"],
        name=row["name"],
        id_number=_opened(row["id_number"], place="beneficiary.id_number"),
        certificate=_opened(row["certificate"], place="beneficiary.certificate"),
        category=DisabilityCategory(row["category"]),
        grade=row["grade"],
        relief=Relief(row["relief"]),
        guardian=guardian["name"] if guardian else "",
        relation=GuardianRelation(guardian["relation"]) if guardian else None,
        phone=phone,
        cadre=row["cadre"],
        unit=row["unit"],
        post=row["post"],
        started_on=cast("date", sql.day_of(row["started_on"])),
        ended_on=sql.day_of(row["ended_on"]),
        end_reason=EndReason(row["end_reason"]) if row["end_reason"] else None,
        contacts=row["contacts"] or 0,
        visits=row["visits"] or 0,
        last_reached_on=sql.day_of(row["last_reached_on"]),
    )


def _opened(sealed: str | None, *, place: str) -> str:
    return "" if sealed is None else keyring().open(sealed, place=place)
