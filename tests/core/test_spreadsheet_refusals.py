import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.spreadsheets import (
    SheetLimits,
    SpreadsheetRefused,
    read_table,
)
from tests.core.spreadsheet_files import HEADERS, blank_rows, filled_rows, raw_sheet, rebuilt, saved, workbook

LIMITS = SheetLimits()


def refusal_of(content: bytes, limits: SheetLimits = LIMITS) -> SpreadsheetRefused:
    with pytest.raises(SpreadsheetRefused) as refusal:
        read_table(content, headers=HEADERS, limits=limits)
    return refusal.value


def test_missing_columns_are_named() -> None:
    refusal = refusal_of(workbook([["姓名", "电话"], ["甲", "乙"]]))

    assert refusal.code == "spreadsheets.headers_missing"
    assert refusal.detail == "工作表“花名册”缺少：身份证号、手机号"
    assert refusal.facts == {"missing": ["身份证号", "手机号"]}


def test_a_header_below_the_fifth_row_is_not_searched_for() -> None:
    refusal = refusal_of(workbook([*[["说明"]] * 5, HEADERS, ["甲", "乙", "丙"]]))

    assert refusal.code == "spreadsheets.headers_missing"


def test_two_columns_of_one_name_are_refused() -> None:
    refusal = refusal_of(workbook([[*HEADERS, "姓 名"], ["甲"]]))

    assert refusal.code == "spreadsheets.header_repeated"
    assert refusal.facts == {"repeated": ["姓名"]}


def test_too_many_rows_are_refused_and_just_enough_are_read() -> None:
    content = raw_sheet(filled_rows(11))

    refusal = refusal_of(content, replace(LIMITS, rows=10))

    assert refusal.code == "spreadsheets.too_many_rows"
    assert refusal.facts == {"limit": 10}
    assert len(read_table(content, headers=HEADERS, limits=replace(LIMITS, rows=11)).rows) == 11


def test_a_million_blank_rows_below_are_ignored() -> None:
    content = raw_sheet([*filled_rows(3), *blank_rows(1_048_000, first=5)])

    assert len(read_table(content, headers=HEADERS).rows) == 3


def test_a_row_hidden_below_a_million_blank_ones_is_not_lost_silently() -> None:
    content = raw_sheet([*filled_rows(3), *blank_rows(500_000, first=5), *filled_rows(1, first=600_000)])

    assert refusal_of(content).code == "spreadsheets.blank_rows"


def test_a_row_after_a_tolerable_gap_is_read() -> None:
    content = raw_sheet([*filled_rows(1), *blank_rows(1_000, first=3), *filled_rows(1, first=1_003)])

    assert [row.number for row in read_table(content, headers=HEADERS).rows] == [2, 1_003]


def test_after_a_short_blank_run_late_content_is_found_to_the_byte() -> None:
    short = replace(LIMITS, blank_run=2)
    blank = raw_sheet([*filled_rows(1), *blank_rows(9, first=3)])
    late = raw_sheet([*filled_rows(1), *blank_rows(9, first=3), *filled_rows(1, first=12)])

    assert len(read_table(blank, headers=HEADERS, limits=short).rows) == 1
    assert refusal_of(late, short).code == "spreadsheets.blank_rows"


def test_a_sheet_in_another_encoding_is_refused_before_its_end_could_be_missed() -> None:
    sheet = "<worksheet><sheetData></sheetData></worksheet>".encode("utf-16")

    assert (
        refusal_of(rebuilt(raw_sheet([]), {"xl/worksheets/sheet1.xml": sheet})).code == "spreadsheets.damaged"
    )


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)
DOCX = io.BytesIO()
with zipfile.ZipFile(DOCX, "w") as _archive:
    _archive.writestr("word/document.xml", "<document/>")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "spreadsheets.not_xlsx"),
        ("姓名,身份证号\n".encode("gb18030"), "spreadsheets.not_xlsx"),
        (b"<html><table></table></html>", "spreadsheets.not_xlsx"),
        (DOCX.getvalue(), "spreadsheets.not_xlsx"),
        (OLE, "spreadsheets.old_format"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "spreadsheets.encrypted"),
        (b"PK\x03\x04" + bytes(500), "spreadsheets.damaged"),
        (raw_sheet(filled_rows(3))[:-40], "spreadsheets.damaged"),
        (raw_sheet(["<row"]), "spreadsheets.damaged"),
        (raw_sheet(['<row r="2"><c r="A2" t="s"><v>7</v></c></row>']), "spreadsheets.damaged"),
        (raw_sheet(['<row r="2"><c r="A2"><v>王芳</v></c></row>']), "spreadsheets.damaged"),
        (
            raw_sheet([f'<row r="2"><c r="A2" t="str"><v>{"长" * 32_768}</v></c></row>']),
            "spreadsheets.damaged",
        ),
        (raw_sheet([], extra={"xl/vbaProject.bin": b"x"}), "spreadsheets.macros"),
        (raw_sheet([], extra={"xl/externalLinks/externalLink1.xml": b"<x/>"}), "spreadsheets.external_links"),
        (raw_sheet([], extra={f"xl/media/{n}.png": b"" for n in range(200)}), "spreadsheets.too_big"),
        (raw_sheet([], extra={f"xl/media/{n}.png": b"" for n in range(9_000)}), "spreadsheets.too_big"),
        (raw_sheet([], extra={"xl/media/bomb.bin": bytes(30_000_000)}), "spreadsheets.too_big"),
    ],
)
def test_a_file_that_cannot_be_trusted_or_understood_is_refused_with_its_reason(
    content: bytes, code: str
) -> None:
    refusal = refusal_of(content)

    assert refusal.code == code
    assert refusal.status == 422
    assert refusal.title


def test_a_bomb_is_known_by_its_directory_before_anything_is_unpacked() -> None:
    row = "<row>" + "<c><v>1</v></c>" * 1_000 + "</row>"
    content = raw_sheet((row for _ in range(4_000)), level=9)

    refusal = refusal_of(content)

    assert len(content) < 400_000
    assert refusal.code == "spreadsheets.too_big"


def test_a_part_that_unpacks_to_more_than_its_directory_says_is_damaged() -> None:
    content = bytearray(raw_sheet(filled_rows(2_000)))
    entry = content.rfind(b"xl/worksheets/sheet1.xml") - 46
    content[entry + 24 : entry + 28] = (50_000).to_bytes(4, "little")

    assert refusal_of(bytes(content)).code == "spreadsheets.damaged"


def test_an_entity_bomb_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'

    assert (
        refusal_of(rebuilt(raw_sheet([]), {"xl/worksheets/sheet1.xml": bomb})).code == "spreadsheets.damaged"
    )


def test_an_upload_above_the_byte_limit_is_refused() -> None:
    content = raw_sheet(filled_rows(100))

    refusal = refusal_of(content, replace(LIMITS, file_bytes=1_000))

    assert refusal.code == "spreadsheets.too_big"


def test_a_password_on_the_zip_itself_is_told() -> None:
    content = bytearray(raw_sheet(filled_rows(2)))
    entry = content.rfind(b"xl/worksheets/sheet1.xml") - 46
    content[entry + 8] |= 1

    assert refusal_of(bytes(content)).code == "spreadsheets.encrypted"


@settings(max_examples=200, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_flipped_byte_is_read_or_refused_and_nothing_else(place: float, byte: int) -> None:
    content = bytearray(workbook([HEADERS, ["甲", "乙", date(2024, 2, 10)], ["丙", 1, 2.5]]))
    content[int(place * len(content))] = byte

    try:
        table = read_table(bytes(content), headers=HEADERS)
    except SpreadsheetRefused as refusal:
        code = refusal.code
    else:
        code = f"read {len(table.rows)}"

    assert re.fullmatch(r"spreadsheets\.\w+|read [012]", code)


def _two_sheets(second: list[list[str]], *, hidden: bool = False) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADERS, ["甲", "乙", "丙"]])))
    sheet = book.create_sheet("第二页")
    for row in second:
        sheet.append(row)
    if hidden:
        sheet.sheet_state = "hidden"
    return saved(book)


def test_a_list_that_goes_on_in_a_second_sheet_is_refused_and_the_sheet_is_named() -> None:
    refusal = refusal_of(_two_sheets([["城关镇"], HEADERS, ["丁", "戊", "己"]]))

    assert refusal.code == "spreadsheets.several_tables"
    assert refusal.detail == "工作表“花名册”和“第二页”"


@pytest.mark.parametrize(
    ("second", "hidden"),
    [
        ([["填写说明"], ["姓名：必填"]], False),
        ([HEADERS], False),
        ([HEADERS, ["丁", "戊", "己"]], True),
        ([], False),
    ],
)
def test_explanations_empty_tables_and_hidden_sheets_are_no_second_list(
    second: list[list[str]], hidden: bool
) -> None:
    table = read_table(_two_sheets(second, hidden=hidden), headers=HEADERS)

    assert len(table.rows) == 1
