"""The demo county: planted once, whole, and safe to show."""

from collections import Counter

import pytest

from app.accounts.models import Staff
from app.accounts.operations import sign_in_staff
from app.contacts.models import Contact
from app.core.clock import china_date
from app.demo import COUNTY, DEMO_CADRE, DEMO_GUARDIAN, DEMO_LOGINS, DEMO_PASSWORD, plant_demo
from app.orgs.models import Org
from app.pairing.models import Pairing
from app.people.models import Beneficiary, Cadre, Guardian
from app.people.queries import phone_index
from app.people.rules import check_certificate, check_id_number
from app.policies.enums import PolicyState, Verdict
from app.policies.models import Entitlement, Policy
from app.policies.operations import recompute_step
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("db")


async def test_the_county_has_people_pairings_and_a_year_under_way() -> None:
    await plant_demo(now=NOW)

    people = await Beneficiary.all()
    pairings = await Pairing.all()
    assert len(people) == len(pairings) == 24
    assert {person.region_code for person in people} == {COUNTY}
    assert all(person.eligibility().eligible for person in people)
    assert await Org.filter(code=COUNTY).exists()
    reached = {contact.pairing_id for contact in await Contact.all()}
    assert 0 < len(reached) < len(pairings), "some families wait for a first call"
    assert max(Counter(pairing.cadre_id for pairing in pairings).values()) <= 4


async def test_numbers_pass_every_check_and_belong_to_nobody() -> None:
    await plant_demo(now=NOW)

    for person in await Beneficiary.all():
        number = check_id_number(person.id_number, today=china_date(NOW))
        check_certificate(person.certificate, id_number=number)
        assert number.region == "379999", "no county ever had this code"


async def test_the_persons_whom_a_visitor_plays_are_there() -> None:
    await plant_demo(now=NOW)

    cadre = await Cadre.get(phone_index=phone_index(DEMO_CADRE.phone))
    guardian = await Guardian.get(phone_index=phone_index(DEMO_GUARDIAN.phone))
    assert (cadre.name, guardian.name) == (DEMO_CADRE.name, DEMO_GUARDIAN.name)
    assert await Pairing.filter(cadre_id=cadre.id).exists()
    for login in DEMO_LOGINS:
        _, staff = await sign_in_staff(
            username=login.username, password=DEMO_PASSWORD, came_from="127.0.0.1", now=NOW
        )
        assert staff.org_code == login.org_code


async def test_a_few_policies_find_their_families() -> None:
    await plant_demo(now=NOW)

    while await recompute_step(now=NOW):
        pass

    published = await Policy.filter(state=PolicyState.PUBLISHED)
    assert len(published) == 8
    assert all(policy.publisher_id for policy in published)
    rows = await Entitlement.all()
    assert {Verdict.GAP, Verdict.TO_VERIFY, Verdict.RECEIVED} == {row.verdict for row in rows}


async def test_a_second_start_plants_nothing() -> None:
    await plant_demo(now=NOW)
    await Staff.filter(username="lixia1").update(display_name="改过的名字")

    await plant_demo(now=NOW)

    assert await Beneficiary.all().count() == 24
    assert (await Staff.get(username="lixia1")).display_name == "改过的名字"
