"""Campaigns whose rows were broken on purpose are found, and people left out get their message once."""

from datetime import timedelta
from typing import Any

import pytest

from app.audit.models import AuditEntry
from app.campaigns.enums import CampaignPhase, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations.sweeping import check_campaigns, end_overdue_step, make_up_step
from app.core import sql
from app.core.models import InvariantFinding
from app.messaging.enums import Invariant, MessageState
from app.messaging.models import Message
from app.people.models import Guardian
from tests.accounts.factories import LIXIA
from tests.campaigns.factories import expand_all, make_campaign, reachable_guardian
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("db")

LATER = NOW + timedelta(minutes=1)


async def expanded(people: int = 3, **overrides: Any) -> tuple[Campaign, list[Guardian]]:
    guardians = [await reachable_guardian() for _ in range(people)]
    campaign = await make_campaign(**overrides)
    await expand_all(now=NOW)
    await campaign.refresh_from_db()
    return campaign, guardians


async def found() -> dict[str, InvariantFinding]:
    return {one.name: one for one in await InvariantFinding.filter(resolved_at=None)}


async def check(*, position: str = "", only_fresh: bool = True) -> str:
    return await check_campaigns(now=NOW, position=position, only_fresh=only_fresh)


async def test_a_campaign_that_adds_up_is_left_alone() -> None:
    campaign, _ = await expanded()

    assert await check() == str(campaign.id)
    assert await check(position=str(campaign.id)) == ""

    assert await found() == {}


@pytest.mark.parametrize(
    ("broken", "detail"),
    [
        ("DELETE FROM message WHERE recipient_id = %s", "应有3条，实有2条"),
        ("UPDATE message SET state = 'lost' WHERE recipient_id = %s", "应有3条，实有2条"),
        ("UPDATE campaign SET planned = 5 WHERE id <> %s", "应有5条，实有3条"),
    ],
)
async def test_planned_is_final_plus_open_or_it_is_found(broken: str, detail: str) -> None:
    campaign, guardians = await expanded()
    await sql.execute(broken, (guardians[0].id,) if "recipient" in broken else (0,))

    await check()
    finding = (await found())[Invariant.PLANNED.value]
    await sql.execute("UPDATE campaign SET planned = (SELECT COUNT(*) FROM message)")
    await sql.execute("UPDATE message SET state = 'sent' WHERE state = 'lost'")
    await check()

    assert (finding.subject, finding.org_code, finding.detail) == (f"campaign:{campaign.id}", LIXIA, detail)
    assert await found() == {}


@pytest.mark.parametrize(
    "over",
    ["UPDATE campaign SET state = 'cancelled'", "UPDATE campaign SET expires_at = send_at"],
    ids=["cancelled", "expired"],
)
async def test_messages_open_after_the_end_of_their_campaign_are_found(over: str) -> None:
    await expanded()
    await sql.execute(over)

    await check()
    finding = (await found())[Invariant.STILL_OPEN.value]
    await sql.execute("UPDATE message SET state = 'cancelled'")
    await check()

    assert finding.detail == "3条"
    assert await found() == {}


async def test_messages_put_off_beyond_the_end_are_let_go() -> None:
    campaign, _ = await expanded()
    await Message.all().update(next_at=campaign.expires_at + timedelta(hours=11))

    early = await end_overdue_step(now=NOW)
    ended = await end_overdue_step(now=campaign.expires_at)

    assert (early, ended) == (0, 3)
    assert await Message.filter(state=MessageState.EXPIRED).count() == 3


async def test_messages_without_receipt_are_counted_after_a_day_and_never_changed() -> None:
    _, guardians = await expanded()
    await Message.all().update(state=MessageState.SENT, sent_at=NOW - timedelta(hours=25))
    await Message.filter(recipient_id=guardians[0].id).update(sent_at=NOW - timedelta(hours=23))

    await check()

    assert (await found())[Invariant.NO_RECEIPT.value].detail == "2条"
    assert await Message.filter(state=MessageState.SENT).count() == 3


async def test_what_ended_long_ago_is_looked_at_in_the_slow_round_only() -> None:
    old, _ = await expanded()
    await Campaign.all().update(expires_at=NOW - timedelta(days=9))

    assert await check() == ""
    assert await check(only_fresh=False) == str(old.id)


async def skip_one(campaign: Campaign, guardian: Guardian) -> None:
    """Leave the rows as a faulty expansion would: the cursor has passed somebody and nobody knows of him."""
    await Message.filter(recipient_id=guardian.id).delete()
    await Campaign.filter(id=campaign.id).update(planned=campaign.planned - 1)


async def test_who_was_left_out_gets_his_message_once() -> None:
    campaign, guardians = await expanded()
    await skip_one(campaign, guardians[1])

    position = await make_up_step(now=NOW, position="", at_once=2)
    position = await make_up_step(now=NOW, position=position, at_once=2)
    position = await make_up_step(now=NOW, position=position, at_once=2)
    for _ in range(2):
        await make_up_step(now=LATER, position="")

    message = await Message.get(recipient_id=guardians[1].id)
    await campaign.refresh_from_db()
    assert (message.state, message.campaign_id) == (MessageState.QUEUED, campaign.id)
    assert campaign.planned == await Message.all().count() == 3
    finding = await InvariantFinding.get()
    assert (finding.name, finding.detail) == (Invariant.LEFT_OUT.value, "已补上1人的消息")
    assert (finding.org_code, finding.resolved_at) == (LIXIA, NOW)
    assert (await AuditEntry.get(action="campaign.made_up")).detail == "messages:1"
    assert position == f"{campaign.id + 1}:0"


async def test_lost_messages_may_have_been_sent_and_are_never_made_again() -> None:
    _, guardians = await expanded()
    await Message.filter(recipient_id=guardians[1].id).delete()

    await make_up_step(now=NOW, position="")

    assert await Message.all().count() == 2
    assert await InvariantFinding.all().count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"state": CampaignState.PAUSED},
        {"state": CampaignState.CANCELLED},
        {"phase": CampaignPhase.HELD},
        {"expires_at": NOW},
        {"expanded_to": 0},
    ],
    ids=["paused", "cancelled", "held", "over", "not begun"],
)
async def test_a_campaign_that_does_not_run_makes_up_for_nobody(change: dict[str, Any]) -> None:
    campaign, guardians = await expanded()
    await skip_one(campaign, guardians[1])
    await Campaign.all().update(**change)

    assert await make_up_step(now=NOW, position="") == ""

    assert await Message.all().count() == 2
