"""Conditions: a small language in JSON, read into typed objects; what is malformed is refused with its place.

A condition is one of
    {"all": [condition, …]}     every one holds
    {"any": [condition, …]}     at least one holds
    {"not": condition}          it does not hold
    {"fact": "grade", "is": "in", "value": [1, 2]}
    {"fact": "age", "is": ">=", "value": 6, "on": "2026-09-01"}     the age on a fixed day
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.policies.enums import FactKind, Operator
from app.policies.rules.facts import AGE, FACTS, Fact

_DEEPEST = 8
_MOST_PARTS = 30
_MOST_VALUES = 40
_SIZES = (Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)
_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
OPERATORS: dict[FactKind, tuple[Operator, ...]] = {
    FactKind.FLAG: _EQUALITY,
    FactKind.NUMBER: (*_EQUALITY, *_SIZES, Operator.BETWEEN, Operator.IN),
    FactKind.CHOICE: (*_EQUALITY, Operator.IN),
    FactKind.CHOICES: (Operator.OVERLAPS,),
    FactKind.PLACE: (Operator.WITHIN,),
}
_SHAPES = '条件应写成 {"all": […]}、{"any": […]}、{"not": {…}} 或 {"fact": …, "is": …, "value": …}'


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Compare:
    """A fact compares with a value: a number, a word, a yes or no, or a tuple of them; `on` fixes an age."""

    fact: str
    operator: Operator
    value: Any
    on: date | None = None


Condition = AllOf | AnyOf | Not | Compare


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in something that was written, and where: a JSON pointer and a sentence for a clerk."""

    pointer: str
    detail: str


class _Refused(Exception):
    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(pointer, detail)


def parse_condition(written: Any, *, pointer: str, faults: list[Fault]) -> Condition | None:
    """Return a condition as typed objects; what is wrong with it is added to the faults.

    Args:
        written: what the JSON says.
        pointer: where it stands, for the faults.
        faults: every fault that was found; the condition is whole only if none was added.
    """
    before = len(faults)
    condition = _read(written, pointer, _DEEPEST, faults)
    return condition if len(faults) == before else None


def _read(written: Any, pointer: str, depth: int, faults: list[Fault]) -> Condition | None:
    try:
        return _read_any(written, pointer, depth, faults)
    except _Refused as refused:
        faults.append(refused.fault)
        return None


def _read_any(written: Any, pointer: str, depth: int, faults: list[Fault]) -> Condition | None:
    if not isinstance(written, dict) or not written:
        raise _Refused(pointer, _SHAPES)
    if depth == 0:
        raise _Refused(pointer, f"条件套得太深，最多{_DEEPEST}层，请拆开写")
    if "fact" in written:
        return _read_comparison(written, pointer)
    return _read_joint(written, pointer, depth, faults)


def _read_joint(written: dict[str, Any], pointer: str, depth: int, faults: list[Fault]) -> Condition | None:
    word = next(iter(written))
    if len(written) > 1 or word not in {"all", "any", "not"}:
        raise _Refused(pointer, f"不认识“{'、'.join(map(str, written))}”。{_SHAPES}")
    inner, place = written[word], f"{pointer}/{word}"
    if word == "not":
        part = _read(inner, place, depth - 1, faults)
        return None if part is None else Not(part)
    if not isinstance(inner, list) or not 1 <= len(inner) <= _MOST_PARTS:
        raise _Refused(place, f"“{word}”后面应是1至{_MOST_PARTS}个条件的列表")
    parts = [_read(one, f"{place}/{number}", depth - 1, faults) for number, one in enumerate(inner)]
    whole = tuple(part for part in parts if part is not None)
    return AllOf(whole) if word == "all" else AnyOf(whole)


def _read_comparison(written: dict[str, Any], pointer: str) -> Compare:
    unknown = written.keys() - {"fact", "is", "value", "on"}
    if unknown:
        raise _Refused(
            pointer, f"不认识“{'、'.join(sorted(map(str, unknown)))}”，比较只能写 fact、is、value、on"
        )
    name = written["fact"]
    fact = FACTS.get(name) if isinstance(name, str) else None
    if fact is None:
        raise _Refused(f"{pointer}/fact", f"没有“{name}”这项信息，可用的有：{'、'.join(FACTS)}")
    operator = _read_operator(fact, written.get("is"), f"{pointer}/is")
    if "value" not in written:
        raise _Refused(pointer, "缺少 value，要写明与什么比较")
    value = _read_value(fact, operator, written["value"], f"{pointer}/value")
    return Compare(fact.key, operator, value, _read_day(fact, written.get("on"), f"{pointer}/on"))


def _read_operator(fact: Fact, word: Any, pointer: str) -> Operator:
    allowed = OPERATORS[fact.kind]
    if not isinstance(word, str) or word not in {one.value for one in allowed}:
        fitting = "、".join(f"{one.value}（{one.label}）" for one in allowed)
        raise _Refused(pointer, f"“{fact.label}”的比较方式只能是：{fitting}")
    return Operator(word)


def _read_day(fact: Fact, text: Any, pointer: str) -> date | None:
    if text is None:
        return None
    if fact.key != AGE:
        raise _Refused(pointer, "只有年龄可以写某一天（on）")
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise _Refused(pointer, "日期格式应为 2026-01-31") from None


def _read_value(fact: Fact, operator: Operator, value: Any, pointer: str) -> Any:
    if operator is Operator.BETWEEN:
        return _read_between(fact, value, pointer)
    if operator in {Operator.IN, Operator.OVERLAPS, Operator.WITHIN}:
        if not isinstance(value, list) or not 1 <= len(value) <= _MOST_VALUES:
            raise _Refused(pointer, f"应是1至{_MOST_VALUES}个值的列表，例如 [1, 2]")
        return tuple(_read_one(fact, one, f"{pointer}/{number}") for number, one in enumerate(value))
    return _read_one(fact, value, pointer)


def _read_between(fact: Fact, value: Any, pointer: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - from, to
        raise _Refused(pointer, "“介于”要写两个数，例如 [16, 59]")
    low, high = (_read_one(fact, one, f"{pointer}/{number}") for number, one in enumerate(value))
    if low > high:
        raise _Refused(pointer, f"前一个数（{low}）不能大于后一个数（{high}）")
    return low, high


def _read_one(fact: Fact, value: Any, pointer: str) -> Any:
    check = _CHECKS[fact.kind]
    problem = check(fact, value)
    if problem:
        raise _Refused(pointer, problem)
    return value


def _number_problem(fact: Fact, value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    fits = is_number and fact.lowest <= value <= fact.highest
    return "" if fits else f"“{fact.label}”应是{fact.lowest}至{fact.highest}的整数"


def _flag_problem(fact: Fact, value: Any) -> str:
    return "" if isinstance(value, bool) else f"“{fact.label}”只能写 true（是）或 false（否）"


def _choice_problem(fact: Fact, value: Any) -> str:
    if isinstance(value, str) and value in fact.choices:
        return ""
    words = "、".join(f"{word}（{label}）" for word, label in fact.choices.items())
    return f"“{fact.label}”没有“{value}”，可用的有：{words}"


def _place_problem(_: Fact, value: Any) -> str:
    is_code = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) in {2, 4, 6}
    return "" if is_code else "地区要写行政区划代码的前2、4或6位，例如 3701"


_CHECKS: dict[FactKind, Callable[[Fact, Any], str]] = {
    FactKind.FLAG: _flag_problem,
    FactKind.NUMBER: _number_problem,
    FactKind.CHOICE: _choice_problem,
    FactKind.CHOICES: _choice_problem,
    FactKind.PLACE: _place_problem,
}


def comparisons_of(conditions: Sequence[Condition | None]) -> list[Compare]:
    """Return every comparison that stands in these conditions."""
    found: list[Compare] = []
    open_ones = [condition for condition in conditions if condition is not None]
    while open_ones:
        condition = open_ones.pop()
        if isinstance(condition, Compare):
            found.append(condition)
        elif isinstance(condition, Not):
            open_ones.append(condition.part)
        else:
            open_ones.extend(condition.parts)
    return found
