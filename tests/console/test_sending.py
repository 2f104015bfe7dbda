"""The first page says how sending goes."""

from datetime import timedelta

from app.core.findings import Finding, keep_findings
from app.core.models import WorkerHeartbeat
from app.messaging.enums import Invariant
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
