"""Taking an upload in: read in a process of its own, judged and kept a thousand rows at a time."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope, is_county
from app.audit import operations as audit
from app.core import sql
from app.core.errors import Invalid, NotAllowed, TooMany
from app.core.spreadsheets import SheetRow, stream_table_safely
from app.core.spreadsheets.refusals import HeadersMissing
from app.rosters.enums import RosterKind, RosterState, RowVerdict
from app.rosters.models import RosterImport
from app.rosters.operations.writing import update_many
from app.rosters.queries.imports import counts_of, sealed_cells
from app.rosters.queries.judging import JudgedRow, judged_rows
from app.rosters.rules.columns import ClaimBook, Problem
from app.rosters.rules.files import ANCHORS, by_template, matched_columns, missing_columns, other_headers

log = structlog.get_logger()
T = TypeVar("T")

CHUNK = 1000
KEPT_UNCONFIRMED = timedelta(days=7)
# Long enough to look up what a file said; after that the register is the only copy.
KEPT_APPLIED = timedelta(days=90)
_DROPPED_AT_ONCE = 100
_LONGEST_FILENAME = 120
# Each reader may cost a processor and several hundred megabytes for a while.
_READING = asyncio.Semaphore(2)


class CountyOnly(NotAllowed):
    code = "rosters.county_only"
    title = "帮扶对象和结对关系由县级残联导入"


class ColumnsMissing(Invalid):
    code = "rosters.columns_missing"
    title = "表格缺少必需的列"


class NothingInside(Invalid):
    code = "rosters.nothing_inside"
    title = "表格中没有可以导入的数据行"


class ReadersBusy(TooMany):
    code = "rosters.busy"
    title = "正在处理其他人上传的表格，请一分钟后再试"


async def upload(  # noqa: PLR0913 - what, whose, by whom, when
    *,
    scope: Scope,
    actor: audit.Actor,
    org_code: str,
    kind: RosterKind,
    filename: str,
    content: bytes,
    now: datetime,
) -> int:
    """Keep an uploaded roster with every row judged, and return the import's id; nothing is registered yet.

    It is kept a thousand rows to a transaction, so that `row_count` shows how far it has come and no lock is
    held while the file is read. Of a file that is refused nothing stays.

    Raises:
        CountyOnly: beneficiaries and pairings belong to counties.
        SpreadsheetRefused: the file cannot be read, for one of many reasons.
        ColumnsMissing: `missing` lists the columns.
        NothingInside: it has headers only.
        ReadersBusy: two files are being read already.
    """
    if not scope.may_act_in(org_code) or (kind is not RosterKind.CADRES and not is_county(org_code)):
        raise CountyOnly
    if _READING.locked():
        raise ReadersBusy(retry_after=60)
    async with _READING:
        roster = RosterImport(
            kind=kind,
            org_code=org_code,
            # A multipart header can smuggle in half a character, which no database takes.
            filename=filename.encode("utf-8", "replace").decode()[-_LONGEST_FILENAME:],
            state=RosterState.CHECKING,
            uploaded_by=actor.id,
            uploaded_at=now,
        )
        await roster.save()
        try:
            await _read(roster, scope=scope, actor=actor, content=content, now=now)
        except BaseException:
            await asyncio.shield(forget(import_id=roster.id))
            raise
    return int(roster.id)


async def _read(
    roster: RosterImport, *, scope: Scope, actor: audit.Actor, content: bytes, now: datetime
) -> None:
    refusals: list[HeadersMissing] = []
    for anchor in ANCHORS[roster.kind]:
        try:
            claims = await _take_rows(roster, scope=scope, content=content, anchor=anchor, now=now)
            break
        except HeadersMissing as refusal:
            refusals.append(refusal)
    else:
        raise refusals[0]
    if not roster.row_count:
        raise NothingInside
    await _finish(roster, contradictions=claims.contradictions, actor=actor, now=now)


async def _take_rows(
    roster: RosterImport, *, scope: Scope, content: bytes, anchor: str, now: datetime
) -> ClaimBook:
    claims = ClaimBook()
    others = other_headers(roster.kind, anchor=anchor)
    async with aclosing(stream_table_safely(content, headers=[anchor], optional=others)) as batches:
        async for rows in _thousands(_templated(roster.kind, batches)):
            judged = await judged_rows(
                scope=scope, kind=roster.kind, org_code=roster.org_code, rows=rows, now=now
            )
            for row in judged:
                claims.hear(row.number, row.judgement.claims)
            await _keep(roster, judged)
    return claims


async def _templated(
    kind: RosterKind, batches: AsyncGenerator[list[SheetRow], None]
) -> AsyncGenerator[list[SheetRow], None]:
    """Pass the rows on with their cells under the headers of the template."""
    matched: dict[str, str] | None = None
    async for batch in batches:
        if matched is None and batch:
            matched = matched_columns(kind, batch[0].cells)
            missing = missing_columns(kind, matched)
            if missing:
                raise ColumnsMissing(
                    f"缺少：{'、'.join(missing)}。如果这不是{kind.label}名单，请重新选择名单的种类",
                    missing=missing,
                )
        yield [SheetRow(row.number, by_template(row.cells, matched=matched or {})) for row in batch]


async def _thousands(
    batches: AsyncGenerator[list[SheetRow], None],
) -> AsyncGenerator[list[SheetRow], None]:
    waiting: list[SheetRow] = []
    async for batch in batches:
        waiting += batch
        while len(waiting) >= CHUNK:
            yield waiting[:CHUNK]
            waiting = waiting[CHUNK:]
    if waiting:
        yield waiting


async def _keep(roster: RosterImport, judged: Sequence[JudgedRow]) -> None:
    rows = await asyncio.to_thread(lambda: [_row(roster.id, row) for row in judged])
    async with in_transaction():
        await sql.execute_many(
            "INSERT INTO roster_row (roster_id, sheet_row, verdict, target_id, seen, cells, problems)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
        roster.row_count += len(rows)
        await roster.save(update_fields=["row_count"])


def _row(roster_id: int, row: JudgedRow) -> tuple[object, ...]:
    judgement = row.judgement
    return (
        roster_id, row.number, judgement.verdict.value, judgement.target_id, row.seen,
        sealed_cells(row.cells),
        json.dumps([asdict(item) for item in judgement.problems], ensure_ascii=False),
    )  # fmt: skip


async def _finish(
    roster: RosterImport, *, contradictions: dict[int, Problem], actor: audit.Actor, now: datetime
) -> None:
    async with in_transaction():
        for numbers in _cut(sorted(contradictions), CHUNK):
            await _contradict(roster.id, {number: contradictions[number] for number in numbers})
        roster.state = RosterState.CHECKED
        await roster.save(update_fields=["state"])
        counts = (await counts_of(import_ids=[roster.id]))[roster.id]
        await audit.record(
            actor=actor, action="import.uploaded", object_kind="import", object_id=roster.id, now=now,
            region_code=roster.org_code, detail=counted(roster.kind, counts),
        )  # fmt: skip
    log.info("rosters.import.checked", import_id=roster.id, kind=roster.kind.value, rows=roster.row_count)


async def _contradict(roster_id: int, contradictions: dict[int, Problem]) -> None:
    """Turn rows into conflicts that another row of the same file contradicts."""
    found = await sql.fetch(
        "SELECT id, sheet_row, problems FROM roster_row"  # noqa: S608 - placeholders only
        f" WHERE roster_id = %s AND sheet_row IN ({sql.marks(len(contradictions))})"
        " ORDER BY sheet_row",
        [roster_id, *contradictions],
    )
    changes = {}
    for row in found:
        problems = [*json.loads(row["problems"]), asdict(contradictions[row["sheet_row"]])]
        changes[row["id"]] = (RowVerdict.CONFLICT.value, None, json.dumps(problems, ensure_ascii=False))
    await update_many("roster_row", ("verdict", "target_id", "problems"), changes)


async def forget(*, import_id: int) -> None:
    """Delete an upload and everything that was read from it."""
    async with in_transaction():
        await sql.execute("DELETE FROM roster_row WHERE roster_id = %s", [import_id])
        await sql.execute("DELETE FROM roster_import WHERE id = %s", [import_id])


async def drop_stale_imports(*, now: datetime) -> int:
    """Delete uploads that nobody confirmed within a week, and applied ones after a season; return how many.

    They hold the data of people for nothing. At most a hundred at a time; the rest goes the next day.
    """
    unconfirmed = Q(uploaded_at__lte=now - KEPT_UNCONFIRMED) & ~Q(state=RosterState.APPLIED)
    applied = Q(applied_at__lte=now - KEPT_APPLIED)
    async with in_transaction():
        stale = await RosterImport.filter(unconfirmed | applied).order_by("id").limit(_DROPPED_AT_ONCE)
        for roster in stale:
            await forget(import_id=roster.id)
    return len(stale)


def _cut(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def counted(kind: RosterKind, counts: dict[RowVerdict, int]) -> str:
    """Return the counts of an import as the audit trail keeps them."""
    return f"kind={kind.value} " + " ".join(f"{verdict.value}={counts[verdict]}" for verdict in counts)
