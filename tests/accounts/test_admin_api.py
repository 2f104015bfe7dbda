"""Signing in to the console."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.accounts.models import SignInTries, StaffSession
from app.accounts.operations import create_staff
from app.audit.models import AuditEntry
from tests.accounts.factories import LIXIA
from tests.conftest import NOW
from tests.fakes.clock import FixedClock

PASSWORD = "清河县的槐树开花了2026"


@pytest.fixture
async def zhou(db: None) -> None:
    """周敏, admin of 历下区残联."""
    await create_staff(
        username="zhou", display_name="周敏", password=PASSWORD, org_code=LIXIA, role=StaffRole.ADMIN, now=NOW
    )


async def sign_in(
    client: httpx.AsyncClient, password: str = PASSWORD, *, username: str = "zhou"
) -> httpx.Response:
    return await client.post("/admin/v1/session", json={"username": username, "password": password})


def elsewhere(client: httpx.AsyncClient, address: str) -> httpx.AsyncClient:
    """Return a client of the same service that calls from another network address."""
    ours = client._transport
    assert isinstance(ours, httpx.ASGITransport)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=ours.app, client=(address, 1)), base_url="http://test"
    )


async def test_an_admin_signs_in_and_is_known_by_cookie(client: httpx.AsyncClient, zhou: None) -> None:
    answer = await sign_in(client)

    assert answer.status_code == 200, answer.text
    me = await client.get("/admin/v1/session")
    assert me.json()["display_name"] == "周敏"
    assert me.json()["token"] is None


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    client: httpx.AsyncClient, zhou: None
) -> None:
    wrong = await sign_in(client, "something else entirely")
    unknown = await client.post("/admin/v1/session", json={"username": "nobody", "password": PASSWORD})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_five_failures_lock_the_account_for_fifteen_minutes(
    client: httpx.AsyncClient, zhou: None, clock: FixedClock
) -> None:
    for _ in range(5):
        await sign_in(client, "wrong wrong wrong")

    assert (await sign_in(client)).json()["code"] == "accounts.locked"
    assert await AuditEntry.filter(action="staff.locked").count() == 1
    clock.advance(timedelta(minutes=16))
    assert (await sign_in(client)).status_code == 200


async def test_a_hundred_guesses_at_once_are_a_hundred_guesses(client: httpx.AsyncClient, zhou: None) -> None:
    guesses = [f"wrong wrong {number}" for number in range(30)]

    answers = await asyncio.gather(*[sign_in(client, guess) for guess in guesses])

    assert [answer.status_code for answer in answers].count(401) == 5
    assert (await sign_in(client)).json()["code"] == "accounts.locked"


async def test_being_locked_out_does_not_tell_whether_the_name_exists(
    client: httpx.AsyncClient, zhou: None
) -> None:
    known = [(await sign_in(client, "wrong wrong wrong")).json() for _ in range(6)]
    unknown = [(await sign_in(client, "wrong wrong wrong", username="nobody")).json() for _ in range(6)]

    assert known == unknown


async def test_nobody_can_lock_an_account_for_its_owner_elsewhere(
    client: httpx.AsyncClient, zhou: None
) -> None:
    async with elsewhere(client, "203.0.113.7") as attacker:
        for _ in range(6):
            refused = await sign_in(attacker, "wrong wrong wrong")

    assert refused.json()["code"] == "accounts.locked"
    assert (await sign_in(client)).status_code == 200


async def test_addresses_of_one_ipv6_customer_are_one_place(client: httpx.AsyncClient, zhou: None) -> None:
    for number in range(5):
        async with elsewhere(client, f"2001:db8:1:2::{number}") as attacker:
            await sign_in(attacker, "wrong wrong wrong")

    async with elsewhere(client, "2001:db8:1:2:ffff::1") as attacker:
        assert (await sign_in(attacker)).json()["code"] == "accounts.locked"


async def test_signing_in_begins_the_count_anew(client: httpx.AsyncClient, zhou: None) -> None:
    for _ in range(2):
        for _ in range(4):
            await sign_in(client, "wrong wrong wrong")
        assert (await sign_in(client)).status_code == 200


async def test_invented_names_leave_no_heap_behind(
    client: httpx.AsyncClient, zhou: None, clock: FixedClock
) -> None:
    for number in range(5):
        await sign_in(client, username=f"invented-{number}")
    clock.advance(timedelta(minutes=16))

    await sign_in(client, username="nobody")

    assert await SignInTries.all().count() == 1


async def test_signing_in_again_ends_the_session_that_the_browser_had(
    client: httpx.AsyncClient, zhou: None
) -> None:
    old = (await sign_in(client)).json()["token"]

    new = (await sign_in(client)).json()["token"]

    assert old != new
    headers = {"authorization": f"Bearer {old}"}
    assert (await client.get("/admin/v1/session", headers=headers)).status_code == 401
    assert await StaffSession.all().count() == 1


async def test_a_session_ends_after_half_an_hour_without_use(
    client: httpx.AsyncClient, zhou: None, clock: FixedClock
) -> None:
    await sign_in(client)

    clock.advance(timedelta(minutes=20))
    assert (await client.get("/admin/v1/session")).status_code == 200
    clock.advance(timedelta(minutes=31))
    assert (await client.get("/admin/v1/session")).status_code == 401


async def test_signing_out_ends_the_session(client: httpx.AsyncClient, zhou: None) -> None:
    token = (await sign_in(client)).json()["token"]

    assert (await client.delete("/admin/v1/session")).status_code == 204
    client.cookies.clear()
    assert (
        await client.get("/admin/v1/session", headers={"authorization": f"Bearer {token}"})
    ).status_code == 401
    assert await StaffSession.all().count() == 0


async def test_the_token_is_stored_as_a_hash_only(client: httpx.AsyncClient, zhou: None) -> None:
    token = (await sign_in(client)).json()["token"]

    assert token not in (await StaffSession.get()).token_hash


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}],
    ids=["origin", "fetch-site"],
)
async def test_another_sites_page_cannot_use_the_cookie(
    client: httpx.AsyncClient, zhou: None, headers: dict[str, str]
) -> None:
    await sign_in(client)

    answer = await client.delete("/admin/v1/session", headers=headers)

    assert answer.status_code == 403
    assert (await client.get("/admin/v1/session")).status_code == 200


async def test_an_unknown_field_is_refused_in_words(client: httpx.AsyncClient, db: None) -> None:
    answer = await client.post("/admin/v1/session", json={"username": "a", "password": "b", "role": "admin"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"pointer": "/role", "detail": "不认识的字段，请删除"}]
