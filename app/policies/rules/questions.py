"""What to ask a family next: the facts that decide the most; and birthdays that change something."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from app.policies.enums import Verdict
from app.policies.rules.facts import FACTS, age_or_unborn, fact_order
from app.policies.rules.judging import Judgement

MOST_QUESTIONS = 2
# 康复救助 0–6 岁, 成年, 提前领取养老金, 养老金: where what somebody is entitled to changes.
TURNING_AGES = (7, 18, 55, 60)
SOON = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Turning:
    """The birthday, within 90 days, on which somebody comes to an age that changes what he is entitled to."""

    age: int
    on: date


def questions_for(judgements: Iterable[Judgement]) -> tuple[str, ...]:
    """Return the keys of at most two facts whose answers decide the most open verdicts of one person.

    What only a wish or an emergency would bring up is not asked for, nor what only the register can tell.
    """
    open_ones = [
        frozenset(judged.missing)
        for judged in judgements
        if judged.verdict is Verdict.TO_VERIFY and judged.is_worth_saying and _can_be_asked(judged.missing)
    ]
    wanted = Counter(key for missing in open_ones for key in missing)
    keys = sorted(wanted, key=fact_order)

    def gain(asked: tuple[str, ...]) -> tuple[int, int]:
        decided = sum(missing <= set(asked) for missing in open_ones)
        return decided, sum(wanted[key] for key in asked)

    if len(keys) <= MOST_QUESTIONS:
        return tuple(keys)
    # The first of equals, so that the catalogue's order decides.
    best = max(combinations(keys, MOST_QUESTIONS), key=gain)
    return tuple(sorted(best, key=lambda key: (-gain((key,))[0], fact_order(key))))


def _can_be_asked(missing: tuple[str, ...]) -> bool:
    return all(FACTS[key].question for key in missing)


def turning_soon(born_on: date, *, day: date) -> Turning | None:
    """Return the next birthday within 90 days that changes what somebody is entitled to, None without one."""
    for age in TURNING_AGES:
        birthday = _birthday(born_on, age=age)
        if day < birthday <= day + SOON:
            return Turning(age, birthday)
    return None


def _birthday(born_on: date, *, age: int) -> date:
    """Return the day on which he completes an age; of 29 February, the 28th in a common year."""
    year = born_on.year + age
    try:
        birthday = born_on.replace(year=year)
    except ValueError:
        birthday = date(year, 2, 28)
    assert age_or_unborn(born_on, day=birthday) == age  # noqa: S101 - both follow 民法典 202 条
    return birthday
