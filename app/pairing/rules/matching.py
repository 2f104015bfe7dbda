"""The best pairs for a county or a city: few candidates at first, more wherever they could save something.

Ten thousand people and thousands of cadres make tens of millions of pairs, of which nearly none matters. Each
person begins with his nearest candidates; the prices that prove the answer then say of every other pair
whether it could improve anything. Those that could are added, and it is solved again. When none is left, the
answer is optimal over all pairs that are allowed, not only over the candidates.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.pairing.rules.costs import (
    CadreChoice,
    Geography,
    PersonChoice,
    Place,
    Points,
    levels_for,
    load_points,
    serves,
    soft_points,
)
from app.pairing.rules.flow import FlowTask, cost_of, prices_of, solve_flow, value_of
from app.people.enums import Sex

# Candidates of one person at first; whoever has no more than this many gets them all.
CANDIDATES = 32
# How many are added for one person at a time.
_ADDED_AT_ONCE = 8
# What fits into memory and below 64 bits; a city is far below, a province goes city by city.
MOST_PEOPLE = 20_000


class TaskTooLarge(ValueError):
    """More people at once than can be solved together."""


@dataclass(frozen=True, slots=True)
class Task:
    """Whom to pair, with whom, and where counties lie."""

    people: Sequence[PersonChoice]
    cadres: Sequence[CadreChoice]
    geography: Geography


@dataclass(frozen=True, slots=True)
class Plan:
    """The best pairs.

    Args:
        pairs: the cadre of each person by id, None for who is left over; decisions by hand included.
        cost: of everything that was not decided by hand, on all four levels together.
        rounds: how often it was solved until no further pair could save anything.
        arcs: how many pairs were looked at in the last round.
    """

    pairs: Mapping[int, int | None]
    cost: int
    rounds: int
    arcs: int


def may_pair(person: PersonChoice, cadre: CadreChoice) -> bool:
    """Tell whether nothing forbids the pair: region, relatives, conflicts, who takes nobody new."""
    if cadre.id in person.barred or not serves(cadre, county=person.place.code):
        return False
    return cadre.takes_new or person.present_cadre_id == cadre.id


def solve(task: Task, *, candidates: int = CANDIDATES) -> Plan:
    """Return the pairs of least cost over all pairs that are allowed; decisions by hand stay as they are.

    Pure and deterministic: the order of the lists does not matter. Memory grows with people times candidates.

    Args:
        task: up to 20,000 people.
        candidates: with how many each person begins; it decides about speed, never about the answer.

    Raises:
        TaskTooLarge: more people than that.
        NotSolved: the solver failed.
        AssertionError: its answer is not optimal, which nobody has seen.
    """
    if len(task.people) > MOST_PEOPLE:
        raise TaskTooLarge(f"一次最多{MOST_PEOPLE}人")
    table = _Table(task, candidates=candidates)
    rounds = 0
    while True:
        rounds += 1
        flow = FlowTask(arcs=table.arcs, leaving=table.leaving, places=table.places)
        chosen = solve_flow(flow)
        prices = prices_of(flow, chosen)
        if prices is None:
            raise AssertionError("the answer is not optimal")
        if not table.add_arcs(flow, chosen, prices):
            break
    pairs: dict[int, int | None] = dict(table.locked)
    for person, cadre in zip(table.people, chosen, strict=True):
        pairs[person.id] = None if cadre is None else table.cadres[cadre].id
    return Plan(pairs=pairs, cost=cost_of(flow, chosen), rounds=rounds, arcs=sum(map(len, table.arcs)))


class _Alike(NamedTuple):
    """What people of one group have in common."""

    place: Place
    wished_sex: Sex | None
    wished_language: str


class _Table:
    """People and cadres in a fixed order, and what each pair of them costs.

    People of the same place with the same wishes cost the same with every cadre: such a group is worked out
    once, cheapest first, each entry as points * number of cadres + position of the cadre.
    """

    def __init__(self, task: Task, *, candidates: int) -> None:
        self.cadres = sorted(task.cadres, key=lambda cadre: cadre.id)
        people = sorted(task.people, key=lambda person: person.id)
        self.locked = {person.id: person.locked_cadre_id for person in people if person.is_locked}
        self.people = [person for person in people if not person.is_locked]
        self._levels = levels_for(len(self.people))
        self.leaving = [self._levels.leaving(person) for person in self.people]
        taken = Counter(cadre_id for cadre_id in self.locked.values() if cadre_id is not None)
        self.places = [
            [load_points(nth) for nth in range(cadre.other_load + taken[cadre.id] + 1, cadre.capacity + 1)]
            for cadre in self.cadres
        ]
        self._geography = task.geography
        self._position = {cadre.id: position for position, cadre in enumerate(self.cadres)}
        self._groups: dict[_Alike, Sequence[int]] = {}
        self._group_of = [self._group(person) for person in self.people]
        self.arcs = [self._first_arcs(number, candidates) for number in range(len(self.people))]

    def _group(self, person: PersonChoice) -> _Alike:
        """Return what all people of one place and the same wishes have in common, worked out by now."""
        key = _Alike(person.place, person.wished_sex, person.wished_language)
        if key not in self._groups:
            count = len(self.cadres)
            entries = sorted(
                soft_points(person, cadre, geography=self._geography) * count + position
                for position, cadre in enumerate(self.cadres)
                if cadre.takes_new and self.places[position] and serves(cadre, county=person.place.code)
            )
            self._groups[key] = array("q", entries)
        return key

    def _first_arcs(self, number: int, candidates: int) -> dict[int, int]:
        person, entries = self.people[number], self._groups[self._group_of[number]]
        near = entries[:candidates]
        # People of one group begin with different ones of those who are farther down.
        step = max(1, (len(entries) - len(near)) // candidates)
        spread = entries[len(near) + number % step :: step]
        arcs = dict(self._cost(person, entry) for entry in (*near, *spread) if self._is_free(person, entry))
        present = self._position.get(person.present_cadre_id or 0)
        if present is not None and self.places[present] and may_pair(person, self.cadres[present]):
            points = soft_points(person, self.cadres[present], geography=self._geography)
            arcs[present] = points + (Points.ROTATION_DUE if person.is_due else 0)
        return arcs

    def _is_free(self, person: PersonChoice, entry: int) -> bool:
        cadre_id = self.cadres[entry % len(self.cadres)].id
        return cadre_id not in person.barred and cadre_id != person.present_cadre_id

    def _cost(self, person: PersonChoice, entry: int) -> tuple[int, int]:
        points, position = divmod(entry, len(self.cadres))
        return position, points + (self._levels.broken if person.keeps else 0)

    def add_arcs(self, flow: FlowTask, chosen: Sequence[int | None], prices: Sequence[int]) -> int:
        """Add the pairs that could save something at these prices, and return how many."""
        limits = [
            value_of(flow, prices, number, chosen[number]) - (self._levels.broken if person.keeps else 0)
            for number, person in enumerate(self.people)
        ]
        highest: dict[_Alike, int] = {}
        for limit, key in zip(limits, self._group_of, strict=True):
            highest[key] = max(limit, highest.get(key, limit))
        better = {key: self._below(limit, self._groups[key], prices) for key, limit in highest.items()}
        added = 0
        for number, person in enumerate(self.people):
            arcs = self.arcs[number]
            cheaper = (entry for total, entry in better[self._group_of[number]] if total < limits[number])
            fresh = [entry for entry in cheaper if self._is_free(person, entry)]
            wanted = [entry for entry in fresh if entry % len(self.cadres) not in arcs][:_ADDED_AT_ONCE]
            arcs.update(self._cost(person, entry) for entry in wanted)
            added += len(wanted)
        return added

    def _below(self, limit: int, entries: Iterable[int], prices: Sequence[int]) -> list[tuple[int, int]]:
        """Return the entries that cost less than a limit at these prices, cheapest first."""
        count = len(self.cadres)
        totals = ((entry // count + prices[entry % count], entry) for entry in entries)
        return sorted(item for item in totals if item[0] < limit)
