"""How much a policy pays: rows by region and validity; the nearest region and the latest row count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from app.policies.enums import Period
from app.policies.rules.expressions import Condition
from app.policies.rules.facts import REGION, Facts
from app.policies.rules.logic import compiled, missing_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountRow:
    """What is paid in one region from one day until another.

    Args:
        region: leading digits of the division codes where it holds.
        valid_from: its first day, None: always.
        valid_to: its last day, None: until another row takes its place.
        per: how often.
        cny: whole yuan, None where it is no sum of money.
        percent: share that is paid.
        note: what it is, in words.
        when: for whom, None: for everybody who is entitled.
        is_example: copied from a report; what holds is what the place has published (标准以当地公布为准).
    """

    region: str
    valid_from: date | None = None
    valid_to: date | None = None
    per: Period = Period.ONCE
    cny: int | None = None
    percent: int | None = None
    note: str = ""
    when: Condition | None = None
    is_example: bool = False

    @property
    def yearly(self) -> int:
        """Return the yuan of a year, by which amounts are compared; 0 where it is no sum of money."""
        return (self.cny or 0) * self.per.times_a_year


@dataclass(frozen=True, slots=True)
class Worth:
    """What a policy pays one person a year, at least and at most, and which facts decide between the two."""

    low: int = 0
    high: int = 0
    missing: frozenset[str] = frozenset()


def rows_for(rows: Sequence[AmountRow], *, region: str, day: date) -> Iterator[list[AmountRow]]:
    """Yield the rows that hold in a region on a day, those of one region and day together, nearest first."""

    def nearness(row: AmountRow) -> tuple[int, date]:
        return len(row.region), row.valid_from or date.min

    holding = [
        row
        for row in rows
        if region.startswith(row.region)
        and (row.valid_from is None or row.valid_from <= day)
        and (row.valid_to is None or row.valid_to >= day)
    ]
    for _, together in groupby(sorted(holding, key=nearness, reverse=True), key=nearness):
        yield list(together)


def worth_of(rows: Sequence[AmountRow], *, facts: Facts, day: date) -> Worth:
    """Return what a policy pays one person: the highest of the nearest rows that are meant for him.

    Where it is not known whether a row is meant for him, low and high differ and the facts are named.
    """
    open_rows: list[AmountRow] = []
    missing: frozenset[str] = frozenset()
    certain = 0
    for together in rows_for(rows, region=facts[REGION], day=day):
        judged = [(row, None if row.when is None else compiled(row.when)(facts)) for row in together]
        sure = [row.yearly for row, holds in judged if row.when is None or holds]
        for row, holds in judged:
            if row.when is not None and holds is None:
                open_rows.append(row)
                missing |= missing_facts(row.when, facts)
        if sure:
            certain = max(sure)
            break
    possible = [certain, *(row.yearly for row in open_rows)]
    return Worth(min(possible), max(possible), missing) if open_rows else Worth(certain, certain)


def row_of(rows: Sequence[AmountRow], *, facts: Facts, day: date) -> AmountRow | None:
    """Return the row from which one person's amount is told, None when none is known to be meant for him."""
    for together in rows_for(rows, region=facts[REGION], day=day):
        meant = [row for row in together if row.when is None or compiled(row.when)(facts)]
        if meant:
            return max(meant, key=lambda row: row.yearly)
    return None
