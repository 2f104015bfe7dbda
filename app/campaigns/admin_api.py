"""Campaigns and festivals for the console."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.accounts.deps import ApproverDep, EditorDep, StaffCaller, StaffDep
from app.accounts.rules import Scope
from app.campaigns import operations, queries
from app.campaigns.enums import CampaignKind, CampaignState
from app.campaigns.models import AutomaticFestival, Campaign
from app.campaigns.operations import Author
from app.campaigns.rules import ALLOWED, Templates
from app.campaigns.rules.pacing import forecast
from app.campaigns.schemas import (
    ApprovalBody,
    AutomaticAnswer,
    AutomaticBody,
    CampaignAnswer,
    CampaignBody,
    ChannelProgressAnswer,
    ForecastAnswer,
    MessageAnswer,
    OccasionAnswer,
    PauseBody,
    PreviewAnswer,
    ProgressAnswer,
    RepeatableAnswer,
    RetryAnswer,
    RetryBody,
    SettleBody,
    TrialListBody,
    TrialMemberAnswer,
    UnreachedAnswer,
)
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import BusDep, ClockDep, SettingsDep
from app.core.heartbeats import workers_alive
from app.core.pagination import Page, PageQueryDep
from app.core.queue import Topic
from app.core.settings import Settings
from app.festivals.enums import FestivalKey
from app.festivals.rules import FestivalOccasion, next_occasions
from app.messaging.enums import MessageState, Reason
from app.messaging.queries import messages_of_campaign
from app.people.rules import mask_name

router = APIRouter(prefix="/admin/v1", tags=["campaigns"])

_OCCASIONS = 12
_LOOK_EVERY_SECONDS = 1.0
_PING_EVERY_LOOKS = 15


def _author(caller: StaffCaller) -> Author:
    return Author(staff_id=caller.staff_id, org_code=caller.org_code, scope=caller.scope, actor=caller.actor)


def _templates(settings: Settings, kind: CampaignKind) -> Templates:
    ours = settings.wechat.templates
    if kind is CampaignKind.FESTIVAL_REMINDER:
        return Templates(main=ours.festival_reminder)
    if kind is CampaignKind.FESTIVAL_GREETING:
        return Templates(main="")
    sms = settings.sms.templates.policy_notice if settings.sms.is_on else ""
    return Templates(main=ours.policy_notice, subscribe=ours.policy_subscription, sms=sms)


async def _answer(campaign: Campaign) -> CampaignAnswer:
    progress = await queries.progress_of(campaigns=[campaign])
    return CampaignAnswer.of(campaign, progress[campaign.id])


@router.post("/campaigns", status_code=201, summary="起草群发任务")
async def create_campaign(
    body: CampaignBody, caller: EditorDep, clock: ClockDep, settings: SettingsDep
) -> CampaignAnswer:
    campaign = await operations.create_draft(
        draft=body.draft(own_org=caller.org_code),
        author=_author(caller),
        templates=_templates(settings, body.kind),
        days_ahead=settings.send.days_ahead,
        now=clock.now(),
    )
    return await _answer(campaign)


@router.put("/campaigns/{campaign_id}", summary="修改群发任务，修改后需要重新提交")
async def edit_campaign(
    campaign_id: RowId, body: CampaignBody, caller: EditorDep, clock: ClockDep, settings: SettingsDep
) -> CampaignAnswer:
    campaign = await operations.edit(
        campaign_id=campaign_id,
        draft=body.draft(own_org=caller.org_code),
        author=_author(caller),
        templates=_templates(settings, body.kind),
        days_ahead=settings.send.days_ahead,
        now=clock.now(),
    )
    return await _answer(campaign)


@router.get("/campaigns", summary="群发任务，最新的在前")
async def list_campaigns(
    caller: StaffDep,
    page: PageQueryDep,
    state: CampaignState | None = None,
    held: Annotated[bool, Query(description="只要等待放行的")] = False,  # noqa: FBT002 - a query flag
) -> Page[CampaignAnswer]:
    found = await queries.campaigns_in(
        scope=caller.scope, before_id=page.cursor, limit=page.limit + 1, state=state, held=held
    )
    shown = found[: page.limit]
    progress = await queries.progress_of(campaigns=shown)
    items = [CampaignAnswer.of(campaign, progress[campaign.id]) for campaign in shown]
    return Page(items=items, next_cursor=items[-1].id if len(found) > page.limit else None)


@router.get("/campaigns/{campaign_id}", summary="一个群发任务和它的进度")
async def show_campaign(campaign_id: RowId, caller: StaffDep) -> CampaignAnswer:
    return await _answer(await queries.campaign_in(scope=caller.scope, campaign_id=campaign_id))


@router.get("/campaigns/{campaign_id}/preview", summary="现在发送会发给多少人，其余为什么发不到")
async def preview_campaign(
    campaign_id: RowId, caller: StaffDep, clock: ClockDep, settings: SettingsDep
) -> PreviewAnswer:
    campaign = await queries.campaign_in(scope=caller.scope, campaign_id=campaign_id)
    now = clock.now()
    counts = await queries.preview_counts(campaign=campaign, now=now)
    reachable = sum(one.people for one in counts if one.reason is None)
    pace = settings.send.rate_per_second
    forecast = await _forecast(campaign, reachable, pace=pace, now=now)
    regions = await queries.preview_regions(campaign=campaign, now=now)
    return PreviewAnswer.of(campaign, counts, regions=regions, forecast=forecast, now=now)


async def _forecast(campaign: Campaign, messages: int, *, pace: float, now: datetime) -> ForecastAnswer:
    """Say how long so many messages take at the pace of one worker times the workers that live."""
    workers = await workers_alive(now=now)
    found = forecast(
        messages=messages,
        per_second=pace * workers,
        starts_at=max(campaign.send_at, now),
        expires_at=campaign.expires_at,
        spread_minutes=campaign.spread_minutes,
        urgent=campaign.urgent,
    )
    return ForecastAnswer.of(
        found, workers=workers, per_second=pace * workers, expires_at=campaign.expires_at, now=now
    )


@router.post("/campaigns/{campaign_id}/submit", summary="提交审批")
async def submit_campaign(campaign_id: RowId, caller: EditorDep, clock: ClockDep) -> CampaignAnswer:
    return await _answer(
        await operations.submit(campaign_id=campaign_id, author=_author(caller), now=clock.now())
    )


@router.post("/campaigns/{campaign_id}/approve", summary="审批通过，由另一名管理员")
async def approve_campaign(
    campaign_id: RowId, body: ApprovalBody, caller: ApproverDep, clock: ClockDep, bus: BusDep
) -> CampaignAnswer:
    campaign = await operations.approve(
        campaign_id=campaign_id, seen_hash=body.content_hash, author=_author(caller), now=clock.now()
    )
    await bus.ring(Topic.CAMPAIGNS)
    return await _answer(campaign)


@router.post("/campaigns/{campaign_id}/release", summary="试发后放行，发给其余的人；由另一名管理员")
async def release_campaign(
    campaign_id: RowId, caller: ApproverDep, clock: ClockDep, bus: BusDep
) -> CampaignAnswer:
    campaign = await operations.release(campaign_id=campaign_id, author=_author(caller), now=clock.now())
    await bus.ring(Topic.CAMPAIGNS)
    return await _answer(campaign)


@router.post("/campaigns/{campaign_id}/pause", summary="暂停")
async def pause_campaign(
    campaign_id: RowId, body: PauseBody, caller: EditorDep, clock: ClockDep
) -> CampaignAnswer:
    campaign = await operations.pause(
        campaign_id=campaign_id, reason=body.reason, author=_author(caller), now=clock.now()
    )
    return await _answer(campaign)


@router.post("/campaigns/{campaign_id}/resume", summary="继续，从停下的地方")
async def resume_campaign(
    campaign_id: RowId, caller: EditorDep, clock: ClockDep, bus: BusDep
) -> CampaignAnswer:
    campaign = await operations.resume(campaign_id=campaign_id, author=_author(caller), now=clock.now())
    await bus.ring(Topic.CAMPAIGNS)
    await bus.ring(Topic.MESSAGES)
    return await _answer(campaign)


@router.post("/campaigns/{campaign_id}/cancel", summary="取消；已经发出的不能收回，进度里会列出")
async def cancel_campaign(campaign_id: RowId, caller: EditorDep, clock: ClockDep) -> CampaignAnswer:
    return await _answer(
        await operations.cancel(campaign_id=campaign_id, author=_author(caller), now=clock.now())
    )


@router.get("/campaigns/{campaign_id}/messages", summary="每个人的发送结果，姓名脱敏，限本级")
async def list_messages(
    campaign_id: RowId,
    caller: StaffDep,
    page: PageQueryDep,
    state: MessageState | None = None,
    reason: Reason | None = None,
) -> Page[MessageAnswer]:
    await queries.campaign_in(scope=caller.scope, campaign_id=campaign_id)
    found = await messages_of_campaign(
        scope=caller.scope,
        campaign_id=campaign_id,
        after_id=page.cursor,
        limit=page.limit + 1,
        state=state,
        reason=reason,
    )
    shown = found[: page.limit]
    names = await queries.names_of(messages=shown)
    changes = await queries.changes_of(messages=shown)
    items = [
        MessageAnswer.of(
            message,
            masked_name=mask_name(names.get((message.recipient_kind, message.recipient_id), "")),
            changes=changes.get(message.id, ()),
        )
        for message in shown
    ]
    return Page(items=items, next_cursor=items[-1].id if len(found) > page.limit else None)


@router.get("/campaigns/{campaign_id}/channels", summary="按渠道统计；消息很多时要等一会儿")
async def list_channels(campaign_id: RowId, caller: StaffDep) -> list[ChannelProgressAnswer]:
    campaign = await queries.campaign_in(scope=caller.scope, campaign_id=campaign_id)
    return ChannelProgressAnswer.list_of(await queries.channel_counts(campaign=campaign))


@router.get("/campaigns/{campaign_id}/unreached", summary="谁没有收到、为什么、可以怎么办")
async def list_unreached(campaign_id: RowId, caller: StaffDep) -> list[UnreachedAnswer]:
    campaign = await queries.campaign_in(scope=caller.scope, campaign_id=campaign_id)
    return UnreachedAnswer.list_of((await queries.progress_of(campaigns=[campaign]))[campaign_id])


@router.get("/campaigns/{campaign_id}/retry", summary="现在可以重新发送多少，按原因")
async def list_repeatable(campaign_id: RowId, caller: StaffDep, clock: ClockDep) -> list[RepeatableAnswer]:
    campaign = await queries.campaign_in(scope=caller.scope, campaign_id=campaign_id)
    now = clock.now()
    if campaign.state not in ALLOWED["retry"] or campaign.expires_at <= now:
        return []
    return RepeatableAnswer.list_of(await queries.repeatable_counts(campaign=campaign, now=now))


@router.post("/campaigns/{campaign_id}/retry", summary="重新发送可以重新发送的")
async def retry_campaign(
    campaign_id: RowId, body: RetryBody, caller: ApproverDep, clock: ClockDep, bus: BusDep
) -> RetryAnswer:
    retried = await operations.retry(
        campaign_id=campaign_id, reasons=body.reasons, author=_author(caller), now=clock.now()
    )
    await bus.ring(Topic.MESSAGES)
    return RetryAnswer.of(retried.counts, left=retried.left)


@router.post(
    "/campaigns/{campaign_id}/messages/{message_id}/settle",
    status_code=204,
    summary="登记核实到的结果：已收到，或没有收到（之后可以重新发送一次）",
)
async def settle_message(
    campaign_id: RowId, message_id: RowId, body: SettleBody, caller: ApproverDep, clock: ClockDep
) -> None:
    await operations.settle_unknown(
        campaign_id=campaign_id,
        message_id=message_id,
        arrived=body.outcome == "arrived",
        note=body.reason,
        author=_author(caller),
        now=clock.now(),
    )


@router.get("/campaigns/{campaign_id}/events", summary="进度（SSE），完成后结束")
async def watch_campaign(
    campaign_id: RowId,
    caller: StaffDep,
    seconds: Annotated[int, Query(ge=1, le=300, description="最长多少秒")] = 300,
) -> StreamingResponse:
    await queries.campaign_in(scope=caller.scope, campaign_id=campaign_id)
    looks = max(1, round(seconds / _LOOK_EVERY_SECONDS))
    return StreamingResponse(
        _events(caller.scope, campaign_id, looks=looks),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _events(scope: Scope, campaign_id: int, *, looks: int) -> AsyncIterator[str]:
    """Yield the progress whenever it has changed, a comment now and then, and end when all is done."""
    last = ""
    for look in range(looks):
        campaign = await queries.campaign_in(scope=scope, campaign_id=campaign_id)
        progress = (await queries.progress_of(campaigns=[campaign]))[campaign_id]
        data = ProgressAnswer.of(progress).model_dump_json()
        if data != last:
            last = data
            yield f"event: progress\ndata: {data}\n\n"
        elif look % _PING_EVERY_LOOKS == 0:
            yield ": ping\n\n"
        if progress.is_done:
            return
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


@router.get("/trial-list", summary="本级的试发名单，姓名脱敏")
async def show_trial_list(caller: StaffDep) -> list[TrialMemberAnswer]:
    members = await queries.trial_list(scope=caller.scope, org_code=caller.org_code)
    return [TrialMemberAnswer.of(member) for member in members]


@router.put("/trial-list", status_code=204, summary="修改本级的试发名单，最多20名帮扶干部")
async def set_trial_list(body: TrialListBody, caller: EditorDep, clock: ClockDep) -> None:
    await operations.set_trial_list(cadre_ids=body.cadre_ids, author=_author(caller), now=clock.now())


@router.get("/festivals", summary="接下来的节日，以及是否每年自动提醒")
async def list_festivals(caller: StaffDep, clock: ClockDep) -> list[OccasionAnswer]:
    known = await queries.automatic_festivals(scope=caller.scope, org_code=caller.org_code)
    by_key = {FestivalKey(one.festival): one for one in known}
    coming = next_occasions(china_date(clock.now()), count=_OCCASIONS)
    return [_occasion(occasion, by_key) for occasion in coming]


def _occasion(occasion: FestivalOccasion, known: dict[FestivalKey, AutomaticFestival]) -> OccasionAnswer:
    return OccasionAnswer(
        on=occasion.on,
        label=occasion.label,
        mourning=occasion.is_mourning,
        festivals=[_automatic(key, known.get(key)) for key in occasion.keys],
    )


def _automatic(key: FestivalKey, known: AutomaticFestival | None) -> AutomaticAnswer:
    return AutomaticAnswer(
        festival=key,
        label=key.label,
        marked=known is not None,
        confirmed=known is not None and known.confirmed_at is not None,
        marked_by=known.marked_by if known else None,
        confirmed_by=known.confirmed_by if known else None,
    )


@router.post("/festivals/{key}/automatic", status_code=204, summary="设为每年自动提醒，需另一名管理员确认")
async def mark_automatic(
    key: FestivalKey, body: AutomaticBody, caller: EditorDep, clock: ClockDep, settings: SettingsDep
) -> None:
    await operations.mark_automatic(
        festival=key,
        enabled=body.enabled,
        template_id=settings.wechat.templates.festival_reminder,
        author=_author(caller),
        now=clock.now(),
    )


@router.post("/festivals/{key}/automatic/confirm", status_code=204, summary="确认每年自动提醒")
async def confirm_automatic(key: FestivalKey, caller: ApproverDep, clock: ClockDep) -> None:
    await operations.confirm_automatic(festival=key, author=_author(caller), now=clock.now())
