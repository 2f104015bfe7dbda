"""Proposals in the console's JSON, and who may do what."""

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.bootstrap import Services
from app.core.queue import Topic
from app.orgs.operations import plant_tree
from app.pairing.models import CadreTerms, Pairing, PairingBar, PairingWish
from app.pairing.operations import solve_step
from app.people.enums import Sex
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG, phone_headers, staff_headers
from tests.conftest import NOW
from tests.pairing.factories import here
from tests.people.cast import LIU_GUIYING, SUN_JIANGUO
from tests.people.factories import make_beneficiary, make_cadre

PROPOSALS = "/admin/v1/pairings/proposals"


@pytest.fixture(autouse=True)
async def tree(db: None) -> None:
    await plant_tree()


async def requested(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    """Ask, solve, and return the address of the proposal."""
    made = await client.post(PROPOSALS, headers=headers)
    assert made.status_code == 201, made.text
    await solve_step(now=NOW, solver=here)
    return f"{PROPOSALS}/{made.json()[0]['id']}"


async def test_a_proposal_is_asked_for_looked_at_changed_and_accepted(client: httpx.AsyncClient) -> None:
    liu = await make_beneficiary(name=LIU_GUIYING.name)
    sun, _ = await make_cadre(), await make_cadre()
    headers = await staff_headers(client)

    proposal = await requested(client, headers)
    ready = (await client.get(proposal, headers=headers)).json()
    chosen = await client.put(f"{proposal}/pairs/{liu.id}", json={"cadre_id": sun.id}, headers=headers)
    listed = (await client.get(f"{proposal}/pairs", headers=headers)).json()
    accepted = await client.post(f"{proposal}/accept", json={"on": "2026-06-01"}, headers=headers)

    assert (ready["state"], ready["state_label"], ready["people"]) == ("ready", "待确认", 1)
    assert (ready["blocks_solved"], ready["blocks"]) == (1, 1)
    assert chosen.status_code == 200, chosen.text
    (pair,) = listed["items"]
    assert pair["beneficiary"] == {"id": liu.id, "name": LIU_GUIYING.masked}
    assert (pair["cadre"]["name"], pair["locked"]) == (SUN_JIANGUO.masked, True)
    assert pair["sentence"].startswith("由管理人员指定")
    assert accepted.json()["decisions"]["applied"] == 1
    assert str((await Pairing.get()).started_on) == "2026-06-01"


async def test_the_worker_is_woken(client: httpx.AsyncClient, services: Services) -> None:
    await make_beneficiary()
    headers = await staff_headers(client)

    await client.post(PROPOSALS, headers=headers)

    await services.bus.wait(Topic.PROPOSALS, timeout_seconds=3600)


async def test_the_city_sees_numbers_and_no_names(client: httpx.AsyncClient) -> None:
    await make_beneficiary()
    proposal = await requested(client, await staff_headers(client))
    headers = await staff_headers(client, org_code=JINAN)

    listed = await client.get(PROPOSALS, headers=headers)
    pairs = await client.get(f"{proposal}/pairs", headers=headers)

    assert [item["region_code"] for item in listed.json()["items"]] == [LIXIA]
    assert pairs.status_code == 404


async def test_another_county_finds_nothing(client: httpx.AsyncClient) -> None:
    await make_beneficiary()
    proposal = await requested(client, await staff_headers(client))
    headers = await staff_headers(client, org_code=SHIZHONG)

    assert (await client.get(PROPOSALS, headers=headers)).json()["items"] == []
    assert (await client.get(proposal, headers=headers)).status_code == 404
    assert (await client.post(f"{proposal}/accept", json={}, headers=headers)).status_code == 404


async def test_a_clerk_prepares_and_only_an_admin_accepts(client: httpx.AsyncClient) -> None:
    await make_beneficiary()
    clerk = await staff_headers(client, role=StaffRole.CLERK)
    auditor = await staff_headers(client, role=StaffRole.AUDITOR)
    proposal = await requested(client, clerk)

    assert (await client.post(f"{proposal}/solve-again", headers=clerk)).status_code == 200
    assert (await client.post(f"{proposal}/accept", json={}, headers=clerk)).status_code == 403
    assert (await client.post(PROPOSALS, headers=auditor)).status_code == 403
    assert (await client.get(proposal, headers=auditor)).status_code == 200
    cadre = await phone_headers(cadre_id=(await make_cadre()).id)
    assert (await client.get(proposal, headers=cadre)).status_code == 401


async def test_a_proposal_can_be_locked_and_cancelled(client: httpx.AsyncClient) -> None:
    liu = await make_beneficiary()
    headers = await staff_headers(client)
    proposal = await requested(client, headers)

    locked = await client.post(f"{proposal}/lock", json={"beneficiary_ids": [liu.id]}, headers=headers)
    cancelled = await client.post(f"{proposal}/cancel", headers=headers)
    too_late = await client.post(f"{proposal}/accept", json={}, headers=headers)

    assert locked.status_code == 200
    assert cancelled.json()["state_label"] == "已取消"
    assert (too_late.status_code, too_late.json()["code"]) == (409, "pairing.proposal_state")


async def test_terms_wishes_and_bars_are_kept_and_replaced(client: httpx.AsyncClient) -> None:
    liu, sun = await make_beneficiary(), await make_cadre()
    headers = await staff_headers(client)
    terms = {"home_county": LIXIA, "home_town": "泉城路街道", "languages": ["手语"], "capacity": 3}
    bar = {"beneficiary_id": liu.id, "cadre_id": sun.id}

    for body in ({"capacity": 9}, terms):
        answer = await client.put(f"/admin/v1/pairings/terms/{sun.id}", json=body, headers=headers)
        assert answer.status_code == 204, answer.text
    wished = await client.put(
        f"/admin/v1/pairings/wishes/{liu.id}", json={"cadre_sex": "female"}, headers=headers
    )
    for reason in ("relative", "conflict"):
        await client.put("/admin/v1/pairings/bars", json=bar | {"reason": reason}, headers=headers)

    kept = await CadreTerms.get()
    assert (kept.home_town, kept.languages, kept.capacity, kept.takes_part) == (
        "泉城路街道",
        '["手语"]',
        3,
        None,
    )
    assert wished.status_code == 204
    assert (await PairingWish.get()).cadre_sex is Sex.FEMALE
    assert (await PairingBar.get()).reason.value == "conflict"
    await client.put("/admin/v1/pairings/bars", json=bar | {"reason": None}, headers=headers)
    assert await PairingBar.all().count() == 0


async def test_what_is_known_about_people_of_others_is_not_changed(client: httpx.AsyncClient) -> None:
    liu, sun, of_city = await make_beneficiary(), await make_cadre(), await make_cadre(org_code=JINAN)
    elsewhere = await make_cadre(org_code=SHIZHONG)
    headers = await staff_headers(client, org_code=SHIZHONG)
    own = await staff_headers(client)

    answers = [
        await client.put(f"/admin/v1/pairings/terms/{sun.id}", json={}, headers=headers),
        await client.put(f"/admin/v1/pairings/terms/{of_city.id}", json={}, headers=own),
        await client.put(f"/admin/v1/pairings/wishes/{liu.id}", json={}, headers=headers),
        await client.put(
            "/admin/v1/pairings/bars",
            json={"beneficiary_id": liu.id, "cadre_id": elsewhere.id, "reason": "relative"},
            headers=own,
        ),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


async def test_nothing_to_propose_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.post(PROPOSALS, headers=await staff_headers(client))

    assert (answer.status_code, answer.json()["code"]) == (409, "pairing.nothing_to_propose")
