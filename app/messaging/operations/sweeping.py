"""Looking for messages and credits that do not add up; each look is bounded and goes on where it stopped.

Sweeps trust nothing that other code wrote: they compare rows with rows.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.core import sql
from app.core.findings import MOST_FINDINGS, Finding, keep_findings
from app.messaging.enums import Invariant, MessageState, Reason
from app.messaging.operations.leasing import let_go

_CREDITS_AT_ONCE = 20_000
_LET_GO_AT_ONCE = 5000
_TALLY_KEPT = timedelta(hours=3)


async def find_stuck(*, now: datetime, lease_seconds: float) -> int:
    """Find messages whose lease passed long ago and that no worker took up; return in how many regions.

    Args:
        now: when.
        lease_seconds: how long a claim lasts; twice as long after its end is long ago.
    """
    rows = await sql.fetch(
        "SELECT region_code, COUNT(*) AS amount FROM message WHERE state = 'sending'"
        f" AND (lease_until_ms IS NULL OR lease_until_ms < {sql.db_now_ms()} - %s)"
        " GROUP BY region_code ORDER BY amount DESC, region_code LIMIT %s",
        (int(lease_seconds * 2000), MOST_FINDINGS),
    )
    found = [
        Finding(
            subject=f"region:{row['region_code']}", detail=f"{row['amount']}条", org_code=row["region_code"]
        )
        for row in rows
    ]
    await keep_findings(name=Invariant.STUCK.value, found=found, looked_at=None, now=now)
    return len(found)


async def check_credits(*, now: datetime, position: str) -> str:
    """Check that nobody's credits are below zero or more than he gave, and return where to go on.

    A message holds its credit from the intent until WeChat refused it for certain: what is left and what is
    held can never be more than what was granted.

    Args:
        now: when.
        position: where the last look stopped, empty at the start of a round.
    """
    after = int(position or 0)
    last = await sql.fetch(
        "SELECT MAX(x.id) AS id FROM (SELECT id FROM subscription_credit WHERE id > %s"
        " ORDER BY id LIMIT %s) x",
        (after, _CREDITS_AT_ONCE),
    )
    upper = last[0]["id"]
    if upper is None:
        return ""
    rows = await sql.fetch(
        "SELECT s.id, s.remaining, s.granted, COALESCE(h.held, 0) AS held FROM subscription_credit s"
        " LEFT JOIN (SELECT openid, template_id, COUNT(*) AS held FROM message"
        " WHERE state IN ('sending', 'unknown', 'held') AND charged = 1 GROUP BY openid, template_id) h"
        " ON h.openid = s.openid AND h.template_id = s.template_id"
        " WHERE s.id > %s AND s.id <= %s"
        " AND (s.remaining < 0 OR s.remaining + COALESCE(h.held, 0) > s.granted)"
        " ORDER BY s.id LIMIT %s",
        (after, upper, MOST_FINDINGS),
    )
    known = await sql.fetch(
        "SELECT subject FROM invariant_finding WHERE name = %s AND resolved_at IS NULL ORDER BY id LIMIT %s",
        (Invariant.CREDITS.value, 10 * MOST_FINDINGS),
    )
    numbers = {row["subject"]: int(row["subject"].partition(":")[2]) for row in known}
    found = [
        Finding(
            subject=f"credit:{row['id']}",
            detail=f"授权过{row['granted']}次，剩余{row['remaining']}次，消息占用{row['held']}次",
        )
        for row in rows
    ]
    await keep_findings(
        name=Invariant.CREDITS.value,
        found=found,
        looked_at=[subject for subject, number in numbers.items() if after < number <= upper],
        now=now,
    )
    return str(upper)


async def end_overdue(*, campaign_id: int, now: datetime) -> int:
    """Let go of up to 5,000 messages of a campaign that wait though their own last moment has passed.

    `expire_overdue` meets them when they come up to be sent; those put off until a later day wait no longer
    than the campaign. Returns how many.
    """
    # In any order: asked for the first by id, MariaDB would walk through the whole table.
    rows = await sql.fetch(
        "SELECT id FROM message WHERE campaign_id = %s AND state = 'queued' AND expires_at <= %s LIMIT %s",
        (campaign_id, now, _LET_GO_AT_ONCE),
    )
    if not rows:
        return 0
    return await let_go(rows, state=MessageState.EXPIRED, reason=Reason.TOO_LATE, now=now)


async def note_tally(*, outcomes: Mapping[MessageState, int], now: datetime) -> None:
    """Add to this minute's numbers how many tries came to which end; only for showing.

    Numbers of a worker that dies before it noted them are missing here, and nowhere else.
    """
    if not outcomes:
        return
    minute = now.replace(second=0, microsecond=0)
    known = (
        "ON CONFLICT (minute, outcome) DO UPDATE SET amount = send_tally.amount + excluded.amount"
        if sql.is_sqlite()
        else "ON DUPLICATE KEY UPDATE amount = amount + VALUES(amount)"
    )
    rows = [value for state, amount in sorted(outcomes.items()) for value in (minute, state.value, amount)]

    async def unit() -> None:
        await sql.execute(
            "INSERT INTO send_tally (minute, outcome, amount)"
            f" VALUES {', '.join(['(%s, %s, %s)'] * len(outcomes))} {known}",
            rows,
        )

    await sql.retrying(unit)


async def forget_tally(*, now: datetime) -> int:
    """Delete the numbers of minutes that nobody asks about any more, and return how many."""
    return await sql.execute("DELETE FROM send_tally WHERE minute < %s", (now - _TALLY_KEPT,))
