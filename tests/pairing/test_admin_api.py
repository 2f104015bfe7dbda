"""Pairings in the console."""

from datetime import date

import httpx

from app.accounts.enums import StaffRole
from app.pairing.enums import EndReason
from tests.accounts.factories import JINAN, SHIZHONG, phone_headers, staff_headers
from tests.pairing.factories import make_pairing
from tests.people.cast import LIU_GUIYING, SUN_JIANGUO, ZHAO_MIN
from tests.people.factories import make_beneficiary, make_cadre


async def test_a_clerk_pairs_two_persons_from_today(client: httpx.AsyncClient) -> None:
    liu = await make_beneficiary(name=LIU_GUIYING.name)
    sun = await make_cadre()
    headers = await staff_headers(client, role=StaffRole.CLERK)

    answer = await client.post(
        "/admin/v1/pairings", json={"beneficiary_id": liu.id, "cadre_id": sun.id}, headers=headers
    )

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["beneficiary"] == {"id": liu.id, "name": LIU_GUIYING.masked}
    assert body["cadre"]["name"] == SUN_JIANGUO.masked
    assert body["started_on"] == "2026-05-17"
    assert body["in_force"] is True
    assert body["rotation_due_on"] == "2028-05-17"


async def test_an_auditor_looks_and_does_not_touch(client: httpx.AsyncClient) -> None:
    standing = await make_pairing()
    headers = await staff_headers(client, role=StaffRole.AUDITOR)

    listed = await client.get("/admin/v1/pairings", headers=headers)
    ended = await client.post(
        f"/admin/v1/pairings/{standing.id}/end", json={"reason": "left"}, headers=headers
    )

    assert [item["id"] for item in listed.json()["items"]] == [standing.id]
    assert ended.status_code == 403


async def test_a_phone_cannot_use_the_console(client: httpx.AsyncClient) -> None:
    standing = await make_pairing()
    headers = await phone_headers(cadre_id=standing.cadre_id)

    assert (await client.get("/admin/v1/pairings", headers=headers)).status_code == 401


async def test_the_list_goes_on_where_it_stopped(client: httpx.AsyncClient) -> None:
    made = [(await make_pairing()).id for _ in range(3)]
    headers = await staff_headers(client)

    first = (await client.get("/admin/v1/pairings?limit=2", headers=headers)).json()
    second = (
        await client.get(f"/admin/v1/pairings?limit=2&cursor={first['next_cursor']}", headers=headers)
    ).json()

    assert [item["id"] for item in first["items"] + second["items"]] == made
    assert second["next_cursor"] is None


async def test_past_pairings_can_be_left_out(client: httpx.AsyncClient) -> None:
    await make_pairing(ended_on=date(2026, 5, 17), end_reason=EndReason.LEFT)
    current = await make_pairing()
    headers = await staff_headers(client)

    answer = await client.get("/admin/v1/pairings?in_force=true", headers=headers)

    assert [item["id"] for item in answer.json()["items"]] == [current.id]


async def test_another_county_finds_nothing(client: httpx.AsyncClient) -> None:
    standing = await make_pairing()
    headers = await staff_headers(client, org_code=SHIZHONG)

    listed = await client.get("/admin/v1/pairings", headers=headers)
    ended = await client.post(
        f"/admin/v1/pairings/{standing.id}/end", json={"reason": "left"}, headers=headers
    )
    history = await client.get(f"/admin/v1/beneficiaries/{standing.beneficiary_id}/pairings", headers=headers)

    assert listed.json()["items"] == []
    assert ended.status_code == history.status_code == 404


async def test_a_hand_over_shows_in_the_history_latest_first(client: httpx.AsyncClient) -> None:
    standing, zhao = await make_pairing(), await make_cadre(name=ZHAO_MIN.name)
    headers = await staff_headers(client)

    changed = await client.post(
        f"/admin/v1/pairings/{standing.id}/change-cadre",
        json={"cadre_id": zhao.id, "on": "2026-06-01"},
        headers=headers,
    )
    history = await client.get(f"/admin/v1/beneficiaries/{standing.beneficiary_id}/pairings", headers=headers)

    assert changed.status_code == 201, changed.text
    assert [(line["cadre"]["name"], line["in_force"]) for line in history.json()] == [
        (ZHAO_MIN.masked, False),
        (SUN_JIANGUO.masked, True),
    ]
    assert history.json()[1]["end_reason_label"] == "两年调整"


async def test_the_city_sees_the_people_of_its_own_cadres_and_no_others(client: httpx.AsyncClient) -> None:
    of_the_city = await make_pairing(cadre=await make_cadre(org_code=JINAN))
    await make_pairing()
    headers = await staff_headers(client, org_code=JINAN)

    listed = await client.get("/admin/v1/pairings", headers=headers)

    assert [item["id"] for item in listed.json()["items"]] == [of_the_city.id]


async def test_an_overlap_is_explained_to_the_clerk(client: httpx.AsyncClient) -> None:
    standing, other = await make_pairing(), await make_cadre()
    headers = await staff_headers(client)

    answer = await client.post(
        "/admin/v1/pairings",
        json={"beneficiary_id": standing.beneficiary_id, "cadre_id": other.id},
        headers=headers,
    )

    assert answer.status_code == 409
    assert answer.json()["code"] == "pairing.overlaps"
    assert "2026年1月1日" in answer.json()["detail"]
