"""The best pairs: laws that hold for every task, and single rules on small ones."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pairing.queries.places import geography
from app.pairing.rules.costs import (
    ACCOMPANIED_RANK,
    MOST_POINTS,
    CadreChoice,
    PersonChoice,
    Place,
    Points,
    distance_points,
    levels_for,
    load_points,
)
from app.pairing.rules.flow import FlowTask, cost_of, prices_of, solve_flow
from app.pairing.rules.matching import MOST_PEOPLE, Plan, Task, TaskTooLarge, may_pair, solve
from app.people.enums import Sex
from bench.pairing import compared_cost, draw_city
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG

EARTH = geography()
QUANCHENG = Place(LIXIA, "泉城路街道")
JIEFANG = Place(LIXIA, "解放路街道")
FAR = Place("370126", "许商街道")  # 商河县, about 70 km north


def cadre(number: int, **facts: Any) -> CadreChoice:
    defaults: dict[str, Any] = {"org_code": LIXIA, "places": (QUANCHENG,)}
    return CadreChoice(id=number, **defaults | facts)


def person(number: int, **facts: Any) -> PersonChoice:
    return PersonChoice(id=number, **{"place": QUANCHENG} | facts)


def plan(people: list[PersonChoice], cadres: list[CadreChoice]) -> Plan:
    return solve(Task(people=people, cadres=cadres, geography=EARTH))


PLACES = st.sampled_from([QUANCHENG, JIEFANG, Place(SHIZHONG, "杆石桥街道"), FAR])
CADRES = st.lists(
    st.builds(
        CadreChoice,
        id=st.integers(1, 9),
        org_code=st.sampled_from([LIXIA, SHIZHONG, JINAN]),
        places=st.lists(PLACES, max_size=2).map(tuple),
        sex=st.sampled_from([None, *Sex]),
        languages=st.sampled_from([frozenset(), frozenset({"手语"})]),
        capacity=st.integers(0, 3),
        other_load=st.integers(0, 2),
        takes_new=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda choice: choice.id,
)
PEOPLE = st.lists(
    st.builds(
        PersonChoice,
        id=st.integers(1, 30),
        place=PLACES,
        rank=st.integers(0, 4),
        present_cadre_id=st.none() | st.integers(1, 9),
        is_due=st.booleans(),
        wished_sex=st.sampled_from([None, *Sex]),
        wished_language=st.sampled_from(["", "手语"]),
        barred=st.dictionaries(st.integers(1, 9), st.just("亲属"), max_size=2),
    ),
    max_size=7,
    unique_by=lambda choice: choice.id,
)
TASKS = st.builds(Task, people=PEOPLE, cadres=CADRES, geography=st.just(EARTH))


@settings(max_examples=150, deadline=None)
@given(TASKS)
def test_no_other_algorithm_finds_anything_cheaper(task: Task) -> None:
    assert solve(task, candidates=1).cost == compared_cost(task)


def test_a_part_of_a_city_costs_what_another_algorithm_finds() -> None:
    city = draw_city(people=40, cadres=18)
    plan = solve(city, candidates=1)

    assert plan.rounds > 1, "the first candidates were enough, so nothing was added"
    assert plan.cost == compared_cost(city)


@settings(max_examples=100, deadline=None)
@given(TASKS)
def test_no_cadre_gets_more_than_he_can_and_nobody_whom_he_must_not(task: Task) -> None:
    pairs = solve(task).pairs
    by_id = {choice.id: choice for choice in task.cadres}

    assert pairs.keys() == {choice.id for choice in task.people}
    for choice in task.people:
        taken = pairs[choice.id]
        assert taken is None or may_pair(choice, by_id[taken])
    loads = Counter(taken for taken in pairs.values() if taken is not None)
    assert all(by_id[number].other_load + load <= by_id[number].capacity for number, load in loads.items())


@settings(max_examples=60, deadline=None)
@given(TASKS, st.randoms(use_true_random=False))
def test_the_order_of_the_lists_does_not_matter(task: Task, dice: Any) -> None:
    people, cadres = list(task.people), list(task.cadres)
    dice.shuffle(people)
    dice.shuffle(cadres)

    assert solve(Task(people=people, cadres=cadres, geography=EARTH)).pairs == solve(task).pairs


@settings(max_examples=60, deadline=None)
@given(TASKS, st.data())
def test_what_was_decided_by_hand_stays(task: Task, data: st.DataObject) -> None:
    ids = [choice.id for choice in task.cadres]
    wanted = st.none() | st.sampled_from(ids) if ids else st.none()
    people = [
        replace(choice, is_locked=True, locked_cadre_id=data.draw(wanted)) if choice.id % 2 else choice
        for choice in task.people
    ]

    pairs = solve(replace(task, people=people)).pairs

    assert all(pairs[choice.id] == choice.locked_cadre_id for choice in people if choice.is_locked)


@settings(max_examples=60, deadline=None)
@given(TASKS)
def test_solving_again_what_was_proposed_changes_nothing_that_stands(task: Task) -> None:
    """Whoever accepted a proposal yesterday is not asked to change it today."""
    first = solve(task).pairs
    standing = [
        replace(choice, present_cadre_id=first[choice.id], is_due=False)
        for choice in task.people
        if first[choice.id] is not None
    ]

    assert solve(replace(task, people=standing)).pairs == {one.id: one.present_cadre_id for one in standing}


@settings(max_examples=60, deadline=None)
@given(TASKS)
def test_nobody_waits_behind_somebody_with_fewer_reasons(task: Task) -> None:
    """Giving the place of one person to a person left over is never possible when he comes first."""
    pairs = solve(task).pairs
    by_id = {choice.id: choice for choice in task.cadres}

    def rank(choice: PersonChoice) -> int:
        return ACCOMPANIED_RANK if choice.keeps else choice.rank

    left = [choice for choice in task.people if pairs[choice.id] is None]
    for one in left:
        for other in task.people:
            taken = pairs[other.id]
            if taken is not None and rank(other) < rank(one):
                assert not may_pair(one, by_id[taken])


def test_a_cadre_of_the_same_town_is_taken_before_one_of_the_county() -> None:
    pairs = plan([person(1)], [cadre(1, places=(JIEFANG,)), cadre(2)]).pairs

    assert pairs == {1: 2}


def test_home_counts_as_much_as_work() -> None:
    of_the_city = [
        cadre(1, org_code=JINAN, places=(Place(SHIZHONG),)),
        cadre(2, org_code=JINAN, places=(FAR, QUANCHENG)),
    ]

    assert plan([person(1)], of_the_city).pairs == {1: 2}


def test_a_cadre_without_anybody_comes_before_a_second_family_of_the_nearer_one() -> None:
    pairs = plan([person(1), person(2)], [cadre(1), cadre(2, places=(JIEFANG,))]).pairs

    assert sorted(str(taken) for taken in pairs.values()) == ["1", "2"]


def test_what_stands_is_kept_however_far_it_is() -> None:
    away = cadre(1, org_code=JINAN, places=(FAR,))

    assert plan([person(1, present_cadre_id=1)], [away, cadre(2)]).pairs == {1: 1}


def test_after_two_years_another_one_takes_over_if_he_is_as_near() -> None:
    due = person(1, present_cadre_id=1, is_due=True)

    assert plan([due], [cadre(1), cadre(2)]).pairs == {1: 2}


def test_after_two_years_the_same_one_goes_on_when_the_other_is_far() -> None:
    due = person(1, present_cadre_id=1, is_due=True)
    away = cadre(2, org_code=JINAN, places=(FAR,))

    assert plan([due], [cadre(1), away]).pairs == {1: 1}


def test_who_retired_keeps_his_families_and_takes_no_other() -> None:
    retired = cadre(1, takes_new=False)

    assert plan([person(1, present_cadre_id=1), person(2)], [retired]).pairs == {1: 1, 2: None}


def test_a_family_that_signs_gets_who_signs_though_he_works_in_another_town() -> None:
    signs = cadre(1, places=(JIEFANG,), languages=frozenset({"手语"}))

    assert plan([person(1, wished_language="手语")], [signs, cadre(2)]).pairs == {1: 1}


def test_relatives_are_not_paired_even_if_nobody_else_is_there() -> None:
    assert plan([person(1, barred={1: "亲属"})], [cadre(1)]).pairs == {1: None}


def test_the_person_with_more_reasons_gets_the_only_place() -> None:
    pairs = plan([person(1, rank=1), person(2, rank=3), person(3)], [cadre(1, capacity=1)]).pairs

    assert pairs == {1: None, 2: 1, 3: None}


def test_nobody_loses_his_cadre_to_somebody_who_comes_first() -> None:
    pairs = plan([person(1, present_cadre_id=1), person(2, rank=4)], [cadre(1, capacity=1)]).pairs

    assert pairs == {1: 1, 2: None}


def test_distance_grows_from_town_to_county_to_kilometres() -> None:
    next_door = distance_points(QUANCHENG, Place(SHIZHONG), geography=EARTH)
    far = distance_points(QUANCHENG, FAR, geography=EARTH)

    assert Points.SAME_TOWN < Points.SAME_COUNTY < next_door < far < Points.OTHER_COUNTY + 100 * Points.PER_KM


def test_two_places_without_a_town_are_not_the_same_town() -> None:
    assert distance_points(Place(LIXIA), Place(LIXIA), geography=EARTH) == Points.SAME_COUNTY


def test_each_further_family_costs_more_than_the_one_before() -> None:
    costs = [load_points(nth) for nth in range(1, 8)]

    assert all(later > earlier for earlier, later in pairwise(costs))
    assert costs[0] == 0


@pytest.mark.parametrize("people", [1, 5000, MOST_PEOPLE])
def test_each_level_outweighs_all_below_it_and_stays_within_64_bits(people: int) -> None:
    levels = levels_for(people)

    assert levels.broken > people * MOST_POINTS
    assert levels.left_over > people * (levels.broken + MOST_POINTS)
    # The solver multiplies by the number of nodes, of which there are up to three per person.
    assert levels.left_over * (1 + ACCOMPANIED_RANK) * 3 * people < 2**63


def test_more_people_than_fit_are_refused() -> None:
    crowd = [person(number) for number in range(1, MOST_PEOPLE + 2)]

    with pytest.raises(TaskTooLarge):
        plan(crowd, [])


def test_an_answer_that_is_not_the_best_has_no_proof() -> None:
    task = FlowTask(arcs=[{0: 0, 1: 100}, {0: 100, 1: 0}], leaving=[10_000, 10_000], places=[[0], [0]])

    assert prices_of(task, solve_flow(task)) is not None
    for worse in ([1, 0], [None, 1], [None, None]):
        assert prices_of(task, worse) is None


def test_an_answer_is_no_proof_when_an_emptier_cadre_would_do() -> None:
    task = FlowTask(arcs=[{0: 0, 1: 0}] * 2, leaving=[10_000] * 2, places=[[0, 150], [0]])

    assert prices_of(task, [0, 0]) is None
    assert cost_of(task, [0, 0]) - cost_of(task, [0, 1]) == 150
