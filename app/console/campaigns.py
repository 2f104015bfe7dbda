"""Campaigns (群发任务): composing one, what would happen, approval by a second admin, progress."""

from datetime import datetime
from typing import Annotated

from fastapi import Form, Query, Request, Response

from app.accounts.deps import ApproverDep, EditorDep, StaffCaller, StaffDep
from app.accounts.enums import Permission
from app.accounts.queries import staff_names
from app.accounts.rules import org_code_of
from app.campaigns import admin_api
from app.campaigns.enums import CampaignState
from app.campaigns.rules import ALLOWED
from app.campaigns.schemas import (
    ApprovalBody,
    CampaignAnswer,
    ChannelProgressAnswer,
    PauseBody,
    PreviewAnswer,
    RetryBody,
    SettleBody,
)
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.deps import BusDep, ClockDep, SettingsDep
from app.core.pagination import PageQueryDep
from app.messaging.enums import MessageState, Reason
from app.orgs.queries import org_in_count
from app.policies.queries.library import published_names

router = console_router()

# So many rows are counted within a blink.
_COUNTED_AT_ONCE = 20_000
_BEFORE_SENDING = {CampaignState.DRAFT, CampaignState.SUBMITTED, CampaignState.SCHEDULED}


@router.get("/campaigns")
async def campaigns(
    request: Request,
    caller: StaffDep,
    pages: PageQueryDep,
    state: Annotated[CampaignState | None, Query()] = None,
) -> Response:
    """Show the campaigns, newest first."""
    found = await admin_api.list_campaigns(caller, pages, state=state)
    return page(
        request,
        "campaigns.html",
        caller=caller,
        found=found,
        states=list(CampaignState),
        state=state,
        cursor=pages.cursor,
    )


@router.get("/campaigns/{campaign_id}")
async def campaign(
    request: Request, campaign_id: RowId, caller: StaffDep, clock: ClockDep, settings: SettingsDep
) -> Response:
    """Show one campaign: what it says, whom it would reach or has reached, and what can be done now."""
    shown = await admin_api.show_campaign(campaign_id, caller)
    preview: PreviewAnswer | None = None
    if shown.state in _BEFORE_SENDING or shown.progress.held:
        preview = await admin_api.preview_campaign(campaign_id, caller, clock, settings)
    people = {shown.author_id} | ({shown.approver_id} if shown.approver_id else set())
    return page(
        request,
        "campaign.html",
        caller=caller,
        campaign=shown,
        preview=preview,
        unreached=await admin_api.list_unreached(campaign_id, caller),
        channels=await _channels(shown, caller),
        region=await org_in_count(scope=caller.scope, code=org_code_of(shown.region_prefix)),
        names=await staff_names(staff_ids=people),
        policies=await published_names(region_code=org_code_of(shown.region_prefix)),
        acts=_acts(shown, caller),
        is_moving=_is_moving(shown, now=clock.now()),
    )


async def _channels(shown: CampaignAnswer, caller: StaffCaller) -> list[ChannelProgressAnswer]:
    """Count by way where that takes a moment; a larger campaign has a page of its own for it."""
    if not 0 < shown.progress.planned <= _COUNTED_AT_ONCE:
        return []
    return await admin_api.list_channels(shown.id, caller)


@router.get("/campaigns/{campaign_id}/channels")
async def channels(request: Request, campaign_id: RowId, caller: StaffDep) -> Response:
    """Show how many messages travel by which way; of a million this takes a moment."""
    shown = await admin_api.show_campaign(campaign_id, caller)
    counted = await admin_api.list_channels(campaign_id, caller)
    return page(request, "campaign_channels.html", caller=caller, campaign=shown, channels=counted)


def _is_moving(shown: CampaignAnswer, *, now: datetime) -> bool:
    """Tell whether the page will soon look different by itself: it starts, or it is on its way."""
    is_starting = shown.state is CampaignState.SCHEDULED and shown.send_at <= now
    goes_on = shown.state is CampaignState.RUNNING and not shown.progress.held
    return (is_starting or goes_on) and not shown.progress.done


def _acts(shown: CampaignAnswer, caller: StaffCaller) -> set[str]:
    """Return what the caller may do with a campaign in its state; the operations decide in the end."""
    allowed = {act for act, states in ALLOWED.items() if shown.state in states}
    if not caller.may(Permission.EDIT):
        allowed = set()
    if not caller.scope.may_act_in(shown.org_code):
        allowed -= {"edit", "submit"}
    if not caller.may(Permission.APPROVE):
        allowed -= {"approve", "release", "retry", "settle"}
    if shown.author_id == caller.staff_id:
        allowed -= {"approve", "release"}
    return allowed if shown.progress.held else allowed - {"release"}


@router.get("/campaigns/{campaign_id}/messages")
async def messages(
    request: Request,
    campaign_id: RowId,
    caller: StaffDep,
    pages: PageQueryDep,
    state: Annotated[MessageState | None, Query()] = None,
    reason: Annotated[Reason | None, Query()] = None,
) -> Response:
    """Show what became of each person's message, names masked."""
    shown = await admin_api.show_campaign(campaign_id, caller)
    found = await admin_api.list_messages(campaign_id, caller, pages, state=state, reason=reason)
    deciders = {change.decided_by for message in found.items for change in message.changes}
    return page(
        request,
        "campaign_messages.html",
        caller=caller,
        campaign=shown,
        found=found,
        state=state,
        reason=reason,
        names=await staff_names(staff_ids=deciders),
        acts=_acts(shown, caller),
        cursor=pages.cursor,
    )


@router.post("/campaigns/{campaign_id}/messages/{message_id}/settle")
async def settle(
    campaign_id: RowId,
    message_id: RowId,
    body: Annotated[SettleBody, Form()],
    caller: ApproverDep,
    clock: ClockDep,
) -> Response:
    """Write down whether somebody got a message of which nobody knew."""
    await admin_api.settle_message(campaign_id, message_id, body, caller, clock)
    return go_on(f"/console/campaigns/{campaign_id}/messages", done="settled", state="unknown")


@router.get("/campaigns/{campaign_id}/retry")
async def repeatable(request: Request, campaign_id: RowId, caller: StaffDep, clock: ClockDep) -> Response:
    """Show what may be sent again now; of a million messages this takes a moment."""
    shown = await admin_api.show_campaign(campaign_id, caller)
    return page(
        request,
        "campaign_retry.html",
        caller=caller,
        campaign=shown,
        found=await admin_api.list_repeatable(campaign_id, caller, clock),
        acts=_acts(shown, caller),
    )


@router.post("/campaigns/{campaign_id}/retry")
async def retry(
    campaign_id: RowId,
    body: Annotated[RetryBody, Form()],
    caller: ApproverDep,
    clock: ClockDep,
    bus: BusDep,
) -> Response:
    """Send again what may be sent again, for the reasons that were ticked."""
    retried = await admin_api.retry_campaign(campaign_id, body, caller, clock, bus)
    done = "retried_more" if retried.left else "retried" if retried.retried else "retried_none"
    return go_on(f"/console/campaigns/{campaign_id}", done=done)


@router.post("/campaigns/{campaign_id}/release")
async def release(campaign_id: RowId, caller: ApproverDep, clock: ClockDep, bus: BusDep) -> Response:
    """Let a campaign go that was tried out."""
    await admin_api.release_campaign(campaign_id, caller, clock, bus)
    return go_on(f"/console/campaigns/{campaign_id}", done="released")


@router.post("/campaigns/{campaign_id}/submit")
async def submit(campaign_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Hand a draft over for approval."""
    await admin_api.submit_campaign(campaign_id, caller, clock)
    return go_on(f"/console/campaigns/{campaign_id}", done="submitted")


@router.post("/campaigns/{campaign_id}/approve")
async def approve(
    campaign_id: RowId,
    body: Annotated[ApprovalBody, Form()],
    caller: ApproverDep,
    clock: ClockDep,
    bus: BusDep,
) -> Response:
    """Approve what the page showed."""
    await admin_api.approve_campaign(campaign_id, body, caller, clock, bus)
    return go_on(f"/console/campaigns/{campaign_id}", done="approved")


@router.post("/campaigns/{campaign_id}/pause")
async def pause(
    campaign_id: RowId, body: Annotated[PauseBody, Form()], caller: EditorDep, clock: ClockDep
) -> Response:
    """Stop a campaign for the time being."""
    await admin_api.pause_campaign(campaign_id, body, caller, clock)
    return go_on(f"/console/campaigns/{campaign_id}", done="paused")


@router.post("/campaigns/{campaign_id}/resume")
async def resume(campaign_id: RowId, caller: EditorDep, clock: ClockDep, bus: BusDep) -> Response:
    """Let a paused campaign go on."""
    await admin_api.resume_campaign(campaign_id, caller, clock, bus)
    return go_on(f"/console/campaigns/{campaign_id}", done="resumed")


@router.post("/campaigns/{campaign_id}/cancel")
async def cancel(campaign_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Give a campaign up."""
    await admin_api.cancel_campaign(campaign_id, caller, clock)
    return go_on(f"/console/campaigns/{campaign_id}", done="cancelled")
