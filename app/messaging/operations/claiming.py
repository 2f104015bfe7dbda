"""Claiming due messages for one worker: federations take turns, and what WeChat allows us is counted at once.

Two lanes, each with its turns: the urgent leave before all others. A claim is one short transaction: due rows
are locked, counted in the ledger of quotas and marked as claimed; those for which nothing is left are put off
until the quota is full again.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import structlog
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.transactions import in_transaction

from app.core import sql
from app.core.clock import china_date
from app.core.settings import SendSettings
from app.messaging import queries
from app.messaging.enums import Channel, Purpose, Reason, RecipientKind
from app.messaging.notices import DueMessage
from app.messaging.operations.quotas import count_claimed
from app.messaging.rules.fairness import Turns
from app.messaging.rules.fuses import is_reply
from app.messaging.rules.quotas import Allowances, Grants, Wish

log = structlog.get_logger()

# Each queue of a portion is one more look-up; a portion that comes out short asks more of them at once.
_QUEUES_AT_ONCE = 8
_MORE_AT_ONCE = 4
# SQLite takes no more than 500 parts in one statement.
_MOST_QUEUES = 400
_PUT_OFF_AT_ONCE = 2000
# What is behind messages that have to wait for their quota is looked for so often in one claim.
_PORTIONS = 4
_ATTEMPTS = 4
_COLUMNS = (
    "id, campaign_id, recipient_id, openid, attempts, first_tried_at,"
    " purpose, channel, recipient_kind, urgent, expires_at, template_id, org_code"
)
_CAMPAIGN, _CHANNEL, _URGENT, _TEMPLATE, _QUEUE = 1, 7, 9, 11, 12

Row = list[Any]


@dataclass(slots=True)
class Pace:
    """What one worker remembers between its claims, and what the settings say about quotas.

    Args:
        urgent: whose turn it is among urgent messages.
        bulk: whose turn it is among all others.
        allowances: how much of which quota there is.
    """

    urgent: Turns = field(default_factory=Turns)
    bulk: Turns = field(default_factory=Turns)
    allowances: Allowances = field(default_factory=Allowances)

    @classmethod
    def of(cls, settings: SendSettings) -> "Pace":
        """Make the pace of one worker."""
        weights = settings.county_weights
        return cls(
            urgent=Turns(weights=weights), bulk=Turns(weights=weights), allowances=Allowances(settings.quotas)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What one claim asks for."""

    token: str
    now: datetime
    lease_ms: int
    channels: Collection[Channel]
    urgent_only: bool


async def claim(  # noqa: PLR0913 - what a worker knows and wants
    *,
    limit: int,
    token: str,
    now: datetime,
    lease_seconds: float,
    channels: Collection[Channel],
    urgent_only: bool,
    pace: Pace | None = None,
) -> list[DueMessage]:
    """Take up to so many due messages for one worker: the urgent first, then each federation its share.

    Within one federation the longest waiting come first. Nobody else touches them until the lease has passed
    on the database's clock. What has to wait for a quota is put off until the next morning; the urgent and
    answers to people leave even then, and even when the ledger cannot be read.

    Args:
        limit: how many at most.
        token: names this claim; a new one each time.
        now: what is due by this moment is taken.
        lease_seconds: how long they stay with this worker.
        channels: ways that are open.
        urgent_only: at night only urgent messages leave.
        pace: whose turn it is, and how much of which quota there is; None for somebody who claims once.
    """
    if not channels or limit < 1:
        return []
    own = pace or Pace()
    asked = _Asked(
        token=token,
        now=now,
        lease_ms=int(lease_seconds * 1000),
        channels=channels,
        urgent_only=urgent_only,
    )
    try:
        for _ in range(_PORTIONS):
            found, has_more = await sql.retrying(lambda: _portion(asked, own, limit), attempts=_ATTEMPTS)
            if found or not has_more:
                return found
    except (OperationalError, DBConnectionError) as error:
        log.warning("messaging.claim.ledger_unread", error=type(error).__name__)
        found = await sql.retrying(lambda: _urgent_uncounted(asked, own, limit), attempts=_ATTEMPTS)
        if not found:
            raise
        return found
    return []


async def _portion(asked: _Asked, pace: Pace, limit: int) -> tuple[list[DueMessage], bool]:
    """Claim one portion; return it, and whether there is more behind what had to be put off."""
    urgent, bulk = pace.urgent.copy(), pace.bulk.copy()
    async with in_transaction():
        rows = await _take_turns(urgent, asked, urgent=True, limit=limit)
        if not asked.urgent_only and len(rows) < limit:
            rows += await _take_turns(bulk, asked, urgent=False, limit=limit - len(rows))
        grants = Grants()
        if rows:
            grants = await count_claimed(
                wishes=[_wish(row) for row in rows], allowances=pace.allowances, now=asked.now
            )
        await _mark(grants.counted, asked, counted_on=china_date(asked.now))
        await _mark(grants.free, asked, counted_on=None)
        await _put_off(rows, grants, now=asked.now)
    pace.urgent.adopt(urgent)
    pace.bulk.adopt(bulk)
    counted, free = set(grants.counted), set(grants.free)
    day = china_date(asked.now)
    found = [
        _due(row, asked.token, counted_on=day if row[0] in counted else None)
        for row in rows
        if row[0] in counted or row[0] in free
    ]
    return found, bool(grants.waiting)


async def _urgent_uncounted(asked: _Asked, pace: Pace, limit: int) -> list[DueMessage]:
    turns = pace.urgent.copy()
    async with in_transaction():
        rows = await _take_turns(turns, asked, urgent=True, limit=limit)
        await _mark([row[0] for row in rows], asked, counted_on=None)
    return [_due(row, asked.token, counted_on=None) for row in rows]


def _wish(row: Row) -> Wish:
    channel = Channel(row[_CHANNEL])
    answers = is_reply(channel, in_campaign=row[_CAMPAIGN] is not None)
    return Wish(row[0], channel, row[_TEMPLATE], bool(row[_URGENT]) or answers)


async def _take_turns(turns: Turns, asked: _Asked, *, urgent: bool, limit: int) -> list[Row]:
    """Lock up to so many due rows, each queue its share; whoever has less leaves the rest to the others."""
    rows: dict[int, Row] = {}
    taken: Counter[queries.Queue] = Counter()
    emptied: set[str] = set()
    is_fresh = not turns.knows_who_waits(asked.now)
    if is_fresh:
        await _ask_who_waits(turns, urgent=urgent, now=asked.now)
    at_once = _QUEUES_AT_ONCE
    while len(rows) < limit:
        among = [one for one in turns.waiting if one not in emptied and _open(turns, one, asked)]
        if not among:
            if is_fresh:
                break
            await _ask_who_waits(turns, urgent=urgent, now=asked.now)
            is_fresh = True
            continue
        shares = turns.next_shares(limit - len(rows), among=among, at_most=min(at_once, _MOST_QUEUES))
        ways = {queue: _open(turns, queue, asked) for queue in shares}
        found = await _lock_due(shares, ways, asked, urgent=urgent, behind=taken)
        # Another worker's rollback may move one of ours behind those that were passed over.
        fresh = [row for row in found if row[0] not in rows]
        rows |= {row[0]: row for row in fresh}
        got = Counter(row[_QUEUE] for row in fresh)
        taken += Counter(queries.Queue(row[_QUEUE], Channel(row[_CHANNEL])) for row in fresh)
        for queue in [queue for queue, share in shares.items() if got[queue] < share]:
            emptied.add(queue)
            turns.emptied(queue)
        at_once *= _MORE_AT_ONCE
    return list(rows.values())


def _open(turns: Turns, queue: str, asked: _Asked) -> list[Channel]:
    return [channel for channel in turns.ways.get(queue, ()) if channel in asked.channels]


async def _ask_who_waits(turns: Turns, *, urgent: bool, now: datetime) -> None:
    ways: dict[str, list[Channel]] = {}
    for queue, since in (await queries.waiting_since(urgent=urgent)).items():
        if since <= now:
            ways.setdefault(queue.org_code, []).append(queue.channel)
    turns.told(ways, now=now)


async def _lock_due(
    shares: Mapping[str, int],
    ways: Mapping[str, Sequence[Channel]],
    asked: _Asked,
    *,
    urgent: bool,
    behind: Mapping[queries.Queue, int],
) -> list[Row]:
    """Lock due rows and return them, all as one text of JSON: a driver in Python pays for every column.

    Args:
        shares: how many of which queue.
        ways: by which channels they leave; what waits for another one is not even walked over.
        asked: what the claim asks for.
        urgent: which lane.
        behind: how many of a queue this claim has locked already; its own locks it does not pass over.
    """
    array, collect = (
        ("json_array", "json_group_array") if sql.is_sqlite() else ("JSON_ARRAY", "JSON_ARRAYAGG")
    )
    parts, values = list[str](), list[Any]()
    for queue, share in shares.items():
        lanes = [
            (int(urgent), queue, way.value, asked.now, share, behind.get(queries.Queue(queue, way), 0))
            for way in ways[queue]
        ]
        parts.append(_part(len(lanes), number=len(parts)))
        values += [value for lane in lanes for value in lane]
        if len(lanes) > 1:
            values.append(share)
    found = await sql.fetch(
        f"SELECT {collect}({array}({_COLUMNS})) AS page FROM ({' UNION ALL '.join(parts)}) due", values
    )
    return list(json.loads(found[0]["page"] or "[]"))


def _part(ways: int, *, number: int) -> str:
    """Return the SELECT of the longest waiting of one queue, whichever of so many ways they go."""
    # SQLite's transaction holds the one write lock anyway; on MySQL another worker's rows are passed over.
    locking = "" if sql.is_sqlite() else " FOR UPDATE SKIP LOCKED"
    one = (
        f"SELECT {_COLUMNS}, next_at FROM message WHERE state = 'queued' AND urgent = %s AND org_code = %s"
        f" AND channel = %s AND next_at <= %s ORDER BY next_at, id LIMIT %s OFFSET %s{locking}"
    )
    if ways == 1:
        return f"SELECT * FROM ({one}) part{number}"
    each = " UNION ALL ".join(f"SELECT * FROM ({one}) way{way}" for way in range(ways))
    # What is locked beyond the share is free again when the claim is committed.
    return f"SELECT * FROM (SELECT * FROM ({each}) ways{number} ORDER BY next_at, id LIMIT %s) part{number}"


async def _mark(ids: Sequence[int], asked: _Asked, *, counted_on: date | None) -> None:
    if ids:
        await sql.execute(
            "UPDATE message SET state = 'sending', begun = 0, reason = NULL, counted_on = %s,"
            f" lease_token = %s, lease_until_ms = {lease_end()}"
            f" WHERE state = 'queued' AND id IN ({numbers(ids)})",
            (counted_on.isoformat() if counted_on else None, asked.token, asked.lease_ms),
        )


async def _put_off(rows: Sequence[Row], grants: Grants, *, now: datetime) -> None:
    """Let wait what found its quota used up, and thousands alike with it, so that others come up."""
    for until, ids in grants.waiting.items():
        await _wait_until(until, ids)
    queues = sorted({row[_QUEUE] for row in rows})
    # Few: the templates of one chunk.
    for (channel, template_id), until in grants.used_up.items():
        alike = await sql.fetch(
            "SELECT id FROM message WHERE state = 'queued' AND urgent = 0"
            f" AND org_code IN ({sql.marks(len(queues))}) AND next_at <= %s"
            " AND channel = %s AND template_id = %s LIMIT %s"
            + ("" if sql.is_sqlite() else " FOR UPDATE SKIP LOCKED"),
            (*queues, now, channel.value, template_id, _PUT_OFF_AT_ONCE),
        )
        await _wait_until(until, [row["id"] for row in alike])
        log.warning(
            "messaging.quota.used_up", channel=channel.value, template_id=template_id, until=until.isoformat()
        )


async def _wait_until(until: datetime, ids: Sequence[int]) -> None:
    if ids:
        await sql.execute(
            f"UPDATE message SET next_at = %s, reason = %s WHERE state = 'queued' AND id IN ({numbers(ids)})",
            (until, Reason.QUOTA_USED_UP.value),
        )


def lease_end() -> str:
    """Return the SQL for the end of a lease; it takes one value, how long that is in milliseconds."""
    return f"{sql.db_now_ms()} + %s"


def numbers(ids: Iterable[int]) -> str:
    """Return ids as they stand in a statement: numbers need no binding, and binding hundreds would cost."""
    return ", ".join([str(int(one)) for one in ids])


def _due(row: Row, token: str, *, counted_on: date | None) -> DueMessage:
    message_id, campaign_id, recipient_id, openid, attempts, first_tried_at, *nature, _ = row
    purpose, channel, kind, urgent, expires_at, template_id = _nature_of(*nature)
    return DueMessage(
        message_id,
        token,
        purpose,
        channel,
        campaign_id,
        kind,
        recipient_id,
        openid or "",
        template_id,
        urgent,
        attempts,
        sql.moment_of(first_tried_at),
        expires_at,
        counted_on,
    )


@lru_cache(maxsize=256)
def _nature_of(
    purpose: str, channel: str, kind: str, urgent: int, expires_at: str, template_id: str
) -> tuple[Purpose, Channel, RecipientKind, bool, datetime, str]:
    """Read what all messages of one campaign have in common."""
    end = sql.moment_of(expires_at)
    if end is None:
        raise ValueError("a message needs an end")
    return Purpose(purpose), Channel(channel), RecipientKind(kind), bool(urgent), end, template_id
