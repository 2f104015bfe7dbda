import io
import re
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from app.core.spreadsheets import (
    Cell,
    CellKind,
    read_table,
)
from tests.core.spreadsheet_files import HEADERS, filled_rows, raw_sheet, saved, workbook


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
