"""Whether the numbers of campaigns agree with their messages, a few campaigns at a time."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.queries.audience import (
    PEOPLE,
    WAYS,
    Statement,
    audience,
    not_written_to,
    stretch,
)
from app.core import sql
from app.core.metrics import Reading
from app.messaging.enums import MessageState

# WeChat tells within minutes; what it did not tell within a day it never tells.
_RECEIPT_WITHIN = timedelta(days=1)
_OVERDUE_AT_ONCE = 20
_EVERY_STATE = ", ".join(f"'{state.value}'" for state in MessageState)
_BEGUN = ", ".join(
    f"'{state.value}'" for state in (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.CANCELLED)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The messages of one campaign, counted.

    Args:
        campaign_id: which one.
        org_code: whose it is.
        planned: how many were made, as the campaign says.
        present: how many there are, in a state that we know: open or final.
        still_open: how many wait though the campaign is over.
        silent: how many left more than a day ago and WeChat never told what became of them.
    """

    campaign_id: int
    org_code: str
    planned: int
    present: int
    still_open: int
    silent: int


async def sums(*, after_id: int, limit: int, since: datetime | None, now: datetime) -> list[Sum]:
    """Return the sums of the next few campaigns that have begun, by id.

    No scope: the sweep looks after all federations.

    Args:
        after_id: go on after this one.
        limit: how many at most; each is one walk through an index of its messages.
        since: only campaigns that ended after this moment, or go on.
        now: when.
    """
    fresh = "" if since is None else " AND c.expires_at > %s"
    rows = await sql.fetch(
        "SELECT c.id AS campaign_id, c.org_code, c.planned, (SELECT COUNT(*) FROM message m"
        f" WHERE m.campaign_id = c.id AND m.state IN ({_EVERY_STATE})) AS present,"
        " CASE WHEN c.state = 'cancelled' OR c.expires_at <= %s THEN (SELECT COUNT(*) FROM message m"
        " WHERE m.campaign_id = c.id AND m.state = 'queued') ELSE 0 END AS still_open,"
        " (SELECT COUNT(*) FROM message m WHERE m.campaign_id = c.id AND m.state = 'sent'"
        " AND m.sent_at < %s) AS silent"
        f" FROM campaign c WHERE c.id > %s AND c.state IN ({_BEGUN}){fresh} ORDER BY c.id LIMIT %s",
        (now, now - _RECEIPT_WITHIN, after_id, *(() if since is None else (since,)), limit),
    )
    return [Sum(**row) for row in rows]


async def overdue_campaigns(*, now: datetime) -> list[int]:
    """Return campaigns past their last moment that still have messages waiting beyond theirs, by id.

    No scope: the sweep looks after all federations.
    """
    rows = await sql.fetch(
        f"SELECT c.id FROM campaign c WHERE c.state IN ({_BEGUN}) AND c.expires_at <= %s AND EXISTS"
        " (SELECT 1 FROM message m WHERE m.campaign_id = c.id AND m.state = 'queued' AND m.expires_at <= %s)"
        " ORDER BY c.id LIMIT %s",
        (now, now, _OVERDUE_AT_ONCE),
    )
    return [row["id"] for row in rows]


async def next_upper_id(*, campaign: Campaign, after_id: int, limit: int) -> int | None:
    """Return the last of the next so many people of a region whom a campaign passed already, None at the end.

    No scope: the sweep looks after all federations.
    """
    table, region = PEOPLE[campaign.kind]
    rows = await sql.fetch(
        f"SELECT MAX(x.id) AS upper_id FROM (SELECT id FROM {table} WHERE id > %s AND id <= %s"
        f" AND {region} LIKE %s ORDER BY id LIMIT %s) x",
        (after_id, campaign.expanded_to, f"{campaign.region_prefix}%", limit),
    )
    upper = rows[0]["upper_id"]
    return None if upper is None else int(upper)


def without_message(campaign: Campaign, *, after_id: int, upper_id: int, now: datetime) -> Statement:
    """Return the statement for people of the audience, in this range of ids, who have no message.

    No scope: the sweep looks after all federations.
    """
    everybody = audience(campaign, now=now, people=stretch(campaign, after_id, upper_id))
    missing = not_written_to(campaign, WAYS[campaign.kind])
    return Statement(f"SELECT r.* FROM ({everybody.text}) r WHERE {missing}", everybody.values)


async def anybody(*, people: Statement) -> bool:
    """Tell whether a statement for people finds any.

    No scope: the statement was made within one.
    """
    rows = await sql.fetch(f"SELECT 1 AS one FROM ({people.text}) p LIMIT 1", people.values)
    return bool(rows)


async def has_lost_rows(*, campaign: Campaign) -> bool:
    """Tell whether a campaign has fewer messages than were made for it.

    No scope: the sweep looks after all federations.
    """
    rows = await sql.fetch("SELECT COUNT(*) AS present FROM message WHERE campaign_id = %s", (campaign.id,))
    return bool(rows[0]["present"] < campaign.planned)


async def readings(now: datetime) -> list[Reading]:
    """Return the numbers of campaigns for Prometheus.

    No scope: numbers only, of the service as a whole.
    """
    rows = await sql.fetch(
        "SELECT state, COUNT(*) AS amount FROM campaign WHERE state IN ('scheduled', 'running', 'paused')"
        " AND expires_at > %s GROUP BY state ORDER BY state LIMIT %s",
        (now, len(CampaignState)),
    )
    found = {row["state"]: row["amount"] for row in rows}
    return [
        Reading(
            name="lianxin_campaigns",
            meaning="Campaigns before their last moment.",
            value=float(found.get(state.value, 0)),
            labels={"state": state.value},
        )
        for state in (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
    ]
