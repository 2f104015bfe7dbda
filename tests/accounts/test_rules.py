"""What a caller may touch, by role and federation alone."""

import pytest

from app.accounts.enums import MiniRole, Permission, StaffRole
from app.accounts.rules import Scope, is_county, may, mini_role, org_code_of, region_prefix, scope_of_staff
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG

QINGDAO_SHINAN = "370202"


@pytest.mark.parametrize(
    ("org_code", "prefix"), [(SHANDONG, "37"), (JINAN, "3701"), (LIXIA, LIXIA)], ids=["省", "市", "县"]
)
def test_a_federations_code_tells_its_region_and_back(org_code: str, prefix: str) -> None:
    assert region_prefix(org_code) == prefix
    assert org_code_of(prefix) == org_code
    assert is_county(org_code) is (org_code == LIXIA)


def test_a_county_acts_finds_and_counts_at_home_and_nowhere_else() -> None:
    scope = scope_of_staff(org_code=LIXIA)

    assert scope.may_act_in(LIXIA)
    assert scope.may_count_in(LIXIA)
    assert not scope.may_act_in(SHIZHONG)
    assert not scope.may_count_in(SHIZHONG)
    assert scope.find == (LIXIA,)


@pytest.mark.parametrize("org_code", [JINAN, SHANDONG])
def test_those_above_count_their_counties_and_neither_act_nor_find_there(org_code: str) -> None:
    scope = scope_of_staff(org_code=org_code)

    assert scope.may_count_in(LIXIA)
    assert not scope.may_act_in(LIXIA)
    assert scope.find == (org_code,)


def test_a_city_does_not_count_its_neighbour() -> None:
    assert not scope_of_staff(org_code=JINAN).may_count_in(QINGDAO_SHINAN)


def test_a_phone_acts_and_counts_nowhere() -> None:
    scope = Scope(cadre_id=7)

    assert not scope.may_act_in(LIXIA)
    assert not scope.may_count_in("")


def test_only_an_admin_approves_and_reveals_and_an_auditor_only_reads() -> None:
    granted = {role: {permission for permission in Permission if may(role, permission)} for role in StaffRole}

    assert granted == {
        StaffRole.ADMIN: set(Permission),
        StaffRole.CLERK: {Permission.READ, Permission.EDIT},
        StaffRole.AUDITOR: {Permission.READ},
    }


@pytest.mark.parametrize(
    ("cadre_id", "guardian_id", "role"),
    [(1, None, MiniRole.CADRE), (None, 2, MiniRole.GUARDIAN), (None, None, MiniRole.UNBOUND)],
)
def test_a_phone_is_what_it_is_bound_to(
    cadre_id: int | None, guardian_id: int | None, role: MiniRole
) -> None:
    assert mini_role(cadre_id=cadre_id, guardian_id=guardian_id) is role
