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
# Table and region column of the people a kind of campaign is for.
PEOPLE = {
    CampaignKind.FESTIVAL_REMINDER: ("cadre", "org_code"),
    CampaignKind.POLICY_NOTICE: ("guardian", "region_code"),
}


def audience(campaign: Campaign, *, now: datetime, ids: tuple[int, int] | None = None) -> Statement:
    """Return the statement for the audience of a campaign as it is now.

    No scope: its region was checked when it was composed.

    Args:
        campaign: which one.
        now: when.
        ids: only people with an id above the first and up to the second number.
    """
    bounds = "" if ids is None else " AND x.id > %s AND x.id <= %s"
    if campaign.kind is CampaignKind.FESTIVAL_REMINDER:
        return _cadres(campaign, today=china_date(now), bounds=bounds, ids=ids or ())
    return _guardians(campaign, bounds=bounds, ids=ids or ())


def _cadres(campaign: Campaign, *, today: date, bounds: str, ids: Sequence[int]) -> Statement:
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
        f" WHERE x.status = 'active' AND x.org_code LIKE %s{bounds}) a"
    )
    values = (
        *(today, today, today, since),
        *(today, today, today),
        *(campaign.id, campaign.festival_on),
        *(campaign.template_id, f"{campaign.region_prefix}%"),
        *ids,
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


def _guardians(campaign: Campaign, *, bounds: str, ids: Sequence[int]) -> Statement:
    consent = _concat("'consent:'", "a.consent_id")
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
        f" WHERE x.region_code LIKE %s{bounds}) a"
    )
    values = (
        ConsentPurpose.POLICY_NOTICE.value,
        ConsentChannel.OFFICIAL_TEMPLATE.value,
        f"{campaign.region_prefix}%",
        *ids,
    )
    return Statement(text, values)


def _concat(*parts: str) -> str:
    return " || ".join(parts) if sql.is_sqlite() else f"CONCAT({', '.join(parts)})"


def dedup_key(campaign: Campaign) -> str:
    """Return the SQL for the key of one recipient's message: a campaign writes to each person once.

    No scope: it reads nothing.
    """
    kind = WAYS[campaign.kind].recipient_kind.value
    return _concat(f"'c{campaign.id}:{kind}:'", "r.recipient_id")


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
