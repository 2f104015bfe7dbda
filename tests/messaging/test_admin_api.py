"""How sending goes, told to whom it concerns."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.findings import Finding, keep_findings
from app.core.models import WorkerHeartbeat
from app.messaging.enums import Channel, Invariant
from app.messaging.models import Quota
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG, staff_headers
from tests.conftest import NOW

PATH = "/admin/v1/messaging/health"


async def health(client: httpx.AsyncClient, org_code: str = LIXIA) -> dict[str, Any]:
    answer = await client.get(PATH, headers=await staff_headers(client, org_code=org_code))
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def find(check: Invariant, *found: Finding, now: datetime = NOW) -> None:
    await keep_findings(name=check.value, found=found, looked_at=None, now=now)


@pytest.fixture
async def worker(client: httpx.AsyncClient) -> None:
    await WorkerHeartbeat.create(name="host:1", beat_at=NOW - timedelta(seconds=10))


@pytest.mark.usefixtures("worker")
async def test_without_findings_all_is_well(client: httpx.AsyncClient) -> None:
    body = await health(client)

    assert (body["summary"], body["needs_action"], body["sentences"]) == ("一切正常", 0, [])


async def test_without_a_worker_everybody_is_told_that_nothing_leaves(client: httpx.AsyncClient) -> None:
    await WorkerHeartbeat.create(name="host:1", beat_at=NOW - timedelta(minutes=1))

    body = await health(client)

    assert (body["summary"], body["is_working"]) == ("有1条需要处理", False)
    assert body["sentences"] == [
        "现在没有发送进程在运行，消息、定时任务和微信消息都在等待。请联系技术人员启动。"
    ]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("org_code", "seen"),
    [
        (LIXIA, ["campaign:1"]),
        (SHIZHONG, ["campaign:2"]),
        (JINAN, ["campaign:1", "campaign:2"]),
        (SHANDONG, ["campaign:1", "campaign:2", "credit:3"]),
    ],
)
async def test_everybody_sees_what_concerns_his_own_federation(
    client: httpx.AsyncClient, org_code: str, seen: list[str]
) -> None:
    await find(
        Invariant.PLANNED,
        Finding(subject="campaign:1", detail="应有3条，实有2条", org_code=LIXIA),
        Finding(subject="campaign:2", detail="应有3条，实有2条", org_code=SHIZHONG),
    )
    await find(Invariant.CREDITS, Finding(subject="credit:3", detail="剩余-1次"))

    body = await health(client, org_code)

    assert body["needs_action"] == len(seen)
    campaigns = [one["campaign_id"] for one in body["findings"]]
    assert campaigns == [int(one[9:]) if one.startswith("campaign") else None for one in seen]


@pytest.mark.usefixtures("worker")
async def test_a_finding_is_a_sentence_with_advice(client: httpx.AsyncClient) -> None:
    await find(Invariant.PLANNED, Finding(subject="campaign:1", detail="应有3条，实有2条", org_code=LIXIA))

    body = await health(client)

    assert body["summary"] == "有1条需要处理"
    (sentence,) = body["sentences"]
    assert sentence == (
        "群发任务的人数与它的消息记录对不上（应有3条，实有2条）。"
        "少了的记录可能已经发出，请联系技术人员核对，不要重新创建任务，以免重复发送。"
    )


@pytest.mark.usefixtures("worker")
async def test_what_wechat_did_not_tell_is_shown_and_asks_for_nothing(client: httpx.AsyncClient) -> None:
    await find(Invariant.NO_RECEIPT, Finding(subject="campaign:1", detail="12条", org_code=LIXIA))

    body = await health(client)

    assert (body["summary"], body["needs_action"]) == ("一切正常", 0)
    assert len(body["sentences"]) == 1


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("minutes", "needs_action"), [(5, 0), (20, 1)])
async def test_ending_a_campaign_may_take_a_while(
    client: httpx.AsyncClient, minutes: int, needs_action: int
) -> None:
    since = NOW - timedelta(minutes=minutes)
    await find(Invariant.STILL_OPEN, Finding(subject="campaign:1", detail="9条", org_code=LIXIA), now=since)

    assert (await health(client))["needs_action"] == needs_action


@pytest.mark.usefixtures("worker")
async def test_what_is_well_again_is_not_told(client: httpx.AsyncClient) -> None:
    await find(Invariant.PLANNED, Finding(subject="campaign:1", detail="x", org_code=LIXIA))
    await find(Invariant.PLANNED)

    assert (await health(client))["summary"] == "一切正常"


async def test_nobody_is_told_without_signing_in(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).status_code == 401


@pytest.mark.usefixtures("worker")
async def test_everybody_sees_how_much_of_what_wechat_takes_is_used(client: httpx.AsyncClient) -> None:
    for period in ("2026-05-16", "2026-05-17"):
        await Quota.create(
            period=period, channel=Channel.OFFICIAL_TEMPLATE, subject="", allowed=100_000, used=1200
        )
    await Quota.create(
        period="2026-05-17", channel=Channel.MINI_SUBSCRIBE, subject="t1", allowed=5, used=5, closed=True
    )

    body = await health(client)

    assert [quota["sentence"] for quota in body["quotas"]] == [
        "小程序订阅消息（模板t1）：微信告知今天的额度已用完，明天早上继续发送。",
        "服务号模板消息：今天已用1200，额度100000。",
    ]
    assert body["quotas"][0]["is_closed"]
