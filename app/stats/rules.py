"""The ledger of pairings (结对台账): its columns in the order a clerk expects, and what stands in them."""

from dataclasses import dataclass
from datetime import date

from app.core.spreadsheets import ColumnGuide
from app.pairing.enums import EndReason
from app.people.enums import DisabilityCategory, GuardianRelation, Relief
from app.people.rules import mask_id_number, mask_phone

SHORTEST_REASON = 4
LONGEST_REASON = 200
CURRENT_SHEET, HISTORY_SHEET = "结对台账", "已结束的结对"
_CURRENT = {
    "序号": 8,
    "县（市、区）": 16,
    "乡镇（街道）": 18,
    "姓名": 12,
    "身份证号": 24,
    "残疾人证号": 26,
    "残疾类别": 12,
    "残疾等级": 10,
    "低保/特困": 16,
    "监护人": 12,
    "与监护人关系": 16,
    "联系电话": 18,
    "帮扶干部": 12,
    "单位": 28,
    "职务": 18,
    "结对日期": 14,
    "本年联系次数": 14,
    "本年走访次数": 14,
    "最近联系日期": 14,
}
_HISTORY = {"结束日期": 14, "结束原因": 22}
_GRADES = "一二三四"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LedgerLine:
    """One pairing with all that the ledger says about it, in full."""

    county: str
    town: str
    name: str
    id_number: str
    certificate: str
    category: DisabilityCategory
    grade: int
    relief: Relief
    guardian: str
    relation: GuardianRelation | None
    phone: str
    cadre: str
    unit: str
    post: str
    started_on: date
    ended_on: date | None
    end_reason: EndReason | None
    contacts: int
    visits: int
    last_reached_on: date | None


def ledger_sheets(*, with_history: bool) -> dict[str, list[str]]:
    """Return the headers of each sheet by its name."""
    sheets = {CURRENT_SHEET: list(_CURRENT)}
    if with_history:
        sheets[HISTORY_SHEET] = [*_CURRENT, *_HISTORY]
    return sheets


def ledger_guides() -> dict[str, ColumnGuide]:
    """Return how wide each column is, by header."""
    return {header: ColumnGuide(width=width) for header, width in (_CURRENT | _HISTORY).items()}


def ledger_texts(line: LedgerLine, *, number: int, in_full: bool, is_past: bool) -> list[str | None]:
    """Return one row of the ledger.

    Args:
        line: the pairing.
        number: its running number.
        in_full: show numbers as they are; otherwise they are masked.
        is_past: of the sheet of those that have ended, with two columns more.
    """
    texts = [
        str(number),
        line.county,
        line.town,
        line.name,
        line.id_number if in_full else mask_id_number(line.id_number),
        line.certificate if in_full else mask_id_number(line.certificate),
        line.category.label,
        f"{_GRADES[line.grade - 1]}级",
        line.relief.label,
        line.guardian,
        line.relation.label if line.relation else None,
        line.phone if in_full else mask_phone(line.phone),
        line.cadre,
        line.unit,
        line.post,
        line.started_on.isoformat(),
        str(line.contacts),
        str(line.visits),
        line.last_reached_on.isoformat() if line.last_reached_on else None,
    ]
    if not is_past:
        return texts
    ended_on = line.ended_on.isoformat() if line.ended_on else None
    return [*texts, ended_on, line.end_reason.label if line.end_reason else None]
