"""The first page says how sending goes."""

from datetime import timedelta
from typing import Any

from app.core.clock import china_date
from app.core.findings import Finding, keep_findings
from app.core.models import WorkerHeartbeat
from app.messaging.enums import Channel, Invariant
from app.messaging.models import Quota
from tests.accounts.factories import LIXIA, SHIZHONG
from tests.campaigns.factories import make_campaign
from tests.conftest import NOW
from tests.console.conftest import SignedIn


async def test_when_all_is_well_it_says_so(signed_in: SignedIn) -> None:
    await WorkerHeartbeat.create(name="host:1", beat_at=NOW)

    page = await (await signed_in()).open("/console/home")

    assert "发送情况：一切正常" in page.words


async def test_what_needs_somebody_is_told_with_a_link_to_the_campaign(signed_in: SignedIn) -> None:
    await WorkerHeartbeat.create(name="host:1", beat_at=NOW - timedelta(minutes=2))
    campaign = await make_campaign()
    found = [Finding(subject=f"campaign:{campaign.id}", detail="应有3条，实有2条", org_code=LIXIA)]
    await keep_findings(name=Invariant.PLANNED.value, found=found, looked_at=None, now=NOW)
    here, next_door = await signed_in(), await signed_in(org_code=SHIZHONG)

    page = await here.open("/console/home")

    assert "发送情况：有2条需要处理" in page.words
    assert "没有发送进程在运行" in page.words
    assert "应有3条，实有2条" in page.words
    assert (await here.click(f"查看任务{campaign.id}")).heading == campaign.title
    page = await next_door.open("/console/home")
    assert "发送情况：有1条需要处理" in page.words
    assert "应有3条" not in page.words


async def test_quotas_of_accounts_are_shown_and_of_templates_only_those_that_are_used_up(
    signed_in: SignedIn,
) -> None:
    day: dict[str, Any] = {"period": str(china_date(NOW)), "channel": Channel.OFFICIAL_TEMPLATE}
    await Quota.create(**day, subject="", allowed=100_000, used=1_234)
    await Quota.create(**day, subject="plenty", allowed=5_000, used=3)
    await Quota.create(**day, subject="spent", allowed=5_000, used=5_000)

    page = await (await signed_in()).open("/console/home")

    assert "服务号模板消息：今天已用1234，额度100000。" in page.words
    assert "服务号模板消息（模板spent）：今天的额度5000已用完，明天早上继续发送。" in page.words
    assert "plenty" not in page.words
