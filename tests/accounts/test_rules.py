"""What a caller may touch, by role and federation alone."""

from datetime import date, timedelta

import pytest

from app.accounts.enums import MiniRole, Permission, StaffRole
from app.accounts.rules import (
    Held,
    Scope,
    held_on,
    is_county,
    longest_for,
    mini_role,
    org_code_of,
    region_prefix,
    roles,
    roles_of,
    scope_of,
    scope_of_staff,
)
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG

QINGDAO_SHINAN = "370202"
TODAY = date(2026, 5, 17)


def held(org_code: str, role: str) -> Held:
    """Return a grant that ends in 300 days."""
    return Held(org_code=org_code, role=roles()[role], expires_on=TODAY + timedelta(days=300))


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


def test_what_each_role_may_do_and_how_far_it_reaches_is_what_was_reviewed() -> None:
    granted = {key: set(role.permissions) for key, role in roles().items()}

    assert granted == {
        StaffRole.ADMIN: set(Permission),
        StaffRole.CLERK: {Permission.READ, Permission.EDIT},
        StaffRole.AUDITOR: {Permission.READ},
    }
    for org_code in (LIXIA, JINAN, SHANDONG):
        for role in roles():
            assert scope_of([held(org_code, role)]) == scope_of_staff(org_code=org_code)


def test_a_role_whose_words_are_none_is_not_taken() -> None:
    written = {"label": "督导员", "permissions": ["read"], "act": "none", "find": "none", "count": "below"}

    (supervisor,) = roles_of({"supervisor": written}).values()

    assert not scope_of([Held(org_code=JINAN, role=supervisor, expires_on=TODAY)]).find
    for wrong in ({"permissions": ["rule"]}, {"find": "everywhere"}):
        with pytest.raises(ValueError, match="is not a valid"):
            roles_of({"supervisor": written | wrong})


def test_grants_add_up_hold_through_their_last_day_and_an_unknown_role_gives_nothing() -> None:
    rows = [(LIXIA, "admin", TODAY), (SHIZHONG, "clerk", TODAY + timedelta(days=9)), (JINAN, "gone", TODAY)]

    assert scope_of(held_on(rows, day=TODAY)).act == (LIXIA, SHIZHONG)
    assert [one.org_code for one in held_on(rows, day=TODAY + timedelta(days=1))] == [SHIZHONG]


def test_a_grant_is_looked_at_again_every_year() -> None:
    assert longest_for(today=date(2027, 3, 1)) == date(2028, 3, 1)


@pytest.mark.parametrize(
    ("cadre_id", "guardian_id", "role"),
    [(1, None, MiniRole.CADRE), (None, 2, MiniRole.GUARDIAN), (None, None, MiniRole.UNBOUND)],
)
def test_a_phone_is_what_it_is_bound_to(
    cadre_id: int | None, guardian_id: int | None, role: MiniRole
) -> None:
    assert mini_role(cadre_id=cadre_id, guardian_id=guardian_id) is role
