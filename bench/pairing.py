"""The best pairs for a city of 5,000 persons and 3,000 cadres: seconds, memory, and are they the best.

Run by `make bench-pairing`. Needs no server. Places are the counties of 济南 with invented towns, and people
and cadres are drawn with a fixed seed. The answer is proved optimal over all pairs by its prices, and for a
small city its cost is compared with that of another algorithm that knows neither flows nor candidates.
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Sequence

from app.pairing.queries.places import geography
from app.pairing.rules.costs import (
    CadreChoice,
    Geography,
    PersonChoice,
    Place,
    Points,
    levels_for,
    load_points,
    soft_points,
)
from app.pairing.rules.matching import Task, may_pair, solve
from app.people.enums import Sex
from bench.hungarian import least_cost

TARGET_SECONDS = 30.0
TARGET_RSS_MB = 1024.0
CITY = "370100"
_TOWNS = 13
_SEED = 2024


def draw_city(*, people: int, cadres: int, seed: int = _SEED) -> Task:
    """Return a city: two in three have a cadre, one in ten of the cadres works for the city itself."""
    dice = random.Random(seed)
    earth = geography()
    counties = sorted(code for code in earth.centres if code.startswith(CITY[:4]) and code != CITY)
    drawn_cadres = [_cadre(number, counties, dice) for number in range(1, cadres + 1)]
    # Everybody who could have a pairing today, once for each place that a cadre has.
    by_county: dict[str, list[CadreChoice]] = {county: [] for county in counties}
    for cadre in drawn_cadres:
        for _ in range(cadre.capacity):
            by_county[dice.choice(counties) if cadre.org_code == CITY else cadre.org_code].append(cadre)
    for known in by_county.values():
        dice.shuffle(known)
    drawn_people = [_person(number, counties, by_county, dice) for number in range(1, people + 1)]
    return Task(people=drawn_people, cadres=drawn_cadres, geography=earth)


def _place(county: str, dice: random.Random) -> Place:
    return Place(county, f"第{dice.randint(1, _TOWNS)}街道")


def _cadre(number: int, counties: Sequence[str], dice: random.Random) -> CadreChoice:
    county = dice.choice(counties)
    home = _place(county if dice.random() < 0.7 else dice.choice(counties), dice)
    return CadreChoice(
        id=number,
        org_code=CITY if dice.random() < 0.1 else county,
        places=(_place(county, dice), home),
        sex=dice.choice((Sex.FEMALE, Sex.MALE)),
        languages=frozenset({"手语"} if dice.random() < 0.1 else ()),
        capacity=dice.choice((1, 2, 2, 3)),
    )


def _person(
    number: int, counties: Sequence[str], by_county: dict[str, list[CadreChoice]], dice: random.Random
) -> PersonChoice:
    county = dice.choice(counties)
    known = by_county[county]
    present = known.pop() if known and dice.random() < 2 / 3 else None
    return PersonChoice(
        id=number,
        place=_place(county, dice),
        rank=dice.choice((0, 1, 1, 2, 3)),
        present_cadre_id=present.id if present else None,
        is_due=dice.random() < 0.3,
        wished_sex=Sex.FEMALE if dice.random() < 0.1 else None,
        wished_language="手语" if dice.random() < 0.08 else "",
        barred={dice.choice(known).id: "亲属"} if known and dice.random() < 0.02 else {},
    )


def compared_cost(task: Task) -> int:
    """Return the least cost of a task without decisions by hand, as rows and columns with a price each."""
    levels = levels_for(len(task.people))
    never = levels.left_over * 10
    rows = []
    for person in task.people:
        row: list[int] = []
        for cadre in task.cadres:
            pair = _pair_cost(person, cadre, task.geography, broken=levels.broken, never=never)
            loads = range(cadre.other_load + 1, cadre.capacity + 1)
            row.extend(pair + load_points(nth) for nth in loads)
        row.extend([levels.leaving(person)] * len(task.people))
        rows.append(row)
    return least_cost(rows)


def _pair_cost(person: PersonChoice, cadre: CadreChoice, earth: Geography, *, broken: int, never: int) -> int:
    if not may_pair(person, cadre):
        return never
    points = soft_points(person, cadre, geography=earth)
    if person.present_cadre_id == cadre.id:
        return points + (Points.ROTATION_DUE if person.is_due else 0)
    return points + (broken if person.keeps else 0)


def main() -> None:
    """Solve, compare, print, and fail above the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--cadres", type=int, default=3000)
    options = parser.parse_args()
    small = draw_city(people=90, cadres=50)
    ours, theirs = solve(small, candidates=4).cost, compared_cost(small)
    print(f"90 people, 50 cadres: cost {ours} ours, {theirs} by Kuhn and Munkres")
    task = draw_city(people=options.people, cadres=options.cadres)
    started = time.perf_counter()
    plan = solve(task)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    placed = [person.id for person in task.people if plan.pairs[person.id] is not None]
    kept = sum(person.keeps and plan.pairs[person.id] == person.present_cadre_id for person in task.people)
    standing = sum(person.keeps for person in task.people)
    print(
        f"{options.people:,} people, {options.cadres:,} cadres: {len(placed):,} placed, kept {kept:,} of"
        f" {standing:,}, {plan.rounds} rounds, {plan.arcs:,} pairs looked at, proved optimal over all"
    )
    print(
        f"{seconds:.1f} s, at most {TARGET_SECONDS:.0f} s;"
        f" peak RSS {peak:.0f} MB, at most {TARGET_RSS_MB:.0f} MB"
    )
    print(f"ratio {TARGET_SECONDS / seconds:.2f} (target 1.00)")
    is_good = ours == theirs and seconds <= TARGET_SECONDS and peak <= TARGET_RSS_MB
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
