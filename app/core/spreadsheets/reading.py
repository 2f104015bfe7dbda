"""Reads the rows of a table out of an .xlsx as they come, without ever holding the sheet in memory."""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO
from xml.parsers import expat

from app.core.spreadsheets.archive import Sheet, SheetLimits, new_parser, open_archive, visible_sheets
from app.core.spreadsheets.cells import CellReader
from app.core.spreadsheets.refusals import (
    BlankRowsBetween,
    Damaged,
    HeaderRepeated,
    HeadersMissing,
    SeveralTables,
    TooComplex,
    TooManyRows,
)
from app.core.spreadsheets.tables import RawRow, SheetTable, column_letters, sheet_row

_CHUNK = 1 << 16
_HEADER_DEPTH = 5
_DIGITS = "0123456789"
_MALFORMED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    OverflowError,
    NotImplementedError,
)


class _EndOfSheetError(Exception):
    """The sheet has been read to its end."""


class _BlankRunError(Exception):
    """So many blank rows in a row that a person would have stopped reading."""


class _SheetScanner:
    """Collects filled rows while the parser walks through a sheet."""

    def __init__(self, *, cells: CellReader, limits: SheetLimits) -> None:
        self.found: list[RawRow] = []
        self.wanted: frozenset[str] | None = None
        self._cells = cells
        self._limits = limits
        self._row: dict[str, tuple[str, str | None]] = {}
        self._number = 0
        self._column = 0
        self._blank_run = 0
        self._characters = 0
        self._cell: dict[str, str] = {}
        self._letters = ""
        self._formula = False
        self._silent = False
        self._inline: list[str] = []
        self._heard: list[str] = []
        self.parser = new_parser(start=self._root)
        self.parser.CharacterDataHandler = self._heard.append

    def _root(self, name: str, _attributes: dict[str, str]) -> None:
        """Learn from the first element which namespace prefix the writer of the file uses."""
        prefix = name[: name.rfind(":") + 1]
        starts = {"row": self._start_row, "c": self._start_cell, "f": self._start_formula}
        starts |= {"t": self._start_text, "rPh": self._start_phonetic}
        ends = {"row": self._end_row, "c": self._end_cell, "f": self._end_formula, "t": self._end_text}
        ends |= {"rPh": self._end_phonetic, "sheetData": self._end_sheet}
        on_start = {prefix + key: handler for key, handler in starts.items()}
        on_end = {prefix + key: handler for key, handler in ends.items()}

        def start(name: str, attributes: dict[str, str]) -> None:
            if handler := on_start.get(name):
                handler(attributes)

        def end(name: str) -> None:
            if handler := on_end.get(name):
                handler()

        self.parser.StartElementHandler = start
        self.parser.EndElementHandler = end

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._number = int(attributes.get("r", self._number + 1))
        self._column = 0
        self._row = {}

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._cell = attributes
        reference = attributes.get("r")
        self._column += 1
        self._letters = reference.rstrip(_DIGITS) if reference else column_letters(self._column)
        self._formula = False
        self._inline.clear()
        self._heard.clear()

    def _start_formula(self, _attributes: dict[str, str]) -> None:
        self._formula = True

    def _end_formula(self) -> None:
        self._heard.clear()

    def _start_text(self, _attributes: dict[str, str]) -> None:
        self._heard.clear()

    def _end_text(self) -> None:
        if not self._silent:
            self._inline += self._heard

    def _start_phonetic(self, _attributes: dict[str, str]) -> None:
        self._silent = True

    def _end_phonetic(self) -> None:
        self._silent = False

    def _end_cell(self) -> None:
        if self.wanted is not None and self._letters not in self.wanted:
            return
        if self._formula:
            self._row[self._letters] = ("formula", None)
        elif raw := self._inline or self._heard:
            held_as, style = self._cell.get("t", "n"), self._cell.get("s", "0")
            cell = self._cells.read("".join(raw), held_as=held_as, style=style)
            if cell is not None:
                self._row[self._letters] = cell
                self._characters += len(cell[1] or "")

    def _end_row(self) -> None:
        if self._row:
            self._blank_run = 0
            self.found.append((self._number, self._row))
            if self._characters > self._limits.text_characters:
                raise TooComplex
            return
        self._blank_run += 1
        if self._blank_run > self._limits.blank_run:
            raise _BlankRunError

    def _end_sheet(self) -> None:
        raise _EndOfSheetError


class TableReader:
    """The rows of one table, read on demand; ``columns`` is known once the header row has been found.

    Args:
        content: the uploaded file.
        headers: columns that must be there.
        optional: columns that are read when they are there.
        limits: what the file may cost.

    Raises:
        SpreadsheetRefused: when made, for everything that shows before the first row of data.
    """

    def __init__(
        self, content: bytes, *, headers: Sequence[str], optional: Sequence[str] = (), limits: SheetLimits
    ) -> None:
        self._limits = limits
        try:
            self._archive = open_archive(content, limits=limits)
            self._sheet, *others = visible_sheets(self._archive)
            cells = CellReader(self._archive, sheet=self._sheet)
            self._scanner = _SheetScanner(cells=cells, limits=limits)
            self._source = self._scan()
            top = self._top()
            place, self.columns = _find_header(top, headers=headers, optional=optional, sheet=self._sheet)
            self._refuse_second_table(others, cells=cells, headers=headers, optional=optional)
        except expat.ExpatError as error:
            raise _refusal_for(error) from error
        except _MALFORMED as error:
            raise Damaged from error
        self._waiting = top[place + 1 :]
        self._scanner.wanted = frozenset(letters for _, letters in self.columns)

    def _refuse_second_table(
        self, others: Sequence[Sheet], *, cells: CellReader, headers: Sequence[str], optional: Sequence[str]
    ) -> None:
        """Refuse a file whose other sheets go on with the list: their people would be left out unseen."""
        for sheet in others:
            top = self._first_rows(sheet, cells=cells)
            try:
                place, columns = _find_header(top, headers=headers, optional=optional, sheet=sheet)
            except (HeadersMissing, HeaderRepeated):
                continue
            # One column alone may stand in any summary.
            if place + 1 < len(top) and len(columns) > 1:
                raise SeveralTables(f"工作表“{self._sheet.name}”和“{sheet.name}”", sheet=sheet.name)

    def _first_rows(self, sheet: Sheet, *, cells: CellReader) -> list[RawRow]:
        scanner = _SheetScanner(cells=cells, limits=self._limits)
        with self._archive.open(sheet.part) as stream, suppress(_EndOfSheetError, _BlankRunError):
            scanner.parser.Parse(stream.read(_CHUNK), False)
        return scanner.found

    def _top(self) -> list[RawRow]:
        top: list[RawRow] = []
        for rows in self._source:
            top.extend(rows)
            if len(top) >= _HEADER_DEPTH:
                break
        return top

    def rows(self) -> Iterator[RawRow]:
        """Yield every filled row under the header, once; a row limit is met only when it is reached.

        Raises:
            SpreadsheetRefused: too many rows, filled rows after a long blank run, or damage further down.
        """
        count = 0
        try:
            for rows in self._batches():
                for number, stored in rows:
                    kept = {key: cell for key, cell in stored.items() if key in (self._scanner.wanted or ())}
                    if not kept:
                        continue
                    count += 1
                    if count > self._limits.rows:
                        raise TooManyRows(f"一次最多{self._limits.rows}行", limit=self._limits.rows)
                    yield number, kept
        except expat.ExpatError as error:
            raise _refusal_for(error) from error
        except _MALFORMED as error:
            raise Damaged from error

    def _batches(self) -> Iterator[list[RawRow]]:
        yield self._waiting
        yield from self._source

    def _scan(self) -> Iterator[list[RawRow]]:
        scanner = self._scanner
        fed = 0
        with self._archive.open(self._sheet.part) as stream:
            while chunk := stream.read(_CHUNK):
                if b"\0" in chunk:
                    # UTF-16, which no spreadsheet program writes; _refuse_late_content knows UTF-8 only.
                    raise Damaged
                try:
                    scanner.parser.Parse(chunk, False)
                except _EndOfSheetError:
                    yield scanner.found
                    return
                except _BlankRunError:
                    yield scanner.found
                    self._refuse_late_content(stream, chunk[scanner.parser.CurrentByteIndex - fed :])
                    return
                fed += len(chunk)
                found, scanner.found = scanner.found, []
                yield found
        scanner.parser.Parse(b"", True)

    def _refuse_late_content(self, stream: IO[bytes], rest: bytes) -> None:
        """Look for a value after a long blank run without parsing: a million blank rows pass in moments."""
        value = re.compile(rb"<(?:\w+:)?(?:v|is|f)[\s>]")
        while rest:
            if value.search(rest):
                raise BlankRowsBetween(f"超过{self._limits.blank_run}行空行之后还有内容")
            following = stream.read(_CHUNK)
            rest = rest[-64:] + following if following else b""


def _refusal_for(error: expat.ExpatError) -> Damaged | TooComplex:
    return TooComplex() if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY] else Damaged()


def _find_header(
    top: Sequence[RawRow], *, headers: Sequence[str], optional: Sequence[str], sheet: Sheet
) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Return which of the top rows names the columns (a title often stands above it), and where they are."""
    best = -1
    best_missing = list(headers)
    for place, (_, stored) in enumerate(top[:_HEADER_DEPTH]):
        names = {_plain_header(value) for _, value in stored.values() if value}
        missing = [header for header in headers if _plain_header(header) not in names]
        if len(missing) < len(best_missing):
            best, best_missing = place, missing
    if best < 0 or best_missing:
        raise HeadersMissing(f"工作表“{sheet.name}”缺少：{'、'.join(best_missing)}", missing=best_missing)
    return best, _columns(top[best][1], headers=[*headers, *optional])


def _columns(
    stored: dict[str, tuple[str, str | None]], *, headers: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    letters = {_plain_header(value): key for key, (_, value) in stored.items() if value}
    times = Counter(_plain_header(value) for _, value in stored.values() if value)
    repeated = [header for header in headers if times[_plain_header(header)] > 1]
    if repeated:
        raise HeaderRepeated(f"重名的列：{'、'.join(repeated)}", repeated=repeated)
    return tuple(
        (header, letters[_plain_header(header)]) for header in headers if _plain_header(header) in letters
    )


def _plain_header(text: str) -> str:
    """Return a header without blanks, width and the asterisk that marks what must be filled in."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).strip("*")


def read_table(
    content: bytes, *, headers: Sequence[str], optional: Sequence[str] = (), limits: SheetLimits | None = None
) -> SheetTable:
    """Return a table read in this process; for files of our own, uploads go through ``read_table_safely``.

    The header row is the first of the top five rows that names all ``headers``; blank rows are left out.

    Raises:
        SpreadsheetRefused: with its code, title and detail; see app.core.spreadsheets.refusals.
    """
    reader = TableReader(content, headers=headers, optional=optional, limits=limits or SheetLimits())
    rows = [sheet_row(raw, columns=reader.columns) for raw in reader.rows()]
    return SheetTable(tuple(header for header, _ in reader.columns), rows)
