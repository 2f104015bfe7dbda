"""Request and answer bodies."""

from app.core.bodies import AnswerBody, Moment, RequestBody
from app.rosters.enums import RosterKind, RosterState, RowVerdict
from app.rosters.models import RosterImport
from app.rosters.queries.imports import StoredRow, opened_row
from app.rosters.rules.columns import masked_text
from app.rosters.rules.files import COLUMNS


class ConfirmBody(RequestBody):
    """Whether rows that cannot be applied are left out."""

    skip_bad: bool = False


class ImportAnswer(AnswerBody):
    """One upload: where it is, how many rows have which verdict, and the same in one sentence."""

    id: int
    kind: RosterKind
    kind_label: str
    org_code: str
    filename: str
    state: RosterState
    state_label: str
    row_count: int
    counts: dict[RowVerdict, int]
    summary: str
    uploaded_at: Moment
    applied_at: Moment | None

    @classmethod
    def of(cls, roster: RosterImport, *, counts: dict[RowVerdict, int]) -> "ImportAnswer":
        """Describe an upload."""
        listed = "，".join(f"{verdict.label}{counts[verdict]}行" for verdict in RowVerdict)
        return cls(
            id=roster.id,
            kind=roster.kind,
            kind_label=roster.kind.label,
            org_code=roster.org_code,
            filename=roster.filename,
            state=roster.state,
            state_label=roster.state.label,
            row_count=roster.row_count,
            counts=counts,
            summary=f"{roster.state.label}：共{roster.row_count}行，{listed}",
            uploaded_at=roster.uploaded_at,
            applied_at=roster.applied_at,
        )


class ProblemAnswer(AnswerBody):
    """What is wrong with one cell, or worth knowing about it; `text` says it all in one line."""

    cell: str
    header: str
    sentence: str
    text: str


class RowAnswer(AnswerBody):
    """One judged row, its cells masked and in the order of the template."""

    row_number: int
    verdict: RowVerdict
    verdict_label: str
    cells: dict[str, str]
    problems: list[ProblemAnswer]

    @classmethod
    def of(cls, row: StoredRow, *, kind: RosterKind) -> "RowAnswer":
        """Describe a row to somebody who may see it, but need not see everything."""
        cells = opened_row(row).cells
        shown = {
            column.header: masked_text(cells[column.header], column=column) or ""
            for column in COLUMNS[kind]
            if column.header in cells
        }
        return cls(
            row_number=row.number,
            verdict=row.verdict,
            verdict_label=row.verdict.label,
            cells=shown,
            problems=[
                ProblemAnswer(
                    cell=problem.cell, header=problem.header, sentence=problem.sentence, text=str(problem)
                )
                for problem in row.problems
            ],
        )
