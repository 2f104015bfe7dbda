"""What a stored cell means: shared strings, styles that make numbers dates, plain decimal numbers."""

import re
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal

from app.core.spreadsheets.archive import Sheet, local, new_parser, parse_part
from app.core.spreadsheets.refusals import Damaged

_LONGEST_TEXT = 32_767
_LARGEST_INTEGER = 1e21
_LAST_SERIAL = 2_958_465
_FALSE_LEAP_DAY = 60
_BEFORE_1900 = datetime(1899, 12, 31)  # noqa: DTZ001 - a cell knows no time zone
_START_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
# Number formats 14-22 and 45-47 are dates everywhere, 27-36 and 50-58 in Chinese editions (ECMA-376 18.8.30).
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_DATE_LETTERS = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.|General', re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class CellReader:
    """Turns what is stored in the cells of one sheet into kinds and values."""

    def __init__(self, archive: zipfile.ZipFile, *, sheet: Sheet) -> None:
        self._strings = _shared_strings(archive, part=sheet.strings_part) if sheet.strings_part else []
        self._date_styles = (
            _date_styles(archive, part=sheet.styles_part) if sheet.styles_part else frozenset()
        )
        self._from_1904 = sheet.from_1904

    def read(self, raw: str, *, held_as: str, style: str) -> tuple[str, str | None] | None:
        """Return kind and value of a cell without formula, or None when it shows nothing.

        Args:
            raw: what is stored in the cell, or its inline text.
            held_as: the attribute ``t`` of the cell.
            style: its attribute ``s``.
        """
        if held_as == "s":
            text = self._strings[int(raw)]
            return ("text", text) if text else None
        if held_as in {"inlineStr", "str", "e"}:
            text = written_text(raw)
            return ("text", text) if text else None
        if not raw.strip():
            return None
        if held_as == "b":
            return "text", "TRUE" if raw == "1" else "FALSE"
        if held_as == "d":
            return "date", raw
        return self._number(raw, style=style)

    def _number(self, raw: str, *, style: str) -> tuple[str, str]:
        if style in self._date_styles:
            moment = _moment(float(raw), from_1904=self._from_1904)
            if moment is not None:
                return "date", moment
        return "number", _plain_decimal(raw)


def written_text(raw: str) -> str:
    """Return a stored text with its _xHHHH_ escapes undone, and nothing at all for mere blanks.

    Raises:
        Damaged: it is longer than any cell can be.
    """
    if len(raw) > _LONGEST_TEXT:
        raise Damaged
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), raw) if "_x" in raw else raw
    return text.encode("utf-8", "replace").decode() if text.strip() else ""


def _plain_decimal(raw: str) -> str:
    """Return a number as people would write it: 3.7010219800101101E+17 is 370102198001011010."""
    if raw.isascii() and raw.isdigit():
        return raw
    number = float(raw)
    if number.is_integer() and abs(number) < _LARGEST_INTEGER:
        return str(int(Decimal(raw.strip())))
    return repr(number)


def _moment(serial: float, *, from_1904: bool) -> str | None:
    """Return the ISO date of a day count, or None where it counts no day (a time alone, a mere number)."""
    if not 1 <= serial <= _LAST_SERIAL:
        return None
    # Excel counts a 29 February 1900 that never was.
    usual = _BEFORE_1900 if serial < _FALSE_LEAP_DAY else _BEFORE_1900 - timedelta(days=1)
    moment = (_START_1904 if from_1904 else usual) + timedelta(seconds=round(serial * 86_400))
    return moment.date().isoformat() if serial.is_integer() else moment.isoformat()


def _shared_strings(archive: zipfile.ZipFile, *, part: str) -> list[str]:
    """Return the texts that cells refer to by number; phonetic guides (rPh) are no part of them."""
    strings: list[str] = []
    pieces: list[str] = []
    heard: list[str] = []
    silent = False

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal silent
        heard.clear()
        silent = silent or local(name) == "rPh"

    def end(name: str) -> None:
        nonlocal silent
        kind = local(name)
        if kind == "t" and not silent:
            pieces.extend(heard)
        elif kind == "rPh":
            silent = False
        elif kind == "si":
            strings.append(written_text("".join(pieces)))
            pieces.clear()
        heard.clear()

    parser = new_parser(start=start, end=end)
    parser.CharacterDataHandler = heard.append
    parse_part(archive, part, parser=parser)
    return strings


def _date_styles(archive: zipfile.ZipFile, *, part: str) -> frozenset[str]:
    """Return the cell styles (attribute ``s``) under which a number is a date."""
    formats: dict[str, str] = {}
    styles: list[str] = []
    inside = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        kind = local(name)
        if kind == "cellXfs":
            inside = True
        elif kind == "numFmt":
            formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif kind == "xf" and inside:
            styles.append(attributes.get("numFmtId", "0"))

    def end(name: str) -> None:
        nonlocal inside
        if local(name) == "cellXfs":
            inside = False

    parser = new_parser(start=start, end=end)
    parse_part(archive, part, parser=parser)
    return frozenset(str(place) for place, number in enumerate(styles) if _is_date(number, formats))


def _is_date(number: str, formats: dict[str, str]) -> bool:
    if number in formats:
        return any(letter in "ymdhs" for letter in _NOT_DATE_LETTERS.sub("", formats[number]).lower())
    return number.isdecimal() and int(number) in _BUILT_IN_DATES
