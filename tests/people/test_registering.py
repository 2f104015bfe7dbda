"""Entering people when several clerks type at once."""

import asyncio

import pytest

from app.accounts.rules import Scope
from app.audit.models import AuditEntry
from app.audit.operations import SYSTEM
from app.people.enums import Relief, Residence
from app.people.models import Beneficiary, Guardian, Household
from app.people.operations import (
    AlreadyGuardian,
    AlreadyRegistered,
    Mistyped,
    NewBeneficiary,
    NewCadre,
    NewGuardian,
    create_beneficiary,
    create_cadre,
    create_guardian,
)
from tests.accounts.factories import LIXIA
from tests.conftest import NOW
from tests.people.cast import LIU_GUIYING, OUYANG_MINGDE, WANG_XIULAN, Person
from tests.people.factories import fresh_phone, make_beneficiary

EVERYWHERE = Scope.everywhere()


async def enter(person: Person, *, household_code: str | None = None) -> Beneficiary:
    typed = NewBeneficiary(
        region_code=LIXIA,
        name=person.name,
        id_number=person.id_number,
        certificate=person.certificate,
        relief=Relief.TEKUN_DISPERSED,
        residence=Residence.URBAN,
        household_code=household_code,
    )
    return await create_beneficiary(scope=EVERYWHERE, actor=SYSTEM, person=typed, now=NOW)


async def test_two_clerks_who_enter_one_person_at_once_make_one(db: None) -> None:
    results = await asyncio.gather(*(enter(LIU_GUIYING) for _ in range(3)), return_exceptions=True)

    assert sum(isinstance(result, Beneficiary) for result in results) == 1
    assert sum(isinstance(result, AlreadyRegistered) for result in results) == 2
    assert await Beneficiary.all().count() == 1
    assert await AuditEntry.all().count() == 1


async def test_two_members_entered_at_once_are_one_household(db: None) -> None:
    await asyncio.gather(*(enter(person, household_code="H-7") for person in (LIU_GUIYING, OUYANG_MINGDE)))

    assert await Household.all().count() == 1
    assert await Beneficiary.filter(several_disabled_in_household=True).count() == 2


async def test_a_guardian_entered_twice_at_once_is_one(db: None) -> None:
    ward = await make_beneficiary()
    typed = NewGuardian(name=WANG_XIULAN.name, phone=WANG_XIULAN.phone)

    results = await asyncio.gather(
        *(
            create_guardian(scope=EVERYWHERE, actor=SYSTEM, beneficiary_id=ward.id, person=typed, now=NOW)
            for _ in range(3)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(result, Guardian) for result in results) == 1
    assert sum(isinstance(result, AlreadyGuardian) for result in results) == 2
    assert await Guardian.all().count() == 1


async def test_a_reissued_certificate_keeps_its_number_of_reissue(db: None) -> None:
    entered = await enter(OUYANG_MINGDE)

    kept = await Beneficiary.get(id=entered.id)
    assert kept.certificate == OUYANG_MINGDE.certificate
    assert (kept.born_on.year, kept.grade) == (1971, 1)


async def test_a_name_that_grows_when_it_is_folded_is_refused_in_words(db: None) -> None:
    # One character that stands for eighteen.
    typed = NewCadre(org_code=LIXIA, name="\ufdfa" * 3, phone=fresh_phone())

    with pytest.raises(Mistyped) as refused:
        await create_cadre(scope=EVERYWHERE, actor=SYSTEM, person=typed, now=NOW)

    assert "people.name.length" in str(refused.value.facts)
