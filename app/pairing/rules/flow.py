"""The flow problem behind a proposal, solved by OR-Tools, and the proof that an answer is optimal.

A unit flows from every person to one of his candidates and on to the sink through one of the cadre's places,
each of which costs more than the one before it; or from the person straight to the sink, which is being left
over. Loads are convex, so the cheapest places fill first by themselves.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# More than any sum of costs, and far from the end of 64 bits.
UNREACHABLE = 2**62


class NotSolved(RuntimeError):
    """The solver gave no optimal answer; only numbers beyond 64 bits or a fault of its own can do that."""


@dataclass(frozen=True, slots=True)
class FlowTask:
    """Persons and cadres by position.

    Args:
        arcs: per person what each candidate costs, by the cadre's position.
        leaving: per person what it costs to leave him over.
        places: per cadre what each of his free places costs, rising.
    """

    arcs: Sequence[Mapping[int, int]]
    leaving: Sequence[int]
    places: Sequence[Sequence[int]]


def solve_flow(task: FlowTask) -> list[int | None]:
    """Return each person's cadre, None for who is left over, at the least cost over these arcs.

    The same task always gives the same answer, also where several are equally good.

    Raises:
        NotSolved: there is no answer that the solver calls optimal.
    """
    # Some 20 MB that only the process that solves has to carry.
    from ortools.graph.python import min_cost_flow  # noqa: PLC0415

    network = min_cost_flow.SimpleMinCostFlow()
    people, cadres = len(task.arcs), len(task.places)
    sink = people + cadres
    add = network.add_arc_with_capacity_and_unit_cost
    arcs: list[tuple[int, int, int]] = []
    for person, candidates in enumerate(task.arcs):
        network.set_node_supply(person, 1)
        add(person, sink, 1, task.leaving[person])
        arcs.extend(
            (add(person, people + cadre, 1, cost), person, cadre) for cadre, cost in candidates.items()
        )
    for cadre, places in enumerate(task.places):
        for cost in places:
            add(people + cadre, sink, 1, cost)
    network.set_node_supply(sink, -people)
    status = network.solve()
    if status != network.OPTIMAL:
        raise NotSolved(str(status))
    chosen: list[int | None] = [None] * people
    for arc, person, cadre in arcs:
        if network.flow(arc):
            chosen[person] = cadre
    return chosen


def cost_of(task: FlowTask, chosen: Sequence[int | None]) -> int:
    """Return what an answer costs: its arcs, who is left over, and the cheapest places of each cadre."""
    loads = loads_of(task, chosen)
    pairs = sum(
        task.leaving[person] if cadre is None else task.arcs[person][cadre]
        for person, cadre in enumerate(chosen)
    )
    return pairs + sum(sum(places[:load]) for places, load in zip(task.places, loads, strict=True))


def loads_of(task: FlowTask, chosen: Sequence[int | None]) -> list[int]:
    """Return with how many of these persons each cadre is."""
    loads = [0] * len(task.places)
    for cadre in chosen:
        if cadre is not None:
            loads[cadre] += 1
    return loads


def prices_of(task: FlowTask, chosen: Sequence[int | None]) -> list[int] | None:
    """Return prices of the cadres that prove an answer optimal over its arcs, None when it is not.

    The price of a cadre is the least that one more family with him costs all others together. By linear
    duality an answer is optimal exactly when prices exist with which every person has his cheapest choice and
    every price lies between the cadre's last place and his next one. They are found by relaxing until nothing
    changes (Bellman and Ford); a circle that goes on for ever is an exchange that would save something.
    """
    loads = loads_of(task, chosen)
    prices = [
        places[load] if load < len(places) else UNREACHABLE
        for places, load in zip(task.places, loads, strict=True)
    ]
    near: list[list[tuple[int, int, int]]] = [[] for _ in task.places]
    for person, cadre in enumerate(chosen):
        if cadre is None:
            continue
        own = task.arcs[person][cadre]
        prices[cadre] = min(prices[cadre], task.leaving[person] - own)
        for other, cost in task.arcs[person].items():
            if other != cadre:
                near[other].append((cadre, cost - own, person))
    if not _relax(prices, near):
        return None
    return prices if _is_proof(task, chosen, loads, prices) else None


def _relax(prices: list[int], near: Sequence[Sequence[tuple[int, int, int]]]) -> bool:
    """Lower prices until none can be lowered; False when that would never end."""
    waiting = deque(range(len(prices)))
    is_waiting = [True] * len(prices)
    rounds = [0] * len(prices)
    while waiting:
        cadre = waiting.popleft()
        is_waiting[cadre] = False
        price = prices[cadre]
        for other, difference, _ in near[cadre]:
            if price + difference < prices[other]:
                prices[other] = price + difference
                if not is_waiting[other]:
                    rounds[other] += 1
                    if rounds[other] > len(prices):
                        return False
                    is_waiting[other] = True
                    waiting.append(other)
    return True


def _is_proof(
    task: FlowTask, chosen: Sequence[int | None], loads: Sequence[int], prices: Sequence[int]
) -> bool:
    for places, load, price in zip(task.places, loads, prices, strict=True):
        if load and price < places[load - 1]:
            return False
    return all(
        value_of(task, prices, person, chosen[person]) <= cost + prices[cadre]
        for person in range(len(task.arcs))
        for cadre, cost in task.arcs[person].items()
    )


def value_of(task: FlowTask, prices: Sequence[int], person: int, cadre: int | None) -> int:
    """Return what a person's choice costs at these prices."""
    return task.leaving[person] if cadre is None else task.arcs[person][cadre] + prices[cadre]
