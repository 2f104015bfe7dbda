"""Whom a campaign is for, and who of them cannot be reached: one statement for preview and for expansion.

Every person of the audience gets a row, with the reason when he cannot be reached, so that the numbers of a
campaign always add up: planned = final + open.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.campaigns.queries import sources
from app.campaigns.queries.choosing import Statement, chosen, concat
from app.campaigns.queries.people import People, everybody
from app.campaigns.queries.roads import roads_of, switches
from app.campaigns.queries.sources import DUE, IN_MOURNING
from app.campaigns.rules import reached_since
from app.core import sql
from app.core.clock import china_date
from app.messaging.enums import Channel, Purpose, Reason, RecipientKind
from app.messaging.rules.choosing import MAIN_CHANNEL, Roads
from app.orgs.models import Org

_FAMILIES_AT_ONCE = 100_000
# Far more than there are combinations of what somebody may lack.
_MOST_COUNTS = 5000
# A province has some 150 counties.
_MOST_REGIONS = 1000
# A prime, and the golden section of it: multiples of it, modulo the prime, fall evenly everywhere.
PLACES = 1_000_003
_GOLDEN = 618_035


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceCount:
    """How many people of an audience are reached by one way, or cannot be reached for one reason.

    Args:
        channel: the way; the main one when they cannot be reached.
        reason: why not, None when they can.
        choice: the ways that were passed over, as messages keep it.
        people: how many.
    """

    channel: Channel
    reason: Reason | None
    choice: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionCount:
    """How many people of an audience live in one region, and how many of them can be reached."""

    region_code: str
    region_name: str
    people: int
    reachable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What the messages of one kind of campaign are for, and to whom they go."""

    purpose: Purpose
    recipient_kind: RecipientKind


WAYS = {
    CampaignKind.FESTIVAL_REMINDER: Way(
        purpose=Purpose.FESTIVAL_REMINDER, recipient_kind=RecipientKind.CADRE
    ),
    CampaignKind.POLICY_NOTICE: Way(purpose=Purpose.POLICY_NOTICE, recipient_kind=RecipientKind.GUARDIAN),
    CampaignKind.FESTIVAL_GREETING: Way(
        purpose=Purpose.FESTIVAL_GREETING, recipient_kind=RecipientKind.GUARDIAN
    ),
}


def trial_way(kind: CampaignKind) -> Way:
    """Return how colleagues try out a campaign: as cadres, whoever it is for.

    No scope: it reads nothing.
    """
    return Way(purpose=WAYS[kind].purpose, recipient_kind=RecipientKind.CADRE)


def audience(
    campaign: Campaign, *, now: datetime, people: People | None = None, roads: Roads | None = None
) -> Statement:
    """Return the statement for the audience of a campaign as it is now.

    No scope: its region was checked when it was composed.

    Args:
        campaign: which one.
        now: when.
        people: who of them, everybody of its region when None.
        roads: how the ways stand; None: each that is switched on for this campaign.
    """
    who, standing = people or everybody(campaign), switches(campaign) if roads is None else roads
    if campaign.kind is CampaignKind.FESTIVAL_REMINDER:
        source = sources.cadres(campaign, people=who, now=now)
    elif campaign.kind is CampaignKind.FESTIVAL_GREETING:
        source = sources.greeted(campaign, people=who, now=now)
    else:
        source = sources.guardians(campaign, people=who, roads=standing, now=now)
    return chosen(
        source, purpose=WAYS[campaign.kind].purpose, roads=standing, templates=templates_of(campaign)
    )


def templates_of(campaign: Campaign) -> Mapping[Channel, str]:
    """Return the template of each way that has one.

    No scope: it reads nothing.
    """
    main = MAIN_CHANNEL[WAYS[campaign.kind].purpose]
    return {
        main: campaign.template_id,
        Channel.OFFICIAL_SUBSCRIBE: campaign.subscribe_template_id,
        Channel.SMS: campaign.sms_template_id,
    }


def colleagues(campaign: Campaign, ids: Sequence[int]) -> Statement:
    """Return the statement for colleagues who get what is meant for guardians first.

    No scope: they are on the trial list (试发名单) of the campaign's own federation.
    """
    channel = MAIN_CHANNEL[WAYS[campaign.kind].purpose]
    return sources.colleagues(ids, channel=channel, template_id=campaign.template_id)


def dedup_key(campaign: Campaign, kind: RecipientKind) -> str:
    """Return the SQL for the key of one recipient's message: a campaign writes to each person once.

    No scope: it reads nothing.
    """
    return concat(f"'c{campaign.id}:{kind.value}:'", "r.recipient_id")


def place(campaign: Campaign, *, parts: int = PLACES) -> str:
    """Return the SQL for a number from 0 below `parts` that a person has in a campaign, spread evenly.

    No scope: it reads nothing. A multiplicative hash of the id: the same on every database and at every
    time, and neighbours in the register are far apart.
    """
    shifted = _modulo(f"r.recipient_id + {campaign.id % PLACES * 7919}", PLACES)
    number = _modulo(f"{shifted} * {_GOLDEN}", PLACES)
    return number if parts == PLACES else _quotient(f"{number} * {parts}", PLACES)


def _modulo(number: str, divisor: int) -> str:
    return f"(({number}) % {divisor})" if sql.is_sqlite() else f"MOD({number}, {divisor})"


def _quotient(number: str, divisor: int) -> str:
    return f"(({number}) / {divisor})" if sql.is_sqlite() else f"(({number}) DIV {divisor})"


async def preview_counts(*, campaign: Campaign, now: datetime) -> list[AudienceCount]:
    """Return how many people a campaign would reach now by which way, and how many not, by reason.

    No scope: numbers only, of a campaign that the caller may see.
    """
    statement = audience(campaign, now=now, roads=await roads_of(campaign=campaign, now=now))
    rows = await sql.fetch(
        f"SELECT r.channel, r.reason, r.choice, COUNT(*) AS people FROM ({statement.text}) r"
        " GROUP BY r.channel, r.reason, r.choice ORDER BY r.channel, r.reason, r.choice LIMIT %s",
        (*statement.values, _MOST_COUNTS),
    )
    return [
        AudienceCount(
            channel=Channel(row["channel"]),
            reason=Reason(row["reason"]) if row["reason"] else None,
            choice=row["choice"],
            people=row["people"],
        )
        for row in rows
    ]


async def preview_regions(*, campaign: Campaign, now: datetime) -> list[RegionCount]:
    """Return how many people of each region a campaign would reach now, and of how many, by division code.

    No scope: numbers only, of a campaign that the caller may see.
    """
    statement = audience(campaign, now=now, roads=await roads_of(campaign=campaign, now=now))
    rows = await sql.fetch(
        "SELECT r.region_code, COUNT(*) AS people,"
        " SUM(CASE WHEN r.reason IS NULL THEN 1 ELSE 0 END) AS reachable"
        f" FROM ({statement.text}) r GROUP BY r.region_code ORDER BY r.region_code LIMIT %s",
        (*statement.values, _MOST_REGIONS),
    )
    codes = [row["region_code"] for row in rows]
    names = dict(
        await Org.filter(code__in=codes).order_by("code").limit(len(codes) or 1).values_list("code", "name")
    )
    return [
        RegionCount(
            region_code=row["region_code"],
            region_name=names.get(row["region_code"], row["region_code"]).removesuffix("残联"),
            people=row["people"],
            reachable=int(row["reachable"]),
        )
        for row in rows
    ]


async def sample_ids(*, campaign: Campaign, size: int, now: datetime) -> list[int]:
    """Return whom a campaign writes to first, chosen by hash among those it can reach and has not written to.

    No scope: it reads for the worker, of a campaign that was approved.
    """
    statement = audience(campaign, now=now)
    rows = await sql.fetch(
        f"SELECT r.recipient_id FROM ({statement.text}) r WHERE r.reason IS NULL"
        f" AND {not_written_to(campaign, WAYS[campaign.kind])}"
        f" ORDER BY {place(campaign)}, r.recipient_id LIMIT %s",
        (*statement.values, size),
    )
    return [row["recipient_id"] for row in rows]


def not_written_to(campaign: Campaign, way: Way) -> str:
    """Return the condition that a person of the audience has no message of this campaign yet.

    No scope: a condition for statements of this feature.
    """
    key = dedup_key(campaign, way.recipient_kind)
    return f"NOT EXISTS (SELECT 1 FROM message d WHERE d.dedup_key = {key})"


async def still_due(
    *, cadre_ids: Sequence[int], festival_on: date, now: datetime
) -> tuple[dict[int, list[str]], set[int]]:
    """Return the names of the families of each cadre that still wait for a call, and who has one in mourning.

    No scope: the texts go to the cadres themselves.

    Args:
        cadre_ids: up to one chunk of a sender.
        festival_on: for which day.
        now: when.
    """
    today, some = china_date(now), sql.marks(len(cadre_ids))
    due = await sql.fetch(
        f"SELECT p.cadre_id, b.name {DUE} AND p.cadre_id IN ({some}) ORDER BY p.cadre_id, p.id LIMIT %s",
        (today, today, today, reached_since(festival_on), *cadre_ids, _FAMILIES_AT_ONCE),
    )
    mourning = await sql.fetch(
        f"SELECT DISTINCT p.cadre_id {IN_MOURNING} AND p.cadre_id IN ({some}) ORDER BY p.cadre_id LIMIT %s",
        (today, today, today, *cadre_ids, len(cadre_ids)),
    )
    names: dict[int, list[str]] = {}
    for row in due:
        names.setdefault(row["cadre_id"], []).append(row["name"])
    return names, {row["cadre_id"] for row in mourning}
