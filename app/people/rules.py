"""Decisions about persons that need no database: numbers checked, names masked, ages, who is eligible."""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.people.enums import (
    CertificateStatus,
    DisabilityCategory,
    EligibilityReason,
    GuardianReach,
    PriorityFlag,
    Relief,
    Residence,
    Sex,
)

# The 31 provinces of GB/T 2260, and 71; 81 to 83 stand on residence permits, which are no identity cards.
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71")
_PERMIT_PREFIXES = ("81", "82", "83")
_ID_SHAPE = re.compile(r"\d{17}[\dX]", re.ASCII)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_EARLIEST_BIRTH = date(1900, 1, 1)
_CERTIFICATE_SHAPE = re.compile(r"(\d{17}[\dX])([1-7])([1-4])(?:B([1-9]\d?))?", re.ASCII)
_MOBILE_SHAPE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
_LANDLINE_SHAPE = re.compile(r"(010|02\d|0[3-9]\d{2})([2-9]\d{6,7})", re.ASCII)
_NOT_WRITTEN = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
_PHONE_PUNCTUATION = re.compile(r"[-\u2010-\u2015\u2212()]")
_COUNTY_AND_ABOVE = re.compile(
    r"(?:[^省市区县旗]{1,9}(?:省|自治区))?"
    r"(?:[^省市区县旗]{1,9}(?:市(?!场)|自治州|盟))?"
    r"(?:(?:市[中南北辖]|[^省市区县旗]{1,9}(?<![小社园校片街厂矿]))区|[^省市区县旗]{1,9}(?:县|旗|市(?!场)))?"
)

SEVERE_GRADE = 2
_ADULT_AGE = 18
_LONGEST_MUTE = timedelta(days=3 * 366)
# What the columns hold.
LONGEST_NAME = 40
QUALIFYING_RELIEF = frozenset(
    {Relief.DIBAO_URBAN, Relief.DIBAO_RURAL, Relief.TEKUN_DISPERSED, Relief.TEKUN_CENTRAL}
)


class TypedError(ValueError):
    """What somebody typed is not what it should be: a dotted ``code``, and a Chinese sentence as text."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class IdNumberWrong(TypedError):
    """No number of a 居民身份证."""


class CertificateWrong(TypedError):
    """No number of a 残疾人证, or not of this person's."""


class PhoneWrong(TypedError):
    """No telephone number that can be called in China."""


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A checked identity number and what it tells; ``region`` is where it was first given, no residence."""

    value: str = field(repr=False)
    born_on: date = field(repr=False)
    sex: Sex
    region: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A checked certificate number: 20 characters, what the last two say, and how often it was reissued."""

    value: str = field(repr=False)
    category: DisabilityCategory
    grade: int
    reissue: int

    @property
    def whole(self) -> str:
        """Return the number as it stands on the certificate, with B1, B2, … after a reissue."""
        return f"{self.value}B{self.reissue}" if self.reissue else self.value


@dataclass(frozen=True, slots=True)
class EligibilityFacts:
    """What the scheme asks about a person; None is what nobody has told us."""

    certificate_status: CertificateStatus | None
    grade: int | None
    relief: Relief | None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a person is a beneficiary, and if not, which conditions fail and which facts are missing."""

    failed: tuple[EligibilityReason, ...] = ()
    missing: tuple[EligibilityReason, ...] = ()

    @property
    def eligible(self) -> bool:
        """Return whether every condition is known to hold."""
        return not self.failed and not self.missing

    @property
    def undecided(self) -> bool:
        """Return whether the answer hangs on facts that are missing (待核实)."""
        return bool(self.missing) and not self.failed


@dataclass(frozen=True, slots=True)
class PriorityFacts:
    """What decides who is paired first.

    ``kept_by_elderly``: all who look after him are old, that is 60 or more (老年人权益保障法 2 条): with one
    younger carer the household does not rest on the old.
    """

    residence: Residence
    several_disabled_in_household: bool
    kept_by_elderly: bool
    age: int
    grade: int


def fold_typed(text: str) -> str:
    """Return what a person meant to type: half-width, and without blanks or invisible characters.

    Blanks inside go too: clerks pad two-character names (王　芳) and group digits to align them.
    """
    # Twice: an accent may meet its letter only once what stood between them is gone.
    return unicodedata.normalize("NFKC", _NOT_WRITTEN.sub("", unicodedata.normalize("NFKC", text)))


def check_id_number(text: str, *, today: date) -> IdNumber:
    """Return the identity number that was typed, with birthday and sex (GB 11643-1999).

    Full-width characters, blanks and a small x are forgiven.

    Raises:
        IdNumberWrong: it is none; the code tells length, shape, region, birthday and checksum apart.
    """
    value = fold_typed(text).upper()
    if len(value) != 18:  # noqa: PLR2004 - the standard's own length
        raise IdNumberWrong("people.id_number.length", _length_sentence(len(value)))
    if not _ID_SHAPE.fullmatch(value):
        raise IdNumberWrong("people.id_number.shape", "身份证号前17位应为数字，最后一位应为数字或X")
    if value.startswith(_PERMIT_PREFIXES):
        raise IdNumberWrong("people.id_number.permit", "这是港澳台居民居住证号码，不是身份证号")
    if not _PROVINCE.match(value):
        raise IdNumberWrong("people.id_number.region", "身份证号前两位不是省份代码")
    born_on = _birthday(value[6:14], today=today)
    if _check_character(value[:17]) != value[17]:
        raise IdNumberWrong("people.id_number.checksum", "身份证号校验位不符，请核对是否有数字填错")
    sex = Sex.MALE if int(value[16]) % 2 else Sex.FEMALE
    return IdNumber(value=value, born_on=born_on, sex=sex, region=value[:6])


def _length_sentence(length: int) -> str:
    if length == 15:  # noqa: PLR2004 - the length of numbers given out before 1999, void since 2013
        return "15位身份证号已停用，请填写18位身份证号"
    return f"身份证号应为18位，现在是{length}位"


def _birthday(digits: str, *, today: date) -> date:
    try:
        born_on = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise IdNumberWrong("people.id_number.birthday", "身份证号中的出生日期不存在") from error
    if not _EARLIEST_BIRTH <= born_on <= today:
        raise IdNumberWrong("people.id_number.birthday", "身份证号中的出生日期应在1900年以后、今天以前")
    return born_on


def _check_character(digits: str) -> str:
    """Return the last character of an identity number, by ISO 7064 MOD 11-2."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11]


def check_certificate(text: str, *, id_number: IdNumber) -> Certificate:
    """Return the 残疾人证 number that was typed, read as category, grade and reissue.

    Twenty characters: the holder's identity number, category 1-7, grade 1-4; after a loss B1, B2, … follow
    (中华人民共和国残疾人证管理办法).

    Raises:
        CertificateWrong: it has another shape, or begins with another identity number.
    """
    match = _CERTIFICATE_SHAPE.fullmatch(fold_typed(text).upper())
    if match is None:
        raise CertificateWrong(
            "people.certificate.shape",
            "残疾人证号应为18位身份证号加1位类别（1至7）和1位等级（1至4），补领的后面有B1、B2等",
        )
    number, category, grade, reissue = match.groups()
    if number != id_number.value:
        raise CertificateWrong("people.certificate.other_person", "残疾人证号前18位与身份证号不一致")
    return Certificate(
        value=f"{number}{category}{grade}",
        category=DisabilityCategory.from_digit(int(category)),
        grade=int(grade),
        reissue=int(reissue or 0),
    )


def check_phone(text: str) -> str:
    """Return the mobile number that was typed as 11 digits; +86 and hyphens are forgiven.

    Raises:
        PhoneWrong: it is no mobile number of the mainland.
    """
    match = _MOBILE_SHAPE.fullmatch(_PHONE_PUNCTUATION.sub("", fold_typed(text)))
    if match is None:
        raise PhoneWrong("people.phone.mobile", "手机号应为11位数字，以13至19开头")
    return match[1]


def check_landline(text: str) -> str:
    """Return the landline number that was typed as area code, hyphen, number: 0531-88886666.

    Raises:
        PhoneWrong: it has no area code, or too few or too many digits.
    """
    match = _LANDLINE_SHAPE.fullmatch(_PHONE_PUNCTUATION.sub("", fold_typed(text)))
    if match is None:
        raise PhoneWrong("people.phone.landline", "固定电话应带区号，例如0531-88886666")
    return f"{match[1]}-{match[2]}"


def check_any_phone(text: str) -> str:
    """Return a mobile or landline number, as `check_phone` or `check_landline` do.

    Raises:
        PhoneWrong: it is neither.
    """
    for check in (check_phone, check_landline):
        with suppress(PhoneWrong):
            return check(text)
    raise PhoneWrong("people.phone.any", "应为11位手机号，或带区号的固定电话，例如0531-88886666")


def mask_name(name: str) -> str:
    """Return a name as lists show it: 王*四, *三, 欧**五."""
    if len(name) <= 1:
        return "*" * len(name)
    head = name[0] if len(name) > 2 else ""  # noqa: PLR2004 - of two characters only the last is shown
    return head + "*" * (len(name) - len(head) - 1) + name[-1]


def mask_phone(phone: str) -> str:
    """Return a number as lists show it: 138******78, and 0531-******66 for a landline."""
    head = phone.find("-") + 1 or 3
    hidden = len(phone) - head - 2
    if hidden <= 0:
        return "*" * len(phone)
    return phone[:head] + "*" * hidden + phone[-2:]


def mask_id_number(number: str) -> str:
    """Return an identity or certificate number as lists show it: first and last character."""
    if len(number) <= 2:  # noqa: PLR2004 - nothing would be hidden
        return "*" * len(number)
    return number[0] + "*" * (len(number) - 2) + number[-1]


def mask_address(address: str) -> str:
    """Return an address down to the county; four stars, whatever its length, stand for the rest."""
    match = _COUNTY_AND_ABOVE.match(address)
    shown = match[0] if match else ""
    return address if shown == address else f"{shown}****"


def age_on(born_on: date, *, day: date) -> int:
    """Return the age in completed years (周岁) on a day.

    Born on 29 February, one completes a common year on the 28th
    (民法典 202 条: 没有对应日的，月末日为期间的最后一日).

    Raises:
        ValueError: the day lies before the birth.
    """
    if day < born_on:
        raise ValueError("日期早于出生日期")
    leapling_in_common_year = (born_on.month, born_on.day) == (2, 29) and not _is_leap(day.year)
    birthday = (2, 28) if leapling_in_common_year else (born_on.month, born_on.day)
    return day.year - born_on.year - ((day.month, day.day) < birthday)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def eligibility(facts: EligibilityFacts) -> Eligibility:
    """Return whether a person belongs to the scheme; a missing fact is never taken for a no.

    官方方案 一(一): 享受国家最低生活保障政策或特困供养政策且残疾等级为一级或二级的持证残疾人.
    """
    failed: list[EligibilityReason] = []
    missing: list[EligibilityReason] = []
    if facts.certificate_status is None:
        missing.append(EligibilityReason.CERTIFICATE_UNKNOWN)
    elif facts.certificate_status is not CertificateStatus.VALID:
        failed.append(EligibilityReason.CERTIFICATE_NOT_VALID)
    if facts.grade is None:
        missing.append(EligibilityReason.GRADE_UNKNOWN)
    elif not _is_severe(facts.grade):
        failed.append(EligibilityReason.GRADE_NOT_SEVERE)
    if facts.relief is None:
        missing.append(EligibilityReason.RELIEF_UNKNOWN)
    elif facts.relief not in QUALIFYING_RELIEF:
        failed.append(EligibilityReason.NOT_ON_RELIEF)
    return Eligibility(failed=tuple(failed), missing=tuple(missing))


def _is_severe(grade: int) -> bool:
    return 1 <= grade <= SEVERE_GRADE


def priority_flags(facts: PriorityFacts) -> tuple[PriorityFlag, ...]:
    """Return why a beneficiary is to be paired before others, in the plan's own order.

    官方方案 一(一): 重点联系帮扶农村困难重度残疾人; 四(一): 重点关注“一户多残”、“以老养残”和困难重度残疾儿童.
    A child is under 18 (未成年人保护法 2 条).
    """
    found = {
        PriorityFlag.RURAL: facts.residence is Residence.RURAL,
        PriorityFlag.SEVERAL_DISABLED: facts.several_disabled_in_household,
        PriorityFlag.ELDERLY_CARER: facts.kept_by_elderly,
        PriorityFlag.SEVERELY_DISABLED_CHILD: facts.age < _ADULT_AGE and _is_severe(facts.grade),
    }
    return tuple(flag for flag, holds in found.items() if holds)


def guardian_reach(*, is_muted: bool, has_agreed: bool, follows: bool) -> GuardianReach:
    """Return whether a policy notice can reach a guardian, and else what stands in its way first.

    Args:
        is_muted: he said 停 or 退订.
        has_agreed: his consent to policy notices is in force.
        follows: his WeChat is known and follows the service account.
    """
    if is_muted:
        return GuardianReach.MUTED
    if not has_agreed:
        return GuardianReach.NO_CONSENT
    return GuardianReach.RECEIVES if follows else GuardianReach.NOT_FOLLOWING


def mute_end(*, today: date, until: date | None) -> date:
    """Return the last day on which a family is left in peace: a year from today unless another is named.

    By custom a house in mourning keeps no festival for a year; families that keep three name the day.
    """
    return until or today + timedelta(days=365)


def mute_refusal(end: date, *, today: date) -> str | None:
    """Return why a family cannot be left in peace until this day, or None."""
    if end < today:
        return "截止日期已经过去"
    if end > today + _LONGEST_MUTE:
        return "最长三年，到期后可以再延长"
    return None
