"""Trying out, sending again, settling and the forecast through the console's doors."""

from typing import Any

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.campaigns.enums import CampaignPhase
from app.core import sql
from app.messaging.models import Message
from tests.accounts.factories import JINAN, SHIZHONG, staff_headers
from tests.campaigns.factories import expand_all, make_campaign, reachable_guardian
from tests.campaigns.test_admin_api import NOTICE, create
from tests.conftest import NOW
from tests.people.factories import make_cadre


async def beat(*names: str) -> None:
    for name in names:
        await sql.execute("INSERT INTO worker_heartbeat (name, beat_at) VALUES (%s, %s)", (name, NOW))


async def test_a_preview_says_how_long_it_will_take(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await reachable_guardian()
    admin = await staff_headers(client)
    campaign = await create(client, admin, NOTICE | {"spread_minutes": 780})
    path = f"/admin/v1/campaigns/{campaign['id']}/preview"

    silent = (await client.get(path, headers=admin)).json()["forecast"]
    assert "没有发送程序" in silent["sentence"]
    assert silent["done_at"] is None
    await beat("one", "two")
    told = (await client.get(path, headers=admin)).json()["forecast"]

    assert (told["workers"], told["per_second"]) == (2, 60.0)
    assert told["sentence"] == "按目前速度，预计20:00前发出84%，全部发完约需13小时（夜间不算）"


async def test_the_choices_of_a_draft_are_told(client: httpx.AsyncClient) -> None:
    admin = await staff_headers(client)

    small = await create(client, admin, NOTICE)
    careful = await create(client, admin, NOTICE | {"canary": True, "spread_minutes": 60})

    assert (small["canary"], small["phase"], small["spread_minutes"]) == (False, "all", 0)
    assert (careful["canary"], careful["phase_label"]) == (True, "准备试发")
    wrong = await client.post("/admin/v1/campaigns", json=NOTICE | {"spread_minutes": -1}, headers=admin)
    assert wrong.status_code == 422


async def test_a_release_needs_an_admin_who_is_not_the_author(client: httpx.AsyncClient) -> None:
    author, other = await staff_headers(client), await staff_headers(client)
    clerk = await staff_headers(client, role=StaffRole.CLERK)
    made = await create(client, author, NOTICE)
    campaign = await make_campaign(author_id=made["author_id"], canary=True, phase=CampaignPhase.HELD)
    path = f"/admin/v1/campaigns/{campaign.id}"

    held = (await client.get(path, headers=other)).json()
    assert (held["progress"]["held"], held["progress"]["done"]) == (True, False)
    assert (await client.post(f"{path}/release", headers=clerk)).status_code == 403
    refused = await client.post(f"{path}/release", headers=author)
    assert refused.json()["code"] == "campaigns.own_release"
    released = await client.post(f"{path}/release", headers=other)

    assert (released.status_code, released.json()["phase"]) == (200, "all")


async def test_who_did_not_get_it_why_and_what_to_do(client: httpx.AsyncClient) -> None:
    gone, ready = await reachable_guardian(follows=False), await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    failed = {"state": "failed", "reason": "refused_by_wechat", "errcode": 200001}
    await Message.filter(recipient_id=ready.id).update(**failed)
    admin = await staff_headers(client)
    path = f"/admin/v1/campaigns/{campaign.id}"

    unreached = (await client.get(f"{path}/unreached", headers=admin)).json()
    assert {one["reason"]: one["count"] for one in unreached} == {
        "not_following": 1,
        "refused_by_wechat": 1,
    }
    assert all(one["remedy"] for one in unreached)
    repeatable = (await client.get(f"{path}/retry", headers=admin)).json()
    assert [(one["reason"], one["count"]) for one in repeatable] == [("refused_by_wechat", 1)]
    body = {"reasons": ["refused_by_wechat", "not_following"]}
    retried = (await client.post(f"{path}/retry", json=body, headers=admin)).json()
    assert retried == {"retried": 1, "reasons": {"refused_by_wechat": 1}, "left": False}
    assert (await client.post(f"{path}/retry", json=body, headers=admin)).json()["retried"] == 0
    assert (await client.get(f"{path}/retry", headers=admin)).json() == []

    listed = (await client.get(f"{path}/messages", headers=admin)).json()["items"]
    changes = {one["id"]: [change["act_label"] for change in one["changes"]] for one in listed}
    assert sorted(changes.values()) == [[], ["重新发送"]]
    assert gone.id


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        ({"outcome": "arrived", "reason": "电话核实"}, "delivered", None),
        ({"outcome": "not_arrived", "reason": "电话核实"}, "failed", "not_arrived"),
    ],
)
async def test_an_unknown_outcome_is_settled_by_an_admin(
    client: httpx.AsyncClient, body: dict[str, Any], state: str, reason: str | None
) -> None:
    await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    await Message.all().update(state="unknown", reason="unanswered")
    path = f"/admin/v1/campaigns/{campaign.id}/messages"
    door = f"{path}/{(await Message.get()).id}/settle"
    admin = await staff_headers(client)

    for stranger, status in ((SHIZHONG, 404), (JINAN, 404)):
        headers = await staff_headers(client, org_code=stranger)
        assert (await client.post(door, json=body, headers=headers)).status_code == status
    assert (await client.post(door, json=body | {"reason": ""}, headers=admin)).status_code == 422
    assert (await client.post(door, json=body, headers=admin)).status_code == 204
    again = await client.post(door, json=body, headers=admin)

    assert (again.status_code, again.json()["code"]) == (409, "campaigns.outcome_known")
    (shown,) = (await client.get(path, headers=admin)).json()["items"]
    assert (shown["state"], shown["reason"]) == (state, reason)
    assert shown["changes"][0]["note"] == "电话核实"


async def test_a_cancelled_campaign_says_what_had_left(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    first = await Message.all().order_by("id").first()
    assert first is not None
    await Message.filter(id=first.id).update(state="sent")

    answer = await client.post(
        f"/admin/v1/campaigns/{campaign.id}/cancel", headers=await staff_headers(client)
    )

    assert answer.json()["progress"]["left"] == "已经离开系统、不能收回的：已发出1条"


async def test_the_trial_list_is_kept_by_federation_and_masked(client: httpx.AsyncClient) -> None:
    mine, other = await make_cadre(name="孙建国"), await make_cadre(org_code=SHIZHONG)
    admin = await staff_headers(client)
    path = "/admin/v1/trial-list"

    assert (await client.put(path, json={"cadre_ids": [mine.id]}, headers=admin)).status_code == 204
    foreign = await client.put(path, json={"cadre_ids": [other.id]}, headers=admin)
    assert (foreign.status_code, foreign.json()["code"]) == (422, "campaigns.not_colleagues")
    many = await client.put(path, json={"cadre_ids": list(range(1, 22))}, headers=admin)
    assert many.status_code == 422

    (member,) = (await client.get(path, headers=admin)).json()
    assert (member["cadre_id"], member["name"]) == (mine.id, "孙*国")
    neighbour = await staff_headers(client, org_code=SHIZHONG)
    assert (await client.get(path, headers=neighbour)).json() == []
