"""Cells of a roster, without a database."""

from datetime import date

import pytest

from app.core.spreadsheets import Cell, CellKind
from app.rosters.enums import ColumnKind, RosterKind
from app.rosters.rules.columns import (
    CellWrong,
    Claim,
    ClaimBook,
    Column,
    calendar_day,
    exported_text,
    masked_text,
    person_name,
    typed_text,
    word_key,
    yes_or_no,
)
from app.rosters.rules.files import COLUMNS
from app.rosters.rules.words import RANK_WORDS, RELATION_WORDS, RELIEF_WORDS, RESIDENCE_WORDS, STATUS_WORDS

TEXT = Column("乡镇（街道）", ColumnKind.TEXT)
LONG = Column("身份证号", ColumnKind.LONG_NUMBER, required=True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026/1/31",
        "2026.1.31",
        "2026年1月31日",
        "20260131",
        "2026-01-31T00:00:00",
        "２０２６-1-31",
    ],
)
def test_a_day_is_read_in_every_usual_spelling(text: str) -> None:
    assert calendar_day(text) == date(2026, 1, 31)


@pytest.mark.parametrize("text", ["2026-02-30", "31.1.2026", "46053", "明天", "2026-1"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(CellWrong):
        calendar_day(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("王 芳", "王芳"), ("买买提·艾力", "买买提·艾力"), ("欧阳　明德", "欧阳明德"), ("𬱖祥", "𬱖祥")],
)
def test_a_name_is_taken_without_the_blanks_that_align_it(text: str, name: str) -> None:
    assert person_name(text) == name


@pytest.mark.parametrize("text", ["王", "王3", "=王芳", "王芳（户主）", "·王"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(CellWrong):
        person_name(text)


def test_yes_and_no_have_stand_ins() -> None:
    assert [yes_or_no(word) for word in ("是", "有", "√", "y")] == [True] * 4
    assert [yes_or_no(word) for word in ("否", "无", "×", "N")] == [False] * 4


@pytest.mark.parametrize("word", ["无", "/", "—", "不详", " "])
def test_a_stand_in_for_nothing_is_an_empty_cell(word: str) -> None:
    assert typed_text(Cell("A2", word, CellKind.TEXT), column=TEXT) == ""


def test_an_id_number_held_as_number_gives_back_only_what_excel_kept() -> None:
    cell = Cell("B2", "379999195803120000", CellKind.NUMBER)

    assert exported_text(cell, column=LONG) == "379999195803120???"
    assert exported_text(cell._replace(kind=CellKind.TEXT), column=LONG) == "379999195803120000"


def test_a_long_number_is_hidden_wherever_it_was_typed() -> None:
    cell = Cell("G2", "港沟街道 379999195803120248", CellKind.TEXT)

    assert masked_text(cell, column=TEXT) == "港沟街道 ****"


def test_a_claim_is_contradicted_by_another_value_only() -> None:
    book = ClaimBook()
    for number, value in ((2, "a"), (3, "a"), (5, "b"), (6, "c")):
        book.hear(number, [Claim("guardian:1", value, f"N{number}", "监护人电话", "与第{row}行不一致")])

    assert {row: str(problem) for row, problem in book.contradictions.items()} == {
        2: "N2 监护人电话：与第5行不一致",
        5: "N5 监护人电话：与第2行不一致",
        6: "N6 监护人电话：与第2行不一致",
    }


@pytest.mark.parametrize("kind", list(RosterKind))
def test_no_name_of_a_column_is_used_twice(kind: RosterKind) -> None:
    names = [name for column in COLUMNS[kind] for name in (column.header, *column.aliases)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("words", [RANK_WORDS, RELATION_WORDS, RELIEF_WORDS, RESIDENCE_WORDS, STATUS_WORDS])
def test_every_known_word_can_be_reached(words: dict[str, object]) -> None:
    assert [word for word in words if word_key(word) != word] == []
