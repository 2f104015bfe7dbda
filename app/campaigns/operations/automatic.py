"""Festivals whose reminder starts by itself every year, once two admins have said so."""

from collections import defaultdict
from datetime import datetime, timedelta

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.rules import region_prefix
from app.audit import operations as audit
from app.campaigns.enums import CampaignKind, CampaignState
from app.campaigns.models import AutomaticFestival, Campaign
from app.campaigns.operations.drafting import Author, hash_of, record
from app.campaigns.queries import festivals_confirmed
from app.campaigns.rules import reminder_times, stored_festivals
from app.core.clock import china_date
from app.core.errors import Conflict
from app.festivals.enums import FestivalKey
from app.festivals.rules import FestivalOccasion, next_occasions

log = structlog.get_logger()

# More festivals than fall into any 60 days.
_OCCASIONS = 40


class NotMarked(Conflict):
    code = "campaigns.festival_not_marked"
    title = "这个节日还没有设为每年自动提醒"


class OwnMark(Conflict):
    code = "campaigns.own_mark"
    title = "不能确认自己的设置，请由另一名管理员确认"


async def mark_automatic(
    *, festival: FestivalKey, enabled: bool, template_id: str, author: Author, now: datetime
) -> None:
    """Note that a federation wants a reminder every year before a festival, or wants it no more.

    It takes effect when another admin confirms it. Marked again, it has to be confirmed again.

    Args:
        festival: which one.
        enabled: False takes the mark away at once.
        template_id: WeChat template of the reminders; part of what is confirmed.
        author: who wants it, for his own federation.
        now: when.
    """
    async with in_transaction():
        await AutomaticFestival.filter(org_code=author.org_code, festival=festival.value).delete()
        if enabled:
            await AutomaticFestival.create(
                org_code=author.org_code,
                festival=festival.value,
                template_id=template_id,
                marked_by=author.staff_id,
                marked_at=now,
            )
        await _record(festival, author=author, action="marked" if enabled else "unmarked", now=now)


async def confirm_automatic(*, festival: FestivalKey, author: Author, now: datetime) -> None:
    """Confirm, as the second admin, that a federation wants a reminder every year before a festival.

    Confirmed twice, it stays as it is.

    Raises:
        NotMarked: nobody asked for it.
        OwnMark: he asked for it himself (四眼原则).
    """
    async with in_transaction():
        marked = await AutomaticFestival.select_for_update().get_or_none(
            org_code=author.org_code, festival=festival.value
        )
        if marked is None:
            raise NotMarked
        if marked.marked_by == author.staff_id:
            raise OwnMark
        if marked.confirmed_at is not None:
            return
        marked.confirmed_by, marked.confirmed_at = author.staff_id, now
        await marked.save(update_fields=["confirmed_by", "confirmed_at"])
        await _record(festival, author=author, action="confirmed", now=now)


async def _record(festival: FestivalKey, *, author: Author, action: str, now: datetime) -> None:
    await audit.record(
        actor=author.actor,
        action=f"automatic_festival.{action}",
        object_kind="automatic_festival",
        object_id=festival.value,
        now=now,
        region_code=author.org_code,
    )


async def start_automatic(*, now: datetime, days_ahead: int) -> int:
    """Schedule the reminders of the coming days that two admins confirmed, and return how many are new.

    Each federation gets one campaign for one day, whatever falls on it, and gets it once, however often and
    in however many workers this runs.

    Args:
        now: when.
        days_ahead: look so many days ahead.
    """
    today = china_date(now)
    coming = [
        occasion
        for occasion in next_occasions(today, count=_OCCASIONS)
        if occasion.on <= today + timedelta(days=max(days_ahead, 1))
    ]
    by_org: dict[str, dict[FestivalKey, AutomaticFestival]] = defaultdict(dict)
    for marked in await festivals_confirmed(now=now):
        by_org[marked.org_code][FestivalKey(marked.festival)] = marked
    wanted = {
        _slot(org_code, occasion): (
            occasion,
            next(festivals[key] for key in occasion.keys if key in festivals),
        )
        for org_code, festivals in by_org.items()
        for occasion in coming
        if not festivals.keys().isdisjoint(occasion.keys)
    }
    found = await Campaign.filter(slot__in=list(wanted)) if wanted else []
    known = {campaign.slot for campaign in found}
    started = 0
    # One transaction each: a federation whose campaign cannot be made must not hold up the others.
    for slot, (occasion, marked) in wanted.items():
        if slot not in known:
            started += await _schedule(slot, occasion, marked, days_ahead=days_ahead, now=now)
    return started


def _slot(org_code: str, occasion: FestivalOccasion) -> str:
    return f"{org_code}:{occasion.on.isoformat()}"


async def _schedule(
    slot: str, occasion: FestivalOccasion, marked: AutomaticFestival, *, days_ahead: int, now: datetime
) -> int:
    send_at, expires_at = reminder_times(occasion, days_ahead=days_ahead)
    if expires_at <= now:
        return 0
    campaign = Campaign(
        kind=CampaignKind.FESTIVAL_REMINDER,
        org_code=marked.org_code,
        region_prefix=region_prefix(marked.org_code),
        title=f"{occasion.label}联系提醒",
        festival=stored_festivals(occasion.keys),
        festival_on=occasion.on,
        template_id=marked.template_id,
        send_at=max(send_at, now),
        expires_at=expires_at,
        state=CampaignState.SCHEDULED,
        author_id=marked.marked_by,
        approver_id=marked.confirmed_by,
        slot=slot,
        created_at=now,
    )
    campaign.content_hash = hash_of(campaign)
    try:
        async with in_transaction():
            await campaign.save()
            await record(campaign, action="campaign.scheduled_by_itself", actor=audit.SYSTEM, now=now)
    except IntegrityError:
        # Another worker was faster: the slot is unique.
        return 0
    log.info("campaigns.scheduled_by_itself", campaign_id=campaign.id, slot=slot)
    return 1
