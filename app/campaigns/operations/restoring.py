"""After the database was put back to an earlier moment, nothing leaves until an admin has looked.

What was sent since that moment is gone from the database: there it waits to be sent.
"""

# ruff: noqa: S608 - only marks are put into statements, values are bound

from dataclasses import dataclass
from datetime import datetime

import structlog
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from app.audit import operations as audit
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.campaigns.operations.automatic import start_automatic
from app.campaigns.operations.drafting import record
from app.core import sql
from app.messaging.operations.restoring import drop_leases

log = structlog.get_logger()

_REASON_LENGTH = 100
_MOST_CAMPAIGNS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """One campaign that an admin has to look at before it goes on.

    Args:
        campaign_id: which one.
        org_code: of which federation.
        may_repeat: how many messages wait that may have been sent already.
        is_complete: whether everybody of the audience has a message; otherwise others may be repeated too.
    """

    campaign_id: int
    org_code: str
    may_repeat: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was done after a restore.

    Args:
        stopped: the campaigns that do not go on by themselves.
        unknown: how many messages were about to leave in the backup, so that nobody knows of them.
    """

    stopped: list[Stopped]
    unknown: int


async def after_restore(*, days_ahead: int, now: datetime) -> Restored:
    """Stop every campaign that could send something twice because the database is older than what was sent.

    Each is paused with a reason that says how many messages may be repeated; an admin who has compared them
    with WeChat lets it go on or gives it up. A reminder that starts by itself, and whose start may be gone
    from the database, is made and stopped too. Doing it again does no harm.

    Args:
        days_ahead: reminders start so many days before their festival.
        now: when.
    """
    await start_automatic(now=now, days_ahead=days_ahead)

    async def unit() -> Restored:
        async with in_transaction():
            unknown = await drop_leases(now=now)
            campaigns = await _that_may_send(now)
            waiting = await _waiting_of([campaign.id for campaign in campaigns], now=now)
            stopped = []
            # A province has a handful of campaigns under way.
            for campaign in campaigns:
                may_repeat = waiting.get(campaign.id, 0)
                if may_repeat or campaign.expanded_at is None:
                    stopped.append(await _stop(campaign, may_repeat, now=now))
            await audit.record(
                actor=audit.SYSTEM,
                action="database.restored",
                object_kind="database",
                object_id="restored",
                now=now,
                detail=f"campaigns:{len(stopped)} unknown:{unknown}",
            )
        return Restored(stopped=stopped, unknown=unknown)

    restored = await sql.retrying(unit)
    log.warning("campaigns.after_restore", stopped=len(restored.stopped), unknown=restored.unknown)
    return restored


async def _that_may_send(now: datetime) -> list[Campaign]:
    due = Q(state=CampaignState.SCHEDULED, send_at__lte=now)
    under_way = Q(state__in=[CampaignState.RUNNING, CampaignState.PAUSED])
    return await (
        Campaign.filter(due | under_way, expires_at__gt=now)
        .select_for_update()
        .order_by("id")
        .limit(_MOST_CAMPAIGNS)
    )


async def _waiting_of(campaign_ids: list[int], *, now: datetime) -> dict[int, int]:
    """Count the messages whose time had come: only they can have left since the backup."""
    if not campaign_ids:
        return {}
    rows = await sql.fetch(
        "SELECT campaign_id, COUNT(*) AS amount FROM message WHERE state = 'queued'"
        f" AND campaign_id IN ({sql.marks(len(campaign_ids))}) AND (next_at <= %s OR attempts > 0)"
        " GROUP BY campaign_id ORDER BY campaign_id LIMIT %s",
        (*campaign_ids, now, _MOST_CAMPAIGNS),
    )
    return {row["campaign_id"]: row["amount"] for row in rows}


async def _stop(campaign: Campaign, may_repeat: int, *, now: datetime) -> Stopped:
    is_complete = campaign.expanded_at is not None
    campaign.state = CampaignState.PAUSED
    campaign.pause_reason = _reason(may_repeat, is_complete=is_complete)[:_REASON_LENGTH]
    await campaign.save(update_fields=["state", "pause_reason"])
    await record(
        campaign,
        action="campaign.paused",
        actor=audit.SYSTEM,
        now=now,
        detail=f"after_restore may_repeat:{may_repeat}",
    )
    return Stopped(
        campaign_id=campaign.id,
        org_code=campaign.org_code,
        may_repeat=may_repeat,
        is_complete=is_complete,
    )


def _reason(may_repeat: int, *, is_complete: bool) -> str:
    rest = "" if is_complete else "，尚未生成的消息也可能重复"
    return f"数据库恢复到了较早的备份：继续发送最多会重复{may_repeat}条{rest}。请与微信后台核对后再继续或取消"
