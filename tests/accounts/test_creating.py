"""Giving a member of staff an account."""

from typing import Any

import pytest

from app.accounts.enums import StaffRole
from app.accounts.models import Staff
from app.accounts.operations import UsernameTaken, UsernameWrong, WeakPassword, create_staff, sign_in_staff
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
