"""What clerks type: identity numbers, certificates, telephone numbers."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.people.enums import (
    DisabilityCategory,
    Relief,
    Sex,
)
from app.people.rules import (
    CertificateWrong,
    IdNumberWrong,
    PhoneWrong,
    check_any_phone,
    check_certificate,
    check_id_number,
    check_landline,
    check_phone,
    fold_typed,
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


@pytest.mark.parametrize(
    ("typed", "kept"), [("+86 139-0531-0001", "13905310001"), ("（0531）8888 6666", "0531-88886666")]
)
def test_a_family_may_have_a_mobile_or_a_landline(typed: str, kept: str) -> None:
    assert check_any_phone(typed) == kept


def test_what_is_neither_is_told_both_shapes() -> None:
    with pytest.raises(PhoneWrong, match="11位手机号，或带区号的固定电话"):
        check_any_phone("88886666")


def test_a_certificate_stands_whole_with_its_reissue() -> None:
    number = check_id_number(SPECIMEN, today=TODAY)

    assert check_certificate(f"{SPECIMEN}41", id_number=number).whole == f"{SPECIMEN}41"
    assert check_certificate(f"{SPECIMEN}41b2", id_number=number).whole == f"{SPECIMEN}41B2"
