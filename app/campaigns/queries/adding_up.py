"""Whether the numbers of campaigns agree with their messages, a few campaigns at a time."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.queries.audience import WAYS, audience, not_written_to
from app.campaigns.queries.choosing import Statement
from app.campaigns.queries.people import PEOPLE, stretch
from app.core import sql
from app.core.metrics import Reading
from app.messaging.enums import Channel, MessageState

# WeChat tells within minutes; what it did not tell within a day it never tells.
_RECEIPT_WITHIN = timedelta(days=1)
_OVERDUE_AT_ONCE = 20
# Of messages by other ways nobody ever tells whether they arrived.
_TOLD = ", ".join(f"'{channel.value}'" for channel in Channel if channel.tells_delivery)
# There should be no others, but the sweep is here to find what should not be.
_MOST_STATES = 50
_PLANNED = "planned"
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
    fresh = "" if since is None else " AND expires_at > %s"
    begun = await sql.fetch(
        f"SELECT id, org_code, state, expires_at FROM campaign WHERE id > %s AND state IN ({_BEGUN}){fresh}"
        " ORDER BY id LIMIT %s",
        (after_id, *(() if since is None else (since,)), limit),
    )
    if not begun:
        return []
    ids = ", ".join(str(row["id"]) for row in begun)
    # Plan and messages in one statement: campaigns grow while they are counted.
    rows = await sql.fetch(
        "SELECT c.id, MAX(c.planned) AS planned, m.state, COUNT(m.id) AS amount FROM campaign c"
        f" LEFT JOIN message m ON m.campaign_id = c.id WHERE c.id IN ({ids})"
        " GROUP BY c.id, m.state ORDER BY c.id, m.state LIMIT %s",
        (len(begun) * _MOST_STATES,),
    )
    silent = await sql.fetch(
        f"SELECT campaign_id, COUNT(*) AS amount FROM message WHERE campaign_id IN ({ids})"
        f" AND state = 'sent' AND channel IN ({_TOLD}) AND sent_at < %s"
        " GROUP BY campaign_id ORDER BY campaign_id LIMIT %s",
        (now - _RECEIPT_WITHIN, len(begun)),
    )
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        counts[row["id"]] |= {row["state"] or "": row["amount"], _PLANNED: row["planned"]}
    unheard = {row["campaign_id"]: int(row["amount"]) for row in silent}
    return [_sum(row, counts[row["id"]], silent=unheard.get(row["id"], 0), now=now) for row in begun]


def _sum(campaign: dict[str, Any], counts: dict[str, int], *, silent: int, now: datetime) -> Sum:
    expires_at = sql.moment_of(campaign["expires_at"])
    is_over = campaign["state"] == CampaignState.CANCELLED.value or (
        expires_at is not None and expires_at <= now
    )
    return Sum(
        campaign_id=campaign["id"],
        org_code=campaign["org_code"],
        planned=counts[_PLANNED],
        present=sum(counts.get(state.value, 0) for state in MessageState),
        still_open=counts.get(MessageState.QUEUED.value, 0) if is_over else 0,
        silent=silent,
    )


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
