"""What is read from a spreadsheet: rows of cells that know their address and what was typed in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class CellKind(StrEnum):
    """How a cell holds its value; an identity number kept as NUMBER has lost its last three digits."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FORMULA = "formula"
    EMPTY = "empty"


class Cell(NamedTuple):
    """One cell: its address (C7), its value, and how it was held.

    Text is as typed, full-width characters and outer blanks included. A number is plain decimal digits. A
    date is ISO 8601, with a time only if it has one. A formula has no value: what it showed proves nothing.
    """

    address: str
    value: str | None
    kind: CellKind


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One filled row: its number in the sheet, and its cells by header."""

    number: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A whole table: the headers that were found, in the order asked for, and the filled rows under them."""

    headers: tuple[str, ...]
    rows: list[SheetRow]


# A row as the reader finds it and the reading process hands it on: number, {column letters: (kind, value)}.
RawRow = tuple[int, dict[str, tuple[str, str | None]]]
Columns = Sequence[tuple[str, str]]

_KINDS = {kind.value: kind for kind in CellKind}


def sheet_row(raw: RawRow, *, columns: Columns) -> SheetRow:
    """Return a row by headers; columns are pairs (header, letters), a cell that was not stored is EMPTY."""
    number, stored = raw
    cells: dict[str, Cell] = {}
    for header, letters in columns:
        kind, value = stored.get(letters, ("empty", None))
        cells[header] = Cell(f"{letters}{number}", value, _KINDS[kind])
    return SheetRow(number, cells)


def column_letters(place: int) -> str:
    """Return the letters of a column counted from 1: 1 is A, 28 is AB."""
    letters = ""
    while place > 0:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
