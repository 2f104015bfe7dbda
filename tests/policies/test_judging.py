"""What policies mean for a person: verdicts, exclusion, choosing the higher; more facts only settle them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.policies.enums import Access, Period, Step, Verdict
from app.policies.rules.amounts import AmountRow, worth_of
from app.policies.rules.judging import Judgement, Library
from tests.policies.factories import DIBAO, SEVERE, TODAY, flag, known_facts, make_rule

CARE = make_rule(
    "care",
    when={"all": [SEVERE, {"not": flag("injury_care_fee")}]},
    higher_of=["old_age"],
    amounts=[
        {"region": "37", "per": "month", "cny": 80},
        {"region": "3701", "per": "month", "cny": 167, "from": "2022-01-01"},
    ],
)
OLD_AGE = make_rule(
    "old_age",
    when={"all": [{"fact": "age", "is": ">=", "value": 60}, flag("no_labour_capacity")]},
    amounts=[{"region": "37", "per": "month", "cny": 100}],
)
TEKUN = make_rule(
    "tekun",
    when={"any": [{"fact": "relief", "is": "==", "value": "tekun"}, flag("no_income")]},
    received_when={"fact": "relief", "is": "==", "value": "tekun"},
)
LIVING = make_rule("living", when={"any": [DIBAO, SEVERE]}, exclusive_with=["tekun"])


def judge(
    *rules: Any, facts: Mapping[str, Any] | None = None, steps: Mapping[str, Step] | None = None
) -> dict[str, Judgement]:
    judged = Library(rules).judge(facts or known_facts(), steps=steps or {}, day=TODAY)
    return {one.rule.key: one for one in judged}


def test_who_is_entitled_and_does_not_receive_has_a_gap() -> None:
    care = judge(CARE, facts=known_facts(answers={"injury_care_fee": False}))["care"]

    assert care.verdict is Verdict.GAP
    assert care.because == ("grade", "injury_care_fee")
    assert care.missing == ()
    assert care.worth.low == care.worth.high == 167 * 12


def test_a_missing_fact_leaves_it_open_and_is_named() -> None:
    care = judge(CARE)["care"]

    assert care.verdict is Verdict.TO_VERIFY
    assert care.missing == ("injury_care_fee",)


def test_who_is_not_entitled_is_told_why() -> None:
    care = judge(CARE, facts=known_facts(grade=3))["care"]

    assert care.verdict is Verdict.NOT_ELIGIBLE
    assert care.because == ("grade",)
    assert not care.is_worth_saying


def test_what_was_marked_as_received_is_received() -> None:
    care = judge(CARE, steps={"care": Step.RECEIVED})["care"]

    assert care.verdict is Verdict.RECEIVED


def test_applying_does_not_close_a_gap() -> None:
    known = known_facts(answers={"injury_care_fee": False})

    assert judge(CARE, facts=known, steps={"care": Step.APPLIED})["care"].verdict is Verdict.GAP


def test_what_the_register_tells_is_received_without_a_record() -> None:
    assert judge(TEKUN, facts=known_facts(relief="tekun_central"))["tekun"].verdict is Verdict.RECEIVED


def test_beside_what_he_receives_an_excluded_policy_is_not_paid() -> None:
    living = judge(LIVING, TEKUN, facts=known_facts(relief="tekun_central"))["living"]

    assert (living.verdict, living.rival) == (Verdict.NOT_ELIGIBLE, "tekun")


def test_exclusion_works_both_ways() -> None:
    known = known_facts(relief="none", answers={"no_income": True})

    tekun = judge(LIVING, TEKUN, facts=known, steps={"living": Step.RECEIVED})["tekun"]

    assert (tekun.verdict, tekun.rival) == (Verdict.NOT_ELIGIBLE, "living")


def test_of_two_only_the_higher_is_chosen() -> None:
    known = known_facts(answers={"injury_care_fee": False, "no_labour_capacity": True})

    judged = judge(CARE, OLD_AGE, facts=known)

    assert judged["care"].verdict is Verdict.GAP
    assert (judged["old_age"].verdict, judged["old_age"].rival) == (Verdict.HIGHER_CHOSEN, "care")


def test_the_higher_is_that_of_the_region() -> None:
    known = known_facts(region_code="370202", answers={"injury_care_fee": False, "no_labour_capacity": True})

    judged = judge(CARE, OLD_AGE, facts=known)

    assert (judged["care"].verdict, judged["care"].rival) == (Verdict.HIGHER_CHOSEN, "old_age")
    assert judged["old_age"].verdict is Verdict.GAP


def test_a_rival_that_may_be_higher_keeps_it_open() -> None:
    known = known_facts(region_code="370202", answers={"injury_care_fee": False})

    care = judge(CARE, OLD_AGE, facts=known)["care"]

    assert (care.verdict, care.missing) == (Verdict.TO_VERIFY, ("no_labour_capacity",))


def test_a_rival_that_cannot_be_higher_does_not() -> None:
    care = judge(CARE, OLD_AGE, facts=known_facts(answers={"injury_care_fee": False}))["care"]

    assert care.verdict is Verdict.GAP


def test_who_receives_the_lower_one_has_a_gap_of_the_higher() -> None:
    known = known_facts(answers={"injury_care_fee": False, "no_labour_capacity": True})

    judged = judge(CARE, OLD_AGE, facts=known, steps={"old_age": Step.RECEIVED})

    assert judged["care"].verdict is Verdict.GAP
    assert judged["old_age"].verdict is Verdict.RECEIVED


def test_what_is_had_by_a_certificate_is_no_gap_to_tell_of() -> None:
    bus = make_rule("bus", access=Access.CERTIFICATE)

    assert judge(bus)["bus"].verdict is Verdict.GAP
    assert not judge(bus)["bus"].is_worth_saying


def test_nobody_is_told_of_what_only_a_wish_would_bring_up() -> None:
    device = make_rule("device", when=flag("needs_device"))

    assert judge(device)["device"].verdict is Verdict.TO_VERIFY
    assert not judge(device)["device"].is_worth_saying
    assert judge(device, facts=known_facts(answers={"needs_device": True}))["device"].is_worth_saying


# ---- laws ----

KEYS = ("p0", "p1", "p2", "p3")
FLAGS = ("injury_care_fee", "employed", "no_income")
CONDITIONS = st.recursive(
    st.one_of(
        st.sampled_from(FLAGS).map(flag),
        st.sampled_from((SEVERE, DIBAO)),
        st.sampled_from(FLAGS).map(lambda key: {"not": flag(key)}),
    ),
    lambda parts: st.builds(
        lambda word, inner: {word: inner},
        st.sampled_from(("all", "any")),
        st.lists(parts, min_size=1, max_size=3),
    ),
    max_leaves=4,
)
AMOUNTS = st.lists(
    st.builds(
        lambda region, cny, when: {"region": region, "per": "month", "cny": cny, "when": when},
        st.sampled_from(("37", "3701", "370102")),
        st.integers(0, 5),
        st.one_of(st.none(), st.sampled_from(FLAGS).map(flag)),
    ),
    max_size=3,
)
WRITTEN = st.fixed_dictionaries(
    {
        "when": CONDITIONS,
        "received_when": st.one_of(st.none(), st.sampled_from(FLAGS).map(flag)),
        "exclusive_with": st.lists(st.sampled_from(KEYS), max_size=1),
        "higher_of": st.lists(st.sampled_from(KEYS), max_size=2),
        "amounts": AMOUNTS,
    }
)
LIBRARIES = st.lists(WRITTEN, min_size=1, max_size=len(KEYS)).map(
    lambda several: Library([make_rule(key, **one) for key, one in zip(KEYS, several, strict=False)])
)
ALL_FLAGS = dict.fromkeys(FLAGS, st.booleans())
ANSWERS = st.dictionaries(st.sampled_from(FLAGS), st.booleans())
STEPS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(Step), max_size=2)
PEOPLE = st.fixed_dictionaries(
    {"grade": st.integers(1, 4), "relief": st.sampled_from(("none", "dibao_rural"))}
)


@given(library=LIBRARIES, person=PEOPLE, some=ANSWERS, more=ANSWERS, steps=STEPS)
def test_learning_a_fact_never_turns_a_verdict_round(
    library: Library,
    person: dict[str, Any],
    some: dict[str, bool],
    more: dict[str, bool],
    steps: dict[str, Step],
) -> None:
    before = library.judge(known_facts(**person, answers=some), steps=steps, day=TODAY)

    after = library.judge(known_facts(**person, answers={**more, **some}), steps=steps, day=TODAY)

    for earlier, later in zip(before, after, strict=True):
        assert earlier.verdict in {Verdict.TO_VERIFY, later.verdict}


@given(library=LIBRARIES, person=PEOPLE, some=ANSWERS, steps=STEPS)
def test_an_open_verdict_names_what_is_missing_and_a_decided_one_nothing(
    library: Library, person: dict[str, Any], some: dict[str, bool], steps: dict[str, Step]
) -> None:
    known = known_facts(**person, answers=some)

    for judged in library.judge(known, steps=steps, day=TODAY):
        assert bool(judged.missing) == (judged.verdict is Verdict.TO_VERIFY)
        assert not set(judged.missing) & known.keys()


@given(library=LIBRARIES, person=PEOPLE, some=ANSWERS, steps=STEPS)
def test_a_library_taken_apart_judges_the_same(
    library: Library, person: dict[str, Any], some: dict[str, bool], steps: dict[str, Step]
) -> None:
    known = known_facts(**person, answers=some)

    apart = [one for part in library.parts() for one in part.judge(known, steps=steps, day=TODAY)]

    whole = library.judge(known, steps=steps, day=TODAY)
    assert sorted(apart, key=lambda one: one.rule.key) == list(whole)


@given(library=LIBRARIES, person=PEOPLE, some=ANSWERS, steps=STEPS)
def test_asking_for_what_is_missing_comes_to_an_end(
    library: Library, person: dict[str, Any], some: dict[str, bool], steps: dict[str, Step]
) -> None:
    answers = dict(some)
    for _ in FLAGS:
        judged = library.judge(known_facts(**person, answers=answers), steps=steps, day=TODAY)
        answers |= dict.fromkeys([key for one in judged for key in one.missing], True)

    last = library.judge(known_facts(**person, answers=answers), steps=steps, day=TODAY)
    assert Verdict.TO_VERIFY not in {one.verdict for one in last}


@given(library=LIBRARIES, person=PEOPLE, some=ANSWERS, steps=STEPS)
def test_of_policies_that_exclude_each_other_none_is_a_gap_beside_one_received(
    library: Library, person: dict[str, Any], some: dict[str, bool], steps: dict[str, Step]
) -> None:
    judged = {
        one.rule.key: one
        for one in library.judge(known_facts(**person, answers=some), steps=steps, day=TODAY)
    }

    for one in judged.values():
        for other in one.rule.exclusive_with & judged.keys() - {one.rule.key}:
            pair = {one.verdict, judged[other].verdict}
            assert pair != {Verdict.RECEIVED, Verdict.GAP}


@given(several=st.lists(AMOUNTS, min_size=2, max_size=4), answers=st.fixed_dictionaries(ALL_FLAGS))
def test_of_a_group_the_highest_of_the_day_and_region_is_chosen(
    several: list[list[dict[str, Any]]], answers: dict[str, bool]
) -> None:
    rules = [make_rule(key, amounts=rows, higher_of=KEYS) for key, rows in zip(KEYS, several, strict=False)]

    judged = Library(rules).judge(known_facts(answers=answers), steps={}, day=TODAY)

    (chosen,) = [one for one in judged if one.verdict is Verdict.GAP]
    others = [one for one in judged if one.verdict is Verdict.HIGHER_CHOSEN]
    assert len(others) == len(rules) - 1
    assert chosen.worth.low == max(one.worth.high for one in judged)
    assert {one.rival for one in others} <= {one.rule.key for one in judged}


# ---- amounts ----

ROWS = st.lists(
    st.builds(
        AmountRow,
        region=st.sampled_from(("37", "3701", "370102", "3702")),
        valid_from=st.sampled_from((None, date(2022, 1, 1), date(2027, 1, 1))),
        valid_to=st.sampled_from((None, date(2023, 12, 31), date(2030, 12, 31))),
        per=st.just(Period.YEAR),
        cny=st.integers(0, 100),
    ),
    max_size=6,
)


@given(rows=ROWS)
def test_the_nearest_row_that_holds_counts(rows: list[AmountRow]) -> None:
    facts = known_facts()
    holding = [
        row
        for row in rows
        if facts["region"].startswith(row.region)
        and (row.valid_from or date.min) <= TODAY <= (row.valid_to or date.max)
    ]

    worth = worth_of(rows, facts=facts, day=TODAY)

    nearest = max(((len(row.region), row.valid_from or date.min) for row in holding), default=None)
    expected = max(
        (row.yearly for row in holding if (len(row.region), row.valid_from or date.min) == nearest), default=0
    )
    assert (worth.low, worth.high) == (expected, expected)


def test_an_amount_that_hangs_on_a_missing_fact_has_two_ends() -> None:
    rule = make_rule(
        "care",
        amounts=[
            {"region": "37", "per": "year", "cny": 10},
            {"region": "3701", "per": "year", "cny": 90, "when": flag("employed", False)},
        ],
    )

    worth = worth_of(rule.amounts, facts=known_facts(), day=TODAY)

    assert (worth.low, worth.high, worth.missing) == (10, 90, frozenset({"employed"}))
    unemployed = worth_of(rule.amounts, facts=known_facts(answers={"employed": False}), day=TODAY)
    assert (unemployed.low, unemployed.high) == (90, 90)
