"""Giving the bad rows of an upload back to the clerk, to be corrected and uploaded again."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core.spreadsheets import ColumnGuide, write_table
from app.rosters.enums import RosterKind, RowVerdict
from app.rosters.operations.uploading import CHUNK
from app.rosters.queries.imports import StoredRow, import_in, opened_row, rows_of
from app.rosters.rules.columns import exported_text
from app.rosters.rules.files import COLUMNS, REASON, column_name, guides, reason

_BAD = tuple(verdict for verdict in RowVerdict if verdict.is_bad)


async def export_bad_rows(*, scope: Scope, import_id: int, actor: audit.Actor, now: datetime) -> bytes:
    """Return the rows that cannot be applied as an .xlsx with the reason beside each.

    It holds what the clerk uploaded, unmasked, and the trail says who took it.

    Raises:
        ImportNotFound: the upload belongs to another federation, or is gone.
    """
    async with in_transaction():
        roster = await import_in(scope=scope, import_id=import_id)
        rows = await _bad_rows(roster.id)
        await audit.record(
            actor=actor, action="import.bad_rows_exported", object_kind="import", object_id=roster.id,
            now=now, region_code=roster.org_code, detail=f"rows={len(rows)}",
        )  # fmt: skip
    return await asyncio.to_thread(_table, roster.kind, rows)


async def _bad_rows(import_id: int) -> list[StoredRow]:
    rows: list[StoredRow] = []
    after = 0
    # Bounded by what one upload may hold; they are opened one by one while the table is written.
    while some := await rows_of(import_id=import_id, verdicts=_BAD, after=after, limit=CHUNK):
        rows += some
        after = some[-1].number
    return rows


def _table(kind: RosterKind, rows: Sequence[StoredRow]) -> bytes:
    headers = [column_name(column.header, required=column.required) for column in COLUMNS[kind]]
    return write_table(
        [*headers, REASON],
        _texts(kind, rows),
        guides=guides(kind) | {REASON: ColumnGuide(width=60, note="改正后可以直接上传，本列不用删除")},
        sheet_name=kind.label,
    )


def _texts(kind: RosterKind, rows: Sequence[StoredRow]) -> Iterator[list[str | None]]:
    for row in rows:
        cells = opened_row(row).cells
        texts = [
            exported_text(cells[column.header], column=column) if column.header in cells else None
            for column in COLUMNS[kind]
        ]
        yield [*texts, reason([str(problem) for problem in row.problems])]
