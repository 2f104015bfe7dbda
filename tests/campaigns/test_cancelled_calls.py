"""Calls of a campaign that was cancelled do not go on waiting in the lists of cadres."""

import httpx

from app.campaigns import operations as campaigns
from app.messaging.enums import CallOutcome, MessageState, Reason
from app.messaging.models import CallTask
from tests.campaigns.factories import author, make_campaign
from tests.campaigns.test_calling import END, Cadre, family, standing
from tests.conftest import NOW


async def test_a_cancelled_campaign_takes_its_calls_off_the_lists(client: httpx.AsyncClient) -> None:
    pairing, guardian = await family()
    campaign = await make_campaign(call_tasks=True, expires_at=END)
    message, other = await standing(guardian, campaign=campaign), await standing(guardian)
    told = await standing(guardian, campaign=campaign)
    cadre = await Cadre.of(client, pairing)
    await cadre.reports(told, CallOutcome.TOLD)

    await campaigns.cancel(campaign_id=campaign.id, author=author(), now=NOW)

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.CANCELLED, Reason.CAMPAIGN_CANCELLED)
    await told.refresh_from_db()
    assert told.state is MessageState.DELIVERED
    assert [task["id"] for task in (await cadre.sees())["items"]] == [other.id]
    assert await CallTask.all().count() == 1


async def test_a_call_that_came_into_a_list_as_its_campaign_was_cancelled_is_taken_off_too(
    db: None,
) -> None:
    _, guardian = await family()
    campaign = await make_campaign(call_tasks=True, expires_at=END)
    await campaigns.cancel(campaign_id=campaign.id, author=author(), now=NOW)
    late, other = await standing(guardian, campaign=campaign), await standing(guardian)

    assert await campaigns.clear_cancelled_calls_step(now=NOW) == 1
    assert await campaigns.clear_cancelled_calls_step(now=NOW) == 0

    await late.refresh_from_db()
    assert late.state is MessageState.CANCELLED
    await other.refresh_from_db()
    assert other.state is MessageState.SENT
