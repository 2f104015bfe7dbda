"""Writing the guardians whom the rows of a roster name."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core import sql
from app.core.crypto import keyring
from app.people.enums import GuardianRelation
from app.rosters.operations.writing import insert_many, update_many
from app.rosters.queries.judging import JudgedBeneficiary
from app.rosters.queries.registered import ids_of_beneficiaries
from app.rosters.rules.guardians import GuardianEntry, GuardianStep, guardian_step

_COLUMNS = ("region_code", "name", "phone", "phone_index", "created_at")


@dataclass(frozen=True, slots=True, repr=False)
class _Wish:
    """That a beneficiary shall have a guardian; `mark` finds his row: its phone, or a passing mark."""

    beneficiary_id: int
    entry: GuardianEntry
    mark: str


class GuardianWriter:
    """Adds guardians, and corrects phones and relations of those who are known.

    Args:
        region_code: the county whose roster it is.
        now: when it was confirmed.
    """

    def __init__(self, *, region_code: str, now: datetime) -> None:
        self._region_code = region_code
        self._now = now
        self._phones: dict[int, tuple[str, str]] = {}

    async def write(self, rows: Sequence[JudgedBeneficiary]) -> None:
        """Carry out what the rows of one chunk say about guardians."""
        steps = [(row, step) for row in rows if (step := _step(row)) is not None]
        relations = {
            step.known.guardianship_id: (step.entry.relation.value,)
            for _, step in steps
            if step.known is not None and step.new_relation and step.entry.relation is not None
        }
        await update_many("guardianship", ("relation",), relations)
        for row, step in steps:
            if step.known is not None and step.new_phone and step.entry.phone and row.indexes.guardian_phone:
                # A guardian may look after people of a later chunk, who must not look changed by this one.
                self._phones[step.known.id] = (step.entry.phone, row.indexes.guardian_phone)
        await self._add([(row, step.entry) for row, step in steps if step.known is None])

    async def finish(self) -> None:
        """Write the phones that were corrected."""
        changes = await asyncio.to_thread(
            lambda: {
                guardian_id: (keyring().seal(phone, place="guardian.phone"), index)
                for guardian_id, (phone, index) in self._phones.items()
            }
        )
        await update_many("guardian", ("phone", "phone_index"), changes)

    async def _add(self, wanted: Sequence[tuple[JudgedBeneficiary, GuardianEntry]]) -> None:
        if not wanted:
            return
        ids = await ids_of_beneficiaries(
            indexes=[row.indexes.id_number for row, _ in wanted], region_code=self._region_code
        )
        wishes = [
            # The guardian of a row without phone is nobody else's: he gets a mark of his own.
            _Wish(ids[row.indexes.id_number], entry, row.indexes.guardian_phone or secrets.token_hex(32))
            for row, entry in wanted
        ]
        guardians = await self._guardians(wishes)
        relation = GuardianRelation.OTHER
        await insert_many(
            "guardianship",
            ("guardian_id", "beneficiary_id", "relation"),
            [
                (
                    guardians[wish.entry.name, wish.mark],
                    wish.beneficiary_id,
                    (wish.entry.relation or relation).value,
                )
                for wish in wishes
            ],
        )
        await self._clear_marks([wish.mark for wish in wishes if wish.entry.phone is None])

    async def _guardians(self, wishes: Sequence[_Wish]) -> dict[tuple[str, str], int]:
        """Return guardians by name and mark, after adding those whom the county does not have yet."""
        known = await self._known([wish.mark for wish in wishes if wish.entry.phone is not None])
        missing = {
            (wish.entry.name, wish.mark): wish.entry.phone
            for wish in wishes
            if (wish.entry.name, wish.mark) not in known
        }
        rows = await asyncio.to_thread(
            lambda: [
                (self._region_code, name, keyring().seal(phone, place="guardian.phone") if phone else None,
                 mark, self._now)
                for (name, mark), phone in missing.items()
            ]
        )  # fmt: skip
        await insert_many("guardian", _COLUMNS, rows)
        return known | await self._known([mark for _, mark in missing])

    async def _known(self, marks: Sequence[str]) -> dict[tuple[str, str], int]:
        if not marks:
            return {}
        rows = await sql.fetch(
            "SELECT id, name, phone_index FROM guardian WHERE region_code = %s"  # noqa: S608 - placeholders only
            f" AND phone_index IN ({sql.marks(len(marks))}) ORDER BY id DESC",
            [self._region_code, *marks],
        )
        return {(row["name"], row["phone_index"]): row["id"] for row in rows}

    async def _clear_marks(self, marks: Sequence[str]) -> None:
        """Take away what stood in for a missing phone number until the new rows were found again."""
        if marks:
            await sql.execute(
                f"UPDATE guardian SET phone_index = NULL WHERE phone_index IN ({sql.marks(len(marks))})",  # noqa: S608
                marks,
            )


def _step(row: JudgedBeneficiary) -> GuardianStep | None:
    guardians = row.known.guardians if row.known is not None else ()
    return guardian_step(row.entry.guardian, phone_index=row.indexes.guardian_phone, guardians=guardians)
