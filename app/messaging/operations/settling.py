"""Writing down what came of tries, many at a time, and what WeChat tells later."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.core import sql
from app.messaging.enums import Channel, MessageState
from app.messaging.notices import DueMessage
from app.messaging.operations.quotas import close_quota, held_by, uncount
from app.messaging.operations.windows import close_windows, give_windows_back
from app.messaging.rules import Fate
from app.messaging.rules.channels import CREDITED
from app.messaging.rules.ends import end_of
from app.messaging.rules.quotas import USED_UP_TODAY

log = structlog.get_logger()

# Long enough for a database that restarts: an answer that is lost here becomes an unknown.
_SETTLE_ATTEMPTS = 20
# Their messages took something from a person's ledger when they began.
_LEDGERED = CREDITED | {Channel.CUSTOMER_SERVICE}


@dataclass(slots=True)
class Outcome:
    """What came of one try; thousands are made a second.

    Args:
        message: which one.
        fate: what becomes of it.
        errcode: WeChat's number, 0 when it was taken, None when there was no answer.
        msgid: how WeChat names it in later events.
        unfollowed: WeChat said that the recipient does not follow the service account.
    """

    message: DueMessage
    fate: Fate
    errcode: int | None = None
    msgid: str | None = None
    unfollowed: bool = False


@dataclass(frozen=True, slots=True)
class _Alike:
    """What outcomes have in common that one statement can write."""

    fate: Fate
    errcode: int | None
    channel: Channel
    # This try is certain to have done nothing, and so was every one before it.
    forget_try: bool

    @classmethod
    def of(cls, one: Outcome) -> "_Alike":
        forget = one.fate.nothing_sent and one.message.first_tried_at is None
        return cls(one.fate, one.errcode, one.message.channel, forget)

    @property
    def moves_credits(self) -> bool:
        return self.channel in _LEDGERED and (self.fate.nothing_sent or self.fate.credit_spent)


async def settle(*, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Write down the outcomes of a group of tries in one transaction, and return how many rows took them.

    A row that is no longer ours (its lease passed and it went back into the queue) is left as it is. One that
    became unknown meanwhile still takes an answer that says something certain.
    """
    if not outcomes:
        return 0

    sent = [one for one in outcomes if one.fate.state is MessageState.SENT]
    groups: dict[_Alike, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if one.fate.state is not MessageState.SENT:
            groups[_Alike.of(one)].append(one)

    async def unit() -> int:
        if not groups:
            return await _write_sent(sent, now)
        async with in_transaction():
            written = await _write_sent(sent, now)
            for alike, group in groups.items():
                written += await _write_group(group, alike, now=now)
        return written

    written = await sql.retrying(unit, attempts=_SETTLE_ATTEMPTS)
    if written != len(outcomes):
        log.warning("messaging.settle.not_ours", outcomes=len(outcomes), written=written)
    return written


async def _write_sent(outcomes: Sequence[Outcome], now: datetime) -> int:
    if not outcomes:
        return 0
    cases, named = [], []
    for one in outcomes:
        # Ids are numbers of ours, and what WeChat calls the message is one too: binding hundreds would cost.
        if one.msgid is not None and one.msgid.isdecimal():
            cases.append(f"WHEN {one.message.id} THEN '{one.msgid}' ")
        else:
            cases.append(f"WHEN {one.message.id} THEN %s ")
            named.append(one.msgid)
    return await sql.execute(
        "UPDATE message SET state = 'sent', reason = NULL, errcode = 0, sent_at = %s, settled_at = %s,"
        f" wechat_msgid = CASE id {''.join(cases)}END,"
        " begun = 0, lease_token = NULL, lease_until_ms = NULL"
        f" WHERE state IN ('sending', 'unknown') AND {_ours(outcomes)}",
        (now, now, *named, *_tokens(outcomes)),
    )


async def _write_group(group: Sequence[Outcome], alike: _Alike, *, now: datetime) -> int:
    fate, errcode = alike.fate, alike.errcode
    goes_back = fate.state is MessageState.QUEUED
    from_states = (
        "('sending')" if goes_back or fate.state is MessageState.UNKNOWN else "('sending', 'unknown')"
    )
    moves_quotas = fate.nothing_sent and any(one.message.counted_on for one in group)
    taken = await _locked(group, from_states) if alike.moves_credits or moves_quotas else None
    if taken is not None:
        group = [one for one in group if one.message.id in taken]
        if not group:
            return 0
    written = await sql.execute(
        "UPDATE message SET state = %s, reason = %s, errcode = %s, next_at = COALESCE(%s, next_at),"
        " settled_at = %s, begun = 0, lease_until_ms = NULL"
        + (", charged = 0, counted_on = NULL" if fate.nothing_sent else "")
        + (", first_tried_at = NULL" if alike.forget_try else "")
        # What never left us was no try.
        + (", attempts = attempts - 1" if fate.was_no_try else "")
        + ("" if fate.state is MessageState.UNKNOWN else ", lease_token = NULL")
        + f" WHERE state IN {from_states} AND {_ours(group)}",
        (
            fate.state.value,
            fate.reason.value if fate.reason else None,
            errcode,
            fate.next_at,
            None if goes_back else now,
            *_tokens(group),
        ),
    )
    if alike.moves_credits:
        await _move_ledgers(group, alike, now=now)
    if moves_quotas:
        await uncount(held_by(one.message for one in group))
    if errcode == USED_UP_TODAY:
        await close_quota(channel=alike.channel, now=now)
    await _forget_followers(group)
    return written


async def _move_ledgers(group: Sequence[Outcome], alike: _Alike, *, now: datetime) -> None:
    """Give back what these messages took from their persons' ledgers, or forget what is spent."""
    if alike.channel in CREDITED:
        await _move_credits(group, alike.fate, now=now)
    elif alike.fate.credit_spent:
        await close_windows(openids=[one.message.openid for one in group])
    else:
        await give_windows_back([one.message.openid for one in group], now=now)


def _ours(outcomes: Sequence[Outcome]) -> str:
    ids = ", ".join([str(one.message.id) for one in outcomes])
    return f"id IN ({ids}) AND lease_token IN ({sql.marks(len(_tokens(outcomes)))})"


def _tokens(outcomes: Sequence[Outcome]) -> list[str]:
    return sorted({one.message.token for one in outcomes})


async def _locked(group: Sequence[Outcome], from_states: str) -> set[int]:
    """Return which rows will take the outcome, so that no credit comes back twice."""
    rows = await sql.fetch(
        f"SELECT id FROM message WHERE state IN {from_states} AND {_ours(group)}" + sql.for_update(),
        _tokens(group),
    )
    return {row["id"] for row in rows}


async def _move_credits(group: Sequence[Outcome], fate: Fate, *, now: datetime) -> None:
    """Give back the credits of what was refused, or forget those that WeChat says are spent."""
    holders = Counter((one.message.template_id, one.message.openid) for one in group)
    sharing: dict[tuple[str, int], list[str]] = defaultdict(list)
    for (template_id, openid), count in holders.items():
        sharing[template_id, count].append(openid)
    # One statement per template, and per number of messages that one person had in this group.
    for (template_id, count), openids in sorted(sharing.items()):
        await sql.execute(
            "UPDATE subscription_credit SET remaining = "
            + ("0 * %s" if fate.credit_spent else "remaining + %s")
            + f", updated_at = %s WHERE template_id = %s AND openid IN ({sql.marks(len(openids))})",
            (count, now, template_id, *openids),
        )


async def _forget_followers(group: Iterable[Outcome]) -> None:
    openids = [one.message.openid for one in group if one.unfollowed]
    if openids:
        await WeChatIdentity.filter(app=WeChatApp.OFFICIAL, openid__in=openids).update(follows=False)


async def apply_receipt(*, msgid: str, delivered: bool, status: str | None, now: datetime) -> bool:
    """Write down how a message ended, as WeChat's event tells, and return whether we know the message.

    Told twice, or told after the end, it changes nothing. An event may come before the answer to its own try
    was written down: False asks the caller to come again a little later.

    Args:
        msgid: WeChat's name of the message.
        delivered: whether it reached the phone.
        status: WeChat's word for a failure, without blanks: `failed:userblock`.
        now: when it told us.
    """
    state, reason = end_of(delivered=delivered, status=status)
    found = await sql.execute(
        "UPDATE message SET state = %s, reason = %s, settled_at = %s"
        " WHERE wechat_msgid = %s AND state IN ('sent', 'held', 'unknown')"
        # All messages of one 群发 have its number, and no event tells about a single one of them.
        " AND channel <> 'mass_send'",
        (state.value, reason.value if reason else None, now, msgid),
    )
    known = "SELECT id FROM message WHERE wechat_msgid = %s AND channel <> 'mass_send' LIMIT 1"
    return bool(found or await sql.fetch(known, (msgid,)))
