"""Columns of a roster, and what a clerk meant by a cell: a value, or a sentence about what is wrong."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from app.core.spreadsheets import Cell, CellKind
from app.people.rules import (
    LONGEST_NAME,
    TypedError,
    fold_typed,
    mask_address,
    mask_id_number,
    mask_name,
    mask_phone,
)
from app.rosters.enums import ColumnKind, RowVerdict

T = TypeVar("T")

# Excel keeps 15 digits of a number; what follows is lost.
_KEPT_DIGITS = 15
_APOSTROPHES = "'‘’＇"
_INVISIBLE = re.compile(r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_NAME_SHAPE = re.compile(r"[^\d\W_]+(?:[·•・.\-][^\d\W_]+)*")
_DIGIT_RUN = re.compile(r"\d{5,}[\dXx]?")
_DAY_SHAPE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?(?:T[\d:]+)?|(\d{4})(\d{2})(\d{2})", re.ASCII
)
_YES = frozenset({"是", "有", "√", "✓", "✔", "Y", "YES", "TRUE", "1"})
_NO = frozenset({"否", "无", "没有", "不是", "×", "✗", "N", "NO", "FALSE", "0"})
# What clerks write where there is nothing to write.
_NOTHING = frozenset({"无", "没有", "不详", "未知", "暂无", "空", "/", "-", "--", "—", "——"})
_NUMBER_LOST = "以数字格式保存，末位可能已丢失，请改为文本后重新填写"

_MASKS: Mapping[ColumnKind, Callable[[str], str]] = {
    ColumnKind.NAME: mask_name,
    ColumnKind.LONG_NUMBER: mask_id_number,
    ColumnKind.PHONE: mask_phone,
    ColumnKind.ADDRESS: mask_address,
    ColumnKind.DAY: str,
}


class CellWrong(ValueError):
    """A cell does not say what it should; the text is a Chinese sentence without the value."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a roster.

    Args:
        header: as the template writes it.
        kind: what stands in it.
        required: every row must fill it in.
        aliases: other headers under which county offices keep the same thing.
        choices: offered in a drop-down list.
        note: shown when the cell is entered, and in 填写说明.
        width: in Latin characters.
        longest: how many characters a text may have.
    """

    header: str
    kind: ColumnKind
    required: bool = False
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    note: str = ""
    width: int = 16
    longest: int = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with, or worth knowing about, one cell."""

    cell: str
    header: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.cell} {self.header}：{self.sentence}"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that only one row of a file may say, or that all rows must say alike.

    Args:
        key: what it is about, without telling whom.
        value: what the row says; another row with the same key and another value contradicts it.
        cell: where it says so.
        header: the column of that cell.
        sentence: with `{row}` for the number of the other row.
    """

    key: str
    value: str
    cell: str
    header: str
    sentence: str


class ClaimBook:
    """What the rows of one file have claimed so far, and which of them contradict each other."""

    def __init__(self) -> None:
        self.contradictions: dict[int, Problem] = {}
        self._first: dict[str, tuple[int, Claim]] = {}

    def hear(self, number: int, claims: Iterable[Claim]) -> None:
        """Compare the claims of one row with all rows before it; a contradiction speaks against both."""
        for claim in claims:
            earlier, first = self._first.setdefault(claim.key, (number, claim))
            if first.value == claim.value:
                continue
            for row, own, other in ((earlier, first, number), (number, claim, earlier)):
                problem = Problem(own.cell, own.header, own.sentence.format(row=other))
                self.contradictions.setdefault(row, problem)


class Elsewhere:
    """Somebody who is registered, but in a region that is not the caller's: nothing more may be known."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What applying one row would do, and to whom.

    Args:
        verdict: new, update, unchanged, conflict or error.
        target_id: the registered person or pairing that the row means.
        problems: reasons of a bad verdict, else remarks.
        claims: what other rows of the file must not contradict.
    """

    verdict: RowVerdict
    target_id: int | None = None
    problems: tuple[Problem, ...] = ()
    claims: Sequence[Claim] = ()


def conflicting(sentence: str, cell: str, header: str, *, claims: Sequence[Claim]) -> Judgement:
    """Return the judgement of a row that contradicts what is registered."""
    return Judgement(RowVerdict.CONFLICT, problems=(Problem(cell, header, sentence),), claims=claims)


@dataclass
class RowReader:
    """Reads the cells of one row and collects what is wrong with them.

    Args:
        cells: by header of the template; a column that the file lacks is simply absent.
        columns: of this kind of roster, by header.
    """

    cells: Mapping[str, Cell]
    columns: Mapping[str, Column]
    problems: list[Problem] = field(default_factory=list)

    def read(self, header: str, parse: Callable[[str], T]) -> T | None:
        """Return what a cell says, or None when it is empty or wrong; wrong ones become problems."""
        column, cell = self.columns[header], self.cells.get(header)
        try:
            text = typed_text(cell, column=column) if cell is not None else ""
            found = parse(text) if text else None
        except (TypedError, CellWrong) as error:
            self.add(header, str(error))
            return None
        if column.required and not text:
            self.add(header, "必填，不能为空")
        return found

    def add(self, header: str, sentence: str) -> None:
        """Note a problem with a cell."""
        cell = self.cells.get(header)
        self.problems.append(Problem(cell.address if cell else "", header, sentence))


def typed_text(cell: Cell, *, column: Column) -> str:
    """Return the text of a cell as it was meant, without the apostrophe that keeps it text.

    Raises:
        CellWrong: a formula, a number or date where Excel has spoiled what was typed, or too long.
    """
    if cell.kind is CellKind.FORMULA:
        raise CellWrong("是公式，请复制后“粘贴为数值”再上传")
    if cell.value is None:
        return ""
    if cell.kind is CellKind.NUMBER and column.kind is ColumnKind.LONG_NUMBER:
        raise CellWrong(_NUMBER_LOST)
    if cell.kind is CellKind.DATE and column.kind is not ColumnKind.DAY:
        raise CellWrong("是日期格式，请改为文本后重新填写")
    visible = cell.value if cell.value.isascii() else _INVISIBLE.sub("", cell.value)
    text = " ".join(visible.split()).lstrip(_APOSTROPHES).strip()
    if text in _NOTHING and column.kind is not ColumnKind.CHOICE:
        return ""
    if len(text) > column.longest:
        raise CellWrong(f"不能超过{column.longest}个字")
    return text


def exported_text(cell: Cell, *, column: Column) -> str | None:
    """Return a cell for a file that goes back to the clerk.

    Of an ID number that was held as a number only the digits that Excel kept come back: made text, the zeros
    that stand in for the lost ones could pass for somebody else's number.
    """
    if cell.value is None or column.kind is not ColumnKind.LONG_NUMBER or cell.kind is not CellKind.NUMBER:
        return cell.value
    kept = cell.value[:_KEPT_DIGITS]
    return kept + "?" * (len(cell.value) - len(kept))


def masked_text(cell: Cell, *, column: Column) -> str | None:
    """Return a cell as lists show it; long digit runs are hidden wherever they were typed."""
    if cell.value is None:
        return None
    mask = _MASKS.get(column.kind)
    if mask is not None:
        return mask(cell.value)
    return _DIGIT_RUN.sub("****", unicodedata.normalize("NFKC", cell.value))


def person_name(text: str) -> str:
    """Return a name without the blanks that align it; raises CellWrong for anything that is none."""
    name = fold_typed(text)
    if not _NAME_SHAPE.fullmatch(name):
        raise CellWrong("姓名只能是文字和间隔号，不能有数字或其他符号")
    if not 1 < len(name) <= LONGEST_NAME:
        raise CellWrong(f"姓名应为2至{LONGEST_NAME}个字")
    return name


def plain(text: str) -> str:
    """Return a text as it stands."""
    return text


def yes_or_no(text: str) -> bool:
    """Return what 是 or 否 and their usual stand-ins mean; raises CellWrong for anything else."""
    word = fold_typed(text).upper()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellWrong("请填写“是”或“否”")


def one_of(words: Mapping[str, T], *, offered: Iterable[str]) -> Callable[[str], T]:
    """Return the parser of a closed list.

    Args:
        words: what each word means, spelled as `word_key` makes it.
        offered: the words that the refusal names.
    """
    sentence = f"只能填写：{'、'.join(offered)}"

    def parse(text: str) -> T:
        key = word_key(text)
        if key not in words:
            raise CellWrong(sentence)
        return words[key]

    return parse


def word_key(text: str) -> str:
    """Return a word without blanks, width and brackets, for comparing."""
    return re.sub(r"[()\[\]、,/\-—]", "", fold_typed(text))


def calendar_day(text: str) -> date:
    """Return the day that was typed: 2026-01-31, 2026/1/31, 2026.1.31, 2026年1月31日, 20260131."""
    match = _DAY_SHAPE.fullmatch(fold_typed(text).upper())
    if match is None:
        raise CellWrong("请填写日期，例如2026-01-31")
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise CellWrong("这个日期不存在，请核对") from error
