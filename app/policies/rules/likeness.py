"""Which persons a library cannot tell apart: one of them is judged for all."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from app.policies.enums import Step
from app.policies.rules.expressions import Compare, comparisons_of
from app.policies.rules.facts import AGE, BORN_ON, REGION, Facts, age_or_unborn
from app.policies.rules.judging import Library

if TYPE_CHECKING:
    from datetime import date


class Likeness:
    """Gives persons the same mark if every policy of a library means the same for them.

    It looks at the facts that conditions name, at ages only between the limits that conditions draw, and at
    regions only as far as conditions and amounts tell them apart.
    """

    def __init__(self, library: Library) -> None:
        compared = _comparisons(library)
        self._keys = sorted({one.fact for one in compared} - {AGE, REGION})
        self._ages: dict[date | None, list[int]] = defaultdict(list)
        for one in compared:
            if one.fact == AGE:
                self._ages[one.on] += [limit + more for limit in _limits(one) for more in (0, 1)]
        for limits in self._ages.values():
            limits.sort()
        self._policies = frozenset(rule.key for rule in library.rules)
        self._prefixes = tuple(sorted(_prefixes(library, compared)))
        self._regions: dict[str, tuple[str, ...]] = {}

    def mark(self, facts: Facts, *, steps: Mapping[str, Step]) -> Hashable:
        """Return what is the same for all persons whom the library cannot tell apart."""
        ages = tuple(
            bisect_right(limits, facts[AGE] if day is None else age_or_unborn(facts[BORN_ON], day=day))
            for day, limits in self._ages.items()
        )
        said = tuple(sorted(step for step in steps.items() if step[0] in self._policies)) if steps else ()
        return self._region(facts[REGION]), ages, *[facts.get(key) for key in self._keys], said

    def _region(self, code: str) -> tuple[str, ...]:
        known = self._regions.get(code)
        if known is None:
            known = self._regions[code] = tuple(one for one in self._prefixes if code.startswith(one))
        return known


def _comparisons(library: Library) -> list[Compare]:
    return comparisons_of(
        [
            condition
            for rule in library.rules
            for condition in (rule.when, rule.received_when, *(row.when for row in rule.amounts))
        ]
    )


def _limits(one: Compare) -> tuple[int, ...]:
    return one.value if isinstance(one.value, tuple) else (one.value,)


def _prefixes(library: Library, compared: list[Compare]) -> set[Any]:
    named = {prefix for one in compared if one.fact == REGION for prefix in one.value}
    return named | {row.region for rule in library.rules for row in rule.amounts}
