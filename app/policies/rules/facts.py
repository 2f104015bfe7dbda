"""The facts that conditions may name: where each comes from, which values it has, how one asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.people.enums import CertificateStatus, DisabilityCategory, Relief, Residence
from app.people.rules import age_on
from app.policies.enums import FactKind

# What is known of one person by key of the fact; what nobody has told us is None or not there at all.
Facts = Mapping[str, Any]

AGE = "age"
BORN_ON = "born_on"
REGION = "region"
CATEGORIES = "categories"
_LONGEST_AGE = 150

_RELIEF_WORDS: dict[Relief, str] = {
    Relief.NONE: "none",
    Relief.DIBAO_URBAN: "dibao",
    Relief.DIBAO_RURAL: "dibao",
    Relief.TEKUN_DISPERSED: "tekun",
    Relief.TEKUN_CENTRAL: "tekun",
    Relief.DIBAO_EDGE: "edge",
    Relief.RIGID: "rigid",
    Relief.POVERTY_MONITORED: "poverty_monitored",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that may be known of a person.

    Args:
        key: its name in conditions.
        label: its name for people.
        kind: what its values are.
        choices: the words of a choice, each with what people read.
        lowest, highest: the bounds of a number.
        question: how one asks the family; empty where only the register knows it.
        on_occasion: comes up when somebody has a wish or an emergency or goes to school, so that nobody is
            asked for it in vain: while it is unknown, the policy is not brought before anybody.
        hidden: its value is nobody's business in a list.
    """

    key: str
    label: str
    kind: FactKind
    choices: Mapping[str, str] = field(default_factory=dict)
    lowest: int = 0
    highest: int = 0
    question: str = ""
    on_occasion: bool = False
    hidden: bool = False


def _flag(key: str, label: str, question: str = "", *, on_occasion: bool = False) -> Fact:
    return Fact(key=key, label=label, kind=FactKind.FLAG, question=question, on_occasion=on_occasion)


_CATEGORY_CHOICES = {
    word.value: word.label for word in DisabilityCategory if word is not DisabilityCategory.MULTIPLE
}
_FROM_REGISTER = (
    _flag("cert_valid", "残疾人证有效"),
    Fact(key="grade", label="残疾等级", kind=FactKind.NUMBER, lowest=1, highest=4),
    Fact(
        key=CATEGORIES,
        label="残疾类别",
        kind=FactKind.CHOICES,
        choices=_CATEGORY_CHOICES,
        question="多重残疾包括哪几类？",
        hidden=True,
    ),
    Fact(
        key="relief",
        label="社会救助情况",
        kind=FactKind.CHOICE,
        choices={
            "none": "无",
            "dibao": "低保",
            "tekun": "特困供养",
            "edge": "低保边缘",
            "rigid": "刚性支出困难",
            "poverty_monitored": "防返贫监测",
        },
    ),
    Fact(key=AGE, label="年龄（周岁）", kind=FactKind.NUMBER, lowest=0, highest=_LONGEST_AGE),
    Fact(
        key="residence",
        label="居住地",
        kind=FactKind.CHOICE,
        choices={"rural": "农村", "urban": "城镇"},
        question="家住农村还是城镇？",
    ),
    Fact(key=REGION, label="所在地区", kind=FactKind.PLACE),
    _flag("several_disabled", "一户多残"),
    _flag("kept_by_elderly", "以老养残"),
    _flag("has_guardian", "登记了监护人"),
    _flag("paired", "已有结对干部"),
)
# The order is the one in which they are asked where two decide as much.
_FROM_FAMILIES = (
    _flag("injury_care_fee", "领取工伤护理费", "是否领取工伤保险的生活护理费？"),
    _flag("in_resident_pension", "参加居民养老保险", "是否参加城乡居民基本养老保险？"),
    _flag("employed", "有工作", "现在是否有工作（含务农、个体经营）？"),
    _flag("can_work", "有劳动能力和就业意愿", "是否有劳动能力并且愿意工作？"),
    _flag("orphan_allowance", "领取孤儿基本生活费", "是否领取孤儿或事实无人抚养儿童基本生活费？"),
    _flag("other_pension", "领取其他养老金", "是否领取职工养老金等其他养老金？"),
    _flag("no_income", "没有收入来源", "本人是否没有任何收入来源？"),
    _flag(
        "no_able_supporter",
        "没有能负担的赡养、抚养人",
        "是否没有法定赡养、抚养、扶养义务人，或他们无力负担？",
    ),
    _flag("no_labour_capacity", "没有劳动能力", "本人是否没有劳动能力？"),
    _flag("home_modified", "三年内做过无障碍改造", "近三年家里是否做过无障碍改造？"),
    Fact(
        key="student_stage",
        label="就读阶段",
        kind=FactKind.CHOICE,
        choices={
            "none": "不在学",
            "preschool": "学前",
            "compulsory": "小学、初中",
            "senior": "高中、中职",
            "college": "大专",
            "bachelor": "本科",
            "master": "硕士",
            "doctor": "博士",
        },
        question="现在在哪个阶段读书？",
        on_occasion=True,
    ),
    _flag("first_year", "今年新入学", "是否今年新入学？", on_occasion=True),
    _flag("autism", "有孤独症诊断", "是否有孤独症诊断？"),
    _flag("needs_rehab", "需要康复训练", "是否需要康复训练？", on_occasion=True),
    _flag("needs_surgery", "需要手术", "是否需要做人工耳蜗、肢体矫治等手术？", on_occasion=True),
    _flag("needs_device", "需要辅助器具", "是否需要轮椅、助听器等辅助器具？", on_occasion=True),
    _flag("needs_home_modified", "需要无障碍改造", "家里是否需要无障碍改造？", on_occasion=True),
    _flag("sudden_hardship", "遇到突发困难", "是否遇到火灾、事故、重病等突发困难？", on_occasion=True),
    _flag("legal_need", "需要法律帮助", "是否有打官司、维权等法律方面的需要？", on_occasion=True),
)
FACTS: Mapping[str, Fact] = {fact.key: fact for fact in (*_FROM_REGISTER, *_FROM_FAMILIES)}
_ORDER = {key: place for place, key in enumerate([*(f.key for f in _FROM_FAMILIES), *FACTS])}


def fact_order(key: str) -> int:
    """Return the place of a fact where several are named or asked for: what a family can answer first."""
    return _ORDER[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the register says of one person."""

    region_code: str
    born_on: date
    certificate_status: str
    grade: int
    category: str
    relief: str
    residence: str
    several_disabled: bool
    kept_by_elderly: bool
    has_guardian: bool
    paired: bool


def facts_of(person: Registered, *, answers: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return what is known of a person on a day: the register, completed by what the family answered.

    An answer never overrides the register; it fills what the register leaves open (多重残疾, 居住地未填写).
    """
    known: dict[str, Any] = {
        "cert_valid": person.certificate_status == CertificateStatus.VALID,
        "grade": person.grade,
        "relief": _RELIEF_WORDS[Relief(person.relief)],
        BORN_ON: person.born_on,
        AGE: age_or_unborn(person.born_on, day=day),
        REGION: person.region_code,
        "several_disabled": person.several_disabled,
        "kept_by_elderly": person.kept_by_elderly,
        "has_guardian": person.has_guardian,
        "paired": person.paired,
    }
    if person.category != DisabilityCategory.MULTIPLE:
        known[CATEGORIES] = frozenset({person.category})
    if person.residence != Residence.UNKNOWN:
        known["residence"] = person.residence
    return {**answers, **known}


def age_or_unborn(born_on: date, *, day: date) -> int:
    """Return the age in completed years on a day, -1 for who is not born by then."""
    return age_on(born_on, day=day) if born_on <= day else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to the question for a fact.

    Args:
        key: of the fact.
        value: true, false, a word or a list of words of the fact.
        evidence: how he knows who answers, in his words; sealed.
    """

    key: str
    value: Any
    evidence: str | None = None


def answer_fault(fact: Fact, value: Any) -> str | None:
    """Return what is wrong with an answer to the question for a fact, None when it can be kept."""
    if not fact.question:
        return f"“{fact.label}”以花名册为准，不能在这里填写"
    if fact.kind is FactKind.FLAG and not isinstance(value, bool):
        return "请回答是（true）或否（false）"
    if fact.kind is FactKind.CHOICE and (not isinstance(value, str) or value not in fact.choices):
        return f"请从中选一个：{'、'.join(fact.choices)}"
    if fact.kind is FactKind.CHOICES and not _are_choices(fact, value):
        return f"请从中选一个或几个：{'、'.join(fact.choices)}"
    return None


def _are_choices(fact: Fact, value: Any) -> bool:
    is_list = isinstance(value, list) and bool(value) and len(value) <= len(fact.choices)
    return is_list and all(isinstance(one, str) and one in fact.choices for one in value)


def read_answer(fact: Fact, value: Any) -> Any:
    """Return a stored answer as conditions compare it."""
    return frozenset(value) if fact.kind is FactKind.CHOICES else value


def value_in_words(fact: Fact, value: Any) -> str:
    """Return a known value as people read it, nothing where it is no business of a list."""
    if fact.hidden:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if fact.kind is FactKind.CHOICE:
        return fact.choices.get(value, "")
    if fact.key == "grade":
        return f"{'一二三四'[value - 1]}级" if 1 <= value <= fact.highest else ""
    return f"{value}周岁" if fact.key == AGE else ""
