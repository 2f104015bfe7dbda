"""The ledger of what WeChat allows us: taken by the claim, given back once nothing was sent for certain.

Every change joins the transaction of the change to the messages it is about, locks the ledger after the
messages, and its rows in the order of its index.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog

from app.core import sql
from app.core.clock import china_date
from app.core.findings import MOST_FINDINGS, Finding, keep_findings
from app.messaging.enums import Channel, Invariant
from app.messaging.notices import DueMessage
from app.messaging.rules.fuses import KEPT_DAYS
from app.messaging.rules.quotas import (
    LIMITS,
    Account,
    Allowances,
    Grants,
    Limit,
    Period,
    Wish,
    account_of,
    grant,
)

log = structlog.get_logger()

DEFAULT_ALLOWANCES = Allowances()
# Two of the longest months.
_QUOTAS_KEPT = timedelta(days=62)
_PEOPLE_AT_ONCE = 20_000
_MOST_ROWS = 500

# Messages that are counted alike: channel, template, day.
Held = tuple[Channel, str, date]


async def count_claimed(*, wishes: Sequence[Wish], allowances: Allowances, now: datetime) -> Grants:
    """Count claimed messages against what is left today, and return who has to wait.

    Joins the transaction of the claim: two statements for a whole chunk, whatever it holds.

    Args:
        wishes: messages in the order in which they should leave.
        allowances: which limits there are.
        now: when.
    """
    day = china_date(now)
    limits: dict[Account, Limit] = {}
    for channel, template_id in {(wish.channel, wish.template_id) for wish in wishes}:
        for limit in allowances.of(channel, template_id):
            limits[account_of(limit, template_id, day=day)] = limit
    rows = await _locked(limits)
    await _follow_settings(rows, limits)
    left = {account: row.allowed - row.used for account, row in rows.items()}
    grants = grant(wishes, left=left, allowances=allowances, now=now)
    await _take({rows[account].id: amount for account, amount in grants.taken.items()})
    return grants


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    allowed: int
    used: int


async def _locked(limits: Mapping[Account, Limit]) -> dict[Account, _Row]:
    """Lock the ledger's rows for these limits, and make those that are missing."""
    if not limits:
        return {}
    rows = await _read_locked(limits)
    missing = sorted(set(limits) - set(rows))
    if not missing:
        return rows
    # Not INSERT IGNORE: it would hide what is wrong with a row.
    keep = (
        "ON CONFLICT (period, channel, subject) DO NOTHING"
        if sql.is_sqlite()
        else "ON DUPLICATE KEY UPDATE used = used"
    )
    await sql.execute(
        "INSERT INTO quota (channel, subject, period, allowed, used, closed) VALUES "
        + ", ".join(["(%s, %s, %s, %s, 0, 0)"] * len(missing))
        + f" {keep}",
        [value for account in missing for value in (*account, limits[account].allowed)],
    )
    return await _read_locked(limits)


async def _read_locked(accounts: Collection[Account]) -> dict[Account, _Row]:
    channels, subjects, periods = (sorted({account[part] for account in accounts}) for part in range(3))
    found = await sql.fetch(
        "SELECT id, channel, subject, period, allowed, used FROM quota"
        f" WHERE period IN ({sql.marks(len(periods))}) AND channel IN ({sql.marks(len(channels))})"
        f" AND subject IN ({sql.marks(len(subjects))}) ORDER BY period, channel, subject LIMIT %s"
        + sql.for_update(),
        (*periods, *channels, *subjects, _MOST_ROWS),
    )
    rows = {
        (Channel(row["channel"]), row["subject"], row["period"]): _Row(row["id"], row["allowed"], row["used"])
        for row in found
    }
    return {account: rows[account] for account in accounts if account in rows}


async def _follow_settings(rows: dict[Account, _Row], limits: Mapping[Account, Limit]) -> None:
    """Write down numbers that a setting changed since; below what is used already none can go."""
    for account, row in sorted(rows.items()):
        wanted = max(limits[account].allowed, row.used)
        if wanted != row.allowed:
            # Once for each changed setting.
            changed = await sql.execute(
                "UPDATE quota SET allowed = %s WHERE id = %s AND closed = 0", (wanted, row.id)
            )
            if changed:
                rows[account] = replace(row, allowed=wanted)


async def _take(amounts: Mapping[int, int]) -> None:
    if amounts:
        cases = "".join(f" WHEN {quota_id} THEN {amount}" for quota_id, amount in amounts.items())
        ids = ", ".join(map(str, amounts))
        await sql.execute(f"UPDATE quota SET used = used + CASE id{cases} END WHERE id IN ({ids})")


async def take_calls(*, channel: Channel, allowances: Allowances, now: datetime) -> bool:
    """Count one call that carries many messages, and return whether it may be made.

    Joins the transaction that writes down the intent to call.

    Args:
        channel: how they travel.
        allowances: which limits there are.
        now: when.
    """
    limits = {account_of(one, "", day=china_date(now)): one for one in allowances.calls(channel)}
    rows = await _locked(limits)
    await _follow_settings(rows, limits)
    if any(row.used >= row.allowed for row in rows.values()):
        return False
    await _take({row.id: 1 for row in rows.values()})
    return True


async def uncount_call(*, channel: Channel, counted_on: date) -> None:
    """Give back one call of this day that did not take place. Joins the transaction of the caller."""
    for limit in DEFAULT_ALLOWANCES.calls(channel):
        await _give({account_of(limit, "", day=counted_on): 1})


async def uncount(held: Mapping[Held, int]) -> None:
    """Give back what messages held that did not leave; what WeChat said is used up stays so.

    Joins the transaction that settles them or puts them back.

    Args:
        held: how many messages of which channel and template were counted on which day.
    """
    amounts: Counter[Account] = Counter()
    for (channel, template_id, day), amount in held.items():
        for limit in DEFAULT_ALLOWANCES.of(channel, template_id):
            amounts[account_of(limit, template_id, day=day)] += amount
    await _give(amounts)


async def _give(amounts: Mapping[Account, int]) -> None:
    # Two for each template of a chunk, in the order of the index by which the claim locks them.
    for account in sorted(amounts, key=lambda one: (one[2], one[0], one[1])):
        amount = amounts[account]
        await sql.execute(
            "UPDATE quota SET used = CASE WHEN used < %s THEN 0 ELSE used - %s END"
            " WHERE channel = %s AND subject = %s AND period = %s AND closed = 0",
            (amount, amount, *account),
        )


def held_by(messages: Iterable[DueMessage]) -> Counter[Held]:
    """Return what claimed messages hold of the quotas."""
    return Counter(
        (message.channel, message.template_id, message.counted_on)
        for message in messages
        if message.counted_on is not None
    )


async def uncount_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """Give back what rows of messages held, by channel, template_id and counted_on."""
    held: Counter[Held] = Counter()
    for row in rows:
        day = sql.day_of(row["counted_on"])
        if day is not None:
            held[Channel(row["channel"]), row["template_id"], day] += 1
    await uncount(held)


async def close_quota(
    *, channel: Channel, now: datetime, period: Period = Period.DAY, template_id: str = ""
) -> None:
    """Let nothing more be counted until the period is over, because WeChat said that it is used up.

    Joins the transaction of the caller. Whoever waits leaves on the first morning after it.

    Args:
        channel: whose quota.
        now: when WeChat said so.
        period: which of its quotas.
        template_id: only of this template, otherwise of the account.
    """
    limit = _limit_of(channel, period, per_template=bool(template_id))
    account = account_of(limit, template_id, day=china_date(now))
    rows = await _locked({account: limit})
    closed = await sql.execute(
        "UPDATE quota SET used = allowed, closed = 1 WHERE id = %s AND closed = 0", (rows[account].id,)
    )
    if closed:
        log.error("messaging.quota.closed", channel=channel.value, template_id=template_id, period=account[2])


def _limit_of(channel: Channel, period: Period, *, per_template: bool) -> Limit:
    known = (
        one
        for one in LIMITS
        if (one.channel, one.period, one.per_template) == (channel, period, per_template)
    )
    return next(known, Limit(channel=channel, period=period, allowed=0, per_template=per_template))


async def check_quotas(*, now: datetime) -> int:
    """Check that no more is used than allowed and no less than is on its way, and return how many are wrong.

    Only what is counted today can be on its way and be given back.
    """
    day = china_date(now)
    periods = [period.name_of(day) for period in Period]
    # One statement, so that rows and ledger are seen at the same moment.
    rows = await sql.fetch(
        "SELECT id, channel, subject, period, allowed, used, NULL AS counted_on FROM quota"
        f" WHERE period IN ({sql.marks(len(periods))})"
        " UNION ALL SELECT 0, channel, template_id, '', 0, COUNT(*), counted_on FROM message"
        " WHERE state = 'sending' AND counted_on = %s GROUP BY channel, template_id, counted_on",
        (*periods, day),
    )
    leaving: Counter[Account] = Counter()
    for row in rows:
        if row["id"] == 0:
            for limit in DEFAULT_ALLOWANCES.of(Channel(row["channel"]), row["subject"]):
                leaving[account_of(limit, row["subject"], day=day)] += row["used"]
    found = []
    for row in rows:
        held = leaving[Channel(row["channel"]), row["subject"], row["period"]]
        if row["id"] and not held <= row["used"] <= row["allowed"]:
            words = f"允许{row['allowed']}条，已用{row['used']}条，正在发送{held}条"
            found.append(Finding(subject=f"quota:{row['id']}", detail=words))
    await keep_findings(name=Invariant.QUOTAS.value, found=found[:MOST_FINDINGS], looked_at=None, now=now)
    return len(found)


async def forget_quotas(*, now: datetime) -> int:
    """Delete the numbers of days and months that are over for long, and return how many."""
    before = china_date(now - _QUOTAS_KEPT).isoformat()
    return await sql.execute("DELETE FROM quota WHERE period < %s", (before,))


async def forget_people(*, now: datetime, position: str) -> str:
    """Delete from a stretch of people what was sent to them long ago, and return where to go on."""
    last = await sql.fetch(
        "SELECT MAX(x.person) AS person FROM (SELECT person FROM person_ledger WHERE person > %s"
        " ORDER BY person LIMIT %s) x",
        (position, _PEOPLE_AT_ONCE),
    )
    upper = last[0]["person"]
    if upper is None:
        return ""
    await sql.execute(
        "DELETE FROM person_ledger WHERE person > %s AND person <= %s AND newest_on < %s",
        (position, upper, china_date(now) - timedelta(days=KEPT_DAYS)),
    )
    return str(upper)
