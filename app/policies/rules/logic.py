"""Whether a condition holds: yes, no, or not known (Kleene's three values); a missing fact is never a no."""

import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from app.policies.enums import Operator
from app.policies.rules.expressions import AllOf, AnyOf, Compare, Condition, Not
from app.policies.rules.facts import BORN_ON, Facts, age_or_unborn

Test = Callable[[Facts], bool | None]

_PLAIN: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.BETWEEN: lambda known, ends: bool(ends[0] <= known <= ends[1]),
    Operator.IN: lambda known, words: known in words,
    Operator.OVERLAPS: lambda known, words: not known.isdisjoint(words),
    Operator.WITHIN: lambda known, prefixes: bool(known.startswith(prefixes)),
}


@lru_cache(maxsize=8192)
def compiled(condition: Condition) -> Test:
    """Return a condition as a function of what is known: True, False, or None for not known."""
    if isinstance(condition, Compare):
        return _comparison(condition)
    if isinstance(condition, Not):
        return _negation(compiled(condition.part))
    parts = [compiled(part) for part in condition.parts]
    return _joint(parts, decides=isinstance(condition, AnyOf))


def _comparison(condition: Compare) -> Test:
    key, compare, value, day = condition.fact, _PLAIN[condition.operator], condition.value, condition.on

    def known_value(facts: Facts) -> bool | None:
        known = facts.get(key)
        return None if known is None else compare(known, value)

    def age_then(facts: Facts) -> bool | None:
        born_on = facts.get(BORN_ON)
        return None if born_on is None or day is None else compare(age_or_unborn(born_on, day=day), value)

    return known_value if day is None else age_then


def _negation(part: Test) -> Test:
    def test(facts: Facts) -> bool | None:
        holds = part(facts)
        return None if holds is None else not holds

    return test


def _joint(parts: Sequence[Test], *, decides: bool) -> Test:
    """Join parts: one that says `decides` decides, otherwise one that is not known leaves it open."""

    def test(facts: Facts) -> bool | None:
        outcome: bool | None = not decides
        for part in parts:
            holds = part(facts)
            if holds is decides:
                return decides
            if holds is None:
                outcome = None
        return outcome

    return test


def missing_facts(condition: Condition, facts: Facts) -> frozenset[str]:
    """Return the facts on which an open condition hangs; once all are known it is decided.

    Of a condition that is decided nothing is missing.
    """
    if compiled(condition)(facts) is not None:
        return frozenset()
    if isinstance(condition, Compare):
        return frozenset({condition.fact})
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return frozenset().union(*(missing_facts(part, facts) for part in parts))


def deciding_facts(condition: Condition, facts: Facts) -> tuple[str, ...]:
    """Return the facts that make a decided condition what it is, in the order in which it names them.

    Every part of an `all` that holds; of one that does not hold, the first part that fails. `any` likewise.
    """
    found = dict.fromkeys(_deciding(condition, facts))
    return tuple(found)


def _deciding(condition: Condition, facts: Facts) -> tuple[str, ...]:
    holds = compiled(condition)(facts)
    if holds is None:
        return ()
    if isinstance(condition, Compare):
        return (condition.fact,)
    if isinstance(condition, Not):
        return _deciding(condition.part, facts)
    if holds is isinstance(condition, AllOf):
        return tuple(key for part in condition.parts for key in _deciding(part, facts))
    first = next(part for part in condition.parts if compiled(part)(facts) is holds)
    return _deciding(first, facts)
