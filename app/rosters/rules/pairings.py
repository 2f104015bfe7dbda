"""The roster of pairings (结对关系): its columns, what a row says, and what applying it would change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.core.spreadsheets import Cell
from app.pairing.enums import PairingOutcome, PairingRefusal
from app.pairing.rules import PairingVerdict
from app.people.rules import IdNumber, check_id_number, check_phone
from app.rosters.enums import ColumnKind, RowVerdict
from app.rosters.rules.columns import Claim, Column, Judgement, Problem, RowReader, calendar_day, conflicting

CADRE_PHONE, ID_NUMBER, STARTED_ON = "干部手机号", "帮扶对象身份证号", "结对日期"

COLUMNS = (
    Column(
        CADRE_PHONE,
        ColumnKind.PHONE,
        required=True,
        aliases=("帮扶干部手机号", "干部电话", "干部联系电话", "帮扶干部电话"),
        note="须先在“帮扶干部”中登记",
        width=18,
    ),
    Column(
        ID_NUMBER,
        ColumnKind.LONG_NUMBER,
        required=True,
        aliases=("身份证号", "身份证号码", "对象身份证号", "残疾人身份证号"),
        note="须先在“帮扶对象”中登记；18位，请保持文本格式",
        width=24,
    ),
    Column(
        STARTED_ON,
        ColumnKind.DAY,
        required=True,
        aliases=("结对时间", "结对开始日期", "开始日期"),
        note="例如2026-01-31",
        width=14,
    ),
)
_BY_HEADER = {column.header: column for column in COLUMNS}

_AT_CADRE = frozenset(
    {
        PairingRefusal.CADRE_UNKNOWN,
        PairingRefusal.CADRE_NOT_ACTIVE,
        PairingRefusal.CADRE_TAKES_NO_PART,
        PairingRefusal.CAPACITY_EXCEEDED,
    }
)
_AT_DAY = frozenset({PairingRefusal.START_TOO_EARLY, PairingRefusal.START_TOO_LATE})
_SENTENCES = {
    PairingRefusal.CADRE_UNKNOWN: "没有找到使用该手机号的帮扶干部，请先导入帮扶干部",
    PairingRefusal.BENEFICIARY_UNKNOWN: "本县没有登记该帮扶对象，请先导入帮扶对象",
}


@dataclass(frozen=True, slots=True, repr=False)
class PairingEntry:
    """What one row says."""

    cadre_phone: str
    id_number: IdNumber
    started_on: date


def parse(cells: Mapping[str, Cell], *, today: date) -> PairingEntry | tuple[Problem, ...]:
    """Return what a row says, or everything that is wrong with it."""
    reader = RowReader(cells, _BY_HEADER)
    phone = reader.read(CADRE_PHONE, check_phone)
    id_number = reader.read(ID_NUMBER, lambda text: check_id_number(text, today=today))
    started_on = reader.read(STARTED_ON, calendar_day)
    if reader.problems or phone is None or id_number is None or started_on is None:
        return tuple(reader.problems)
    return PairingEntry(cadre_phone=phone, id_number=id_number, started_on=started_on)


def judge(*, cells: Mapping[str, Cell], verdict: PairingVerdict | None, id_number_index: str) -> Judgement:
    """Return what applying a row would do.

    Args:
        cells: where the row says it.
        verdict: what pairing answered; None when an earlier row of the file names the same person.
        id_number_index: blind index of the person's ID number.
    """
    address = cells[ID_NUMBER].address
    sentence = "与第{row}行是同一位帮扶对象，请只保留一行"
    claims = (Claim(f"paired:{id_number_index}", address, address, ID_NUMBER, sentence),)
    if verdict is None:
        return Judgement(RowVerdict.CONFLICT, claims=claims)
    if verdict.refusal is not None:
        header = _header(verdict.refusal)
        refusal = _SENTENCES.get(verdict.refusal, verdict.sentence)
        return conflicting(refusal, cells[header].address, header, claims=claims)
    starts = verdict.outcome is PairingOutcome.STARTS
    return Judgement(RowVerdict.NEW if starts else RowVerdict.UNCHANGED, claims=claims)


def _header(refusal: PairingRefusal) -> str:
    if refusal in _AT_CADRE:
        return CADRE_PHONE
    return STARTED_ON if refusal in _AT_DAY else ID_NUMBER
