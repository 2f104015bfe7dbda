"""Questions, birthdays, versions of several levels, likeness and words."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.enums import Access, Confidence, Period, Step, Verdict
from app.policies.operations import example_drafts, faults_in
from app.policies.rules.amounts import AmountRow
from app.policies.rules.authoring import PolicyText, Version, in_force, joined, joined_text, read_document
from app.policies.rules.facts import FACTS, answer_fault
from app.policies.rules.judging import Library
from app.policies.rules.likeness import Likeness
from app.policies.rules.questions import TURNING_AGES, Turning, questions_for, turning_soon
from app.policies.rules.shelf import Shelf
from app.policies.rules.wording import amount_in_words, reasons, source_in_words, verdict_sentence
from tests.accounts.factories import JINAN, LIXIA, SHANDONG
from tests.policies.factories import DIBAO, SEVERE, TODAY, flag, known_facts, make_rule, read


def asked(*rules: Any, **facts: Any) -> tuple[str, ...]:
    return questions_for(Library(rules).judge(known_facts(**facts), steps={}, day=TODAY))


def test_the_two_questions_are_those_that_decide_most() -> None:
    rules = [
        make_rule("living", when={"all": [DIBAO, {"not": flag("injury_care_fee")}]}),
        make_rule("care", when={"all": [SEVERE, {"not": flag("injury_care_fee")}]}),
        make_rule("job", when={"all": [flag("can_work"), flag("employed", False)]}),
        make_rule("pension", when=flag("in_resident_pension")),
        make_rule("early", when={"all": [flag("in_resident_pension"), {"not": flag("other_pension")}]}),
    ]

    assert asked(*rules) == ("injury_care_fee", "in_resident_pension")


def test_two_that_only_together_decide_are_asked_together() -> None:
    job = make_rule("job", when={"all": [flag("can_work"), flag("employed", False)]})

    assert asked(job) == ("employed", "can_work")


def test_nobody_is_asked_for_a_wish_or_for_what_only_the_register_knows() -> None:
    device = make_rule("device", when=flag("needs_device"))

    assert asked(device) == ()


def test_nobody_is_asked_when_all_is_decided() -> None:
    assert asked(make_rule("care")) == ()


@pytest.mark.parametrize("age", TURNING_AGES)
def test_a_birthday_is_told_of_ninety_days_before(age: int) -> None:
    born_on = date(1960, 6, 1)
    birthday = date(1960 + age, 6, 1)

    assert turning_soon(born_on, day=birthday - timedelta(days=91)) is None
    assert turning_soon(born_on, day=birthday - timedelta(days=90)) == Turning(age, birthday)
    assert turning_soon(born_on, day=birthday - timedelta(days=1)) == Turning(age, birthday)
    assert turning_soon(born_on, day=birthday) is None


@given(born_on=st.dates(date(1930, 1, 1), date(2020, 12, 31)), days=st.integers(0, 20000))
def test_a_birthday_that_is_told_of_is_one(born_on: date, days: int) -> None:
    day = born_on + timedelta(days=days)

    soon = turning_soon(born_on, day=day)

    if soon:
        assert day < soon.on <= day + timedelta(days=90)
        assert soon.age in TURNING_AGES


def make_version(number: int, **overrides: Any) -> Version:
    defaults: dict[str, Any] = {
        "policy_id": number,
        "key": "care",
        "name": f"第{number}版",
        "region_prefix": "37",
        "number": number,
        "valid_from": date(2026, 1, 1),
        "access": Access.APPLICATION,
        "is_withdrawn": False,
        "document": read(when=SEVERE),
        "text": PolicyText(checked_on=TODAY, summary=f"第{number}版", source="省文件"),
    }
    return Version(**defaults | overrides)


def test_a_later_version_takes_the_place_from_its_day() -> None:
    first, second = make_version(1), make_version(2, valid_from=date(2026, 6, 1))

    assert in_force([first, second], region=LIXIA, day=date(2026, 5, 31)) == [(first,)]
    assert in_force([first, second], region=LIXIA, day=date(2026, 6, 1)) == [(second,)]


def test_where_the_latest_was_withdrawn_none_holds() -> None:
    withdrawn = make_version(2, valid_from=date(2026, 2, 1), is_withdrawn=True)

    assert in_force([make_version(1), withdrawn], region=LIXIA, day=TODAY) == []


def test_a_county_adds_its_amount_to_the_condition_of_the_province() -> None:
    province = make_version(1)
    county = make_version(
        2,
        region_prefix=LIXIA,
        document=read(amounts=[{"region": LIXIA, "per": "month", "cny": 200}]),
        text=PolicyText(checked_on=TODAY, apply_at="历下区政务大厅", source="区文件"),
    )

    (levels,) = in_force([county, province], region=LIXIA, day=TODAY)
    rule, text = joined(levels), joined_text(levels)

    assert levels == (province, county)
    assert rule is not None
    assert rule.when == province.document.when
    assert [row.cny for row in rule.amounts] == [200]
    assert (text.summary, text.apply_at, text.source) == ("第1版", "历下区政务大厅", "区文件")
    assert in_force([county, province], region="370103", day=TODAY) == [(province,)]


def test_a_supplement_to_nothing_is_no_policy() -> None:
    alone = make_version(1, document=read(amounts=[{"region": LIXIA, "cny": 200}]))

    assert joined((alone,)) is None
    assert Shelf([alone], day=TODAY).of_region(LIXIA).rules == {}


def test_what_changes_the_policies_in_force_changes_the_fingerprint() -> None:
    first, second = make_version(1), make_version(2, valid_from=date(2026, 6, 1))
    before = Shelf([first, second], day=TODAY).fingerprint

    assert Shelf([second, first], day=TODAY).fingerprint == before
    assert Shelf([first], day=TODAY).fingerprint == before
    assert Shelf([first, second], day=date(2026, 5, 18)).fingerprint != before
    assert Shelf([make_version(1, is_withdrawn=True), second], day=TODAY).fingerprint != before


AGES = st.integers(0, 90)


@given(born=st.tuples(AGES, AGES), grades=st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_persons_with_the_same_mark_are_judged_the_same(
    born: tuple[int, int], grades: tuple[int, int]
) -> None:
    library = Library(
        [
            make_rule("care"),
            make_rule("pension", when={"fact": "age", "is": "between", "value": [16, 59]}),
            make_rule("school", when={"fact": "age", "is": ">=", "value": 6, "on": "2026-09-01"}),
        ]
    )
    likeness = Likeness(library)
    one, other = (
        known_facts(born_on=date(2026 - age, 3, 1), grade=grade)
        for age, grade in zip(born, grades, strict=True)
    )

    if likeness.mark(one, steps={}) == likeness.mark(other, steps={}):
        verdicts = [
            [judged.verdict for judged in library.judge(facts, steps={}, day=TODAY)] for facts in (one, other)
        ]
        assert verdicts[0] == verdicts[1]


def test_likeness_looks_at_nothing_that_no_policy_asks_for() -> None:
    likeness = Likeness(Library([make_rule("pension", when={"fact": "age", "is": ">=", "value": 60})]))

    def mark(**facts: Any) -> object:
        return likeness.mark(known_facts(**facts), steps={})

    assert mark(grade=1, born_on=date(1950, 1, 1)) == mark(grade=4, born_on=date(1940, 1, 1))
    assert mark(region_code=LIXIA) == mark(region_code="371702")
    assert mark(born_on=date(1966, 5, 17)) != mark(born_on=date(1966, 5, 18))


@pytest.mark.parametrize(
    ("amount", "pointer"),
    [
        ({"region": "3702", "cny": 1}, "/amounts/0/region"),
        ({"region": "3701", "cny": 1, "from": "2026-02-01", "to": "2026-01-01"}, "/amounts/0/to"),
        ({"region": "3701"}, "/amounts/0"),
        ({"region": "3701", "cny": 1, "when": {"fact": "grade"}}, "/amounts/0/when/is"),
    ],
)
def test_amounts_are_checked_with_their_place(amount: dict[str, Any], pointer: str) -> None:
    _, faults = read_document({"when": SEVERE, "amounts": [amount]}, region_prefix="3701")

    assert [fault.pointer for fault in faults] == [pointer]


@pytest.mark.parametrize(
    ("key", "value", "is_good"),
    [
        ("employed", True, True),
        ("employed", "yes", False),
        ("employed", 1, False),
        ("student_stage", "senior", True),
        ("student_stage", "school", False),
        ("student_stage", ["senior"], False),
        ("categories", ["limb", "hearing"], True),
        ("categories", [], False),
        ("categories", [["limb"]], False),
        ("grade", 1, False),
    ],
)
def test_answers_fit_their_question(key: str, value: Any, is_good: bool) -> None:
    assert (answer_fault(FACTS[key], value) is None) is is_good


def test_reasons_tell_what_is_known_and_hide_the_category() -> None:
    said = reasons(("cert_valid", "grade", "relief", "categories", "age"), known_facts(category="mental"))

    assert said == [
        "残疾人证有效：是",
        "残疾等级：一级",
        "社会救助情况：低保",
        "残疾类别",
        "年龄（周岁）：68周岁",
    ]


def test_amounts_in_words_say_that_they_are_examples() -> None:
    row = AmountRow(region="37", per=Period.MONTH, cny=167, is_example=True)

    assert amount_in_words(row) == "每月167元（示例，标准以当地公布为准）"
    assert amount_in_words(None) == ""
    assert amount_in_words(AmountRow(region="37", percent=50, note="住院")) == "住院，比例50%"


def test_an_old_source_says_so() -> None:
    fresh = source_in_words("省文件", checked_on=date(2026, 1, 1), day=TODAY)
    old = source_in_words("省文件", checked_on=date(2025, 1, 1), day=TODAY)

    assert fresh == "省文件（2026年1月1日核对）"
    assert old == "省文件（2025年1月1日核对），标准以当地公布为准"


def test_advice_says_may() -> None:
    assert "可能" in verdict_sentence(Verdict.GAP, name="护理补贴")
    assert "等待办理" in verdict_sentence(Verdict.GAP, name="护理补贴", step=Step.APPLIED)


# ---- the 27 measures ----


@pytest.mark.parametrize("org_code", [SHANDONG, JINAN, LIXIA])
def test_the_example_measures_can_be_read_at_every_level(org_code: str) -> None:
    drafts = example_drafts(org_code=org_code)

    assert len(drafts) == len({draft.key for draft in drafts}) == 27
    assert [fault for draft in drafts for fault in faults_in(rules=draft.rules, org_code=org_code)] == []
    assert all(draft.source and draft.summary and draft.apply_at for draft in drafts)


def test_amounts_from_the_press_are_marked_as_examples() -> None:
    for draft in example_drafts(org_code=SHANDONG):
        if draft.confidence is not Confidence.LAW:
            assert all(row.get("example") for row in draft.rules["amounts"]), draft.key


def example_verdicts(**facts: Any) -> dict[str, Verdict]:
    rules = [make_rule(draft.key, **draft.rules) for draft in example_drafts(org_code=SHANDONG)]
    judged = Library(rules).judge(known_facts(**facts), steps={}, day=TODAY)
    return {one.rule.key: one.verdict for one in judged}


def test_a_woman_on_dibao_may_have_both_subsidies() -> None:
    found = example_verdicts(answers={"injury_care_fee": False})

    assert found["target"] is Verdict.RECEIVED
    assert found["living_sub"] is found["care_sub"] is found["med_ins"] is Verdict.GAP
    assert found["rehab_0_6"] is found["pension_pay"] is found["accident_ins"] is Verdict.NOT_ELIGIBLE


def test_a_man_on_tekun_gets_neither_subsidy() -> None:
    # 国发〔2015〕52号: 特困供养人员不重复享受.
    found = example_verdicts(relief="tekun_dispersed", answers={"injury_care_fee": False})

    assert found["tekun_support"] is Verdict.RECEIVED
    assert found["living_sub"] is found["care_sub"] is Verdict.NOT_ELIGIBLE


def test_a_child_with_autism_may_have_rehabilitation() -> None:
    child: dict[str, Any] = {"born_on": date(2021, 1, 1), "category": "mental", "grade": 3}

    assert example_verdicts(**child)["rehab_0_6"] is Verdict.TO_VERIFY
    diagnosed = example_verdicts(**child, answers={"autism": True, "needs_rehab": True})
    assert diagnosed["rehab_0_6"] is Verdict.GAP
    assert diagnosed["rehab_7_17"] is Verdict.NOT_ELIGIBLE
