"""Starting approved campaigns, and making one message for each person of their audience."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.campaigns.enums import CampaignPhase, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations.drafting import record
from app.campaigns.queries import (
    PEOPLE,
    WAYS,
    Statement,
    Way,
    audience,
    dedup_key,
    not_written_to,
    place,
    roads_of,
    stretch,
)
from app.campaigns.rules.pacing import spread_slots
from app.core import sql

log = structlog.get_logger()

_START_AT_ONCE = 100
# Large enough for a million in seconds, small enough that nobody waits for the write lock.
EXPAND_AT_ONCE = 5000


async def start_due(*, now: datetime) -> int:
    """Start the approved campaigns whose time has come, and return how many.

    One whose last moment passed while nobody was there to start it is given up: a reminder that comes after
    the festival helps nobody.
    """
    due = await (
        Campaign.filter(state=CampaignState.SCHEDULED, send_at__lte=now).order_by("id").limit(_START_AT_ONCE)
    )
    started = 0
    # Few: one federation starts a handful of campaigns a year.
    for campaign in due:
        started += await _start(campaign, now=now)
    return started


async def _start(campaign: Campaign, *, now: datetime) -> int:
    is_late = campaign.expires_at <= now
    state = CampaignState.CANCELLED if is_late else CampaignState.RUNNING
    reason = "到达发送时间时系统没有运行，已过截止时间" if is_late else ""
    async with in_transaction():
        changed = await Campaign.filter(id=campaign.id, state=CampaignState.SCHEDULED).update(
            state=state,
            pause_reason=reason,
            watched_from=now,
            opened_at=None if campaign.phase is not CampaignPhase.ALL else campaign.opened_at or now,
        )
        if changed:
            action = "campaign.missed" if is_late else "campaign.started"
            await record(campaign, action=action, actor=audit.SYSTEM, now=now)
    if changed:
        log.info("campaigns.started", campaign_id=campaign.id, is_late=is_late)
    return changed


async def expand_step(*, now: datetime, at_once: int = EXPAND_AT_ONCE) -> int:
    """Make the messages for the next few thousand people of one running campaign, and return how many.

    Rows and cursor are written in one transaction, so that a crash neither skips nor doubles anybody; two
    workers at once do one step each. Who cannot be reached gets a row too, with the reason. While a campaign
    is tried out or held, nobody else's message exists, so nothing can send it.

    Args:
        now: when.
        at_once: how many people of the region, whether they belong to the audience or not.
    """
    campaign = await (
        Campaign.filter(state=CampaignState.RUNNING, phase=CampaignPhase.ALL, expanded_at=None)
        .order_by("id")
        .first()
    )
    if campaign is None:
        return 0
    return await sql.retrying(lambda: _expand(campaign, at_once=at_once, now=now))


async def _expand(campaign: Campaign, *, at_once: int, now: datetime) -> int:
    async with in_transaction():
        upper = await _upper_id(campaign, at_once=at_once)
        # Takes the row's lock, and is the test that no other worker did this step.
        moved = await Campaign.filter(
            id=campaign.id,
            state=CampaignState.RUNNING,
            expanded_to=campaign.expanded_to,
            expanded_at=None,
        ).update(**({"expanded_at": now} if upper is None else {"expanded_to": upper}))
        if not moved or upper is None:
            return moved
        # With those that were made already: the ways that are used up give way to others.
        roads = await roads_of(campaign=campaign, now=now, messages=campaign.planned + at_once)
        people = audience(
            campaign, now=now, people=stretch(campaign, campaign.expanded_to, upper), roads=roads
        )
        made = await make_messages(campaign, people, way=WAYS[campaign.kind], now=now)
    log.info("campaigns.expanded", campaign_id=campaign.id, up_to=upper, made=made)
    # A stretch of people may hold nobody of the audience: the caller still has to come again.
    return max(made, 1)


async def _upper_id(campaign: Campaign, *, at_once: int) -> int | None:
    table, region = PEOPLE[campaign.kind]
    rows = await sql.fetch(
        f"SELECT MAX(x.id) AS upper_id FROM (SELECT id FROM {table} WHERE id > %s AND {region} LIKE %s"
        " ORDER BY id LIMIT %s) x",
        (campaign.expanded_to, f"{campaign.region_prefix}%", at_once),
    )
    upper = rows[0]["upper_id"]
    return None if upper is None else int(upper)


async def make_messages(campaign: Campaign, people: Statement, *, way: Way, now: datetime) -> int:
    """Make one message for each of these people who has none of this campaign, and return how many.

    Joins the transaction of the caller.

    Args:
        campaign: which one.
        people: rows of an audience.
        way: what the messages are for, and what kind of people they go to.
        now: when; messages of a campaign that is spread come up later, the same for one person every time.
    """
    next_at, slots, moments = _spread(campaign, now=now)
    fresh = f" WHERE {not_written_to(campaign, way)}" if campaign.canary else ""
    made = await sql.execute(
        "INSERT INTO message (dedup_key, purpose, channel, campaign_id, recipient_kind, recipient_id,"
        " region_code, org_code, openid, template_id, consent, choice, subject_count, urgent, state, reason,"
        " next_at, expires_at, begun, attempts, charged, created_at, settled_at)"
        f" SELECT {dedup_key(campaign, way.recipient_kind)}, %s, r.channel, %s, %s, r.recipient_id,"
        " r.region_code, %s, r.openid, r.template_id, COALESCE(r.consent, ''), r.choice, r.amount, %s,"
        f" CASE WHEN r.reason IS NULL THEN 'queued' ELSE 'suppressed' END, r.reason, {next_at}, %s, 0, 0, 0,"
        f" %s, CASE WHEN r.reason IS NULL THEN NULL ELSE %s END FROM ({people.text}) r{slots}{fresh}",
        (
            way.purpose.value,
            campaign.id,
            way.recipient_kind.value,
            campaign.org_code,
            int(campaign.urgent),
            *(() if slots else (now,)),
            campaign.expires_at,
            now,
            now,
            *people.values,
            *moments,
        ),
    )
    await sql.execute("UPDATE campaign SET planned = planned + %s WHERE id = %s", (made, campaign.id))
    return made


def _spread(campaign: Campaign, *, now: datetime) -> tuple[str, str, list[datetime]]:
    """Return the SQL for when a message comes up, the table of moments it needs, and these moments."""
    if not campaign.spread_minutes or campaign.phase is not CampaignPhase.ALL:
        return "%s", "", []
    moments = spread_slots(
        start=campaign.opened_at or now, minutes=campaign.spread_minutes, until=campaign.expires_at
    )
    rows = " UNION ALL SELECT ".join(f"{number} AS slot, %s AS due" for number in range(len(moments)))
    join = f" JOIN (SELECT {rows}) s ON s.slot = {place(campaign, parts=len(moments))}"
    return "s.due", join, moments
