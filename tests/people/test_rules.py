from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.enums import (
    CertificateStatus,
    EligibilityReason,
    PriorityFlag,
    Relief,
    Residence,
)
from app.people.rules import (
    EligibilityFacts,
    PriorityFacts,
    age_on,
    eligibility,
    fold_typed,
    mask_address,
    mask_id_number,
    mask_name,
    mask_phone,
    priority_flags,
)

TODAY = date(2026, 11, 24)
SPECIMEN = "11010519491231002X"


@given(typed=st.text())
def test_folding_twice_changes_nothing(typed: str) -> None:
    folded = fold_typed(typed)

    assert fold_typed(folded) == folded
    assert "\u3000" not in folded


def test_an_accent_joins_its_letter_once_nothing_stands_between() -> None:
    assert fold_typed("e\u200b\u0301") == "é"


def test_a_padded_name_becomes_the_name() -> None:
    assert fold_typed(" 王\u3000芳\u200b ") == "王芳"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小四", "王*四"),
        ("张三", "*三"),
        ("欧阳小五", "欧**五"),
        ("王", "*"),
        ("", ""),
        ("阿依古丽·买买提", "阿******提"),
    ],
)
def test_a_name_is_masked(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812345678", "138******78"),
        ("0531-88886666", "0531-******66"),
        ("010-66554433", "010-******33"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_a_phone_number_is_masked(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(("number", "shown"), [(SPECIMEN, "1****************X"), ("12", "**"), ("", "")])
def test_an_id_number_is_masked(number: str, shown: str) -> None:
    assert mask_id_number(number) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("山东省济南市历城区仲宫街道3号", "山东省济南市历城区****"),
        ("济南市市中区舜耕路28号", "济南市市中区****"),
        ("山东省烟台市莱州市城港路1号", "山东省烟台市莱州市****"),
        ("山东省济宁市曲阜市时庄镇", "山东省济宁市曲阜市****"),
        ("沂源县南麻镇花园小区2号楼", "沂源县****"),
        ("花园小区2号楼", "****"),
        ("农贸市场3号", "****"),
        ("内蒙古自治区锡林郭勒盟镶黄旗新宝拉格镇", "内蒙古自治区锡林郭勒盟镶黄旗****"),
        ("山东省济南市历城区", "山东省济南市历城区"),
        ("", ""),
    ],
)
def test_an_address_is_shown_down_to_the_county(address: str, shown: str) -> None:
    assert mask_address(address) == shown


@given(house=st.text(alphabet="0123456789号楼单元室镇村街道路小", min_size=1, max_size=30))
def test_nothing_below_the_county_is_ever_shown(house: str) -> None:
    assert mask_address("山东省济南市历城区" + house) == "山东省济南市历城区****"


@pytest.mark.parametrize(
    ("born_on", "day", "age"),
    [
        (date(2008, 11, 24), date(2026, 11, 23), 17),
        (date(2008, 11, 24), date(2026, 11, 24), 18),
        (date(2008, 2, 29), date(2026, 2, 27), 17),
        (date(2008, 2, 29), date(2026, 2, 28), 18),
        (date(2008, 2, 29), date(2028, 2, 28), 19),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2000, 2, 29), date(2100, 2, 28), 100),
        (TODAY, TODAY, 0),
    ],
)
def test_an_age_is_counted_in_completed_years(born_on: date, day: date, age: int) -> None:
    assert age_on(born_on, day=day) == age


@given(born_on=st.dates(date(1900, 1, 1), TODAY), days=st.integers(0, 40_000))
def test_an_age_never_falls_and_never_jumps(born_on: date, days: int) -> None:
    day = born_on + timedelta(days=days)

    assert age_on(day=day + timedelta(days=1), born_on=born_on) - age_on(born_on, day=day) in (0, 1)


def test_nobody_has_an_age_before_birth() -> None:
    with pytest.raises(ValueError, match="早于出生日期"):
        age_on(TODAY, day=TODAY - timedelta(days=1))


@pytest.mark.parametrize("grade", [1, 2])
@pytest.mark.parametrize(
    "relief", [Relief.DIBAO_URBAN, Relief.DIBAO_RURAL, Relief.TEKUN_DISPERSED, Relief.TEKUN_CENTRAL]
)
def test_a_severely_disabled_person_on_relief_with_a_certificate_is_eligible(
    grade: int, relief: Relief
) -> None:
    answer = eligibility(EligibilityFacts(CertificateStatus.VALID, grade, relief))

    assert answer.eligible
    assert not answer.undecided


@pytest.mark.parametrize(
    ("facts", "failed"),
    [
        (
            EligibilityFacts(CertificateStatus.VALID, 3, Relief.DIBAO_RURAL),
            [EligibilityReason.GRADE_NOT_SEVERE],
        ),
        (EligibilityFacts(CertificateStatus.VALID, 1, Relief.DIBAO_EDGE), [EligibilityReason.NOT_ON_RELIEF]),
        (
            EligibilityFacts(CertificateStatus.CANCELLED, 4, Relief.NONE),
            [
                EligibilityReason.CERTIFICATE_NOT_VALID,
                EligibilityReason.GRADE_NOT_SEVERE,
                EligibilityReason.NOT_ON_RELIEF,
            ],
        ),
    ],
)
def test_every_condition_that_fails_is_named(
    facts: EligibilityFacts, failed: list[EligibilityReason]
) -> None:
    answer = eligibility(facts)

    assert not answer.eligible
    assert list(answer.failed) == failed
    assert all(reason.label for reason in answer.failed)


def test_missing_facts_leave_the_question_open() -> None:
    answer = eligibility(EligibilityFacts(None, None, None))

    assert not answer.eligible
    assert answer.undecided
    assert answer.missing == (
        EligibilityReason.CERTIFICATE_UNKNOWN,
        EligibilityReason.GRADE_UNKNOWN,
        EligibilityReason.RELIEF_UNKNOWN,
    )


def test_one_failed_condition_decides_even_when_other_facts_are_missing() -> None:
    answer = eligibility(EligibilityFacts(None, 4, None))

    assert not answer.undecided
    assert answer.failed == (EligibilityReason.GRADE_NOT_SEVERE,)


@pytest.mark.parametrize(
    ("special", "flags"),
    [
        ({}, ()),
        ({"residence": Residence.RURAL}, (PriorityFlag.RURAL,)),
        ({"residence": Residence.UNKNOWN}, ()),
        ({"several_disabled_in_household": True}, (PriorityFlag.SEVERAL_DISABLED,)),
        ({"kept_by_elderly": True}, (PriorityFlag.ELDERLY_CARER,)),
        ({"age": 17, "grade": 2}, (PriorityFlag.SEVERELY_DISABLED_CHILD,)),
        ({"age": 18, "grade": 1}, ()),
        ({"age": 10, "grade": 3}, ()),
        (
            {
                "residence": Residence.RURAL, "several_disabled_in_household": True,
                "kept_by_elderly": True, "age": 6, "grade": 1,
            },
            tuple(PriorityFlag),
        ),
    ],
)  # fmt: skip
def test_the_plan_names_who_comes_first(special: dict[str, Any], flags: tuple[PriorityFlag, ...]) -> None:
    usual = PriorityFacts(
        residence=Residence.URBAN,
        several_disabled_in_household=False,
        kept_by_elderly=False,
        age=40,
        grade=1,
    )

    assert priority_flags(replace(usual, **special)) == flags
