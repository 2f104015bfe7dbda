"""Confirming an upload: all its good rows go into the register in one transaction, or none does."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core import sql
from app.core.errors import Conflict
from app.pairing import operations as pairing
from app.rosters.enums import RosterKind, RosterState, RowVerdict
from app.rosters.models import RosterImport
from app.rosters.operations.people import BeneficiaryWriter, CadreWriter
from app.rosters.operations.uploading import CHUNK, counted
from app.rosters.queries.imports import ImportNotFound, StoredRow, counts_of, opened_row, rows_of
from app.rosters.queries.judging import JudgedPairing, JudgedRow, judged_rows

log = structlog.get_logger()

_GOOD = tuple(verdict for verdict in RowVerdict if not verdict.is_bad)


class StillChecking(Conflict):
    code = "rosters.still_checking"
    title = "表格还在检查中，请稍后再确认"


class BadRowsLeft(Conflict):
    code = "rosters.bad_rows_left"
    title = "表格中还有不能导入的行"


class ImportOutdated(Conflict):
    code = "rosters.outdated"
    title = "名册在上传之后有变动，请重新上传表格"


class Writer(Protocol):
    """Writes the judged rows of one kind of roster."""

    async def write(self, rows: Sequence[JudgedRow]) -> None:
        """Write one chunk."""
        ...

    async def finish(self) -> None:
        """Write what concerns rows of several chunks."""
        ...


class PairingWriter:
    """Hands new pairings to the feature that starts them.

    Args:
        scope: who confirmed.
        actor: as the audit trail names him.
        now: when.
    """

    def __init__(self, *, scope: Scope, actor: audit.Actor, now: datetime) -> None:
        self._scope = scope
        self._actor = actor
        self._now = now

    async def write(self, rows: Sequence[JudgedRow]) -> None:
        """Start the pairings of one chunk."""
        wanted = [row.wanted for row in rows if isinstance(row, JudgedPairing)]
        await pairing.start_pairings(scope=self._scope, wanted=wanted, actor=self._actor, now=self._now)

    async def finish(self) -> None:
        """Nothing about a pairing concerns other rows."""


# Table and place of the persons of an upload; both carry the moment of their last change.
_PERSONS = {
    RosterKind.BENEFICIARIES: ("beneficiary", "region_code"),
    RosterKind.CADRES: ("cadre", "org_code"),
}


async def confirm(*, scope: Scope, import_id: int, skip_bad: bool, actor: audit.Actor, now: datetime) -> None:
    """Apply all good rows of an upload, in one transaction; confirming again changes nothing.

    Every row is judged once more: what it would do, and what was registered about its person, must be as it
    was when the clerk looked at it.

    Args:
        scope: who asks; he must be allowed to act for the federation.
        import_id: which upload.
        skip_bad: leave out rows that cannot be applied, instead of refusing.
        actor: as the audit trail names him.
        now: when.

    Raises:
        ImportNotFound: it belongs to another federation, or is gone.
        StillChecking: it is being read.
        BadRowsLeft: it has bad rows, and nobody said to leave them out.
        ImportOutdated: the register has changed since.
    """

    async def whole() -> None:
        async with in_transaction():
            await _apply(scope=scope, import_id=import_id, skip_bad=skip_bad, actor=actor, now=now)

    try:
        await sql.retrying(whole)
    except IntegrityError as error:
        raise ImportOutdated from error


async def _apply(*, scope: Scope, import_id: int, skip_bad: bool, actor: audit.Actor, now: datetime) -> None:
    found = RosterImport.filter(in_regions("org_code", scope.act), id=import_id)
    roster = await found.select_for_update().get_or_none()
    if roster is None:
        raise ImportNotFound
    if roster.state is RosterState.APPLIED:
        return
    if roster.state is RosterState.CHECKING:
        raise StillChecking
    counts = (await counts_of(import_ids=[roster.id]))[roster.id]
    bad = sum(counts[verdict] for verdict in RowVerdict if verdict.is_bad)
    if bad and not skip_bad:
        raise BadRowsLeft(f"有{bad}行不能导入。请改正后重新上传，或者选择跳过这些行", bad_rows=bad)
    await _write_rows(roster, scope=scope, actor=actor, now=now)
    await _record_persons(roster, actor=actor, now=now)
    roster.state, roster.applied_by, roster.applied_at = RosterState.APPLIED, actor.id, now
    await roster.save(update_fields=["state", "applied_by", "applied_at"])
    await audit.record(
        actor=actor, action="import.applied", object_kind="import", object_id=roster.id, now=now,
        region_code=roster.org_code, detail=counted(roster.kind, counts),
    )  # fmt: skip
    log.info("rosters.import.applied", import_id=roster.id, kind=roster.kind.value)


async def _write_rows(roster: RosterImport, *, scope: Scope, actor: audit.Actor, now: datetime) -> None:
    writer = _writer(roster, scope=scope, actor=actor, now=now)
    after = 0
    while stored := await rows_of(import_id=roster.id, verdicts=_GOOD, after=after, limit=CHUNK):
        after = stored[-1].number
        judged = await _judged_again(roster, stored, scope=scope, now=now)
        await writer.write(judged)
    await writer.finish()


async def _record_persons(roster: RosterImport, *, actor: audit.Actor, now: datetime) -> None:
    """Write into the trail whose record this upload made or changed; pairings record themselves."""
    if roster.kind is RosterKind.PAIRINGS:
        return
    table, place = _PERSONS[roster.kind]
    touched = await sql.fetch(
        f"SELECT id, created_at FROM {table} WHERE {place} = %s AND updated_at = %s ORDER BY id",  # noqa: S608
        (roster.org_code, now),
    )
    deeds = (
        audit.Deed(
            action=f"{table}.{'created' if sql.moment_of(row['created_at']) == now else 'updated'}",
            object_kind=table,
            object_id=row["id"],
            region_code=roster.org_code,
            detail=f"import={roster.id}",
        )
        for row in touched
    )
    await audit.record_all(actor=actor, deeds=deeds, now=now)


def _writer(roster: RosterImport, *, scope: Scope, actor: audit.Actor, now: datetime) -> Writer:
    if roster.kind is RosterKind.BENEFICIARIES:
        return BeneficiaryWriter(region_code=roster.org_code, now=now)
    if roster.kind is RosterKind.CADRES:
        return CadreWriter(org_code=roster.org_code, now=now)
    return PairingWriter(scope=scope, actor=actor, now=now)


async def _judged_again(
    roster: RosterImport, stored: Sequence[StoredRow], *, scope: Scope, now: datetime
) -> list[JudgedRow]:
    rows = await asyncio.to_thread(lambda: [opened_row(row) for row in stored])
    judged = await judged_rows(
        scope=scope, kind=roster.kind, org_code=roster.org_code, rows=rows, now=now, locked=True
    )
    for before, after in zip(stored, judged, strict=True):
        was = (before.verdict, before.target_id, before.seen)
        if was != (after.judgement.verdict, after.judgement.target_id, after.seen):
            raise ImportOutdated(f"第{before.number}行涉及的登记内容已经变化，请重新上传表格")
    return judged
