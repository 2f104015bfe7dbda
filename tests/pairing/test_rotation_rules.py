"""Who passes on in which month: spread, deterministic, and never when the family wishes to stay."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pairing.rules.rotation import (
    CYCLE,
    EARLIEST,
    LATEST,
    NOTICE,
    Round,
    Wishes,
    change_day,
    first_month,
    month_of,
    room_from,
    stagger,
    stays,
    window_of,
)

SPRING = date(2024, 2, 1)
FIRST = month_of(date(2025, 6, 1))


def in_one_spring(people: int, *, cadres: int = 25) -> list[Round]:
    """Return a county that began between January and March 2024."""
    return [Round(one, one % cadres, date(2024, 1 + one % 3, 20)) for one in range(people)]


def load(months: Mapping[int, int]) -> Counter[int]:
    return Counter(months.values())


def test_a_county_that_began_in_one_spring_is_spread_over_the_whole_window() -> None:
    found = stagger(in_one_spring(60), standing={}, first=FIRST, population=60)

    # January's window opens after 22 months, March's closes after 27: eight months for sixty families.
    assert load(found.months) == Counter({month_of(date(2025, 11, 1)) + n: 8 for n in range(7)}) + Counter(
        {month_of(date(2026, 6, 1)): 4}
    )
    assert (found.share, found.even_share) == (8, 3)


def test_who_began_evenly_passes_on_after_two_years_and_not_earlier() -> None:
    rounds = [Round(one, one, change_day(month_of(SPRING) + one % 24)) for one in range(48)]

    found = stagger(rounds, standing={}, first=FIRST, population=48)

    assert found.share == found.even_share == 2
    assert all(found.months[one.pairing_id] == month_of(one.since) + CYCLE for one in rounds)


def test_a_cadre_does_not_lose_all_his_families_in_one_month() -> None:
    rounds = [Round(one, one // 5, SPRING) for one in range(30)]

    found = stagger(rounds, standing={}, first=FIRST, population=30)

    assert {len({found.months[one] for one in range(cadre * 5, cadre * 5 + 5)}) for cadre in range(6)} == {5}


def test_whoever_is_late_already_is_spread_too() -> None:
    first = month_of(date(2026, 12, 1))

    found = stagger(in_one_spring(60), standing={}, first=first, population=60)

    assert load(found.months) == Counter({first + n: 10 for n in range(6)})


rounds_of_some = st.lists(
    st.builds(
        Round,
        pairing_id=st.integers(1, 10_000),
        cadre_id=st.integers(1, 9),
        since=st.dates(date(2024, 1, 17), date(2026, 1, 1)),
    ),
    max_size=40,
    unique_by=lambda one: one.pairing_id,
)
standing_of_some = st.dictionaries(st.integers(FIRST, FIRST + 40), st.integers(0, 4), max_size=12)


@given(rounds=rounds_of_some, standing=standing_of_some, seed=st.integers(0, 9))
def test_every_month_is_in_its_window_and_the_peak_is_the_lowest_there_is(
    rounds: list[Round], standing: dict[int, int], seed: int
) -> None:
    population = len(rounds) + sum(standing.values())
    found = stagger(rounds, standing=standing, first=FIRST, population=population)

    shuffled = random.Random(seed).sample(rounds, len(rounds))
    assert stagger(shuffled, standing=standing, first=FIRST, population=population) == found
    for one in rounds:
        window = window_of(one.since, first=FIRST)
        assert window.earliest <= found.months[one.pairing_id] <= window.latest
    placed = load(found.months)
    assert all(standing.get(month, 0) + placed[month] <= found.share for month in placed)
    if found.share > max(found.even_share, 1):
        # Hall's condition: one less would not hold all whose windows lie within some stretch of months.
        windows = [window_of(one.since, first=FIRST) for one in rounds]
        assert any(
            sum(begin <= one.earliest and one.latest <= end for one in windows)
            > sum(max(0, found.share - 1 - standing.get(month, 0)) for month in range(begin, end + 1))
            for begin in {one.earliest for one in windows}
            for end in {one.latest for one in windows}
        )


def test_what_stands_is_not_moved_and_a_newcomer_takes_what_is_free() -> None:
    before = stagger(in_one_spring(39), standing={}, first=FIRST, population=39)
    newcomer = Round(99, 99, date(2024, 3, 20))

    after = stagger([newcomer], standing=load(before.months), first=FIRST, population=40)

    assert after.share == before.share
    assert load(before.months)[after.months[99]] < before.share


def test_what_cannot_happen_in_its_month_goes_to_the_next_one_with_room() -> None:
    full = {FIRST + n: 3 for n in range(5)}

    assert room_from(FIRST, standing=full, population=60) == FIRST + 5
    crowded = {FIRST + n: 4 + n % 2 for n in range(1, 12)} | {FIRST: 9}
    assert room_from(FIRST, standing=crowded, population=60) == FIRST + 2


@pytest.mark.parametrize(
    "today", [date(2026, 1, 1), date(2026, 1, 15), date(2026, 1, 17), date(2025, 12, 31)]
)
def test_the_first_month_leaves_time_to_tell_everybody(today: date) -> None:
    month = first_month(today)

    assert change_day(month) >= today + NOTICE > change_day(month - 1)


@pytest.mark.parametrize(
    ("family", "cadre", "goes_on"),
    [
        (True, True, True),
        (True, None, True),
        (True, False, False),
        (None, True, False),
        (None, None, False),
        (False, True, False),
    ],
)
def test_a_family_that_wishes_to_stay_stays_unless_the_cadre_objects(
    family: bool | None, cadre: bool | None, goes_on: bool
) -> None:
    assert stays(Wishes(family=family, cadre=cadre)) is goes_on


def test_the_window_is_about_two_years() -> None:
    assert window_of(SPRING, first=0) == (
        month_of(SPRING) + EARLIEST,
        month_of(SPRING) + CYCLE,
        month_of(SPRING) + LATEST,
    )
