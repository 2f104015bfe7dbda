import asyncio
import io
import os
import re
import zipfile
from contextlib import aclosing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.spreadsheets import (
    Cell,
    CellKind,
    ColumnGuide,
    SheetLimits,
    SpreadsheetRefused,
    read_table,
    read_table_safely,
    stream_table_safely,
    write_table,
)
from tests.core.spreadsheet_files import HEADERS, blank_rows, filled_rows, raw_sheet, rebuilt, saved, workbook

LIMITS = SheetLimits()


def refusal_of(content: bytes, limits: SheetLimits = LIMITS) -> SpreadsheetRefused:
    with pytest.raises(SpreadsheetRefused) as refusal:
        read_table(content, headers=HEADERS, limits=limits)
    return refusal.value


# Reading what people send


def test_cells_come_by_header_with_address_kind_and_value() -> None:
    content = workbook([HEADERS, ["王小四", "37010219800101123X", 13812345678], ["李芳", None, ""]])

    table = read_table(content, headers=HEADERS)

    assert table.headers == tuple(HEADERS)
    assert [row.number for row in table.rows] == [2, 3]
    assert table.rows[0].cells["姓名"] == Cell("A2", "王小四", CellKind.TEXT)
    assert table.rows[0].cells["手机号"] == Cell("C2", "13812345678", CellKind.NUMBER)
    assert table.rows[1].cells["身份证号"] == Cell("B3", None, CellKind.EMPTY)


def test_an_id_number_kept_as_a_number_is_recognised_as_one() -> None:
    content = raw_sheet(
        ['<row r="2"><c r="A2" t="str"><v>甲</v></c><c r="B2"><v>3.7010219800101101E+17</v></c></row>']
    )

    cell = read_table(content, headers=HEADERS).rows[0].cells["身份证号"]

    assert cell == Cell("B2", "370102198001011010", CellKind.NUMBER)


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ("1", "1"),
        ("0.1", "0.1"),
        ("0.10000000000000001", "0.1"),
        ("-2.50", "-2.5"),
        ("1e400", "inf"),
        ("1E+300", "1e+300"),
    ],
)
def test_a_number_is_written_as_people_write_it(stored: str, value: str) -> None:
    content = raw_sheet([f'<row r="2"><c r="A2"><v>{stored}</v></c></row>'])

    assert read_table(content, headers=HEADERS).rows[0].cells["姓名"].value == value


def test_full_width_digits_blanks_and_line_breaks_stay_as_typed() -> None:
    content = workbook([HEADERS, [" 王　芳 ", "３７０１０２", "上\n下"], ["_x0041_", "a_x000D_b", "&<>"]])

    rows = read_table(content, headers=HEADERS).rows

    assert [cell.value for cell in rows[0].cells.values()] == [" 王　芳 ", "３７０１０２", "上\n下"]
    assert rows[1].cells["手机号"].value == "&<>"


def test_dates_come_in_iso_form() -> None:
    content = workbook([HEADERS, [date(2024, 2, 10), datetime(2024, 2, 10, 8, 30), 45332]])  # noqa: DTZ001

    cells = read_table(content, headers=HEADERS).rows[0].cells

    assert cells["姓名"] == Cell("A2", "2024-02-10", CellKind.DATE)
    assert cells["身份证号"] == Cell("B2", "2024-02-10T08:30:00", CellKind.DATE)
    assert cells["手机号"] == Cell("C2", "45332", CellKind.NUMBER)


@pytest.mark.parametrize(
    ("number_format", "kind"),
    [
        ("yyyy/m/d", CellKind.DATE),
        ('yyyy"年"m"月"d"日"', CellKind.DATE),
        ("[$-804]aaaa;@", CellKind.NUMBER),
        ('0"days"', CellKind.NUMBER),
        ("[Red]0.00", CellKind.NUMBER),
        ("General", CellKind.NUMBER),
    ],
)
def test_a_number_is_a_date_only_under_a_date_format(number_format: str, kind: CellKind) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADERS)
    sheet.append([45332])
    sheet["A2"].number_format = number_format

    assert read_table(saved(book), headers=HEADERS).rows[0].cells["姓名"].kind is kind


def test_a_workbook_that_counts_from_1904_shows_the_same_days() -> None:
    book = openpyxl.Workbook()
    book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001
    book.worksheets[0].append(HEADERS)
    book.worksheets[0].append([date(2024, 2, 10)])

    assert read_table(saved(book), headers=HEADERS).rows[0].cells["姓名"].value == "2024-02-10"


def test_a_formula_is_marked_and_its_last_answer_is_not_believed() -> None:
    content = raw_sheet(
        [
            '<row r="2"><c r="A2" t="str"><f>HYPERLINK("http://x","王")</f><v>王</v></c>',
            '<c r="B2"><f>1+1</f><v>2</v></c>',
            '<c r="C2" t="inlineStr"><is><t>=cmd|\' /c calc\'!A0</t></is></c></row>',
        ]
    )

    cells = read_table(content, headers=HEADERS).rows[0].cells

    assert cells["姓名"] == Cell("A2", None, CellKind.FORMULA)
    assert cells["身份证号"] == Cell("B2", None, CellKind.FORMULA)
    assert cells["手机号"] == Cell("C2", "=cmd|' /c calc'!A0", CellKind.TEXT)


def test_rich_text_is_joined_and_phonetic_guides_are_left_out() -> None:
    content = raw_sheet(
        [
            '<row r="2"><c r="A2" t="inlineStr"><is><r><t>王</t></r><r><t>芳</t></r>',
            '<rPh sb="0" eb="1"><t>wang</t></rPh></is></c></row>',
        ]
    )

    assert read_table(content, headers=HEADERS).rows[0].cells["姓名"].value == "王芳"


def test_cells_without_addresses_are_counted() -> None:
    header = "<row>" + "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in HEADERS) + "</row>"
    content = raw_sheet(['<row><c t="str"><v>甲</v></c><c/><c t="b"><v>1</v></c></row>'], header=header)

    row = read_table(content, headers=HEADERS).rows[0]

    assert row.number == 2
    assert row.cells["手机号"] == Cell("C2", "TRUE", CellKind.TEXT)


def test_elements_with_a_prefix_are_the_same_elements() -> None:
    plain = raw_sheet(filled_rows(2))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if "sheet1" in name:
                text = re.sub(r"<(/?)(?=\w)", r"<\1x:", text).replace("xmlns=", "xmlns:x=")
            new.writestr(name, text)

    assert read_table(buffer.getvalue(), headers=HEADERS) == read_table(plain, headers=HEADERS)


def test_a_title_above_the_header_row_and_decorated_headers_are_understood() -> None:
    content = workbook(
        [["2024年花名册"], [], ["序号", "* 姓 名", "身份证号\n", "手机号＊"], [1, "王芳", "甲", "乙"]]
    )

    rows = read_table(content, headers=HEADERS).rows

    assert [row.number for row in rows] == [4]
    assert rows[0].cells["姓名"] == Cell("B4", "王芳", CellKind.TEXT)
    assert list(rows[0].cells) == HEADERS


def test_an_optional_column_is_read_when_it_is_there() -> None:
    content = workbook([[*HEADERS, "备注"], ["甲", "乙", "丙", "丁"]])

    table = read_table(content, headers=HEADERS, optional=["备注", "民族"])

    assert table.headers == (*HEADERS, "备注")
    assert table.rows[0].cells["备注"].value == "丁"


def test_the_first_visible_sheet_is_read() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].sheet_state = "hidden"
    shown = book.create_sheet("花名册")
    shown.append(HEADERS)
    shown.append(["甲", "乙", "丙"])

    assert len(read_table(saved(book), headers=HEADERS).rows) == 1


def test_blank_rows_are_left_out_and_numbers_stay_true() -> None:
    content = workbook([HEADERS, ["甲"], [None], ["  ", "　"], ["乙"]])

    assert [row.number for row in read_table(content, headers=HEADERS).rows] == [2, 5]


def test_a_header_without_rows_is_an_empty_table() -> None:
    table = read_table(workbook([HEADERS]), headers=HEADERS)

    assert table.headers == tuple(HEADERS)
    assert table.rows == []


def test_ten_thousand_merged_cells_are_not_even_looked_at() -> None:
    content = raw_sheet(filled_rows(2))
    merged = "".join(f'<mergeCell ref="A{row}:B{row}"/>' for row in range(5, 10_005))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(
                name, old.read(name).replace(b"</sheetData>", f"</sheetData><mergeCells>{merged}<".encode())
            )

    assert len(read_table(buffer.getvalue(), headers=HEADERS).rows) == 2


# Refusing


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
    content = raw_sheet(row for _ in range(4_000))

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


# The process of its own


async def test_an_upload_is_read_in_another_process_as_in_this_one() -> None:
    content = workbook([HEADERS, ["王小四", "=1+1", date(2024, 2, 10)], ["李芳", None, 5]])

    assert await read_table_safely(content, headers=HEADERS) == read_table(content, headers=HEADERS)


async def test_an_empty_upload_table_still_tells_its_headers() -> None:
    table = await read_table_safely(workbook([HEADERS]), headers=HEADERS)

    assert (table.headers, table.rows) == (tuple(HEADERS), [])


async def test_a_refusal_crosses_from_the_process_with_its_facts() -> None:
    with pytest.raises(SpreadsheetRefused) as refusal:
        await read_table_safely(workbook([["姓名"], ["甲"]]), headers=HEADERS)

    assert refusal.value.code == "spreadsheets.headers_missing"
    assert refusal.value.facts == {"missing": ["身份证号", "手机号"]}
    assert refusal.value.detail


async def test_rows_stream_in_small_batches_and_a_late_refusal_comes_late() -> None:
    content = raw_sheet(filled_rows(1_000))
    sizes: list[int] = []

    with pytest.raises(SpreadsheetRefused) as refusal:  # noqa: PT012 - rows must come before the refusal
        async with aclosing(
            stream_table_safely(content, headers=HEADERS, limits=replace(LIMITS, rows=900))
        ) as stream:
            async for rows in stream:
                sizes.append(len(rows))  # noqa: PERF401 - what came before the refusal is kept

    assert refusal.value.code == "spreadsheets.too_many_rows"
    assert sizes == [100] * 9


@pytest.mark.parametrize(
    "limits",
    [
        replace(LIMITS, cpu_seconds=1, rows=10_000_000),
        replace(LIMITS, wait_seconds=0.5, rows=10_000_000),
        replace(LIMITS, memory_bytes=48 << 20),
    ],
    ids=["processor", "waiting", "memory"],
)
async def test_a_file_that_costs_too_much_is_given_up(limits: SheetLimits) -> None:
    strings = b"".join(b"<si><t>%d</t></si>" % number for number in range(1_000_000))
    relations = (
        b'<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml" Type="x/worksheet"/>'
        b'<Relationship Id="rId2" Target="sharedStrings.xml" Type="x/sharedStrings"/></Relationships>'
    )
    content = rebuilt(
        raw_sheet(filled_rows(3)),
        {"xl/_rels/workbook.xml.rels": relations, "xl/sharedStrings.xml": b"<sst>" + strings + b"</sst>"},
    )

    with pytest.raises(SpreadsheetRefused) as refusal:
        await read_table_safely(content, headers=HEADERS, limits=limits)

    assert refusal.value.code == "spreadsheets.too_complex"


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def environment_of(process: str) -> str:
    return Path(f"/proc/{process}/environ").read_text()


async def test_no_process_is_left_behind_when_the_reader_is_left_early() -> None:
    before = children()
    content = raw_sheet(filled_rows(20_000))

    async with aclosing(stream_table_safely(content, headers=HEADERS)) as stream:
        first = await anext(stream)
        during = children()

    assert len(first) == 100
    assert len(during - before) == 1
    assert children() <= before


async def test_a_cancelled_import_takes_its_process_along() -> None:
    before = children()
    content = raw_sheet(filled_rows(20_000))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await read_table_safely(content, headers=HEADERS)

    assert children() <= before


async def test_the_process_sees_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_SECRET_KEY", "secret")

    async with aclosing(stream_table_safely(raw_sheet(filled_rows(20_000)), headers=HEADERS)) as stream:
        await anext(stream)
        seen = [environment_of(child) for child in children()]

    assert any("PYTHONPATH" in environment for environment in seen)
    assert not any("LIANXIN_SECRET_KEY" in environment for environment in seen)


# Writing


def test_what_is_written_is_read_back() -> None:
    rows: list[list[str | None]] = [
        ["王小四", "37010219800101123X", "13812345678"],
        ["阿依古丽·买买提", None, "上\n下 <&> \"'"],
    ]

    table = read_table(write_table(HEADERS, rows), headers=HEADERS)

    assert [[cell.value for cell in row.cells.values()] for row in table.rows] == rows


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(
        st.text(max_size=40) | st.from_regex(r"[=+\-@＝＋－＠\t\r\n\0].{0,10}"), min_size=1, max_size=5
    )
)
def test_no_exported_cell_is_ever_a_formula(texts: list[str]) -> None:
    content = write_table([str(place) for place in range(len(texts))], [texts])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]

    for cell in sheet[2] if sheet.max_row > 1 else ():
        assert cell.data_type in {"s", "n"}
        assert cell.data_type == "s" or cell.value is None
        assert not str(cell.value or "").startswith(tuple("=+-@＝＋－＠\t\r\n"))


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(str.strip)
)
def test_any_text_that_is_no_formula_comes_back_unchanged(text: str) -> None:
    table = read_table(write_table(HEADERS, [[text, None, "末"]]), headers=HEADERS)

    value = table.rows[0].cells["姓名"].value

    assert value in {text, "'" + text, text.translate({0xFFFE: None, 0xFFFF: None})}


def test_texts_that_look_like_escapes_come_back_unchanged() -> None:
    row = ["_x0041_", "__x000D__", "_xyz"]

    table = read_table(write_table(HEADERS, [row]), headers=HEADERS)

    assert [cell.value for cell in table.rows[0].cells.values()] == row


def test_an_overlong_text_is_cut_visibly() -> None:
    content = write_table(HEADERS, [["长" * 40_000, None, None]])

    value = read_table(content, headers=HEADERS).rows[0].cells["姓名"].value

    assert value is not None
    assert len(value) == 16_000
    assert value.endswith("已截断）")


def test_an_exported_sheet_is_all_text_with_a_frozen_bold_header() -> None:
    content = write_table(HEADERS, [["甲", "乙", "丙"]], guides={"身份证号": ColumnGuide(width=24)})

    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]

    assert sheet.freeze_panes == "A2"
    assert all(cell.font.bold for cell in sheet[1])
    assert all(cell.number_format == "@" for row in sheet.iter_rows() for cell in row)
    assert sheet.column_dimensions["B"].width == 24
    assert sheet.column_dimensions["B"].number_format == "@"


def test_a_template_explains_itself_and_offers_choices() -> None:
    guides = {
        "姓名": ColumnGuide(note="与身份证一致"),
        "手机号": ColumnGuide(choices=["有", "无"], note="请选择"),
    }

    content = write_table(
        HEADERS, [], guides=guides, instructions=["红色为必填。", "每人一行。"], sheet_name="花名册"
    )

    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["花名册", "填写说明", "选项"]
    assert book["选项"].sheet_state == "hidden"
    assert [row[0].value for row in book["填写说明"].iter_rows()] == ["红色为必填。", "每人一行。"]
    note, choice = book["花名册"].data_validations.dataValidation
    assert (note.prompt, str(note.sqref)) == ("与身份证一致", "A2:A1048576")
    assert (choice.type, choice.formula1, choice.prompt) == ("list", "选项!$C$1:$C$2", "请选择")
    assert [book["选项"][address].value for address in ("C1", "C2")] == ["有", "无"]


def test_an_empty_export_is_a_valid_file() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_table(HEADERS, [])))

    assert [cell.value for cell in book.worksheets[0][1]] == HEADERS


def test_equal_tables_are_equal_files() -> None:
    first, second = (write_table(HEADERS, [["甲", "乙", "丙"]]) for _ in range(2))

    assert first == second


def test_a_row_of_another_length_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zip"):
        write_table(HEADERS, [["甲"]])
