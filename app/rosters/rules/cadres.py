"""The roster of cadres (帮扶干部): its columns, what a row says, and what applying it would change."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.spreadsheets import Cell
from app.people.enums import CadreRank, CadreStatus
from app.people.rules import check_phone
from app.rosters.enums import ColumnKind, RowVerdict
from app.rosters.rules.columns import (
    Claim,
    Column,
    Elsewhere,
    Judgement,
    Problem,
    RowReader,
    conflicting,
    one_of,
    person_name,
    plain,
)
from app.rosters.rules.terms import COLUMNS as TERMS_COLUMNS
from app.rosters.rules.terms import TermsEntry, TermsFacts, merged_terms, read_terms
from app.rosters.rules.words import RANK_WORDS

NAME, PHONE, UNIT, SECTION, POST, RANK = "姓名", "手机号", "单位", "部门", "职务", "级别"
_LONGEST_POST = 60

COLUMNS = (
    Column(NAME, ColumnKind.NAME, required=True, aliases=("干部姓名", "帮扶干部姓名", "帮扶干部"), width=12),
    Column(
        PHONE,
        ColumnKind.PHONE,
        required=True,
        aliases=("手机号码", "手机", "联系电话", "干部手机号", "电话"),
        note="11位手机号，干部用它登录小程序",
    ),
    Column(UNIT, ColumnKind.TEXT, required=True, aliases=("工作单位", "所在单位"), width=28, longest=60),
    Column(SECTION, ColumnKind.TEXT, aliases=("科室", "处室", "所在部门"), longest=30),
    Column(POST, ColumnKind.TEXT, aliases=("职位", "现任职务"), longest=30),
    Column(
        RANK,
        ColumnKind.CHOICE,
        aliases=("职级", "行政级别"),
        choices=tuple(rank.label for rank in CadreRank),
        note="首次登记时留空按“其他”",
    ),
    *TERMS_COLUMNS,
)
_BY_HEADER = {column.header: column for column in COLUMNS}
_read_rank = one_of(RANK_WORDS, offered=[rank.label for rank in CadreRank])


@dataclass(frozen=True, slots=True, repr=False)
class CadreEntry:
    """What one row says; None is a cell left empty, which changes nothing."""

    name: str
    phone: str
    unit: str
    post: str | None
    rank: CadreRank | None
    terms: TermsEntry = field(default_factory=TermsEntry)


@dataclass(frozen=True, slots=True)
class CadreFacts:
    """What the register says, or would say, about one cadre, as far as a roster can tell."""

    unit: str
    post: str
    rank: CadreRank


@dataclass(frozen=True, slots=True, repr=False)
class RegisteredCadre:
    """A cadre in the register who has the phone number of a row."""

    id: int
    status: CadreStatus
    name: str
    facts: CadreFacts
    terms: TermsFacts = field(default_factory=TermsFacts)


def parse(
    cells: Mapping[str, Cell], *, counties: Mapping[str, str | None], own_county: str | None
) -> CadreEntry | tuple[Problem, ...]:
    """Return what a row says, or everything that is wrong with it.

    Args:
        cells: the row.
        counties: division codes by the names of counties, as `read_terms` takes them.
        own_county: the county whose roster it is; None for a city or province.
    """
    reader = RowReader(cells, _BY_HEADER)
    name, phone = reader.read(NAME, person_name), reader.read(PHONE, check_phone)
    unit, section = reader.read(UNIT, plain), reader.read(SECTION, plain)
    post = reader.read(POST, plain)
    rank = reader.read(RANK, _read_rank)
    terms = read_terms(reader, counties=counties, own_county=own_county)
    if reader.problems or name is None or phone is None or unit is None:
        return tuple(reader.problems)
    return CadreEntry(
        name=name, phone=phone, unit=unit, post=_whole_post(section, post), rank=rank, terms=terms
    )


def _whole_post(section: str | None, post: str | None) -> str | None:
    """Return section and post as people say them (维权科科长), the unit stays one word to count by."""
    if section is None or post is None:
        return post or section
    return (post if post.startswith(section) else section + post)[:_LONGEST_POST]


def merged(entry: CadreEntry, known: CadreFacts | None) -> CadreFacts:
    """Return what the register would say after a row was applied; an empty cell keeps what is there."""
    base = known or CadreFacts(unit=entry.unit, post="", rank=CadreRank.OTHER)
    return CadreFacts(
        unit=entry.unit,
        post=base.post if entry.post is None else entry.post,
        rank=base.rank if entry.rank is None else entry.rank,
    )


def judge(
    entry: CadreEntry,
    *,
    cells: Mapping[str, Cell],
    known: RegisteredCadre | Elsewhere | None,
    phone_index: str,
) -> Judgement:
    """Return what applying a row would do.

    Args:
        entry: what the row says.
        cells: where it says it.
        known: who is registered under this phone number, anywhere.
        phone_index: the blind index of the phone number.
    """
    address = cells[PHONE].address
    claims = (
        Claim(f"cadre:{phone_index}", address, address, PHONE, "与第{row}行的手机号相同，请核对后只保留一行"),
    )
    if known is None:
        return Judgement(RowVerdict.NEW, claims=claims)
    refusal = _refusal(entry, known)
    if isinstance(known, Elsewhere) or refusal:
        return conflicting(refusal, address, PHONE, claims=claims)
    same = merged(entry, known.facts) == known.facts
    same = same and merged_terms(entry.terms, known.terms) == known.terms
    return Judgement(RowVerdict.UNCHANGED if same else RowVerdict.UPDATE, target_id=known.id, claims=claims)


def _refusal(entry: CadreEntry, known: RegisteredCadre | Elsewhere) -> str:
    if isinstance(known, Elsewhere):
        return "该手机号已在其他残联登记"
    if known.name != entry.name:
        # The phone is the key to the account: a new name would hand somebody else's families over in silence.
        return "该手机号已登记在另一位干部名下，请核对；如果只是姓名写错，请在干部页面修改"
    if known.status is not CadreStatus.ACTIVE:
        return f"该干部在系统中为“{known.status.label}”，请先核实，恢复在岗后再导入"
    return ""
