"""Giving a member of staff an account."""

from typing import Any

import pytest

from app.accounts.enums import StaffRole
from app.accounts.models import Staff, StaffSession
from app.accounts.operations import (
    StaffNotFound,
    UsernameTaken,
    UsernameWrong,
    WeakPassword,
    WrongCredentials,
    close_account,
    create_staff,
    set_password,
    sign_in_staff,
)
from app.audit.models import AuditEntry
from tests.accounts.factories import LIXIA
from tests.conftest import NOW

PASSWORD = "城南大槐树下的约定2026年"


async def create(**overrides: Any) -> Staff:
    new: dict[str, Any] = {"username": "zhou.min", "display_name": "周敏", "password": PASSWORD}
    return await create_staff(**new | {"org_code": LIXIA, "role": StaffRole.CLERK, "now": NOW} | overrides)


async def test_a_new_member_of_staff_signs_in_and_the_trail_knows_his_role(db: None) -> None:
    staff = await create(username="  Zhou.Min ")

    _, signed_in = await sign_in_staff(username="zhou.min", password=PASSWORD, came_from="127.0.0.1", now=NOW)
    assert signed_in.id == staff.id
    assert PASSWORD not in signed_in.password_hash
    deed = await AuditEntry.get(action="staff.created")
    assert (deed.object_id, deed.region_code, deed.detail) == (str(staff.id), LIXIA, "clerk")


@pytest.mark.parametrize(
    "password",
    [
        "short1",
        "十一个字的密码不够长呀",
        "zhou.min-2026-x",
        "password1234",
        "lianxin123456admin",
        "aaaabbbbcccc",
    ],
    ids=["short", "eleven", "username", "common", "only common parts", "few characters"],
)
async def test_a_password_that_is_easy_to_guess_is_refused(db: None, password: str) -> None:
    with pytest.raises(WeakPassword):
        await create(password=password)

    assert await Staff.all().count() == 0


@pytest.mark.parametrize("username", ["", "z", "周 敏", "z" * 65, "zhou/min"])
async def test_a_name_that_nobody_could_type_is_refused(db: None, username: str) -> None:
    with pytest.raises(UsernameWrong):
        await create(username=username)


async def test_a_name_is_given_once_in_whatever_case(db: None) -> None:
    await create()

    with pytest.raises(UsernameTaken):
        await create(username="ZHOU.MIN")


async def test_who_left_is_signed_out_at_once_and_cannot_come_back(db: None) -> None:
    await create()
    await sign_in_staff(username="zhou.min", password=PASSWORD, came_from="127.0.0.1", now=NOW)

    await close_account(username=" Zhou.min", now=NOW)

    assert await StaffSession.all().count() == 0
    with pytest.raises(WrongCredentials):
        await sign_in_staff(username="zhou.min", password=PASSWORD, came_from="127.0.0.1", now=NOW)
    assert await AuditEntry.filter(action="staff.closed").count() == 1


async def test_a_new_password_replaces_the_old_one_and_ends_sessions(db: None) -> None:
    await create()
    await sign_in_staff(username="zhou.min", password=PASSWORD, came_from="127.0.0.1", now=NOW)
    fresh = "泉城路口的梧桐又绿了2027年"

    await set_password(username="zhou.min", password=fresh, now=NOW)

    assert await StaffSession.all().count() == 0
    with pytest.raises(WrongCredentials):
        await sign_in_staff(username="zhou.min", password=PASSWORD, came_from="127.0.0.1", now=NOW)
    await sign_in_staff(username="zhou.min", password=fresh, came_from="127.0.0.1", now=NOW)


async def test_an_account_nobody_has_and_a_weak_new_password_are_refused(db: None) -> None:
    await create()

    with pytest.raises(StaffNotFound):
        await close_account(username="nobody", now=NOW)
    with pytest.raises(WeakPassword):
        await set_password(username="zhou.min", password="zhou.min-2027-x", now=NOW)
