"""Reading within a region."""

import pytest

from app.accounts.rules import Scope
from app.core.pagination import PageQuery
from app.people.queries import (
    BeneficiaryNotFound,
    beneficiaries_in,
    cadres_in,
    find_by_id_number,
    guardians_of,
)
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG
from tests.people.factories import make_beneficiary, make_cadre, make_guardian

QINGDAO_SHINAN = "370202"
EVERYWHERE = Scope.everywhere()


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (None, [LIXIA, SHIZHONG, QINGDAO_SHINAN]),
        (SHANDONG, [LIXIA, SHIZHONG, QINGDAO_SHINAN]),
        (JINAN, [LIXIA, SHIZHONG]),
        (SHIZHONG, [SHIZHONG]),
        ("110000", []),
    ],
)
async def test_a_region_narrows_a_list(db: None, region: str | None, expected: list[str]) -> None:
    for code in (LIXIA, SHIZHONG, QINGDAO_SHINAN):
        await make_beneficiary(region_code=code)
        await make_cadre(org_code=code)

    people, _ = await beneficiaries_in(scope=EVERYWHERE, page=PageQuery(), region=region)
    cadres, _ = await cadres_in(scope=EVERYWHERE, page=PageQuery(), region=region)

    assert [person.region_code for person in people] == expected
    assert [cadre.org_code for cadre in cadres] == expected


async def test_a_phone_sees_nobody_through_these_lists(db: None) -> None:
    person = await make_beneficiary()
    await make_cadre()
    somebody = Scope(cadre_id=1)

    assert await beneficiaries_in(scope=somebody, page=PageQuery()) == ([], None)
    assert await cadres_in(scope=somebody, page=PageQuery()) == ([], None)
    assert await find_by_id_number(scope=somebody, id_number=person.id_number) is None


async def test_guardians_of_another_countys_person_are_not_told(db: None) -> None:
    person = await make_beneficiary()
    mother = await make_guardian(beneficiary=person)

    (guardianship,) = await guardians_of(scope=EVERYWHERE, beneficiary_id=person.id)

    assert guardianship.guardian == mother
    with pytest.raises(BeneficiaryNotFound):
        await guardians_of(scope=Scope(find=(SHIZHONG,)), beneficiary_id=person.id)
