"""Writes tables as .xlsx in which every cell is text: nothing turns into a number, nothing into a formula."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from app.core.spreadsheets.frame import (
    DECLARATION,
    HEADER_STYLE,
    MAIN,
    TEXT_STYLE,
    WRAPPED_STYLE,
    frame_parts,
)
from app.core.spreadsheets.tables import column_letters

_FORMULA_STARTS = tuple("=+-@\t\r\n\0＝＋－＠")
_NO_XML_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
# A cell holds 32,767 UTF-16 units; this many characters fit whatever they are.
_LONGEST_TEXT = 16_000
_CUT = "……（内容过长，已截断）"
_LAST_ROW = 1_048_576
_FIELD_WIDTH = 18
_PROMPT_LENGTH = 255
_EPOCH = (1980, 1, 1, 0, 0, 0)
_INSTRUCTIONS = "填写说明"
_CHOICES = "选项"


@dataclass(frozen=True, slots=True)
class ColumnGuide:
    """How one column looks and helps: a note read out when a cell is entered, a closed list to choose from.

    ``width`` counts Latin characters, a Chinese one takes two.
    """

    width: int = _FIELD_WIDTH
    note: str = ""
    choices: Sequence[str] = ()


def write_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    *,
    guides: Mapping[str, ColumnGuide] | None = None,
    instructions: Sequence[str] = (),
    sheet_name: str = "数据",
) -> bytes:
    """Return an .xlsx with a bold, frozen header row and every cell as text, also those typed in later.

    Texts that a spreadsheet program could take for a formula get an apostrophe in front. Rows may come from a
    generator and are not kept; this holds the processor, call it in a thread for thousands of rows.

    Args:
        headers: the names of the columns.
        rows: one text for each column; None leaves the cell empty.
        guides: width, note and choices of columns, by header.
        instructions: sentences for a second sheet, 填写说明.
        sheet_name: the name of the sheet with the table.
    """
    known = [(guides or {}).get(header, ColumnGuide()) for header in headers]
    sheets = {sheet_name: _table_sheet(headers, rows, known)}
    if instructions:
        sheets[_INSTRUCTIONS] = _text_sheet([[line] for line in instructions], width=100)
    if any(guide.choices for guide in known):
        sheets[_CHOICES] = _text_sheet(_side_by_side([guide.choices for guide in known]), width=_FIELD_WIDTH)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for part, text in frame_parts(list(sheets), hidden=_CHOICES).items():
            archive.writestr(_entry(part), text)
        for place, pieces in enumerate(sheets.values(), 1):
            with archive.open(_entry(f"xl/worksheets/sheet{place}.xml"), "w") as stream:
                for piece in pieces:
                    stream.write(piece.encode())
    return buffer.getvalue()


def _entry(part: str) -> zipfile.ZipInfo:
    """Return an entry without the time of writing, so that equal tables are equal files."""
    entry = zipfile.ZipInfo(part, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def safe_text(text: str) -> str:
    """Return a text that is kept as text by every spreadsheet program, also after saving it as CSV."""
    clean = _NO_XML_CHARACTER.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(clean) > _LONGEST_TEXT:
        clean = clean[: _LONGEST_TEXT - len(_CUT)] + _CUT
    return f"'{clean}" if clean.startswith(_FORMULA_STARTS) else clean


def _cell(address: str, text: str | None, *, style: int) -> str:
    if not text:
        return ""
    stored = escape(_LOOKS_ESCAPED.sub("_x005F_", safe_text(text)))
    return f'<c r="{address}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{stored}</t></is></c>'


def _row(number: int, texts: Sequence[str | None], *, letters: Sequence[str], style: int) -> str:
    cells = [
        _cell(f"{column}{number}", text, style=style) for column, text in zip(letters, texts, strict=True)
    ]
    return f'<row r="{number}">{"".join(cells)}</row>'


class TableBook:
    """Writes an .xlsx of one or more tables, row by row: no more is kept than the packed file itself.

    Every call holds the processor for as long as its rows take; call `add` in a thread. Not for two threads
    at once.

    Args:
        sheets: the headers of each sheet by its name, in their order.
        guides: width and note of columns, by header.
    """

    def __init__(
        self, sheets: Mapping[str, Sequence[str]], *, guides: Mapping[str, ColumnGuide] | None = None
    ) -> None:
        self._headers = list(sheets.values())
        self._guides = guides or {}
        self._buffer = io.BytesIO()
        self._archive = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        for part, text in frame_parts(list(sheets), hidden=_CHOICES).items():
            self._archive.writestr(_entry(part), text)
        self._place = 0
        self._begin()

    def _begin(self) -> None:
        headers = self._headers[self._place]
        self._place += 1
        self._rows = 1
        self._letters = [column_letters(place) for place in range(1, len(headers) + 1)]
        self._stream = self._archive.open(_entry(f"xl/worksheets/sheet{self._place}.xml"), "w")
        known = [self._guides.get(header, ColumnGuide()) for header in headers]
        for piece in _table_head(headers, known, letters=self._letters, is_first=self._place == 1):
            self._stream.write(piece.encode())

    def add(self, rows: Iterable[Sequence[str | None]]) -> None:
        """Write further rows of the sheet that is being written."""
        for texts in rows:
            self._rows += 1
            row = _row(self._rows, texts, letters=self._letters, style=TEXT_STYLE)
            self._stream.write(row.encode())

    def next_sheet(self) -> None:
        """Close this sheet and begin the next one."""
        self._end()
        self._begin()

    def _end(self) -> None:
        self._stream.write(b"</sheetData></worksheet>")
        self._stream.close()

    def finish(self) -> bytes:
        """Close the last sheet and return the file."""
        self._end()
        self._archive.close()
        return self._buffer.getvalue()


def _table_sheet(
    headers: Sequence[str], rows: Iterable[Sequence[str | None]], guides: Sequence[ColumnGuide]
) -> Iterator[str]:
    letters = [column_letters(place) for place in range(1, len(headers) + 1)]
    yield from _table_head(headers, guides, letters=letters)
    for number, texts in enumerate(rows, 2):
        yield _row(number, texts, letters=letters, style=TEXT_STYLE)
    yield "</sheetData>"
    helped = [pair for pair in zip(letters, guides, strict=True) if pair[1].note or pair[1].choices]
    if helped:
        yield f'<dataValidations count="{len(helped)}">'
        yield from (_validation(column, guide) for column, guide in helped)
        yield "</dataValidations>"
    yield "</worksheet>"


def _table_head(
    headers: Sequence[str], guides: Sequence[ColumnGuide], *, letters: Sequence[str], is_first: bool = True
) -> Iterator[str]:
    yield f'{DECLARATION}<worksheet xmlns="{MAIN}">'
    selected = ' tabSelected="1"' if is_first else ""
    yield f'<sheetViews><sheetView{selected} workbookViewId="0">'
    yield '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    yield "</sheetView></sheetViews><cols>"
    for place, guide in enumerate(guides, 1):
        yield f'<col min="{place}" max="{place}" width="{guide.width}" style="{TEXT_STYLE}" customWidth="1"/>'
    yield "</cols><sheetData>"
    yield _row(1, headers, letters=letters, style=HEADER_STYLE)


def _validation(column: str, guide: ColumnGuide) -> str:
    """Return the drop-down list and the note of a column."""
    prompt = f" prompt={quoteattr(guide.note[:_PROMPT_LENGTH])}" if guide.note else ""
    area = f'allowBlank="1" showInputMessage="1"{prompt} sqref="{column}2:{column}{_LAST_ROW}"'
    if not guide.choices:
        return f"<dataValidation {area}/>"
    source = f"{_CHOICES}!${column}$1:${column}${len(guide.choices)}"
    return (
        f'<dataValidation type="list" showErrorMessage="1" errorTitle="请重新填写" '
        f'error="请从下拉列表中选择" {area}><formula1>{source}</formula1></dataValidation>'
    )


def _text_sheet(rows: Sequence[Sequence[str | None]], *, width: int) -> Iterator[str]:
    letters = [column_letters(place) for place in range(1, max(len(row) for row in rows) + 1)]
    yield f'{DECLARATION}<worksheet xmlns="{MAIN}"><cols><col min="1" max="{len(letters)}" width="{width}" '
    yield 'customWidth="1"/></cols><sheetData>'
    for number, texts in enumerate(rows, 1):
        yield _row(number, texts, letters=letters, style=WRAPPED_STYLE)
    yield "</sheetData></worksheet>"


def _side_by_side(columns: Sequence[Sequence[str]]) -> list[list[str | None]]:
    height = max(len(column) for column in columns)
    return [[column[place] if place < len(column) else None for column in columns] for place in range(height)]
