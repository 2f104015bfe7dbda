"""What goes wrong in running campaigns, counted from the rows, so that all workers see the same."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.core import sql
from app.messaging.enums import Channel, MessageState, Reason
from app.wechat.errcodes import RULES, Reaction

_MOST_ROWS = 1000
# A message whose template or account was refused waits one or ten minutes for its next try.
WAITING_AGAIN = timedelta(minutes=11)


def _is_ours(errcode: int) -> bool:
    """Tell whether a known refusal is about the content, the template or the account, not the recipient."""
    rule = RULES[errcode]
    return rule.reaction in {Reaction.STOP_CAMPAIGN, Reaction.STOP_ACCOUNT} or (
        rule.stop_campaign_after is not None
    )


def _listed(errcodes: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(errcodes)))


# Zero is an acceptance. What the table does not know is never the recipient's matter.
_NOT_OURS = _listed({0} | {errcode for errcode in RULES if not _is_ours(errcode)})
_KNOWN = _listed({0} | RULES.keys())
_SINCE = "COALESCE(c.watched_from, c.created_at)"
_TRIED = ", ".join(
    f"'{state.value}'"
    for state in (
        MessageState.SENT,
        MessageState.DELIVERED,
        MessageState.HELD,
        MessageState.UNKNOWN,
        MessageState.FAILED,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What WeChat refused in one running campaign since somebody last let it go on.

    Args:
        campaign_id: which one.
        watched_from: since when, as the campaign says; None when nobody let it go on yet.
        since: the same moment, or when the campaign was made.
        failed: how many tries were refused for reasons that are not the recipient's.
        waiting: how many of those wait for another try.
        errcode: the most frequent one.
    """

    campaign_id: int
    watched_from: datetime | None
    since: datetime
    failed: int
    waiting: int
    errcode: int


async def troubles(*, now: datetime) -> list[Trouble]:
    """Return the running campaigns of which WeChat refused something that is not a recipient's matter.

    No scope: the worker watches all of them.
    """
    ended = await sql.fetch(
        f"SELECT c.id, c.watched_from, {_SINCE} AS since, m.errcode, 0 AS waiting, COUNT(*) AS amount"
        " FROM campaign c JOIN message m ON m.campaign_id = c.id AND m.state = 'failed'"
        f" AND m.reason IN ('{Reason.BAD_CONTENT.value}', '{Reason.REFUSED_BY_WECHAT.value}')"
        f" WHERE c.state = 'running' AND c.expires_at > %s AND m.settled_at >= {_SINCE}"
        f" AND m.errcode NOT IN ({_NOT_OURS})"
        f" GROUP BY c.id, c.watched_from, {_SINCE}, m.errcode ORDER BY c.id, m.errcode LIMIT %s",
        (now, _MOST_ROWS),
    )
    again = await _tried_again(now)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in ended + again:
        found.setdefault(row["id"], []).append(row)
    return [_trouble(rows) for rows in found.values()]


async def _tried_again(now: datetime) -> list[dict[str, Any]]:
    # Named one by one, so that the index of waiting messages leads to the few that come up again soon.
    owners = await sql.fetch(
        "SELECT DISTINCT org_code FROM campaign WHERE state = 'running' ORDER BY org_code LIMIT %s",
        (_MOST_ROWS,),
    )
    if not owners:
        return []
    return await sql.fetch(
        f"SELECT c.id, c.watched_from, {_SINCE} AS since, m.errcode, 1 AS waiting, COUNT(*) AS amount"
        " FROM message m JOIN campaign c ON c.id = m.campaign_id AND c.state = 'running'"
        " WHERE m.state = 'queued' AND m.urgent IN (0, 1)"
        f" AND m.org_code IN ({sql.marks(len(owners))}) AND m.channel IN ({sql.marks(len(Channel))})"
        " AND m.next_at > %s AND m.next_at <= %s"
        f" AND m.errcode NOT IN ({_NOT_OURS})"
        f" GROUP BY c.id, c.watched_from, {_SINCE}, m.errcode ORDER BY c.id, m.errcode LIMIT %s",
        (
            *[row["org_code"] for row in owners],
            *[channel.value for channel in Channel],
            now,
            now + WAITING_AGAIN,
            _MOST_ROWS,
        ),
    )


def _trouble(rows: list[dict[str, Any]]) -> Trouble:
    since = sql.moment_of(rows[0]["since"])
    if since is None:
        raise ValueError("a campaign was made at some moment")
    return Trouble(
        campaign_id=rows[0]["id"],
        watched_from=sql.moment_of(rows[0]["watched_from"]),
        since=since,
        failed=sum(row["amount"] for row in rows),
        waiting=sum(row["amount"] for row in rows if row["waiting"]),
        errcode=max(rows, key=lambda row: row["amount"])["errcode"],
    )


async def attempts_since(*, campaign_id: int, since: datetime, at_most: int) -> int:
    """Return how many messages of a campaign were tried to the end since a moment; counting stops somewhere.

    No scope: the worker watches all campaigns.
    """
    rows = await sql.fetch(
        "SELECT COUNT(*) AS amount FROM (SELECT 1 AS one FROM message WHERE campaign_id = %s"
        f" AND state IN ({_TRIED}) AND COALESCE(sent_at, settled_at) >= %s LIMIT %s) tried",
        (campaign_id, since, at_most),
    )
    return int(rows[0]["amount"])


async def unknown_run_begins(*, campaign_id: int, since: datetime, length: int) -> datetime | None:
    """Return when the last so many refusals with codes that nobody has described began, None for fewer.

    No scope: the worker watches all campaigns.
    """
    rows = await sql.fetch(
        f"SELECT settled_at FROM message WHERE campaign_id = %s AND state = 'failed'"
        f" AND reason = '{Reason.REFUSED_BY_WECHAT.value}' AND settled_at >= %s AND errcode NOT IN ({_KNOWN})"
        " ORDER BY settled_at DESC LIMIT %s",
        (campaign_id, since, length),
    )
    return sql.moment_of(rows[-1]["settled_at"]) if len(rows) == length else None


async def anything_taken_since(*, campaign_id: int, since: datetime) -> bool:
    """Tell whether WeChat took a message of a campaign since a moment.

    No scope: the worker watches all campaigns.
    """
    # Newest rows first: when there is one it is found at once. Two states, so at most two statements.
    for state in (MessageState.SENT, MessageState.DELIVERED):
        found = await sql.fetch(
            "SELECT id FROM message WHERE campaign_id = %s AND state = %s AND reason IS NULL"
            " AND sent_at >= %s ORDER BY id DESC LIMIT 1",
            (campaign_id, state.value, since),
        )
        if found:
            return True
    return False


async def cancelled_with_waiting(*, now: datetime) -> int | None:
    """Return a cancelled campaign that still has messages waiting, None when there is none.

    No scope: the worker clears up after all federations.
    """
    rows = await sql.fetch(
        "SELECT c.id FROM campaign c WHERE c.state = 'cancelled' AND c.expires_at > %s"
        " AND EXISTS (SELECT 1 FROM message m WHERE m.campaign_id = c.id AND m.state = 'queued')"
        " ORDER BY c.id LIMIT 1",
        (now,),
    )
    return int(rows[0]["id"]) if rows else None


async def cancelled_with_calls(*, now: datetime) -> int | None:
    """Return a cancelled campaign whose calls still stand in lists of cadres, None when there is none.

    No scope: the worker clears up after all federations.
    """
    cancelled = await sql.fetch(
        "SELECT id FROM campaign WHERE state = 'cancelled' AND call_tasks = 1 AND expires_at > %s"
        " ORDER BY id LIMIT %s",
        (now, _MOST_ROWS),
    )
    if not cancelled:
        return None
    rows = await sql.fetch(
        # In this order on SQLite: few calls stand in lists, and a campaign may have a million messages.
        "SELECT m.campaign_id FROM call_task t CROSS JOIN message m ON m.id = t.message_id"
        f" WHERE m.campaign_id IN ({_listed(row['id'] for row in cancelled)}) AND m.state = 'sent' LIMIT 1"
    )
    return int(rows[0]["campaign_id"]) if rows else None
