"""Campaigns and festivals through the console's doors."""

import json
from typing import Any

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.bootstrap import Services
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.core.queue import LocalBus, Topic
from app.messaging.enums import MessageState
from app.messaging.models import Message
from tests.accounts.factories import JINAN, SHIZHONG, phone_headers, staff_headers
from tests.campaigns.factories import (
    campaign_sender,
    expand_all,
    make_campaign,
    reachable_cadre,
    reachable_guardian,
)
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_guardian

NOTICE = {"kind": "policy_notice", "title": "两项补贴年审开始办理", "text": "请到街道办理。"}
REMINDER = {"kind": "festival_reminder", "title": "端午节联系提醒", "festival": "dragon_boat"}
GREETING = REMINDER | {"kind": "festival_greeting", "text": "端午安康，祝全家平安。"}
Headers = dict[str, str]


async def create(client: httpx.AsyncClient, headers: Headers, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/admin/v1/campaigns", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_from_draft_to_delivery_through_the_doors(
    client: httpx.AsyncClient, services: Services, wechat: FakeWeChat, clock: FixedClock
) -> None:
    await reachable_guardian(name="王秀兰")
    await reachable_guardian(follows=False)
    clerk, admin = await staff_headers(client, role=StaffRole.CLERK), await staff_headers(client)

    campaign = await create(client, clerk, NOTICE)
    path = f"/admin/v1/campaigns/{campaign['id']}"
    preview = (await client.get(f"{path}/preview", headers=clerk)).json()
    assert (preview["audience"], preview["reachable"]) == (2, 1)
    assert preview["unreachable"][0]["reason_label"] == "没有关注服务号"

    submitted = (await client.post(f"{path}/submit", headers=clerk)).json()
    seen = {"content_hash": submitted["content_hash"]}
    assert (await client.post(f"{path}/approve", json=seen, headers=clerk)).status_code == 403
    approved = await client.post(f"{path}/approve", json=seen, headers=admin)
    assert (approved.status_code, approved.json()["state_label"]) == (200, "已批准，待发送")
    assert isinstance(services.bus, LocalBus)
    assert services.bus._bells[Topic.CAMPAIGNS].is_set()
    await expand_all(now=NOW)
    await campaign_sender(wechat, clock).send_due()

    shown = (await client.get(path, headers=admin)).json()
    progress = shown["progress"]
    assert (progress["planned"], progress["open"], progress["final"], progress["done"]) == (2, 0, 2, True)
    messages = (await client.get(f"{path}/messages?state=sent", headers=admin)).json()["items"]
    assert [(one["name"], one["state_label"]) for one in messages] == [("王*兰", "已发出")]
    assert "openid" not in messages[0]


async def test_the_ways_are_told_before_and_after_and_what_the_recipient_reads(
    client: httpx.AsyncClient,
) -> None:
    await reachable_guardian()
    family = await make_beneficiary()
    await make_pairing(beneficiary=family)
    await make_guardian(beneficiary=family)
    admin = await staff_headers(client)
    campaign = await create(client, admin, NOTICE)
    path = f"/admin/v1/campaigns/{campaign['id']}"

    preview = (await client.get(f"{path}/preview", headers=admin)).json()
    await Campaign.all().update(state=CampaignState.RUNNING)
    await expand_all(now=NOW)
    messages = (await client.get(f"{path}/messages", headers=admin)).json()["items"]
    channels = (await client.get(f"{path}/channels", headers=admin)).json()

    assert preview["reads"] == "您有1条政策通知，两项补贴年审开始办理，2026年5月17日"
    assert [(one["channel_label"], one["people"]) for one in preview["channels"]] == [
        ("请干部打电话", 1),
        ("服务号模板消息", 1),
    ]
    reason = "模板消息没有同意接收，客服消息没有同意接收，改用干部打电话"
    assert preview["channels"][0]["why"] == [{"sentence": reason, "people": 1}]
    assert [(one["channel"], one["choice"]) for one in messages] == [
        ("official_template", "用模板消息"),
        ("call_task", reason),
    ]
    assert [(one["channel"], one["planned"], one["open"]) for one in channels] == [
        ("call_task", 1, 1),
        ("official_template", 1, 1),
    ]


async def test_a_reminder_shows_what_the_cadre_reads(client: httpx.AsyncClient) -> None:
    admin = await staff_headers(client)
    campaign = await create(client, admin, REMINDER)

    preview = await client.get(f"/admin/v1/campaigns/{campaign['id']}/preview", headers=admin)

    assert preview.json()["reads"] == "端午节前请联系，王*兰等3人，2026年6月19日"


async def test_the_author_cannot_approve_and_is_told_why(client: httpx.AsyncClient) -> None:
    admin = await staff_headers(client)
    campaign = await create(client, admin, NOTICE)
    path = f"/admin/v1/campaigns/{campaign['id']}"
    submitted = (await client.post(f"{path}/submit", headers=admin)).json()

    answer = await client.post(
        f"{path}/approve", json={"content_hash": submitted["content_hash"]}, headers=admin
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "campaigns.own_draft")
    assert "另一名管理员" in answer.json()["title"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (NOTICE | {"title": "残疾人年审"}, "campaigns.title_reveals"),
        (NOTICE | {"text": "祝您端午安康"}, "campaigns.no_greetings"),
        (NOTICE | {"region_code": SHIZHONG}, "campaigns.region_outside"),
        (REMINDER | {"festival": None}, "campaigns.festival_missing"),
        (REMINDER | {"urgent": True}, "campaigns.wrong_times"),
        (NOTICE | {"send_at": "2026-05-18T09:00:00"}, "invalid_request"),
        (NOTICE | {"send_at": "2026-03-01T09:00:00+08:00"}, "campaigns.wrong_times"),
        (GREETING | {"text": ""}, "campaigns.greeting_missing"),
        (GREETING | {"text": "祝重度残疾的您安康"}, "campaigns.text_reveals"),
        (GREETING | {"festival": "ghost"}, "campaigns.greeting_on_mourning_day"),
        (NOTICE | {"approver_id": 1}, "invalid_request"),
    ],
)
async def test_what_cannot_be_sent_is_refused_in_words(
    client: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    answer = await client.post("/admin/v1/campaigns", json=body, headers=await staff_headers(client))

    assert answer.status_code in {403, 422}
    assert answer.json()["code"] == code


async def test_a_draft_is_edited_and_becomes_a_draft_again(client: httpx.AsyncClient) -> None:
    admin = await staff_headers(client)
    campaign = await create(client, admin, NOTICE)
    path = f"/admin/v1/campaigns/{campaign['id']}"
    await client.post(f"{path}/submit", headers=admin)

    answer = await client.put(path, json=NOTICE | {"title": "办理时间有变化"}, headers=admin)

    assert (answer.json()["state"], answer.json()["content_hash"]) == ("draft", "")
    assert answer.json()["title"] == "办理时间有变化"


async def test_pause_resume_and_cancel(client: httpx.AsyncClient) -> None:
    admin = await staff_headers(client)
    campaign = await make_campaign()
    path = f"/admin/v1/campaigns/{campaign.id}"

    paused = await client.post(f"{path}/pause", json={"reason": "先核对"}, headers=admin)
    assert (paused.json()["state"], paused.json()["pause_reason"]) == ("paused", "先核对")
    assert (await client.post(f"{path}/pause", json={}, headers=admin)).status_code == 409
    assert (await client.post(f"{path}/resume", headers=admin)).json()["state"] == "scheduled"
    assert (await client.post(f"{path}/cancel", headers=admin)).json()["state"] == "cancelled"
    assert (await client.post(f"{path}/cancel", headers=admin)).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/preview"),
        ("GET", "/messages"),
        ("GET", "/events"),
        ("POST", "/submit"),
        ("POST", "/resume"),
        ("POST", "/cancel"),
    ],
)
async def test_another_countys_campaign_does_not_exist(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    campaign = await make_campaign()
    neighbour = await staff_headers(client, org_code=SHIZHONG)

    answer = await client.request(method, f"/admin/v1/campaigns/{campaign.id}{path}", headers=neighbour)

    assert (answer.status_code, answer.json()["code"]) == (404, "campaigns.not_found")
    listed = await client.get("/admin/v1/campaigns", headers=neighbour)
    assert listed.json()["items"] == []


async def test_the_city_sees_numbers_and_no_names(client: httpx.AsyncClient) -> None:
    await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    city = await staff_headers(client, org_code=JINAN)

    shown = (await client.get(f"/admin/v1/campaigns/{campaign.id}", headers=city)).json()
    messages = (await client.get(f"/admin/v1/campaigns/{campaign.id}/messages", headers=city)).json()

    assert shown["progress"]["planned"] == 1
    assert messages == {"items": [], "next_cursor": None}


async def test_lists_come_in_pages(client: httpx.AsyncClient) -> None:
    made = [await make_campaign(state=CampaignState.DRAFT) for _ in range(3)]
    for _ in range(3):
        await reachable_guardian()
    running = await make_campaign()
    await expand_all(now=NOW)
    admin = await staff_headers(client)

    first = (await client.get("/admin/v1/campaigns?limit=2&state=draft", headers=admin)).json()
    rest = (
        await client.get(
            f"/admin/v1/campaigns?limit=2&state=draft&cursor={first['next_cursor']}", headers=admin
        )
    ).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [one.id for one in reversed(made)]
    path = f"/admin/v1/campaigns/{running.id}/messages"
    page = (await client.get(f"{path}?limit=2", headers=admin)).json()
    last = (await client.get(f"{path}?limit=2&cursor={page['next_cursor']}", headers=admin)).json()
    assert (len(page["items"]), len(last["items"]), last["next_cursor"]) == (2, 1, None)


async def test_progress_is_told_until_everything_is_done(client: httpx.AsyncClient) -> None:
    await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    await Message.all().update(state=MessageState.SENT)

    answer = await client.get(
        f"/admin/v1/campaigns/{campaign.id}/events", headers=await staff_headers(client)
    )

    assert answer.headers["content-type"].startswith("text/event-stream")
    event, data = answer.text.strip().split("\n")
    assert event == "event: progress"
    assert json.loads(data.removeprefix("data: "))["done"] is True


async def test_watching_ends_by_itself(client: httpx.AsyncClient) -> None:
    campaign = await make_campaign()

    answer = await client.get(
        f"/admin/v1/campaigns/{campaign.id}/events?seconds=1", headers=await staff_headers(client)
    )

    assert answer.text.count("event: progress") == 1


async def test_festivals_are_marked_by_one_and_confirmed_by_another(client: httpx.AsyncClient) -> None:
    one, two = await staff_headers(client), await staff_headers(client)
    path = "/admin/v1/festivals/dragon_boat/automatic"

    assert (await client.post(path, json={}, headers=one)).status_code == 204
    assert (await client.post(f"{path}/confirm", headers=one)).json()["code"] == "campaigns.own_mark"
    assert (await client.post(f"{path}/confirm", headers=two)).status_code == 204

    listed = (await client.get("/admin/v1/festivals", headers=one)).json()
    assert len(listed) == 12
    assert [day["on"] for day in listed] == sorted(day["on"] for day in listed)
    flags = {one["festival"]: one for day in listed for one in day["festivals"]}
    assert (flags["dragon_boat"]["marked"], flags["dragon_boat"]["confirmed"]) == (True, True)
    assert (flags["children"]["marked"], flags["children"]["confirmed"]) == (False, False)


async def test_an_auditor_reads_and_changes_nothing(client: httpx.AsyncClient) -> None:
    auditor = await staff_headers(client, role=StaffRole.AUDITOR)
    campaign = await make_campaign()

    assert (await client.get(f"/admin/v1/campaigns/{campaign.id}", headers=auditor)).status_code == 200
    assert (await client.post("/admin/v1/campaigns", json=NOTICE, headers=auditor)).status_code == 403
    assert (
        await client.post(f"/admin/v1/campaigns/{campaign.id}/cancel", headers=auditor)
    ).status_code == 403
    assert (await Campaign.get()).state is CampaignState.RUNNING


async def test_a_guardian_reads_her_notice_in_full_and_nobody_elses(client: httpx.AsyncClient) -> None:
    guardian = await reachable_guardian()
    await make_campaign()
    await expand_all(now=NOW)
    message = await Message.get()
    await Message.all().update(state=MessageState.DELIVERED, sent_at=NOW)
    path = f"/mini/v1/notices/{message.id}"

    hers = await client.get(path, headers=await phone_headers(guardian_id=guardian.id))
    anothers = await client.get(path, headers=await phone_headers(guardian_id=guardian.id + 1))
    cadres = await client.get(path, headers=await phone_headers(cadre_id=guardian.id))
    nobodys = await client.get(path, headers=await phone_headers())

    assert hers.json()["title"] == "两项补贴年审开始办理"
    assert hers.json()["text"] == "请到街道便民服务中心办理。"
    assert {anothers.status_code, cadres.status_code, nobodys.status_code} == {404}


async def test_a_reminder_shows_its_festival_and_window(client: httpx.AsyncClient) -> None:
    await reachable_cadre()
    campaign = await create(client, await staff_headers(client), REMINDER)

    assert campaign["festivals"] == ["端午节"]
    assert (campaign["festival_on"], campaign["automatic"]) == ("2026-06-19", False)
    assert campaign["send_at"].startswith("2026-06-12T01:00:00")
    assert campaign["expires_at"].startswith("2026-06-19T13:00:00")
