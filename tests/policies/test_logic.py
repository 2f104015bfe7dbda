"""Three-valued logic: a missing fact is never a no, and more facts never turn a decision round."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.policies.enums import Operator
from app.policies.rules.expressions import AllOf, AnyOf, Compare, Condition, Not
from app.policies.rules.facts import FACTS
from app.policies.rules.logic import compiled, deciding_facts, missing_facts
from tests.policies.factories import known_facts

VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "grade": st.integers(1, 4),
    "age": st.integers(0, 100),
    "relief": st.sampled_from(sorted(FACTS["relief"].choices)),
    "categories": st.frozensets(st.sampled_from(sorted(FACTS["categories"].choices)), min_size=1),
    "employed": st.booleans(),
    "can_work": st.booleans(),
    "injury_care_fee": st.booleans(),
}
WHOLE = st.fixed_dictionaries(dict(VALUES))


def comparisons() -> st.SearchStrategy[Compare]:
    def plain(key: str) -> st.SearchStrategy[Compare]:
        return st.builds(
            Compare, st.just(key), st.sampled_from((Operator.EQUAL, Operator.NOT_EQUAL)), VALUES[key]
        )

    sizes = st.builds(
        Compare,
        st.sampled_from(("grade", "age")),
        st.sampled_from((Operator.LESS, Operator.AT_LEAST)),
        st.integers(1, 60),
    )
    overlap = st.builds(
        Compare, st.just("categories"), st.just(Operator.OVERLAPS), VALUES["categories"].map(tuple)
    )
    return st.one_of(*(plain(key) for key in VALUES if key != "categories"), sizes, overlap)


def _joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, several), st.builds(AnyOf, several), st.builds(Not, parts))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(comparisons(), _joined, max_leaves=12)
KNOWN_KEYS = st.sets(st.sampled_from(sorted(VALUES)))


def only(facts: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key in keys}


@given(condition=CONDITIONS, facts=WHOLE, some=KNOWN_KEYS, more=KNOWN_KEYS)
def test_learning_more_never_turns_a_decision_round(
    condition: Condition, facts: Mapping[str, Any], some: set[str], more: set[str]
) -> None:
    before = compiled(condition)(only(facts, some))

    after = compiled(condition)(only(facts, some | more))

    assert before is None or before is after


@given(condition=CONDITIONS, facts=WHOLE)
def test_with_all_facts_everything_is_decided(condition: Condition, facts: Mapping[str, Any]) -> None:
    assert compiled(condition)(facts) is not None
    assert missing_facts(condition, facts) == frozenset()


@given(condition=CONDITIONS, facts=WHOLE, some=KNOWN_KEYS)
def test_an_open_condition_names_facts_that_decide_it(
    condition: Condition, facts: Mapping[str, Any], some: set[str]
) -> None:
    known = only(facts, some)

    missing = missing_facts(condition, known)

    assert missing.isdisjoint(known)
    assert bool(missing) == (compiled(condition)(known) is None)
    assert compiled(condition)(only(facts, some | missing)) is not None


@given(condition=CONDITIONS, facts=WHOLE, some=KNOWN_KEYS)
def test_the_facts_that_decide_are_enough_to_decide(
    condition: Condition, facts: Mapping[str, Any], some: set[str]
) -> None:
    known = only(facts, some)
    decision = compiled(condition)(known)

    because = deciding_facts(condition, known)

    assert bool(because) == (decision is not None)
    assert compiled(condition)(only(known, set(because))) is decision


@given(condition=CONDITIONS, facts=WHOLE, some=KNOWN_KEYS)
def test_not_not_is_nothing(condition: Condition, facts: Mapping[str, Any], some: set[str]) -> None:
    known = only(facts, some)

    assert compiled(Not(Not(condition)))(known) is compiled(condition)(known)


def test_a_missing_fact_is_no_no() -> None:
    condition = AllOf(
        (Compare("grade", Operator.EQUAL, 1), Not(Compare("injury_care_fee", Operator.EQUAL, True)))
    )

    assert compiled(condition)({"grade": 1}) is None
    assert compiled(condition)({"grade": 2}) is False
    assert missing_facts(condition, {"grade": 1}) == {"injury_care_fee"}


def test_an_age_may_be_that_of_a_fixed_day() -> None:
    starts_school = Compare("age", Operator.AT_LEAST, 6, date(2026, 9, 1))

    assert compiled(starts_school)(known_facts(born_on=date(2020, 9, 1))) is True
    assert compiled(starts_school)(known_facts(born_on=date(2020, 9, 2))) is False
    assert compiled(starts_school)(known_facts(born_on=date(2026, 10, 1), day=date(2026, 10, 2))) is False
    assert compiled(starts_school)({}) is None


def test_several_disabilities_in_one_are_asked_for() -> None:
    hearing = Compare("categories", Operator.OVERLAPS, ("hearing",))

    assert compiled(hearing)(known_facts(category="hearing")) is True
    assert compiled(hearing)(known_facts(category="limb")) is False
    assert compiled(hearing)(known_facts(category="multiple")) is None
    answered = known_facts(category="multiple", answers={"categories": frozenset({"hearing", "limb"})})
    assert compiled(hearing)(answered) is True


def test_what_families_say_never_overrides_the_register() -> None:
    facts = known_facts(residence="rural", answers={"residence": "urban"})

    assert facts["residence"] == "rural"
    assert known_facts(residence="unknown", answers={"residence": "urban"})["residence"] == "urban"
    assert "residence" not in known_facts(residence="unknown")
