"""Composing a campaign, and the second admin who answers for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope, region_prefix
from app.audit import operations as audit
from app.campaigns.enums import CampaignKind, CampaignPhase, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.notices import greeting_words, revealing_words
from app.campaigns.queries import campaign_in, preview_counts
from app.campaigns.rules import (
    ACT_LABELS,
    ALLOWED,
    Draft,
    Plan,
    Templates,
    canary_by_default,
    content_hash,
    plan_of,
    stored_festivals,
)
from app.core.errors import Conflict, Invalid, NotAllowed
from app.festivals.rules import greetings_allowed
from app.policies.queries.library import published_names

log = structlog.get_logger()


class RegionOutside(NotAllowed):
    code = "campaigns.region_outside"
    title = "只能选择本级及下级地区"


class NotOurs(NotAllowed):
    code = "campaigns.not_ours"
    title = "这是其他残联的任务，不能修改"


class WrongState(Conflict):
    code = "campaigns.wrong_state"
    title = "任务当前的状态不允许此操作"


class OwnDraft(Conflict):
    code = "campaigns.own_draft"
    title = "不能审批自己起草的任务，请由另一名管理员审批"


class ContentChanged(Conflict):
    code = "campaigns.content_changed"
    title = "您看到的内容之后又有改动，请刷新页面，重新核对后再审批"


class TooLateToApprove(Conflict):
    code = "campaigns.too_late"
    title = "已过任务的截止时间，请修改时间后重新提交"


class TitleReveals(Invalid):
    code = "campaigns.title_reveals"
    title = "标题会显示在微信通知里，不能出现残疾、困难、证号、住址等内容"


class TextReveals(Invalid):
    code = "campaigns.text_reveals"
    title = "祝福会在微信里直接显示，不能出现残疾、困难、证号、住址等内容"


class PolicyUnknown(Invalid):
    code = "campaigns.policy_unknown"
    title = "没有这项已发布的政策，请在政策库里核对"


class NoGreetings(Invalid):
    code = "campaigns.no_greetings"
    title = "这里不能写节日祝福"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who acts on campaigns.

    Args:
        staff_id: the member of staff.
        org_code: his federation.
        scope: where he may act and count.
        actor: how the audit trail names him.
    """

    staff_id: int
    org_code: str
    scope: Scope
    actor: audit.Actor


async def create_draft(
    *, draft: Draft, author: Author, templates: Templates, days_ahead: int, now: datetime
) -> Campaign:
    """Write down a campaign that nobody has approved yet.

    Args:
        draft: what was composed.
        author: who composed it.
        templates: of its ways; part of what is approved.
        days_ahead: reminders start so many days before the festival.
        now: when.

    Raises:
        RegionOutside: the region is not below the author's federation.
        TitleReveals, TextReveals, NoGreetings: the words are not fit for WeChat.
        FestivalMissing, NotAFestivalDay, WrongTimes: the times make no sense.
        GreetingMissing, GreetingOnMourningDay, CallTasksNotAllowed: what its kind needs or forbids.
        PolicyNotAllowed, PolicyUnknown: only notices are about a policy, and only about a published one.
    """
    plan = _checked(draft, author=author, days_ahead=days_ahead, now=now)
    columns = await _columns(draft, plan, templates, now=now)
    async with in_transaction():
        campaign = await Campaign.create(
            org_code=author.org_code,
            state=CampaignState.DRAFT,
            author_id=author.staff_id,
            created_at=now,
            **columns,
        )
        await record(campaign, action="campaign.created", actor=author.actor, now=now)
    return campaign


async def edit(
    *, campaign_id: int, draft: Draft, author: Author, templates: Templates, days_ahead: int, now: datetime
) -> Campaign:
    """Change a campaign that is not approved yet; it becomes a draft again, and he who changed it its author.

    Raises:
        CampaignNotFound, NotOurs, WrongState: there is none, of another federation, or approved already.
        RegionOutside, TitleReveals, NoGreetings, NotAFestivalDay, WrongTimes: as for a draft.
    """
    plan = _checked(draft, author=author, days_ahead=days_ahead, now=now)
    columns = await _columns(draft, plan, templates, now=now)
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="edit", is_own=True)
        await campaign.update_from_dict(
            {
                **columns,
                "state": CampaignState.DRAFT,
                "author_id": author.staff_id,
                "content_hash": "",
            }
        ).save()
        await record(campaign, action="campaign.edited", actor=author.actor, now=now)
    return campaign


async def submit(*, campaign_id: int, author: Author, now: datetime) -> Campaign:
    """Hand a draft over for approval, bound to the content it has now.

    Raises:
        CampaignNotFound, NotOurs, WrongState: there is none, of another federation, or it is no draft.
    """
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="submit", is_own=True)
        campaign.state = CampaignState.SUBMITTED
        campaign.content_hash = hash_of(campaign)
        await campaign.save(update_fields=["state", "content_hash"])
        await record(
            campaign, action="campaign.submitted", actor=author.actor, now=now, detail=campaign.content_hash
        )
    return campaign


async def approve(*, campaign_id: int, seen_hash: str, author: Author, now: datetime) -> Campaign:
    """Approve a submitted campaign as the second admin; it then starts by itself at its time.

    Args:
        campaign_id: which one.
        seen_hash: the content hash of what he read.
        author: who approves.
        now: when.

    Raises:
        CampaignNotFound, WrongState: there is none, or nobody submitted it.
        OwnDraft: he composed it himself (四眼原则).
        ContentChanged: what he read is not what would be sent.
        TooLateToApprove: it would end before it starts.
    """
    async with in_transaction():
        campaign = await locked(campaign_id=campaign_id, scope=author.scope, act="approve")
        if campaign.author_id == author.staff_id:
            raise OwnDraft
        if not seen_hash == campaign.content_hash == hash_of(campaign):
            raise ContentChanged
        if campaign.expires_at <= now:
            raise TooLateToApprove
        campaign.state = CampaignState.SCHEDULED
        campaign.approver_id = author.staff_id
        await campaign.save(update_fields=["state", "approver_id"])
        await record(campaign, action="campaign.approved", actor=author.actor, now=now, detail=seen_hash)
    log.info("campaigns.approved", campaign_id=campaign.id)
    return campaign


def hash_of(campaign: Campaign) -> str:
    """Return what binds an approval to the content of a campaign."""
    return content_hash(
        {
            "kind": campaign.kind.value,
            "region": campaign.region_prefix,
            "title": campaign.title,
            "text": campaign.text,
            "festival": campaign.festival,
            "festival_on": campaign.festival_on,
            "send_at": campaign.send_at.timestamp(),
            "expires_at": campaign.expires_at.timestamp(),
            "template_id": campaign.template_id,
            "subscribe_template_id": campaign.subscribe_template_id,
            "sms_template_id": campaign.sms_template_id,
            "call_tasks": campaign.call_tasks,
            "policy_key": campaign.policy_key,
            "policy_audience": campaign.policy_audience.value,
            "urgent": campaign.urgent,
            "canary": campaign.canary,
            "spread_minutes": campaign.spread_minutes,
        }
    )


async def locked(*, campaign_id: int, scope: Scope, act: str, is_own: bool = False) -> Campaign:
    """Return a campaign for a change, in the transaction of the caller, while nobody else changes it.

    Args:
        campaign_id: which one.
        scope: who acts.
        act: what he wants to do, a word of `rules.ALLOWED`.
        is_own: whether it has to be of his own federation.

    Raises:
        CampaignNotFound, NotOurs, WrongState: there is none, of another federation, or not in this state.
    """
    campaign = await campaign_in(scope=scope, campaign_id=campaign_id)
    campaign = await Campaign.select_for_update().get(id=campaign.id)
    if is_own and not scope.may_act_in(campaign.org_code):
        raise NotOurs
    if campaign.state not in ALLOWED[act]:
        raise WrongState(f"任务现在是“{campaign.state.label}”，不能{ACT_LABELS[act]}")
    return campaign


async def record(
    campaign: Campaign, *, action: str, actor: audit.Actor, now: datetime, detail: str = ""
) -> None:
    """Write into the trail what was done to a campaign, in the transaction of the caller."""
    await audit.record(
        actor=actor,
        action=action,
        object_kind="campaign",
        object_id=campaign.id,
        now=now,
        region_code=campaign.org_code,
        detail=detail,
    )


def _checked(draft: Draft, *, author: Author, days_ahead: int, now: datetime) -> Plan:
    if not author.scope.may_count_in(region_prefix(draft.region_code)):
        raise RegionOutside
    plan = plan_of(draft, days_ahead=days_ahead, now=now)
    if draft.kind is CampaignKind.POLICY_NOTICE:
        revealing = revealing_words(draft.title)
        if revealing:
            raise TitleReveals(f"请去掉标题中的“{'、'.join(revealing)}”，这些内容可以写在正文里")
    if draft.kind is CampaignKind.FESTIVAL_GREETING:
        revealing = revealing_words(draft.text)
        if revealing:
            raise TextReveals(f"请去掉“{'、'.join(revealing)}”")
    wishes_fit = plan.occasion is not None and greetings_allowed(plan.occasion)
    wishes = greeting_words(f"{draft.title} {draft.text}")
    if wishes and not wishes_fit:
        why = "清明、中元是追思的日子" if plan.occasion else "微信不允许用模板消息发送祝福"
        raise NoGreetings(f"请去掉“{'、'.join(wishes)}”：{why}")
    return plan


async def _columns(draft: Draft, plan: Plan, templates: Templates, *, now: datetime) -> dict[str, Any]:
    policies = await published_names(region_code=draft.region_code) if draft.policy_key else {}
    if draft.policy_key is not None and draft.policy_key not in policies:
        raise PolicyUnknown
    occasion = plan.occasion
    columns: dict[str, Any] = {
        "kind": draft.kind,
        "region_prefix": region_prefix(draft.region_code),
        "title": draft.title,
        "text": draft.text,
        "festival": stored_festivals(occasion.keys) if occasion else "",
        "festival_on": occasion.on if occasion else None,
        "template_id": templates.main,
        "subscribe_template_id": templates.subscribe,
        "sms_template_id": templates.sms,
        "call_tasks": plan.call_tasks,
        "policy_key": draft.policy_key or "",
        "policy_audience": draft.policy_audience,
        "urgent": draft.urgent,
        "spread_minutes": draft.spread_minutes,
        "send_at": plan.send_at,
        "expires_at": plan.expires_at,
    }
    canary = draft.canary
    if canary is None:
        counts = await preview_counts(campaign=Campaign(id=0, **columns), now=now)
        reachable = sum(one.people for one in counts if one.reason is None)
        canary = canary_by_default(reachable=reachable, urgent=draft.urgent)
    return columns | {
        "canary": canary,
        "phase": CampaignPhase.CANARY if canary else CampaignPhase.ALL,
    }
