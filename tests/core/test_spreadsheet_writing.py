import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.spreadsheets import (
    ColumnGuide,
    read_table,
    write_table,
)
from tests.core.spreadsheet_files import HEADERS


def test_what_is_written_is_read_back() -> None:
    rows: list[list[str | None]] = [
        ["王小四", "37010219800101123X", "13812345678"],
        ["阿依古丽·买买提", None, "上\n下 <&> \"'"],
    ]

    table = read_table(write_table(HEADERS, rows), headers=HEADERS)

    assert [[cell.value for cell in row.cells.values()] for row in table.rows] == rows


@settings(max_examples=100, deadline=None)
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


@settings(max_examples=100, deadline=None)
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
