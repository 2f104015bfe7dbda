"""Stopping, going on and giving up: by an admin, or by the service itself when WeChat objects."""

from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations.drafting import Author, TooLateToApprove, locked, record
from app.campaigns.queries import WAITING_AGAIN
from app.core import sql
from app.messaging.operations import cancel_calls, cancel_messages, wake_messages

log = structlog.get_logger()

_REASON_LENGTH = 100


async def pause(*, campaign_id: int, reason: str, author: Author, now: datetime) -> Campaign:
    """Stop a campaign for the time being; what is on its way at this moment still arrives.

    Raises:
        CampaignNotFound, WrongState: there is none, or it neither runs nor waits for its time.
    """
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="pause")
        campaign.state, campaign.pause_reason = CampaignState.PAUSED, reason[:_REASON_LENGTH]
        await campaign.save(update_fields=["state", "pause_reason"])
        await record(campaign, action="campaign.paused", actor=author.actor, now=now)
    return campaign


async def pause_by_system(
    *, campaign_id: int, reason: str, now: datetime, watched_from: datetime | None = None
) -> bool:
    """Stop a campaign because WeChat objects to it, and return whether it was running.

    Args:
        campaign_id: which one.
        reason: WeChat's reason in words for its admins.
        now: when.
        watched_from: stop it only if its errors still count from this moment; None stops it anyway.
    """
    found = Campaign.filter(id=campaign_id, state=CampaignState.RUNNING)
    if watched_from is not None:
        found = found.filter(watched_from=watched_from)
    async with in_transaction():
        paused = await found.update(state=CampaignState.PAUSED, pause_reason=reason[:_REASON_LENGTH])
        if paused:
            campaign = await Campaign.get(id=campaign_id)
            await record(campaign, action="campaign.paused", actor=audit.SYSTEM, now=now)
    if paused:
        log.warning("campaigns.paused_by_system", campaign_id=campaign_id, reason=reason)
    return bool(paused)


async def resume(*, campaign_id: int, author: Author, now: datetime) -> Campaign:
    """Let a paused campaign go on where it stopped: nobody is left out, nobody gets a message twice.

    Raises:
        CampaignNotFound, WrongState: there is none, or it is not paused.
        TooLateToApprove: its time is over.
    """
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="resume")
        if campaign.expires_at <= now:
            raise TooLateToApprove
        has_begun = campaign.planned > 0 or campaign.expanded_to > 0 or campaign.expanded_at is not None
        campaign.state = CampaignState.RUNNING if has_begun else CampaignState.SCHEDULED
        campaign.pause_reason, campaign.watched_from = "", now
        await campaign.save(update_fields=["state", "pause_reason", "watched_from"])
        await _forgive(campaign, now=now)
        if not campaign.spread_minutes:
            # What is spread comes up at its own time, what a pause postponed within minutes.
            await wake_messages(campaign_id=campaign.id, now=now)
        await record(campaign, action="campaign.resumed", actor=author.actor, now=now)
    return campaign


async def _forgive(campaign: Campaign, *, now: datetime) -> None:
    """Forget the refusals of messages that wait for another try, so that they are not counted once more."""
    await sql.execute(
        "UPDATE message SET errcode = NULL WHERE campaign_id = %s AND state = 'queued' AND urgent = %s"
        " AND org_code = %s AND next_at > %s AND next_at <= %s AND errcode IS NOT NULL",
        (campaign.id, int(campaign.urgent), campaign.org_code, now, now + WAITING_AGAIN),
    )


async def cancel(*, campaign_id: int, author: Author, now: datetime) -> Campaign:
    """Give a campaign up; what has left already cannot be called back, its progress tells how much that is.

    Raises:
        CampaignNotFound, WrongState: there is none, or it is cancelled already.
    """
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="cancel")
        campaign.state = CampaignState.CANCELLED
        await campaign.save(update_fields=["state"])
        # The first thousands at once; the rest is let go as it comes up.
        cancelled = await cancel_messages(campaign_id=campaign.id, now=now)
        cancelled += await cancel_calls(campaign_id=campaign.id, now=now)
        await record(
            campaign,
            action="campaign.cancelled",
            actor=author.actor,
            now=now,
            detail=f"messages:{cancelled}",
        )
    log.info("campaigns.cancelled", campaign_id=campaign.id, messages=cancelled)
    return campaign
