"""Conditions and amounts as people read them, for whoever publishes a policy."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.core.clock import chinese_day
from app.policies.enums import FactKind, Operator
from app.policies.rules.amounts import AmountRow
from app.policies.rules.expressions import AllOf, Compare, Condition, Not
from app.policies.rules.facts import AGE, FACTS, Fact
from app.policies.rules.wording import amount_in_words

_INDENT = "　　"


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of a condition, with the sentences that stand below it."""

    text: str
    parts: tuple["Said", ...] = ()

    def lines(self, depth: int = 0) -> Iterator[str]:
        """Yield the sentences one by one, those below a sentence indented."""
        yield _INDENT * depth + self.text
        for part in self.parts:
            yield from part.lines(depth + 1)


def condition_in_words(condition: Condition) -> Said:
    """Return a condition as sentences that a clerk can check against the document."""
    if isinstance(condition, Compare):
        return Said(_comparison(condition))
    if isinstance(condition, Not):
        if isinstance(condition.part, Compare) and condition.part.operator is Operator.EQUAL:
            return Said(_comparison(Compare(condition.part.fact, Operator.NOT_EQUAL, condition.part.value)))
        return Said("没有下面这种情况：", (condition_in_words(condition.part),))
    head = "下面每一条都满足：" if isinstance(condition, AllOf) else "下面满足一条就行："
    return Said(head, tuple(condition_in_words(part) for part in condition.parts))


def _comparison(compare: Compare) -> str:
    fact = FACTS[compare.fact]
    if fact.kind is FactKind.FLAG:
        is_wanted = compare.value is (compare.operator is Operator.EQUAL)
        return f"{fact.label}：{'是' if is_wanted else '否'}"
    day = f"（到{chinese_day(compare.on)}）" if compare.on else ""
    return f"{fact.label}{day}{_WORDS[compare.operator](fact, compare.value)}"


def _one(fact: Fact, value: Any) -> str:
    if fact.key == "grade":
        return f"{'一二三四'[value - 1]}级"
    if fact.key == AGE:
        return f"{value}周岁"
    return str(fact.choices.get(value, value))


def _several(fact: Fact, values: tuple[Any, ...], *, joint: str = "、") -> str:
    return joint.join(_one(fact, value) for value in values)


_WORDS: Mapping[Operator, Callable[[Fact, Any], str]] = {
    Operator.EQUAL: lambda fact, value: f"：{_one(fact, value)}",
    Operator.NOT_EQUAL: lambda fact, value: f"：不是{_one(fact, value)}",
    Operator.LESS: lambda fact, value: f"：小于{_one(fact, value)}",
    Operator.AT_MOST: lambda fact, value: f"：不大于{_one(fact, value)}",
    Operator.MORE: lambda fact, value: f"：大于{_one(fact, value)}",
    Operator.AT_LEAST: lambda fact, value: f"：不小于{_one(fact, value)}",
    Operator.BETWEEN: lambda fact, ends: f"：{_one(fact, ends[0])}至{_one(fact, ends[1])}，含两端",
    Operator.IN: lambda fact, values: f"：{_several(fact, values, joint='或')}",
    Operator.OVERLAPS: lambda fact, values: f"：包含{_several(fact, values)}中的任何一个",
    Operator.WITHIN: lambda fact, values: f"：在{_several(fact, values)}之内",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAmount:
    """One amount as people read it; `region` are the leading digits of division codes."""

    region: str
    time: str
    amount: str
    meant_for: Said | None


def amount_as_read(row: AmountRow) -> ReadAmount:
    """Return one row of amounts as people read it."""
    return ReadAmount(
        region=row.region,
        time=_time(row.valid_from, row.valid_to),
        amount=amount_in_words(row),
        meant_for=condition_in_words(row.when) if row.when else None,
    )


def _time(first: date | None, last: date | None) -> str:
    if first is None and last is None:
        return "不限"
    begins = f"{chinese_day(first)}起" if first else ""
    return begins + (f"到{chinese_day(last)}为止" if last else "")
