"""How the ways of a campaign stand: which are switched on, and which carry everybody until it ends."""

from datetime import datetime

from app.campaigns.enums import CampaignKind
from app.campaigns.models import Campaign
from app.core import sql
from app.core.clock import china_date
from app.messaging.enums import Channel, Reason
from app.messaging.rules.choosing import OPEN_ROAD, Road, Roads, road
from app.messaging.rules.quotas import LIMITS, Period

# WeChat's numbers for a whole account on one day; mass messages are counted by calls.
_PER_DAY = {
    limit.channel: limit.allowed
    for limit in LIMITS
    if limit.period is Period.DAY and not limit.per_template and not limit.counts_calls
}
_MOST_ROWS = 500


def switches(campaign: Campaign) -> Roads:
    """Return which ways are switched on for a campaign, whatever their quotas.

    No scope: it reads nothing.
    """
    is_on = {
        Channel.OFFICIAL_SUBSCRIBE: bool(campaign.subscribe_template_id),
        Channel.SMS: bool(campaign.sms_template_id),
        Channel.CALL_TASK: campaign.call_tasks,
    }
    return {
        channel: OPEN_ROAD if is_on.get(channel, True) else Road(closed=Reason.CHANNEL_OFF)
        for channel in Channel
    }


async def roads_of(*, campaign: Campaign, now: datetime, messages: int = 1) -> Roads:
    """Return how the ways of a campaign stand by what is left of today's quotas and the days until its end.

    No scope: the quotas are those of the whole account.

    Args:
        campaign: which one.
        now: when.
        messages: how many it would have to carry, with those that were made already.
    """
    standing = dict(switches(campaign))
    if campaign.kind is not CampaignKind.POLICY_NOTICE:
        return standing
    left = await _left_today(now=now)
    return {
        channel: road(
            is_on=one.closed is None,
            messages=messages,
            left_today=left.get(channel, _PER_DAY.get(channel)),
            per_day=_PER_DAY.get(channel),
            now=now,
            expires_at=campaign.expires_at,
        )
        for channel, one in standing.items()
    }


async def _left_today(*, now: datetime) -> dict[Channel, int]:
    """Return what is left today of each account's quota, as far as anything was used."""
    rows = await sql.fetch(
        "SELECT channel, allowed, used, closed FROM quota WHERE period = %s AND subject = ''"
        " ORDER BY channel LIMIT %s",
        (Period.DAY.name_of(china_date(now)), _MOST_ROWS),
    )
    return {
        Channel(row["channel"]): 0 if row["closed"] else max(0, row["allowed"] - row["used"]) for row in rows
    }
