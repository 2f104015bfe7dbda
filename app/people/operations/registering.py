"""Entering beneficiaries, cadres and guardians one by one; files of many are the rosters' work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import MiniSession, WeChatIdentity
from app.accounts.rules import Scope, is_county
from app.audit import operations as audit
from app.core.clock import china_date
from app.core.errors import Conflict, Invalid, NotAllowed
from app.people.enums import (
    BeneficiaryStatus,
    CadreRank,
    CadreStatus,
    CertificateStatus,
    GuardianRelation,
    Relief,
    Residence,
)
from app.people.models import Beneficiary, Cadre, Guardian, Guardianship, Household
from app.people.queries import beneficiary_in, id_number_index, phone_index
from app.people.rules import (
    LONGEST_NAME,
    TypedError,
    check_any_phone,
    check_certificate,
    check_id_number,
    check_phone,
    fold_typed,
)

T = TypeVar("T")
_PHONES_OF_ONE = 100


class Mistyped(Invalid):
    """What was typed does not pass the rules; `errors` names the field and says what is wrong with it."""

    code = "people.mistyped"


class OutsideRegion(NotAllowed):
    code = "people.outside_region"
    title = "只能登记本级残联管辖的人员"


class AlreadyRegistered(Conflict):
    code = "people.already_registered"
    title = "这个身份证号已经登记过，请核对；如在其他县（市、区），请联系上级残联"


class PhoneTaken(Conflict):
    code = "people.phone_taken"
    title = "这个手机号已经登记给另一位帮扶干部"


class AlreadyGuardian(Conflict):
    code = "people.already_guardian"
    title = "这位监护人已经登记在此帮扶对象名下"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBeneficiary:
    """A beneficiary as somebody typed him; birthday, sex, category and grade follow from the two numbers.

    Args:
        region_code: county-level division code.
        household_code: whatever the county calls the family by; two members make it 一户多残.
    """

    region_code: str
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    certificate: str = field(repr=False)
    relief: Relief
    residence: Residence
    town: str = ""
    household_code: str | None = None
    certificate_status: CertificateStatus = CertificateStatus.VALID
    several_disabled_in_household: bool = False
    kept_by_elderly: bool = False
    phone: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCadre:
    """A cadre as somebody typed him; the mobile number is the key with which he enters the mini program."""

    org_code: str
    name: str = field(repr=False)
    phone: str = field(repr=False)
    rank: CadreRank = CadreRank.OTHER
    unit: str = ""
    post: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGuardian:
    """A guardian as somebody typed him."""

    name: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    relation: GuardianRelation = GuardianRelation.OTHER_RELATIVE


async def create_beneficiary(
    *, scope: Scope, actor: audit.Actor, person: NewBeneficiary, now: datetime
) -> Beneficiary:
    """Enter a beneficiary into the register.

    Raises:
        OutsideRegion: the caller may not act in that county, or the code is none of a county.
        Mistyped: name, ID number, certificate or phone does not pass the rules.
        AlreadyRegistered: somebody has this ID number.
    """
    if not is_county(person.region_code) or not scope.may_act_in(person.region_code):
        raise OutsideRegion
    beneficiary = _beneficiary(person, today=china_date(now), now=now)
    try:
        async with in_transaction():
            await _join_household(beneficiary, code=person.household_code)
            await beneficiary.save()
            await audit.record(
                actor=actor, action="beneficiary.created", object_kind="beneficiary",
                object_id=beneficiary.id, now=now, region_code=beneficiary.region_code,
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyRegistered from error
    return beneficiary


def _beneficiary(person: NewBeneficiary, *, today: date, now: datetime) -> Beneficiary:
    id_number = _typed("id_number", lambda: check_id_number(person.id_number, today=today))
    certificate = _typed("certificate", lambda: check_certificate(person.certificate, id_number=id_number))
    return Beneficiary(
        region_code=person.region_code,
        town=person.town,
        name=_name(person.name),
        id_number=id_number.value,
        id_number_index=id_number_index(id_number.value),
        certificate=certificate.whole,
        certificate_status=person.certificate_status,
        born_on=id_number.born_on,
        sex=id_number.sex,
        category=certificate.category,
        grade=certificate.grade,
        relief=person.relief,
        residence=person.residence,
        several_disabled_in_household=person.several_disabled_in_household,
        kept_by_elderly=person.kept_by_elderly,
        phone=_any_phone(person.phone),
        address=person.address or None,
        status=BeneficiaryStatus.ACTIVE,
        created_at=now,
        updated_at=now,
    )


async def _join_household(beneficiary: Beneficiary, *, code: str | None) -> None:
    if not code:
        return
    household, is_new = await Household.get_or_create(region_code=beneficiary.region_code, code=code)
    beneficiary.household_id = household.id
    if not is_new:
        others = await Beneficiary.filter(household_id=household.id).update(
            several_disabled_in_household=True
        )
        beneficiary.several_disabled_in_household |= bool(others)


async def create_cadre(*, scope: Scope, actor: audit.Actor, person: NewCadre, now: datetime) -> Cadre:
    """Enter a cadre into the roster of a federation.

    Raises:
        OutsideRegion: the caller may not act for that federation.
        Mistyped: name or phone does not pass the rules.
        PhoneTaken: another cadre has this phone number.
    """
    if not scope.may_act_in(person.org_code):
        raise OutsideRegion
    name, phone = _name(person.name), _typed("phone", lambda: check_phone(person.phone))
    try:
        async with in_transaction():
            cadre = await Cadre.create(
                org_code=person.org_code, unit=person.unit, post=person.post, rank=person.rank, name=name,
                phone=phone, phone_index=phone_index(phone), status=CadreStatus.ACTIVE, created_at=now,
                updated_at=now,
            )  # fmt: skip
            await audit.record(
                actor=actor, action="cadre.created", object_kind="cadre", object_id=cadre.id, now=now,
                region_code=cadre.org_code,
            )  # fmt: skip
    except IntegrityError as error:
        raise PhoneTaken from error
    return cadre


async def let_phones_go(
    *, cadre_id: int | None = None, guardian_id: int | None = None, keep: int | None = None
) -> int:
    """Unbind the phones of one cadre or guardian and end their sessions, in the transaction of the caller.

    Args:
        cadre_id: of this cadre,
        guardian_id: or of this guardian.
        keep: identity that stays bound.
    """
    owner = {"cadre_id": cadre_id} if cadre_id is not None else {"guardian_id": guardian_id}
    phones = WeChatIdentity.filter(app=WeChatApp.MINI, **owner)
    if keep is not None:
        phones = phones.exclude(id=keep)
    gone = list(await phones.order_by("id").limit(_PHONES_OF_ONE).values_list("id", flat=True))
    if gone:
        await WeChatIdentity.filter(id__in=gone).update(**dict.fromkeys(owner))
        await MiniSession.filter(identity_id__in=gone).delete()
    return len(gone)


async def create_guardian(
    *, scope: Scope, actor: audit.Actor, beneficiary_id: int, person: NewGuardian, now: datetime
) -> Guardian:
    """Enter who looks after a beneficiary; the same name and phone in the county is the same guardian.

    Raises:
        BeneficiaryNotFound: the beneficiary is of another region.
        OutsideRegion: the caller may see him, but not act there.
        Mistyped: name or phone does not pass the rules.
        AlreadyGuardian: he is the beneficiary's guardian already.
    """
    name, phone = _name(person.name), _any_phone(person.phone)
    try:
        async with in_transaction():
            beneficiary = await beneficiary_in(scope=scope, beneficiary_id=beneficiary_id)
            if not scope.may_act_in(beneficiary.region_code):
                raise OutsideRegion
            # A form sent twice at once waits here and then finds the guardian of the first.
            await Beneficiary.select_for_update().get(id=beneficiary.id)
            guardian = await _same_guardian(region_code=beneficiary.region_code, name=name, phone=phone)
            if guardian is None:
                guardian = await Guardian.create(
                    region_code=beneficiary.region_code, name=name, phone=phone,
                    phone_index=phone_index(phone) if phone else None, created_at=now,
                )  # fmt: skip
            await Guardianship.create(
                guardian_id=guardian.id, beneficiary_id=beneficiary.id, relation=person.relation
            )
            await audit.record(
                actor=actor, action="guardian.created", object_kind="guardian", object_id=guardian.id,
                now=now, region_code=guardian.region_code, detail=f"beneficiary:{beneficiary.id}",
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyGuardian from error
    return guardian


async def _same_guardian(*, region_code: str, name: str, phone: str | None) -> Guardian | None:
    if phone is None:
        return None
    known = Guardian.filter(region_code=region_code, name=name, phone_index=phone_index(phone))
    return await known.order_by("id").first()


def _name(text: str) -> str:
    name = fold_typed(text)
    if not name:
        raise _mistyped("name", "people.name.empty", "请填写姓名")
    # Folding can make one character eighteen.
    if len(name) > LONGEST_NAME:
        raise _mistyped("name", "people.name.length", f"姓名最多{LONGEST_NAME}个字")
    return name


def _any_phone(text: str | None) -> str | None:
    return _typed("phone", lambda: check_any_phone(text)) if text else None


def _typed(place: str, check: Callable[[], T]) -> T:
    try:
        return check()
    except TypedError as error:
        raise _mistyped(place, error.code, str(error)) from error


def _mistyped(place: str, code: str, sentence: str) -> Mistyped:
    return Mistyped(sentence, errors=[{"pointer": f"/{place}", "code": code, "detail": sentence}])
