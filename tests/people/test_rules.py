from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.people.enums import (
    CertificateStatus,
    DisabilityCategory,
    EligibilityReason,
    PriorityFlag,
    Relief,
    Residence,
    Sex,
)
from app.people.rules import (
    CertificateWrong,
    EligibilityFacts,
    IdNumberWrong,
    PhoneWrong,
    PriorityFacts,
    age_on,
    check_certificate,
    check_id_number,
    check_landline,
    check_phone,
    eligibility,
    fold_typed,
    mask_address,
    mask_id_number,
    mask_name,
    mask_phone,
    priority_flags,
)

TODAY = date(2026, 11, 24)
# The specimen number printed in GB 11643-1999.
SPECIMEN = "11010519491231002X"


def with_check_character(seventeen: str) -> str:
    weights = [pow(2, 17 - place, 11) for place in range(17)]
    total = sum(weight * int(digit) for weight, digit in zip(weights, seventeen, strict=True))
    return seventeen + "0123456789X"[(12 - total) % 11]


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    region = draw(st.sampled_from(["370102", "371202", "372301", "379999", "110105", "654321"]))
    born_on = draw(st.dates(date(1900, 1, 1), TODAY))
    return with_check_character(f"{region}{born_on:%Y%m%d}{draw(st.integers(0, 999)):03d}")


@given(number=id_numbers())
def test_a_well_formed_id_number_is_accepted_and_read(number: str) -> None:
    known = check_id_number(number, today=TODAY)

    assert known.value == number
    assert known.region == number[:6]
    assert f"{known.born_on:%Y%m%d}" == number[6:14]
    assert known.sex is (Sex.MALE if number[16] in "13579" else Sex.FEMALE)


@given(number=id_numbers(), place=st.integers(0, 17), other=st.sampled_from("0123456789X"))
def test_every_single_wrong_character_is_rejected(number: str, place: int, other: str) -> None:
    assume(other != number[place])

    with pytest.raises(IdNumberWrong):
        check_id_number(number[:place] + other + number[place + 1 :], today=TODAY)


@given(number=id_numbers(), place=st.integers(0, 16))
def test_every_transposition_of_neighbours_is_rejected(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])

    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    with pytest.raises(IdNumberWrong):
        check_id_number(swapped, today=TODAY)


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２ｘ",
        " 110105 19491231 002X ",
        "\u3000110105\u200b19491231002X\ufeff",
    ],
)
def test_what_a_clerk_means_is_understood_however_it_is_typed(typed: str) -> None:
    assert check_id_number(typed, today=TODAY).value == SPECIMEN


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("110105491231002", "people.id_number.length", "15位身份证号已停用"),
        ("", "people.id_number.length", "应为18位，现在是0位"),
        ("1101051949123100X2", "people.id_number.shape", "前17位应为数字"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "people.id_number.shape", "前17位应为数字"),
        ("810000194912310020", "people.id_number.permit", "港澳台居民居住证"),
        ("990105194912310020", "people.id_number.region", "省份代码"),
        ("110105194902300020", "people.id_number.birthday", "出生日期不存在"),
        ("110105189912310020", "people.id_number.birthday", "1900年以后"),
        ("110105202611250020", "people.id_number.birthday", "今天以前"),
        ("110105194912310021", "people.id_number.checksum", "校验位不符"),
    ],
)
def test_a_wrong_id_number_is_refused_with_its_reason(typed: str, code: str, words: str) -> None:
    with pytest.raises(IdNumberWrong) as refusal:
        check_id_number(typed, today=TODAY)

    assert refusal.value.code == code
    assert words in str(refusal.value)


@given(typed=st.text(max_size=30))
def test_any_text_is_either_read_or_refused(typed: str) -> None:
    with suppress(IdNumberWrong):
        known = check_id_number(typed, today=TODAY)

        assert known.value == fold_typed(typed).upper()


def test_someone_born_today_is_accepted() -> None:
    number = with_check_character("37010220261124001")

    assert check_id_number(number, today=TODAY).born_on == TODAY


def test_the_number_itself_stays_out_of_a_printed_object() -> None:
    known = check_id_number(SPECIMEN, today=TODAY)
    certificate = check_certificate(SPECIMEN + "41", id_number=known)

    assert SPECIMEN not in repr(known) + repr(certificate)
    assert "1949" not in repr(known)


@pytest.mark.parametrize(
    ("ending", "category", "grade", "reissue"),
    [
        ("11", DisabilityCategory.VISION, 1, 0),
        ("22", DisabilityCategory.HEARING, 2, 0),
        ("42B1", DisabilityCategory.LIMB, 2, 1),
        ("74b12", DisabilityCategory.MULTIPLE, 4, 12),
        ("６１Ｂ２", DisabilityCategory.MENTAL, 1, 2),
    ],
)
def test_a_certificate_tells_category_grade_and_reissue(
    ending: str, category: DisabilityCategory, grade: int, reissue: int
) -> None:
    holder = check_id_number(SPECIMEN, today=TODAY)

    certificate = check_certificate(SPECIMEN + ending, id_number=holder)

    assert (certificate.category, certificate.grade, certificate.reissue) == (category, grade, reissue)
    assert len(certificate.value) == 20
    assert certificate.value.startswith(SPECIMEN)


@pytest.mark.parametrize("ending", ["", "4", "81", "01", "45", "40", "41B", "41B0", "41B100", "41C1", "411"])
def test_a_certificate_of_another_shape_is_refused(ending: str) -> None:
    holder = check_id_number(SPECIMEN, today=TODAY)

    with pytest.raises(CertificateWrong) as refusal:
        check_certificate(SPECIMEN + ending, id_number=holder)

    assert refusal.value.code == "people.certificate.shape"


def test_a_certificate_of_another_person_is_refused() -> None:
    holder = check_id_number(SPECIMEN, today=TODAY)
    other = with_check_character("37010219800101123")

    with pytest.raises(CertificateWrong, match="与身份证号不一致") as refusal:
        check_certificate(other + "41", id_number=holder)

    assert refusal.value.code == "people.certificate.other_person"


def test_the_digits_of_categories_are_those_of_the_standard() -> None:
    digits = {category.label: category.digit for category in DisabilityCategory}

    assert digits == {
        "视力残疾": 1,
        "听力残疾": 2,
        "言语残疾": 3,
        "肢体残疾": 4,
        "智力残疾": 5,
        "精神残疾": 6,
        "多重残疾": 7,
    }
    assert all(DisabilityCategory.from_digit(category.digit) is category for category in DisabilityCategory)
    with pytest.raises(ValueError, match="残疾类别"):
        DisabilityCategory.from_digit(8)


def test_a_word_is_stored_by_its_value_and_read_back() -> None:
    assert Relief("dibao_rural") is Relief.DIBAO_RURAL
    assert str(Relief.DIBAO_RURAL) == Relief.DIBAO_RURAL.value == "dibao_rural"
    assert Relief.DIBAO_RURAL.label == "农村低保"


@pytest.mark.parametrize(
    "typed",
    [
        "13812345678",
        "138-1234-5678",
        "+86 138 1234 5678",
        "8613812345678",
        "１３８１２３４５６７８",
        "008613812345678",
    ],
)
def test_a_mobile_number_is_understood_however_it_is_typed(typed: str) -> None:
    assert check_phone(typed) == "13812345678"


@pytest.mark.parametrize(
    "typed", ["", "1381234567", "138123456789", "12812345678", "053188886666", "1381234567X", "无"]
)
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(PhoneWrong, match="手机号应为11位"):
        check_phone(typed)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("0531-88886666", "0531-88886666"),
        ("（0531）8888666", "0531-8888666"),
        ("０１０－６６５５４４３３", "010-66554433"),
        ("021 66554433", "021-66554433"),
    ],
)
def test_a_landline_is_understood_however_it_is_typed(typed: str, known: str) -> None:
    assert check_landline(typed) == known


@pytest.mark.parametrize("typed", ["88886666", "0531-888666", "0531-188866666", "13812345678", ""])
def test_what_is_no_landline_is_refused(typed: str) -> None:
    with pytest.raises(PhoneWrong, match="带区号"):
        check_landline(typed)


@given(typed=st.text())
def test_folding_twice_changes_nothing(typed: str) -> None:
    folded = fold_typed(typed)

    assert fold_typed(folded) == folded
    assert "\u3000" not in folded


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
    ("facts", "flags"),
    [
        (PriorityFacts(), ()),
        (PriorityFacts(residence=Residence.RURAL), (PriorityFlag.RURAL,)),
        (PriorityFacts(residence=Residence.URBAN, disabled_in_household=2), (PriorityFlag.SEVERAL_DISABLED,)),
        (PriorityFacts(carer_ages=(60, 71)), (PriorityFlag.ELDERLY_CARER,)),
        (PriorityFacts(carer_ages=(59, 71)), ()),
        (PriorityFacts(age=17, grade=2), (PriorityFlag.SEVERELY_DISABLED_CHILD,)),
        (PriorityFacts(age=18, grade=1), ()),
        (PriorityFacts(age=10, grade=3), ()),
        (
            PriorityFacts(
                residence=Residence.RURAL, disabled_in_household=3, carer_ages=(80,), age=6, grade=1
            ),
            tuple(PriorityFlag),
        ),
    ],
)
def test_the_plan_names_who_comes_first(facts: PriorityFacts, flags: tuple[PriorityFlag, ...]) -> None:
    assert priority_flags(facts) == flags
