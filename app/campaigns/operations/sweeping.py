"""Campaigns whose numbers do not agree with their messages, and people who were left out."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.campaigns.enums import CampaignPhase, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations.drafting import record
from app.campaigns.operations.expanding import make_messages
from app.campaigns.queries import WAYS
from app.campaigns.queries.adding_up import (
    Sum,
    anybody,
    has_lost_rows,
    next_upper_id,
    overdue_campaigns,
    sums,
    without_message,
)
from app.core import sql
from app.core.findings import Finding, keep_findings, keep_repaired
from app.messaging.enums import Invariant
from app.messaging.operations import end_overdue

log = structlog.get_logger()

# Each is one walk through an index of its messages, of which there may be a million.
_CAMPAIGNS_AT_ONCE = 5
_FRESH = timedelta(days=3)
_PEOPLE_AT_ONCE = 5000
_PORTIONS = 10

_WRONG: dict[Invariant, Callable[[Sum], str]] = {
    Invariant.PLANNED: lambda one: (
        f"应有{one.planned}条，实有{one.present}条" if one.present != one.planned else ""
    ),
    Invariant.STILL_OPEN: lambda one: f"{one.still_open}条" if one.still_open else "",
    Invariant.NO_RECEIPT: lambda one: f"{one.silent}条" if one.silent else "",
}


async def check_campaigns(*, now: datetime, position: str, only_fresh: bool) -> str:
    """Check the next few campaigns: planned = final + open, nothing open after the end, receipts came.

    Returns where to go on, empty at the end of a round.

    Args:
        now: when.
        position: where the last look stopped, empty at the start of a round.
        only_fresh: only those that go on, or ended within three days.
    """
    found = await sums(
        after_id=int(position or 0),
        limit=_CAMPAIGNS_AT_ONCE,
        since=now - _FRESH if only_fresh else None,
        now=now,
    )
    if not found:
        return ""
    # Three checks, a fixed number.
    for invariant, words in _WRONG.items():
        await keep_findings(
            name=invariant.value,
            found=_findings(found, words),
            looked_at=[_subject(one.campaign_id) for one in found],
            now=now,
        )
    return str(found[-1].campaign_id)


def _subject(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"


def _findings(found: Sequence[Sum], words: Callable[[Sum], str]) -> list[Finding]:
    return [
        Finding(subject=_subject(one.campaign_id), detail=detail, org_code=one.org_code)
        for one in found
        if (detail := words(one))
    ]


async def end_overdue_step(*, now: datetime) -> int:
    """Let go of messages that were put off beyond the end of their campaign, and return how many."""
    ended = 0
    # At most twenty campaigns and 50,000 messages of each, in portions that hold up nobody.
    for campaign_id in await overdue_campaigns(now=now):
        for _ in range(_PORTIONS):
            portion = await end_overdue(campaign_id=campaign_id, now=now)
            ended += portion
            if not portion:
                break
    if ended:
        log.info("campaigns.overdue_ended", count=ended)
    return ended


async def make_up_step(*, now: datetime, position: str, at_once: int = _PEOPLE_AT_ONCE) -> str:
    """Make the messages of people whom a running campaign passed without making one for them.

    When messages of the campaign got lost, nobody is made up for: the lost ones may have been sent, and
    nobody must get a message twice. Returns where to go on, empty at the end of a round.

    Args:
        now: when.
        position: campaign and person where the last look stopped, empty at the start of a round.
        at_once: how many people of the region to look at.
    """
    campaign_id, _, person_id = (position or "0:0").partition(":")
    campaign = await (
        Campaign.filter(
            id__gte=int(campaign_id),
            state=CampaignState.RUNNING,
            phase=CampaignPhase.ALL,
            expanded_to__gt=0,
            expires_at__gt=now,
        )
        .order_by("id")
        .first()
    )
    if campaign is None:
        return ""
    after = int(person_id) if campaign.id == int(campaign_id) else 0
    upper = await next_upper_id(campaign=campaign, after_id=after, limit=at_once)
    if upper is None:
        return f"{campaign.id + 1}:0"
    people = without_message(campaign, after_id=after, upper_id=upper, now=now)
    if await anybody(people=people):
        await sql.retrying(lambda: _make_up(campaign.id, after=after, upper=upper, now=now))
    return f"{campaign.id}:{upper}"


async def _make_up(campaign_id: int, *, after: int, upper: int, now: datetime) -> None:
    async with in_transaction():
        # Locked, so that nobody pauses it or makes messages of it meanwhile.
        campaign = await Campaign.select_for_update().get(id=campaign_id)
        if campaign.state is not CampaignState.RUNNING or await has_lost_rows(campaign=campaign):
            return
        people = without_message(campaign, after_id=after, upper_id=upper, now=now)
        made = await make_messages(campaign, people, way=WAYS[campaign.kind], now=now)
        finding = Finding(
            subject=_subject(campaign.id), detail=f"已补上{made}人的消息", org_code=campaign.org_code
        )
        await keep_repaired(name=Invariant.LEFT_OUT.value, found=[finding], now=now)
        await record(
            campaign,
            action="campaign.made_up",
            actor=audit.SYSTEM,
            now=now,
            detail=f"messages:{made}",
        )
    log.warning("campaigns.made_up", campaign_id=campaign_id, messages=made)
