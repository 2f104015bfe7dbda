"""Writing judged rows into the register, a thousand at a time, in the transaction of the confirmation."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.core import sql
from app.core.crypto import keyring
from app.pairing import operations as pairing
from app.people.enums import BeneficiaryStatus, CadreStatus
from app.rosters.enums import RowVerdict
from app.rosters.operations.guardians import GuardianWriter
from app.rosters.operations.writing import insert_many, update_many
from app.rosters.queries.judging import JudgedBeneficiary, JudgedCadre, JudgedRow
from app.rosters.queries.registered import ids_of_cadres
from app.rosters.rules import beneficiaries, cadres
from app.rosters.rules.beneficiaries import BeneficiaryFacts
from app.rosters.rules.terms import TermsFacts, merged_terms

_IDS_AT_ONCE = 1000
_WRITTEN = frozenset({RowVerdict.NEW, RowVerdict.UPDATE})
_FACTS = (
    "name", "town", "household_id", "certificate", "certificate_status", "category", "grade", "relief",
    "residence", "several_disabled_in_household", "kept_by_elderly", "phone", "address", "updated_at",
)  # fmt: skip
_ONCE = (
    "region_code", "id_number", "id_number_index", "born_on", "sex", "status", "mute_reason", "created_at",
)  # fmt: skip
_CADRE_FACTS = ("unit", "post", "`rank`", "updated_at")
_CADRE_ONCE = ("org_code", "name", "phone", "phone_index", "status", "created_at")


class BeneficiaryWriter:
    """Writes the roster of beneficiaries.

    Args:
        region_code: the county whose roster it is.
        now: when it was confirmed.
    """

    def __init__(self, *, region_code: str, now: datetime) -> None:
        self._region_code = region_code
        self._now = now
        self._guardians = GuardianWriter(region_code=region_code, now=now)
        self._undecided: list[str] = []

    async def write(self, rows: Sequence[JudgedRow]) -> None:
        """Insert new people, change known ones, and give them the guardians that the rows name."""
        judged = [row for row in rows if isinstance(row, JudgedBeneficiary)]
        facts = {row.number: beneficiaries.merged(row.entry, _facts_of(row)) for row in judged}
        households = await self._households({item.household for item in facts.values()} - {None})
        new = [row for row in judged if row.judgement.verdict is RowVerdict.NEW]
        changed = [row for row in judged if row.judgement.verdict is RowVerdict.UPDATE]

        def values(row: JudgedBeneficiary) -> tuple[Any, ...]:
            return self._values(row, facts[row.number], households)

        inserts = await asyncio.to_thread(lambda: [(*self._once(row), *values(row)) for row in new])
        await insert_many("beneficiary", (*_ONCE, *_FACTS), inserts)
        updates = await asyncio.to_thread(
            lambda: {
                row.known.id: values(row)
                for row in changed
                if row.known is not None and facts[row.number] != row.known.facts
            }
        )
        await update_many("beneficiary", _FACTS, updates)
        await self._guardians.write([*new, *changed])
        self._undecided += [
            row.indexes.id_number
            for row in (*new, *changed)
            if row.entry.household is not None and row.entry.several is None
        ]

    async def finish(self) -> None:
        """Write what concerns rows of several chunks."""
        await self._guardians.finish()
        for start in range(0, len(self._undecided), _IDS_AT_ONCE):
            await self._decide_households(self._undecided[start : start + _IDS_AT_ONCE])

    async def _households(self, codes: set[str | None]) -> dict[str | None, int]:
        wanted = sorted(code for code in codes if code is not None)
        known = await self._known_households(wanted)
        missing = [code for code in wanted if code not in known]
        if not missing:
            return known
        await insert_many(
            "household", ("region_code", "code"), [(self._region_code, code) for code in missing]
        )
        return known | await self._known_households(missing)

    async def _known_households(self, codes: Sequence[str]) -> dict[str | None, int]:
        if not codes:
            return {}
        rows = await sql.fetch(
            f"SELECT id, code FROM household WHERE region_code = %s AND code IN ({sql.marks(len(codes))})"  # noqa: S608
            " ORDER BY id",
            [self._region_code, *codes],
        )
        return {row["code"]: row["id"] for row in rows}

    async def _decide_households(self, indexes: Sequence[str]) -> None:
        """Note 一户多残 where the row leaves it open and the household has several people of the register."""
        rows = await sql.fetch(
            "SELECT household_id FROM beneficiary"  # noqa: S608 - placeholders only
            " WHERE household_id IN (SELECT household_id FROM beneficiary"
            f" WHERE id_number_index IN ({sql.marks(len(indexes))})) GROUP BY household_id"
            " HAVING COUNT(*) > 1 ORDER BY household_id",
            list(indexes),
        )
        if rows:
            shared = [row["household_id"] for row in rows]
            await sql.execute(
                "UPDATE beneficiary SET several_disabled_in_household = %s"  # noqa: S608 - placeholders only
                f" WHERE household_id IN ({sql.marks(len(shared))})"
                f" AND id_number_index IN ({sql.marks(len(indexes))})",
                [True, *shared, *indexes],
            )

    def _once(self, row: JudgedBeneficiary) -> tuple[Any, ...]:
        number = row.entry.id_number
        return (
            self._region_code, keyring().seal(number.value, place="beneficiary.id_number"),
            row.indexes.id_number, number.born_on.isoformat(), number.sex.value,
            BeneficiaryStatus.ACTIVE.value, "", self._now,
        )  # fmt: skip

    def _values(
        self, row: JudgedBeneficiary, facts: BeneficiaryFacts, households: Mapping[str | None, int]
    ) -> tuple[Any, ...]:
        certificate = row.entry.certificate
        return (
            facts.name, facts.town, households.get(facts.household),
            keyring().seal(facts.certificate, place="beneficiary.certificate"),
            facts.certificate_status.value, certificate.category.value, certificate.grade,
            facts.relief.value, facts.residence.value, facts.several, facts.elderly,
            _sealed(facts.phone, place="beneficiary.phone"),
            _sealed(facts.address, place="beneficiary.address"), self._now,
        )  # fmt: skip


def _facts_of(row: JudgedBeneficiary) -> BeneficiaryFacts | None:
    return row.known.facts if row.known is not None else None


class CadreWriter:
    """Writes the roster of cadres.

    Args:
        org_code: the federation whose roster it is.
        now: when it was confirmed.
    """

    def __init__(self, *, org_code: str, now: datetime) -> None:
        self._org_code = org_code
        self._now = now

    async def write(self, rows: Sequence[JudgedRow]) -> None:
        """Insert new cadres and change known ones."""
        judged = [row for row in rows if isinstance(row, JudgedCadre)]
        new = [row for row in judged if row.judgement.verdict is RowVerdict.NEW]
        inserts = await asyncio.to_thread(lambda: [(*self._once(row), *self._values(row)) for row in new])
        await insert_many("cadre", (*_CADRE_ONCE, *_CADRE_FACTS), inserts)
        updates = {
            row.known.id: self._values(row)
            for row in judged
            if row.known is not None and row.judgement.verdict is RowVerdict.UPDATE
        }
        await update_many("cadre", _CADRE_FACTS, updates)
        await self._write_terms([row for row in judged if row.judgement.verdict in _WRITTEN])

    async def _write_terms(self, rows: Sequence[JudgedCadre]) -> None:
        """Hand what the rows say about cadres' part to the feature that keeps it."""
        said = {}
        for row in rows:
            known = row.known.terms if row.known is not None else TermsFacts()
            after = merged_terms(row.entry.terms, known)
            if after != known:
                said[row.phone_index] = after
        ids = await ids_of_cadres(indexes=sorted(said), region_code=self._org_code)
        terms = {ids[index]: pairing.Terms(**asdict(facts)) for index, facts in said.items()}
        await pairing.set_terms_of_many(terms=terms, now=self._now)

    async def finish(self) -> None:
        """Nothing about a cadre concerns other rows."""

    def _once(self, row: JudgedCadre) -> tuple[Any, ...]:
        return (
            self._org_code, row.entry.name, keyring().seal(row.entry.phone, place="cadre.phone"),
            row.phone_index, CadreStatus.ACTIVE.value, self._now,
        )  # fmt: skip

    def _values(self, row: JudgedCadre) -> tuple[Any, ...]:
        facts = cadres.merged(row.entry, row.known.facts if row.known is not None else None)
        return facts.unit, facts.post, facts.rank.value, self._now


def _sealed(plain: str | None, *, place: str) -> str | None:
    return None if plain is None else keyring().seal(plain, place=place)
