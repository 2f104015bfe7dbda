"""Whom a campaign is for, and who of them cannot be reached: one statement for preview and for expansion.

Every person of the audience gets a row, with the reason when he cannot be reached, so that the numbers of a
campaign always add up: planned = final + open.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.campaigns.rules import reached_since
from app.core import sql
from app.core.clock import china_date
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind
from app.people.enums import ConsentChannel, ConsentPurpose

_BEREAVEMENT = "bereavement"
_FAMILIES_AT_ONCE = 100_000
# A prime, and the golden section of it: multiples of it, modulo the prime, fall evenly everywhere.
PLACES = 1_000_003
_GOLDEN = 618_035

# Families of a pairing in force that count for a festival: still in the register.
_FAMILIES = (
    "FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id AND b.status = 'active'"
    " WHERE p.started_on <= %s AND (p.ended_on IS NULL OR p.ended_on > %s)"
)
_IS_MUTED = "b.muted_until >= %s"
_IS_AWAKE = "(b.muted_until IS NULL OR b.muted_until < %s)"
# 官方方案 三(一): a call, a message or a visit counts; an attempt does not.
_NOT_REACHED = (
    "NOT EXISTS (SELECT 1 FROM contact t WHERE t.pairing_id = p.id AND t.occurred_on >= %s"
    " AND t.undone_at IS NULL AND t.outcome <> 'tried')"
)
_DUE = f"{_FAMILIES} AND {_IS_AWAKE} AND {_NOT_REACHED}"
_IN_MOURNING = f"{_FAMILIES} AND {_IS_MUTED} AND b.mute_reason = '{_BEREAVEMENT}'"


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT with its values; its rows have recipient_id, region_code, openid, consent, amount, reason."""

    text: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many people of an audience cannot be reached for one reason; None: they can."""

    reason: Reason | None
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the messages of one kind of campaign travel."""

    purpose: Purpose
    channel: Channel
    recipient_kind: RecipientKind


WAYS = {
    CampaignKind.FESTIVAL_REMINDER: Way(
        purpose=Purpose.FESTIVAL_REMINDER, channel=Channel.MINI_SUBSCRIBE, recipient_kind=RecipientKind.CADRE
    ),
    CampaignKind.POLICY_NOTICE: Way(
        purpose=Purpose.POLICY_NOTICE,
        channel=Channel.OFFICIAL_TEMPLATE,
        recipient_kind=RecipientKind.GUARDIAN,
    ),
}
# Colleagues who try out a notice to guardians.
TRIAL_WAY = Way(
    purpose=Purpose.POLICY_NOTICE, channel=Channel.OFFICIAL_TEMPLATE, recipient_kind=RecipientKind.CADRE
)
# Table and region column of the people a kind of campaign is for.
PEOPLE = {
    CampaignKind.FESTIVAL_REMINDER: ("cadre", "org_code"),
    CampaignKind.POLICY_NOTICE: ("guardian", "region_code"),
}


@dataclass(frozen=True, slots=True)
class People:
    """A condition with its values that chooses among the people a campaign could be for."""

    text: str
    values: tuple[Any, ...]


def everybody(campaign: Campaign) -> People:
    """Return the condition for all people of a campaign's region.

    No scope: its region was checked when it was composed.
    """
    _, region = PEOPLE[campaign.kind]
    return People(f"x.{region} LIKE %s", (f"{campaign.region_prefix}%",))


def stretch(campaign: Campaign, lower: int, upper: int) -> People:
    """Return the condition for people of the region with an id above the first and up to the second number.

    No scope: its region was checked when it was composed.
    """
    found = everybody(campaign)
    return People(f"{found.text} AND x.id > %s AND x.id <= %s", (*found.values, lower, upper))


def these(ids: Sequence[int]) -> People:
    """Return the condition for up to a thousand people by their ids.

    No scope: who they are was decided by a query of this package.
    """
    return People(f"x.id IN ({', '.join(map(str, ids))})", ())


def audience(campaign: Campaign, *, now: datetime, people: People | None = None) -> Statement:
    """Return the statement for the audience of a campaign as it is now.

    No scope: its region was checked when it was composed.

    Args:
        campaign: which one.
        now: when.
        people: who of them, everybody of its region when None.
    """
    chosen = people or everybody(campaign)
    if campaign.kind is CampaignKind.FESTIVAL_REMINDER:
        return _cadres(campaign, today=china_date(now), people=chosen)
    return _guardians(people=chosen)


def _cadres(campaign: Campaign, *, today: date, people: People) -> Statement:
    if campaign.festival_on is None:
        raise ValueError(f"campaign {campaign.id} is a festival reminder without a day")
    since = reached_since(campaign.festival_on)
    text = (
        "SELECT a.id AS recipient_id, a.region_code, a.openid,"
        " CASE WHEN a.remaining > 0 THEN 'subscription' ELSE '' END AS consent, a.due AS amount,"
        f" CASE WHEN a.due = 0 AND a.mourning > 0 THEN '{Reason.BEREAVEMENT.value}'"
        f" WHEN a.due = 0 THEN '{Reason.NOTHING_DUE.value}'"
        f" WHEN a.reminded > 0 THEN '{Reason.ALREADY_REMINDED.value}'"
        f" WHEN a.openid IS NULL THEN '{Reason.NOT_BOUND.value}'"
        f" WHEN a.remaining < 1 THEN '{Reason.NO_CREDIT.value}' END AS reason"
        " FROM (SELECT x.id, x.org_code AS region_code, i.openid, COALESCE(s.remaining, 0) AS remaining,"
        f" (SELECT COUNT(*) {_DUE} AND p.cadre_id = x.id) AS due,"
        f" (SELECT COUNT(*) {_IN_MOURNING} AND p.cadre_id = x.id) AS mourning,"
        f" ({_REMINDED}) AS reminded"
        " FROM cadre x LEFT JOIN wechat_identity i ON i.id ="
        " (SELECT MAX(j.id) FROM wechat_identity j WHERE j.cadre_id = x.id AND j.app = 'mini')"
        " LEFT JOIN subscription_credit s ON s.openid = i.openid AND s.template_id = %s"
        f" WHERE x.status = 'active' AND {people.text}) a"
    )
    values = (
        *(today, today, today, since),
        *(today, today, today),
        *(campaign.id, campaign.festival_on),
        campaign.template_id,
        *people.values,
    )
    return Statement(text, values)


_ENDED_UNSENT = ", ".join(
    f"'{state.value}'"
    for state in (
        MessageState.SUPPRESSED,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
        MessageState.FAILED,
    )
)
# A province and its county may both remind of one festival: the cadre hears of it once.
_REMINDED = (
    "SELECT COUNT(*) FROM message m JOIN campaign k ON k.id = m.campaign_id"
    " WHERE m.recipient_kind = 'cadre' AND m.recipient_id = x.id AND m.campaign_id <> %s"
    f" AND m.state NOT IN ({_ENDED_UNSENT}) AND k.festival_on = %s"
)


def _guardians(*, people: People) -> Statement:
    consent = concat("'consent:'", "a.consent_id")
    text = (
        "SELECT a.id AS recipient_id, a.region_code, a.openid,"
        f" {consent} AS consent, 0 AS amount,"
        f" CASE WHEN a.muted_at IS NOT NULL THEN '{Reason.MUTED.value}'"
        f" WHEN a.consent_id IS NULL THEN '{Reason.NO_CONSENT.value}'"
        f" WHEN a.openid IS NULL THEN '{Reason.NOT_BOUND.value}'"
        f" WHEN a.follows = 0 THEN '{Reason.NOT_FOLLOWING.value}' END AS reason"
        " FROM (SELECT x.id, x.region_code, x.muted_at, i.openid, i.follows,"
        " (SELECT MAX(k.id) FROM consent k WHERE k.guardian_id = x.id AND k.purpose = %s"
        " AND k.channel = %s AND k.withdrawn_at IS NULL) AS consent_id"
        " FROM guardian x LEFT JOIN wechat_identity i ON i.id ="
        " (SELECT MAX(j.id) FROM wechat_identity j WHERE j.guardian_id = x.id AND j.app = 'official')"
        f" WHERE {people.text}) a"
    )
    values = (
        ConsentPurpose.POLICY_NOTICE.value,
        ConsentChannel.OFFICIAL_TEMPLATE.value,
        *people.values,
    )
    return Statement(text, values)


def colleagues(ids: Sequence[int]) -> Statement:
    """Return the statement for colleagues who get a notice to guardians first, in the service account.

    No scope: they are on the trial list (试发名单) of the campaign's own federation. WeChat tells only by
    the union id that a follower of the service account and a user of the mini program are one person.
    """
    people = these(ids)
    text = (
        "SELECT a.id AS recipient_id, a.org_code AS region_code, a.openid, 'trial_list' AS consent,"
        f" 0 AS amount, CASE WHEN a.openid IS NULL THEN '{Reason.NOT_BOUND.value}'"
        f" WHEN a.follows = 0 THEN '{Reason.NOT_FOLLOWING.value}' END AS reason"
        " FROM (SELECT x.id, x.org_code, i.openid, i.follows FROM cadre x"
        " LEFT JOIN wechat_identity i ON i.id = (SELECT MAX(j.id) FROM wechat_identity j"
        " WHERE j.app = 'official' AND (j.cadre_id = x.id OR j.unionid IN"
        " (SELECT k.unionid FROM wechat_identity k WHERE k.cadre_id = x.id AND k.app = 'mini')))"
        f" WHERE x.status = 'active' AND {people.text}) a"
    )
    return Statement(text, people.values)


def concat(*parts: str) -> str:
    """Return the SQL that joins texts.

    No scope: it reads nothing.
    """
    return " || ".join(parts) if sql.is_sqlite() else f"CONCAT({', '.join(parts)})"


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


async def preview_counts(*, campaign: Campaign, now: datetime) -> list[ReasonCount]:
    """Return how many people a campaign would reach now, and how many not, by reason.

    No scope: numbers only, of a campaign that the caller may see.
    """
    statement = audience(campaign, now=now)
    rows = await sql.fetch(
        f"SELECT r.reason, COUNT(*) AS people FROM ({statement.text}) r"
        " GROUP BY r.reason ORDER BY r.reason LIMIT %s",
        (*statement.values, len(Reason) + 1),
    )
    return [
        ReasonCount(reason=Reason(row["reason"]) if row["reason"] else None, people=row["people"])
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
        f"SELECT p.cadre_id, b.name {_DUE} AND p.cadre_id IN ({some}) ORDER BY p.cadre_id, p.id LIMIT %s",
        (today, today, today, reached_since(festival_on), *cadre_ids, _FAMILIES_AT_ONCE),
    )
    mourning = await sql.fetch(
        f"SELECT DISTINCT p.cadre_id {_IN_MOURNING} AND p.cadre_id IN ({some}) ORDER BY p.cadre_id LIMIT %s",
        (today, today, today, *cadre_ids, len(cadre_ids)),
    )
    names: dict[int, list[str]] = {}
    for row in due:
        names.setdefault(row["cadre_id"], []).append(row["name"])
    return names, {row["cadre_id"] for row in mourning}
