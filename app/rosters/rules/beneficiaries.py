"""The roster of beneficiaries (帮扶对象): its columns, what a row says, and what applying it would change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from app.core.spreadsheets import Cell
from app.people.enums import (
    BeneficiaryStatus,
    CertificateStatus,
    EligibilityReason,
    GuardianRelation,
    Relief,
    Residence,
)
from app.people.rules import (
    Certificate,
    EligibilityFacts,
    IdNumber,
    check_any_phone,
    check_certificate,
    check_id_number,
    eligibility,
)
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
    yes_or_no,
)
from app.rosters.rules.guardians import (
    GuardianEntry,
    RegisteredGuardian,
    guardian_step,
    same_guardian,
)
from app.rosters.rules.words import (
    DIBAO,
    RELATION_WORDS,
    RELIEF_OFFERED,
    RELIEF_WORDS,
    RESIDENCE_OFFERED,
    RESIDENCE_WORDS,
    STATUS_WORDS,
)

NAME, ID_NUMBER, CERTIFICATE = "姓名", "身份证号", "残疾人证号"
CERTIFICATE_STATUS, RELIEF, RESIDENCE = "残疾证状态", "救助类型", "户口性质"
TOWN, ADDRESS, PHONE, HOUSEHOLD = "乡镇（街道）", "家庭住址", "联系电话", "户编号"
SEVERAL, ELDERLY = "一户多残", "以老养残"
GUARDIAN, GUARDIAN_PHONE, RELATION = "监护人姓名", "监护人电话", "与监护人关系"

COLUMNS = (
    Column(NAME, ColumnKind.NAME, required=True, aliases=("残疾人姓名", "对象姓名"), width=12),
    Column(
        ID_NUMBER,
        ColumnKind.LONG_NUMBER,
        required=True,
        aliases=("身份证号码", "公民身份号码", "身份证"),
        note="18位，请保持文本格式，不要转为数字",
        width=24,
    ),
    Column(
        CERTIFICATE,
        ColumnKind.LONG_NUMBER,
        required=True,
        aliases=("残疾人证号码", "残疾证号", "残疾证号码", "残疾人证"),
        note="20位：身份证号加类别1位、等级1位，补领的后面有B1、B2等；残疾类别和等级由系统从证号读出",
        width=26,
    ),
    Column(
        CERTIFICATE_STATUS,
        ColumnKind.CHOICE,
        aliases=("残疾人证状态", "证件状态"),
        choices=tuple(status.label for status in CertificateStatus),
        note="首次登记时留空按“有效”",
        width=12,
    ),
    Column(
        RELIEF,
        ColumnKind.CHOICE,
        required=True,
        aliases=("救助类别", "社会救助类型", "困难类型"),
        choices=tuple(RELIEF_OFFERED),
        note="从下拉列表选择；只写“低保”时，按户口性质判断城镇或农村",
    ),
    Column(
        RESIDENCE,
        ColumnKind.CHOICE,
        aliases=("户籍性质", "户籍类型", "户口类型"),
        choices=tuple(RESIDENCE_OFFERED),
        width=12,
    ),
    Column(TOWN, ColumnKind.TEXT, aliases=("乡镇", "街道", "镇街", "乡镇街道", "乡镇/街道"), width=18),
    Column(
        ADDRESS, ColumnKind.ADDRESS, aliases=("住址", "现住址", "居住地址", "地址"), width=40, longest=200
    ),
    Column(
        PHONE,
        ColumnKind.PHONE,
        aliases=("电话", "手机号", "联系方式", "本人电话"),
        note="手机号，或带区号的固定电话，只填一个",
    ),
    Column(
        HOUSEHOLD,
        ColumnKind.TEXT,
        aliases=("户号", "家庭编号"),
        note="同一户填相同的编号",
        width=18,
    ),
    Column(SEVERAL, ColumnKind.CHOICE, aliases=("是否一户多残",), choices=("是", "否"), width=10),
    Column(ELDERLY, ColumnKind.CHOICE, aliases=("是否以老养残",), choices=("是", "否"), width=10),
    Column(GUARDIAN, ColumnKind.NAME, aliases=("监护人",), width=12),
    Column(GUARDIAN_PHONE, ColumnKind.PHONE, aliases=("监护人联系电话", "监护人手机号", "监护人联系方式")),
    Column(
        RELATION,
        ColumnKind.CHOICE,
        aliases=("监护人关系", "关系"),
        choices=tuple(relation.label for relation in GuardianRelation),
        note="监护人是本人的什么人，例如父母、配偶；留空按“其他”登记",
        width=20,
    ),
)
_BY_HEADER = {column.header: column for column in COLUMNS}
_read_relief = one_of(RELIEF_WORDS, offered=RELIEF_OFFERED)
_read_residence = one_of(RESIDENCE_WORDS, offered=RESIDENCE_OFFERED)
_read_status = one_of(STATUS_WORDS, offered=[status.label for status in CertificateStatus])
_read_relation = one_of(RELATION_WORDS, offered=[relation.label for relation in GuardianRelation])

_GONE = frozenset({BeneficiaryStatus.DECEASED, BeneficiaryStatus.MOVED_AWAY})
# Columns that a row may leave empty, named alike in the entry and in the register's facts.
_MAY_BE_EMPTY = (
    "certificate_status", "residence", "town", "address", "phone", "household", "several", "elderly",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class BeneficiaryEntry:
    """What one row says; None is a cell left empty, which changes nothing."""

    name: str
    id_number: IdNumber
    certificate: Certificate
    relief: Relief
    certificate_status: CertificateStatus | None = None
    residence: Residence | None = None
    town: str | None = None
    address: str | None = None
    phone: str | None = None
    household: str | None = None
    several: bool | None = None
    elderly: bool | None = None
    guardian: GuardianEntry | None = None


@dataclass(frozen=True, slots=True, repr=False)
class BeneficiaryFacts:
    """What the register says, or would say, about one person, as far as a roster can tell."""

    name: str
    certificate: str
    relief: Relief
    certificate_status: CertificateStatus = CertificateStatus.VALID
    residence: Residence = Residence.UNKNOWN
    town: str = ""
    address: str | None = None
    phone: str | None = None
    household: str | None = None
    several: bool = False
    elderly: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class RegisteredBeneficiary:
    """Somebody in the register who has the ID number of a row."""

    id: int
    status: BeneficiaryStatus
    facts: BeneficiaryFacts
    guardians: tuple[RegisteredGuardian, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class BeneficiaryIndexes:
    """Blind indexes of what a row says."""

    id_number: str
    guardian_phone: str | None


def parse(cells: Mapping[str, Cell], *, today: date) -> BeneficiaryEntry | tuple[Problem, ...]:
    """Return what a row says, or everything that is wrong with it."""
    reader = RowReader(cells, _BY_HEADER)
    name = reader.read(NAME, person_name)
    id_number = reader.read(ID_NUMBER, lambda text: check_id_number(text, today=today))
    certificate = _certificate(reader, id_number)
    residence = reader.read(RESIDENCE, _read_residence)
    relief = _relief(reader, residence)
    status = reader.read(CERTIFICATE_STATUS, _read_status)
    town, address = reader.read(TOWN, plain), reader.read(ADDRESS, plain)
    phone, household = reader.read(PHONE, check_any_phone), reader.read(HOUSEHOLD, plain)
    several, elderly = reader.read(SEVERAL, yes_or_no), reader.read(ELDERLY, yes_or_no)
    guardian = _guardian(reader)
    if reader.problems or name is None or id_number is None or certificate is None or relief is None:
        return tuple(reader.problems)
    return BeneficiaryEntry(
        name=name,
        id_number=id_number,
        certificate=certificate,
        relief=relief,
        certificate_status=status,
        residence=residence,
        town=town,
        address=address,
        phone=phone,
        household=household,
        several=several,
        elderly=elderly,
        guardian=guardian,
    )


def _certificate(reader: RowReader, id_number: IdNumber | None) -> Certificate | None:
    if id_number is None:
        # It begins with the ID number, so nothing more can be said than whether it was filled in.
        reader.read(CERTIFICATE, plain)
        return None
    return reader.read(CERTIFICATE, lambda text: check_certificate(text, id_number=id_number))


def _relief(reader: RowReader, residence: Residence | None) -> Relief | None:
    found = reader.read(RELIEF, _read_relief)
    if found != DIBAO:
        return cast("Relief | None", found)
    if residence is None:
        reader.add(RELIEF, "请写明低保（城镇）或低保（农村），或者填写户口性质")
        return None
    return Relief.DIBAO_RURAL if residence is Residence.RURAL else Relief.DIBAO_URBAN


def _guardian(reader: RowReader) -> GuardianEntry | None:
    before = len(reader.problems)
    name = reader.read(GUARDIAN, person_name)
    phone = reader.read(GUARDIAN_PHONE, check_any_phone)
    relation = reader.read(RELATION, _read_relation)
    if name is not None:
        return GuardianEntry(name=name, phone=phone, relation=relation)
    if len(reader.problems) == before and (phone is not None or relation is not None):
        reader.add(GUARDIAN, "填写了监护人的电话或关系，请同时填写姓名")
    return None


def merged(entry: BeneficiaryEntry, known: BeneficiaryFacts | None) -> BeneficiaryFacts:
    """Return what the register would say after a row was applied; an empty cell keeps what is there."""
    certificate = entry.certificate.whole
    if known is None:
        base = BeneficiaryFacts(name=entry.name, certificate=certificate, relief=entry.relief)
    else:
        base = replace(known, name=entry.name, certificate=certificate, relief=entry.relief)
    filled = {field: getattr(entry, field) for field in _MAY_BE_EMPTY}
    return replace(base, **{field: value for field, value in filled.items() if value is not None})


def judge(
    entry: BeneficiaryEntry,
    *,
    cells: Mapping[str, Cell],
    known: RegisteredBeneficiary | Elsewhere | None,
    indexes: BeneficiaryIndexes,
) -> Judgement:
    """Return what applying a row would do.

    Args:
        entry: what the row says.
        cells: where it says it.
        known: who is registered under this ID number, anywhere.
        indexes: blind indexes of what the row says.
    """
    address = cells[ID_NUMBER].address
    claims = [
        Claim(
            f"person:{indexes.id_number}", address, address, ID_NUMBER, "与第{row}行是同一个人，请只保留一行"
        )
    ]
    if known is None:
        return Judgement(RowVerdict.NEW, problems=_remarks(entry, None, cells=cells), claims=claims)
    if isinstance(known, Elsewhere):
        # Neither who nor where: the other county's register is not ours to show.
        return conflicting("已在其他县登记", address, ID_NUMBER, claims=claims)
    if known.status in _GONE:
        sentence = f"该人员在系统中为“{known.status.label}”，请先核实，恢复在册后再导入"
        return conflicting(sentence, address, ID_NUMBER, claims=claims)
    claims += _guardian_claim(entry, known, phone_index=indexes.guardian_phone, cells=cells)
    step = guardian_step(entry.guardian, phone_index=indexes.guardian_phone, guardians=known.guardians)
    same = step is None and merged(entry, known.facts) == known.facts
    return Judgement(
        RowVerdict.UNCHANGED if same else RowVerdict.UPDATE,
        target_id=known.id,
        problems=_remarks(entry, known.facts, cells=cells),
        claims=claims,
    )


def _guardian_claim(
    entry: BeneficiaryEntry,
    known: RegisteredBeneficiary,
    *,
    phone_index: str | None,
    cells: Mapping[str, Cell],
) -> list[Claim]:
    if entry.guardian is None or phone_index is None:
        return []
    same = same_guardian(entry.guardian, phone_index=phone_index, guardians=known.guardians)
    if same is None:
        return []
    sentence = "与第{row}行填写的同一位监护人的电话不一致，请核对"
    address = cells[GUARDIAN_PHONE].address
    return [Claim(f"guardian:{same.id}", phone_index, address, GUARDIAN_PHONE, sentence)]


def _remarks(
    entry: BeneficiaryEntry, known: BeneficiaryFacts | None, *, cells: Mapping[str, Cell]
) -> tuple[Problem, ...]:
    """Say that nobody can be paired with a person; the county decides what follows (官方方案 四(三))."""
    facts = merged(entry, known)
    failed = eligibility(
        EligibilityFacts(
            certificate_status=facts.certificate_status, grade=entry.certificate.grade, relief=facts.relief
        )
    ).failed
    if not failed:
        return ()
    header = RELIEF if failed[0] is EligibilityReason.NOT_ON_RELIEF else CERTIFICATE
    reasons = "，".join(reason.label for reason in failed)
    return (Problem(cells[header].address, header, f"不符合帮扶条件：{reasons}。可以登记，不能结对"),)
