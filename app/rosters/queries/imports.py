"""Reading uploads and their judged rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.core import sql
from app.core.crypto import keyring
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.core.spreadsheets import Cell, CellKind, SheetRow
from app.rosters.enums import RowVerdict
from app.rosters.models import RosterImport
from app.rosters.rules.columns import Problem

_CELLS_PLACE = "roster_row.cells"


class ImportNotFound(NotFound):
    code = "rosters.import_not_found"
    title = "没有找到这次导入，可能已经过期删除，请重新上传"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A judged row as it is kept; `sealed` are its cells, still closed."""

    number: int
    verdict: RowVerdict
    target_id: int | None
    seen: str
    sealed: str
    problems: tuple[Problem, ...]


async def import_in(*, scope: Scope, import_id: int) -> RosterImport:
    """Return one upload; raises ImportNotFound for one of another federation."""
    roster = await RosterImport.filter(in_regions("org_code", scope.find)).get_or_none(id=import_id)
    if roster is None:
        raise ImportNotFound
    return roster


async def imports_in(*, scope: Scope, page: PageQuery) -> tuple[list[RosterImport], int | None]:
    """Return one page of uploads, latest first, and where the next page begins."""
    found = RosterImport.filter(in_regions("org_code", scope.find))
    if page.cursor:
        found = found.filter(id__lt=page.cursor)
    return cut(await found.order_by("-id").limit(page.limit + 1), page=page)


async def counts_of(*, import_ids: Sequence[int]) -> dict[int, dict[RowVerdict, int]]:
    """Return how many rows of each upload have each verdict.

    No scope: the uploads were found within one.
    """
    counts = {import_id: dict.fromkeys(RowVerdict, 0) for import_id in import_ids}
    if not import_ids:
        return counts
    rows = await sql.fetch(
        f"SELECT roster_id, verdict, COUNT(*) AS rows_found FROM roster_row"  # noqa: S608
        f" WHERE roster_id IN ({sql.marks(len(import_ids))})"
        " GROUP BY roster_id, verdict ORDER BY roster_id, verdict",
        list(import_ids),
    )
    for row in rows:
        counts[row["roster_id"]][RowVerdict(row["verdict"])] = row["rows_found"]
    return counts


async def rows_of(
    *, import_id: int, verdicts: Sequence[RowVerdict], after: int, limit: int
) -> list[StoredRow]:
    """Return rows of one upload in the order of the file.

    No scope: the upload was found within one.

    Args:
        import_id: which upload.
        verdicts: keep rows with one of these.
        after: the row number behind which to begin.
        limit: how many.
    """
    rows = await sql.fetch(
        "SELECT sheet_row, verdict, target_id, seen, cells, problems FROM roster_row"  # noqa: S608 - placeholders only
        f" WHERE roster_id = %s AND sheet_row > %s AND verdict IN ({sql.marks(len(verdicts))})"
        " ORDER BY sheet_row LIMIT %s",
        [import_id, after, *(verdict.value for verdict in verdicts), limit],
    )
    return [_stored(row) for row in rows]


def _stored(row: dict[str, Any]) -> StoredRow:
    return StoredRow(
        number=row["sheet_row"],
        verdict=RowVerdict(row["verdict"]),
        target_id=row["target_id"],
        seen=row["seen"],
        sealed=row["cells"],
        problems=tuple(Problem(**problem) for problem in json.loads(row["problems"])),
    )


def sealed_cells(cells: Mapping[str, Cell]) -> str:
    """Return the filled cells of one row sealed for keeping; some microseconds each, thousands in a thread.

    No scope: it reads nothing.
    """
    kept = {header: [*cell] for header, cell in cells.items() if cell.kind is not CellKind.EMPTY}
    return keyring().seal(json.dumps(kept, ensure_ascii=False), place=_CELLS_PLACE)


def opened_row(row: StoredRow) -> SheetRow:
    """Return a kept row as it was read from the file.

    No scope: the row was found within one.
    """
    kept = json.loads(keyring().open(row.sealed, place=_CELLS_PLACE))
    cells = {header: Cell(address, value, CellKind(kind)) for header, (address, value, kind) in kept.items()}
    return SheetRow(row.number, cells)
