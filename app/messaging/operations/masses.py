"""Mass messages (群发): thousands of messages leave with one call, and share what comes of it.

The batch row names the call. It is committed together with the intent of all its messages, so that after a
crash or without an answer the same people are sent the same text under the same id, of which WeChat sends
one (`clientmsgid`).
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from tortoise.transactions import in_transaction

from app.core import sql
from app.core.clock import china_date
from app.messaging.enums import BatchState, Channel, MessageState, Purpose, Reason, RecipientKind
from app.messaging.models import MassBatch
from app.messaging.notices import DueMessage
from app.messaging.operations.quotas import DEFAULT_ALLOWANCES, take_calls, uncount_call
from app.messaging.rules import Fate
from app.messaging.rules.channels import FEWEST_OF_MASS, MASS_WINDOW, MOST_OF_MASS, mass_client_id
from app.messaging.rules.quotas import Allowances

log = structlog.get_logger()

COLUMNS = (
    "id, purpose, recipient_kind, recipient_id, openid, template_id, attempts, first_tried_at, expires_at"
)

_MASS = Channel.MASS_SEND.value
_SETTLE_ATTEMPTS = 20
_LONGEST_WORD = 32
# MASSSENDJOBFINISH: "send success", otherwise "send fail" or "err(…)", and nobody gets it.
_SENT_TO_SOME = "success"
_STATE_OF_FATE = {
    MessageState.SENT: BatchState.SENT,
    MessageState.HELD: BatchState.SENT,
    MessageState.QUEUED: BatchState.DISSOLVED,
    MessageState.FAILED: BatchState.FAILED,
    MessageState.UNKNOWN: BatchState.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One mass message that this worker holds.

    Args:
        id: of its row.
        campaign_id: whose messages these are.
        token: which the messages carry.
        text: what everybody reads.
        openids: everybody, always in the same order.
        tries: how often it was tried, this time included.
        first_tried_at: the first earlier try that may have reached WeChat, None when there was none.
        created_at: when it was made and its call was counted.
    """

    id: int
    campaign_id: int
    token: str
    text: str = field(repr=False)
    openids: tuple[str, ...] = field(repr=False)
    tries: int
    first_tried_at: datetime | None
    created_at: datetime

    @property
    def client_msg_id(self) -> str:
        """The clientmsgid, the same for every try."""
        return mass_client_id(self.id, self.token)


class NoCallsLeft(Exception):
    """WeChat takes no further mass message from us today."""


async def claim_mass(
    *, campaign_id: int, token: str, now: datetime, lease_seconds: float, limit: int = MOST_OF_MASS
) -> list[DueMessage]:
    """Take up to 10,000 due messages of one campaign that travel by 群发, the oldest first.

    Never all but one: whoever is left alone cannot be sent anything.

    Args:
        campaign_id: whose.
        token: names this claim, and the batch that is made of it.
        now: what is due by this moment is taken.
        lease_seconds: how long they stay with this worker while their text is written.
        limit: how many at most.
    """

    async def unit() -> list[dict[str, Any]]:
        async with in_transaction():
            # Workers wait for each other here: shared out between two, few people would leave one alone.
            # In the order of the index; asked for by id alone, MariaDB would walk through the whole table.
            rows = await sql.fetch(
                f"SELECT {COLUMNS} FROM message WHERE campaign_id = %s AND state = 'queued'"
                " AND channel = %s AND next_at <= %s ORDER BY reason, id LIMIT %s" + sql.for_update(),
                (campaign_id, _MASS, now, limit + 1),
            )
            if len(rows) > limit:
                rows = rows[: limit - 1]
            if rows:
                await sql.execute(
                    "UPDATE message SET state = 'sending', begun = 0, lease_token = %s,"
                    f" lease_until_ms = {sql.db_now_ms()} + %s"
                    f" WHERE state = 'queued' AND id IN ({', '.join(str(row['id']) for row in rows)})",
                    (token, int(lease_seconds * 1000)),
                )
        return rows

    return [due_of(row, campaign_id, token) for row in await sql.retrying(unit)]


def due_of(row: dict[str, Any], campaign_id: int, token: str) -> DueMessage:
    """Return a message that travels by 群发 as the sender knows it, from its row."""
    expires_at = sql.moment_of(row["expires_at"])
    if expires_at is None:
        raise ValueError("a message needs an end")
    return DueMessage(
        id=row["id"],
        token=token,
        purpose=Purpose(row["purpose"]),
        channel=Channel.MASS_SEND,
        campaign_id=campaign_id,
        recipient_kind=RecipientKind(row["recipient_kind"]),
        recipient_id=row["recipient_id"],
        openid=row["openid"] or "",
        template_id=row["template_id"],
        # A mass message is never urgent: WeChat itself takes minutes for it, and it keeps to waking hours.
        urgent=False,
        attempts=row["attempts"],
        first_tried_at=sql.moment_of(row["first_tried_at"]),
        expires_at=expires_at,
    )


async def begin_mass(
    *,
    messages: Sequence[DueMessage],
    text: str,
    now: datetime,
    lease_seconds: float,
    allowances: Allowances = DEFAULT_ALLOWANCES,
) -> Batch | None:
    """Write down, committed, that these claimed messages leave together with this text, as one batch.

    Returns None when fewer than two of them are still ours; then nothing was written. The call is counted
    against the quota of the day.

    Args:
        messages: of one claim and one campaign, each to another person.
        text: what everybody reads.
        now: the moment of the first try.
        lease_seconds: how long one try may take at most.
        allowances: how many mass messages there are on one day.

    Raises:
        NoCallsLeft: the quota of the day is used up, and nothing was written.
    """
    token, campaign_id = messages[0].token, messages[0].campaign_id
    if campaign_id is None:
        raise ValueError("a mass message belongs to a campaign")

    async def unit() -> Batch | None:
        async with in_transaction():
            # The second run after a commit whose answer was lost finds what the first one wrote.
            made = await MassBatch.get_or_none(token=token)
            if made is None:
                if await _count_held(messages) < FEWEST_OF_MASS:
                    return None
                if not await take_calls(channel=Channel.MASS_SEND, allowances=allowances, now=now):
                    raise NoCallsLeft
                made = await _make_batch(
                    messages, campaign_id, text=text, now=now, lease_seconds=lease_seconds
                )
            return await _with_people(made, first_tried_at=None)

    return await sql.retrying(unit)


def _held(messages: Sequence[DueMessage]) -> str:
    ids = ", ".join(str(message.id) for message in messages)
    return f"state = 'sending' AND begun = 0 AND lease_token = %s AND id IN ({ids})"


async def _count_held(messages: Sequence[DueMessage]) -> int:
    rows = await sql.fetch(
        f"SELECT COUNT(*) AS amount FROM message WHERE {_held(messages)}", (messages[0].token,)
    )
    return int(rows[0]["amount"])


async def _make_batch(
    messages: Sequence[DueMessage], campaign_id: int, *, text: str, now: datetime, lease_seconds: float
) -> MassBatch:
    token = messages[0].token
    # The lease is as long as WeChat keeps the id: whatever nobody settled by then stays unknown.
    people = await sql.execute(
        "UPDATE message SET begun = 1, attempts = attempts + 1,"
        " first_tried_at = COALESCE(first_tried_at, %s),"
        f" lease_until_ms = {sql.db_now_ms()} + %s WHERE {_held(messages)}",
        (now, int(MASS_WINDOW.total_seconds() * 1000), token),
    )
    batch_id = await sql.insert(
        "INSERT INTO mass_batch (campaign_id, token, text, people, state, tries, first_tried_at, next_at,"
        f" lease_until_ms, created_at, result) VALUES (%s, %s, %s, %s, %s, 1, %s, %s,"
        f" {sql.db_now_ms()} + %s, %s, '')",
        (
            *(campaign_id, token, text, people, BatchState.LEAVING.value),
            *(now, now, int(lease_seconds * 1000), now),
        ),
    )
    return await MassBatch.get(id=batch_id)


async def _with_people(batch: MassBatch, *, first_tried_at: datetime | None) -> Batch:
    rows = await sql.fetch(
        "SELECT openid FROM message WHERE campaign_id = %s AND state = 'sending' AND lease_token = %s"
        " ORDER BY reason, id LIMIT %s",
        (batch.campaign_id, batch.token, MOST_OF_MASS),
    )
    return Batch(
        id=batch.id,
        campaign_id=batch.campaign_id,
        token=batch.token,
        text=batch.text,
        openids=tuple(row["openid"] for row in rows),
        tries=batch.tries,
        first_tried_at=first_tried_at,
        created_at=batch.created_at,
    )


async def take_batch(*, now: datetime, lease_seconds: float) -> Batch | None:
    """Take one batch that has to be tried again, because its answer was lost or WeChat said later.

    One that can no longer be repeated without a double, or of which people are missing, becomes unknown.

    Args:
        now: the moment of the try.
        lease_seconds: how long it may take at most.
    """

    async def unit() -> Batch | None:
        async with in_transaction():
            rows = await sql.fetch(
                "SELECT id, first_tried_at FROM mass_batch WHERE state = %s AND next_at <= %s"
                f" AND (lease_until_ms IS NULL OR lease_until_ms < {sql.db_now_ms()})"
                " ORDER BY next_at, id LIMIT 1" + ("" if sql.is_sqlite() else " FOR UPDATE SKIP LOCKED"),
                (BatchState.LEAVING.value, now),
            )
            if not rows:
                return None
            await sql.execute(
                "UPDATE mass_batch SET tries = tries + 1, first_tried_at = COALESCE(first_tried_at, %s),"
                f" lease_until_ms = {sql.db_now_ms()} + %s WHERE id = %s",
                (now, int(lease_seconds * 1000), rows[0]["id"]),
            )
            made = await MassBatch.get(id=rows[0]["id"])
            batch = await _with_people(made, first_tried_at=sql.moment_of(rows[0]["first_tried_at"]))
        is_whole = len(batch.openids) == made.people
        first = batch.first_tried_at
        if is_whole and (first is None or now - first < MASS_WINDOW):
            return batch
        log.error("messaging.mass.not_repeatable", batch_id=batch.id, is_whole=is_whole)
        unknown = Fate(state=MessageState.UNKNOWN, reason=Reason.UNANSWERED)
        await settle_batch(batch=batch, fate=unknown, now=now)
        return None

    return await sql.retrying(unit)


async def postpone_batch(*, batch: Batch, next_at: datetime, errcode: int | None, nothing_sent: bool) -> None:
    """Let a batch wait for its next try, with the same people; one that another try has overtaken stays.

    Args:
        batch: which one.
        next_at: when it is due again.
        errcode: what WeChat said, None when there was no answer.
        nothing_sent: this try is certain to have done nothing.
    """
    forget = nothing_sent and batch.first_tried_at is None
    await sql.retrying(
        lambda: sql.execute(
            "UPDATE mass_batch SET next_at = %s, errcode = %s, lease_until_ms = NULL"
            + (", first_tried_at = NULL" if forget else "")
            + " WHERE id = %s AND state = %s AND tries = %s",
            (next_at, errcode, batch.id, BatchState.LEAVING.value, batch.tries),
        ),
        attempts=_SETTLE_ATTEMPTS,
    )


async def settle_batch(
    *, batch: Batch, fate: Fate, now: datetime, errcode: int | None = None, msgid: str | None = None
) -> int:
    """Write down what came of a batch, for itself and for all its messages; return how many those were.

    Sent: whom it reached is told by nobody, so that its messages stay sent. Queued: nothing was sent, and
    they wait for another batch. One that became unknown meanwhile still takes an answer that says something.
    Only that it was sent is also taken from a try that another one has overtaken.

    Args:
        batch: which one.
        fate: what becomes of its messages.
        now: when.
        errcode: WeChat's number, 0 when it was taken, None when there was no answer.
        msgid: how WeChat names the mass message.
    """
    is_sent = fate.state is MessageState.SENT

    async def unit() -> int:
        async with in_transaction():
            settled = await sql.execute(
                "UPDATE mass_batch SET state = %s, errcode = %s, wechat_msgid = %s, settled_at = %s,"
                " lease_until_ms = NULL WHERE id = %s AND state IN (%s, %s)"
                + ("" if is_sent else f" AND tries = {int(batch.tries)}"),
                (
                    *(_STATE_OF_FATE[fate.state].value, errcode, msgid, now, batch.id),
                    *(BatchState.LEAVING.value, BatchState.UNKNOWN.value),
                ),
            )
            if not settled:
                return 0
            if fate.state is MessageState.QUEUED:
                await uncount_call(channel=Channel.MASS_SEND, counted_on=china_date(batch.created_at))
            return await _settle_messages(batch, fate, errcode=errcode, msgid=msgid, now=now)

    return await sql.retrying(unit, attempts=_SETTLE_ATTEMPTS)


async def _settle_messages(
    batch: Batch, fate: Fate, *, errcode: int | None, msgid: str | None, now: datetime
) -> int:
    goes_back = fate.state is MessageState.QUEUED
    is_sent = fate.state is MessageState.SENT
    keeps_token = fate.state is MessageState.UNKNOWN
    return await sql.execute(
        "UPDATE message SET state = %s, reason = %s, errcode = %s, wechat_msgid = %s,"
        " next_at = COALESCE(%s, next_at), sent_at = COALESCE(%s, sent_at), settled_at = %s, begun = 0,"
        " lease_until_ms = NULL"
        + ("" if keeps_token else ", lease_token = NULL")
        + (", first_tried_at = NULL" if fate.nothing_sent else "")
        + (", attempts = attempts - 1" if fate.was_no_try else "")
        + " WHERE campaign_id = %s AND state IN ('sending', 'unknown') AND lease_token = %s",
        (
            *(fate.state.value, fate.reason.value if fate.reason else None, errcode, msgid),
            *(fate.next_at, now if is_sent else None, None if goes_back else now),
            *(batch.campaign_id, batch.token),
        ),
    )


async def take_mass_result(  # noqa: PLR0913 - what WeChat tells about one mass message
    *, msgid: str, status: str, total: int, filtered: int, sent: int, errors: int, now: datetime
) -> bool:
    """Keep what WeChat tells at the end of a mass message, in numbers, and return whether we know it.

    Nobody learns who got it, so that messages stay as they are, unless WeChat in the end sent it to nobody:
    then they failed. Told twice, it changes nothing. Joins the transaction of the caller; an event may come
    before the answer to its own call: False asks the caller to come again later.

    Args:
        msgid: WeChat's name of the mass message.
        status: WeChat's word for the end.
        total: followers that were listed.
        filtered: of these, with a mass message left this month.
        sent: of these, reached.
        errors: of these, not reached.
        now: when it told us.
    """
    found = await sql.execute(
        "UPDATE mass_batch SET result = %s, reached = %s, not_reached = %s, left_out = %s,"
        " finished_at = COALESCE(finished_at, %s) WHERE wechat_msgid = %s",
        (status[:_LONGEST_WORD], sent, errors, max(total - filtered, 0), now, msgid),
    )
    if found and not sent and _SENT_TO_SOME not in status:
        log.error("messaging.mass.not_sent_by_wechat", wechat_msgid=msgid, status=status[:_LONGEST_WORD])
        await sql.execute(
            "UPDATE message SET state = %s, reason = %s, settled_at = %s"
            " WHERE wechat_msgid = %s AND channel = %s AND state = 'sent'",
            (MessageState.FAILED.value, Reason.REFUSED_BY_WECHAT.value, now, msgid, _MASS),
        )
    return bool(found)
