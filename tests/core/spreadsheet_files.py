"""Spreadsheets as people and attackers make them."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import openpyxl

HEADERS = ["姓名", "身份证号", "手机号"]

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_WORKBOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/worksheet"/></Relationships>'
)
_HEADER_ROW = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c><c r="B1" t="inlineStr"><is><t>身份证号</t>'
    '</is></c><c r="C1" t="inlineStr"><is><t>手机号</t></is></c></row>'
)


def workbook(rows: Iterable[Sequence[Any]], *, title: str = "花名册") -> bytes:
    """Return what openpyxl saves: shared strings, styles, theme."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def raw_sheet(
    body: Iterable[str],
    *,
    header: str = _HEADER_ROW,
    extra: Mapping[str, bytes] | None = None,
    level: int = 1,
) -> bytes:
    """Return an .xlsx whose sheet data is written by hand, streamed, with further entries if wanted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("xl/workbook.xml", _WORKBOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS)
        with archive.open("xl/worksheets/sheet1.xml", "w") as stream:
            stream.write(
                b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            )
            stream.write(header.encode())
            pieces = iter(body)
            while block := "".join(islice(pieces, 1_000)):
                stream.write(block.encode())
            stream.write(b"</sheetData></worksheet>")
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def filled_rows(count: int, *, columns: int = 3, first: int = 2) -> Iterator[str]:
    letters = [chr(ord("A") + place) for place in range(columns)]
    for number in range(first, first + count):
        cells = "".join(
            f'<c r="{letter}{number}" t="inlineStr"><is><t>值{number}{letter}</t></is></c>'
            for letter in letters
        )
        yield f'<row r="{number}">{cells}</row>'


def blank_rows(count: int, *, first: int) -> Iterator[str]:
    for number in range(first, first + count):
        yield f'<row r="{number}" spans="1:3"><c r="A{number}" s="1"/><c r="B{number}" s="1"/></row>'


def rebuilt(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Return the same file with some parts replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in dict.fromkeys([*old.namelist(), *parts]):
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return buffer.getvalue()
