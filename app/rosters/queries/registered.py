"""Who is registered already, looked up for a thousand rows at a time by blind index."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Generic, TypeVar

from app.accounts.rules import is_county, region_prefix
from app.core import sql
from app.core.crypto import keyring
from app.people.enums import (
    BeneficiaryStatus,
    CadreRank,
    CadreStatus,
    CertificateStatus,
    GuardianRelation,
    Relief,
    Residence,
    Sex,
)
from app.rosters.rules.beneficiaries import BeneficiaryFacts, RegisteredBeneficiary
from app.rosters.rules.cadres import CadreFacts, RegisteredCadre
from app.rosters.rules.columns import Elsewhere
from app.rosters.rules.guardians import RegisteredGuardian
from app.rosters.rules.terms import TermsFacts

K = TypeVar("K")

_ELSEWHERE = Elsewhere()
_ORG_WORD = "残联"


@dataclass(frozen=True, slots=True, repr=False)
class Found(Generic[K]):
    """Somebody who has the number of a row, and a keyed digest of all that a roster can change about him."""

    known: K | Elsewhere
    seen: str = ""


async def registered_beneficiaries(
    *, indexes: Sequence[str], region_code: str, locked: bool = False
) -> dict[str, Found[RegisteredBeneficiary]]:
    """Return who is registered under ID numbers, by blind index.

    No scope: a number may be taken anywhere; of people outside the region only that is told.

    Args:
        indexes: at most a thousand or so.
        region_code: the county whose roster is read.
        locked: keep others from changing them until the transaction ends.
    """
    if not indexes:
        return {}
    rows = await sql.fetch(
        "SELECT b.id, b.id_number_index, b.region_code, b.status, b.name, b.certificate, b.relief,"  # noqa: S608 - placeholders only
        " b.certificate_status, b.residence, b.town, b.address, b.phone, h.code AS household,"
        " b.several_disabled_in_household AS several, b.kept_by_elderly AS elderly"
        " FROM beneficiary b LEFT JOIN household h ON h.id = b.household_id"
        f" WHERE b.id_number_index IN ({sql.marks(len(indexes))}) ORDER BY b.id{_lock(locked)}",
        list(indexes),
    )
    ours = [row for row in rows if row["region_code"] == region_code]
    guardians = await _guardians([row["id"] for row in ours])
    found: dict[str, Found[RegisteredBeneficiary]] = {
        row["id_number_index"]: Found(_ELSEWHERE) for row in rows
    }
    found |= await asyncio.to_thread(lambda: dict(_beneficiary(row, guardians[row["id"]]) for row in ours))
    return found


async def _guardians(beneficiary_ids: Sequence[int]) -> dict[int, list[RegisteredGuardian]]:
    found: dict[int, list[RegisteredGuardian]] = defaultdict(list)
    if not beneficiary_ids:
        return found
    rows = await sql.fetch(
        "SELECT s.id AS guardianship_id, s.beneficiary_id, s.relation, g.id, g.name, g.phone_index"  # noqa: S608 - placeholders only
        " FROM guardianship s JOIN guardian g ON g.id = s.guardian_id"
        f" WHERE s.beneficiary_id IN ({sql.marks(len(beneficiary_ids))}) ORDER BY s.id",
        list(beneficiary_ids),
    )
    for row in rows:
        found[row["beneficiary_id"]].append(
            RegisteredGuardian(
                id=row["id"],
                guardianship_id=row["guardianship_id"],
                name=row["name"],
                phone_index=row["phone_index"],
                relation=GuardianRelation(row["relation"]),
            )
        )
    return found


def _beneficiary(
    row: dict[str, Any], guardians: Sequence[RegisteredGuardian]
) -> tuple[str, Found[RegisteredBeneficiary]]:
    facts = BeneficiaryFacts(
        name=row["name"],
        certificate=keyring().open(row["certificate"], place="beneficiary.certificate"),
        relief=Relief(row["relief"]),
        certificate_status=CertificateStatus(row["certificate_status"]),
        residence=Residence(row["residence"]),
        town=row["town"],
        address=_opened(row["address"], place="beneficiary.address"),
        phone=_opened(row["phone"], place="beneficiary.phone"),
        household=row["household"],
        several=bool(row["several"]),
        elderly=bool(row["elderly"]),
    )
    known = RegisteredBeneficiary(
        id=row["id"], status=BeneficiaryStatus(row["status"]), facts=facts, guardians=tuple(guardians)
    )
    return row["id_number_index"], Found(known, _digest(astuple(known)))


async def registered_cadres(
    *, indexes: Sequence[str], org_code: str, locked: bool = False
) -> dict[str, Found[RegisteredCadre]]:
    """Return who is registered under mobile numbers, by blind index.

    No scope: a number may be taken anywhere; of cadres of other federations only that is told.

    Args:
        indexes: at most a thousand or so.
        org_code: the federation whose roster is read.
        locked: keep others from changing them until the transaction ends.
    """
    if not indexes:
        return {}
    rows = await sql.fetch(
        "SELECT c.id, c.phone_index, c.org_code, c.status, c.name, c.unit, c.post, c.`rank`, t.work_county,"  # noqa: S608
        " t.work_town, t.home_county, t.home_town, t.sex, t.languages, t.capacity, t.takes_part, t.excuse,"
        " t.leads_unit FROM cadre c LEFT JOIN pairing_cadre_terms t ON t.cadre_id = c.id"
        f" WHERE c.phone_index IN ({sql.marks(len(indexes))}) ORDER BY c.id{_lock(locked)}",
        list(indexes),
    )
    return dict(_cadre(row, org_code=org_code) for row in rows)


async def county_codes() -> dict[str, str | None]:
    """Return the division code of each county by its code and its names, None where two are called so.

    No scope: the names of divisions are public.
    """
    rows = await sql.fetch("SELECT code, name, parent_code FROM org ORDER BY code")
    names = {row["code"]: str(row["name"]).removesuffix(_ORG_WORD) for row in rows}
    found: dict[str, str | None] = {}
    for row in rows:
        code = row["code"]
        if not is_county(code):
            continue
        for name in (names[code], f"{names.get(row['parent_code'], '')}{names[code]}", code):
            found[name] = code if found.get(name, code) == code else None
    return found


def _cadre(row: dict[str, Any], *, org_code: str) -> tuple[str, Found[RegisteredCadre]]:
    if row["org_code"] != org_code:
        return row["phone_index"], Found(_ELSEWHERE)
    known = RegisteredCadre(
        id=row["id"],
        status=CadreStatus(row["status"]),
        name=row["name"],
        facts=CadreFacts(unit=row["unit"], post=row["post"], rank=CadreRank(row["rank"])),
        terms=_terms(row),
    )
    return row["phone_index"], Found(known, _digest(astuple(known)))


def _terms(row: dict[str, Any]) -> TermsFacts:
    return TermsFacts(
        work_county=row["work_county"] or "",
        work_town=row["work_town"] or "",
        home_county=row["home_county"] or "",
        home_town=row["home_town"] or "",
        sex=Sex(row["sex"]) if row["sex"] else None,
        languages=tuple(json.loads(row["languages"] or "[]")),
        capacity=row["capacity"],
        takes_part=None if row["takes_part"] is None else bool(row["takes_part"]),
        excuse=row["excuse"] or "",
        leads_unit=None if row["leads_unit"] is None else bool(row["leads_unit"]),
    )


async def ids_of_beneficiaries(*, indexes: Sequence[str], region_code: str) -> dict[str, int]:
    """Return the ids of a county's own people by the blind index of their ID number.

    No scope: the region is the caller's own.
    """
    if not indexes:
        return {}
    rows = await sql.fetch(
        f"SELECT id, id_number_index FROM beneficiary WHERE id_number_index IN ({sql.marks(len(indexes))})"  # noqa: S608
        " AND region_code = %s ORDER BY id",
        [*indexes, region_code],
    )
    return {row["id_number_index"]: row["id"] for row in rows}


async def ids_of_cadres(*, indexes: Sequence[str], region_code: str) -> dict[str, int]:
    """Return the ids of cadres who may be paired in a county, its own and those of the federations above it.

    No scope: the region is the caller's own, and cadres from above serve in it.
    """
    if not indexes:
        return {}
    rows = await sql.fetch(
        f"SELECT id, phone_index, org_code FROM cadre WHERE phone_index IN ({sql.marks(len(indexes))})"  # noqa: S608
        " ORDER BY id",
        list(indexes),
    )
    return {
        row["phone_index"]: row["id"]
        for row in rows
        if region_code.startswith(region_prefix(row["org_code"]))
    }


def _opened(sealed: str | None, *, place: str) -> str | None:
    return None if sealed is None else keyring().open(sealed, place=place)


def _digest(facts: tuple[Any, ...]) -> str:
    return keyring().blind_index(json.dumps(facts, ensure_ascii=False), label="roster_row.seen")


def _lock(locked: bool) -> str:  # noqa: FBT001
    return sql.for_update() if locked else ""
