"""What is granted holds until its last day, from the next click after it is given or taken back."""

from datetime import date, timedelta

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.accounts.models import StaffGrant
from app.accounts.operations import (
    GrantNotFound,
    RoleUnknown,
    TermWrong,
    create_staff,
    grant_role,
    take_grant_back,
)
from app.audit.models import AuditEntry
from app.core.clock import china_date
from tests.accounts.factories import LIXIA, SHIZHONG, make_grant, make_staff, sign_in_staff
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.people.factories import make_cadre

PASSWORD = "清河县的槐树开花了2026"
TODAY = china_date(NOW)
HERE = "/admin/v1/session"


async def test_a_role_ends_with_its_last_day_and_whoever_signs_in_is_told_to_ask_above(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await create_staff(
        username="zhou", display_name="周敏", password=PASSWORD, org_code=LIXIA, role="admin", now=NOW
    )
    me = {"username": "zhou", "password": PASSWORD}
    fresh = (await client.post(HERE, json=me)).json()
    await grant_role(
        username="zhou", org_code=LIXIA, role="admin", expires_on=TODAY + timedelta(days=30), now=NOW
    )
    due = (await client.get(HERE)).json()

    clock.advance(timedelta(days=30))
    last_day = await client.post(HERE, json=me)
    clock.advance(timedelta(days=1))
    signed_in = await client.get(HERE, headers={"authorization": f"Bearer {last_day.json()['token']}"})
    too_late = await client.post(HERE, json=me)
    await grant_role(username="zhou", org_code=LIXIA, role="admin", now=clock.now())
    confirmed = (await client.post(HERE, json=me)).json()

    assert (fresh["expires_on"], fresh["is_due"]) == ("2027-05-18", False)
    assert (due["expires_on"], due["is_due"]) == ("2026-06-16", True)
    assert last_day.status_code == 200
    assert signed_in.status_code == 401  # the session itself ended in the night
    assert too_late.json()["detail"] == "您的权限已于2026年6月16日到期，请联系上级残联"
    assert confirmed["expires_on"] == "2027-06-18"
    assert await StaffGrant.all().count() == 1


async def test_what_is_taken_back_ends_with_the_next_click_and_stays_in_the_trail(
    client: httpx.AsyncClient,
) -> None:
    staff = await make_staff(username="zhou")
    headers = await sign_in_staff(client, staff)
    assert (await client.get(HERE, headers=headers)).status_code == 200

    await take_grant_back(username="zhou", org_code=LIXIA, role="admin", now=NOW)

    refused = await client.get(HERE, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "accounts.no_power")
    assert refused.json()["detail"] == "您的权限已被收回，请联系上级残联"
    assert (await StaffGrant.get()).revoked_at == NOW
    assert (await AuditEntry.get(action="staff.grant_taken_back")).detail == "admin"
    with pytest.raises(GrantNotFound):
        await take_grant_back(username="zhou", org_code=LIXIA, role="admin", now=NOW)


async def test_an_admin_here_who_reads_next_door_changes_nothing_there(client: httpx.AsyncClient) -> None:
    staff = await make_staff()
    await make_grant(staff, org_code=SHIZHONG, role=StaffRole.AUDITOR)
    headers = await sign_in_staff(client, staff)
    own, other = await make_cadre(), await make_cadre(org_code=SHIZHONG)

    listed = (await client.get("/admin/v1/cadres", headers=headers)).json()["items"]
    answers = [
        await client.post(f"/admin/v1/cadres/{cadre.id}/status", json={"status": "active"}, headers=headers)
        for cadre in (own, other)
    ]

    assert {one["id"] for one in listed} == {own.id, other.id}
    assert [answer.status_code for answer in answers] == [200, 404]


async def test_a_role_that_is_none_and_a_term_beyond_a_year_are_refused(db: None) -> None:
    await make_staff(username="zhou")

    with pytest.raises(RoleUnknown):
        await grant_role(username="zhou", org_code=LIXIA, role="emperor", now=NOW)
    for until in (date(2026, 5, 16), date(2027, 5, 19)):
        with pytest.raises(TermWrong):
            await grant_role(username="zhou", org_code=LIXIA, role="clerk", expires_on=until, now=NOW)
    assert await StaffGrant.all().count() == 1
