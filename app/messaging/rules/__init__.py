"""Decisions about messages that need no database: the life of a message, retries, quiet hours, caps.

`channels` holds what one way of sending allows and another does not; `choosing` which way is taken;
`fairness` whose turn it is; `quotas` how much WeChat takes; `fuses` what is too much for one person; `ends`
what WeChat's word for the end means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core.clock import CHINA, start_of_china_day
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.rules.channels import RETRY_WINDOW, may_repeat

__all__ = [
    "ACCOUNT_STOPPED_WAIT",
    "DAILY_CAP",
    "MAX_ANSWERS",
    "MICRO_BATCH",
    "RETRY_WINDOW",
    "SENT",
    "TRANSITIONS",
    "Fate",
    "Refusal",
    "after_refusal",
    "after_silence",
    "again",
    "backoff",
    "is_quiet",
    "may_become",
    "may_repeat",
    "next_morning",
    "next_waking",
    "refused_for_now",
    "state_of",
]

# By itself a message only moves forward (DESIGN: the life of a message). The one way back is a named admin's
# order: what may be sent again is put in the queue once more (campaigns: retrying).
TRANSITIONS: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.QUEUED: frozenset(
        {
            MessageState.SENDING,
            MessageState.EXPIRED,
            MessageState.CANCELLED,
            # An earlier try was never answered, and the message is not sent again.
            MessageState.UNKNOWN,
        }
    ),
    MessageState.SENDING: frozenset(
        {
            MessageState.QUEUED,
            MessageState.SENT,
            MessageState.HELD,
            MessageState.UNKNOWN,
            MessageState.FAILED,
            # Claimed, and then found not to be wanted.
            MessageState.SUPPRESSED,
            MessageState.EXPIRED,
            MessageState.CANCELLED,
        }
    ),
    MessageState.UNKNOWN: frozenset(
        {MessageState.SENT, MessageState.HELD, MessageState.DELIVERED, MessageState.FAILED}
    ),
    MessageState.SENT: frozenset(
        {
            MessageState.DELIVERED,
            MessageState.FAILED,
            # A call that no cadre had made, until it came too late or its campaign was cancelled.
            MessageState.EXPIRED,
            MessageState.CANCELLED,
        }
    ),
    MessageState.HELD: frozenset({MessageState.DELIVERED, MessageState.FAILED}),
    MessageState.DELIVERED: frozenset(),
    MessageState.FAILED: frozenset(),
    MessageState.SUPPRESSED: frozenset(),
    MessageState.EXPIRED: frozenset(),
    MessageState.CANCELLED: frozenset(),
}

# Unknowns are about as many as messages in flight at a crash, so intent is written for few at a time.
MICRO_BATCH = 25
# One person gets at most this many messages on one day, whatever campaigns there are.
DAILY_CAP = 3
# wx.requestSubscribeMessage asks for 5 templates at a time; a phone may hand in several answers together.
MAX_ANSWERS = 20

_WAKING_HOUR = 8
_SLEEPING_HOUR = 21
_LONGEST_BACKOFF = timedelta(hours=1)
_UNANSWERED_WAIT = timedelta(seconds=10)
_CAMPAIGN_STOPPED_WAIT = timedelta(minutes=1)
ACCOUNT_STOPPED_WAIT = timedelta(minutes=10)

_FAILED_BECAUSE: Mapping[int, Reason] = {
    43101: Reason.NO_CREDIT,
    43004: Reason.NOT_FOLLOWING,
    50005: Reason.NOT_FOLLOWING,
    45015: Reason.WINDOW_CLOSED,
    45047: Reason.WINDOW_CLOSED,
    43019: Reason.BLOCKED_BY_USER,
    48002: Reason.BLOCKED_BY_USER,
    40249: Reason.BAD_CONTENT,
    45168: Reason.BAD_CONTENT,
    47003: Reason.BAD_CONTENT,
}
# No subscription is left, or no customer-service message in the window that the person opened.
_IS_SPENT = frozenset({43101, 45015, 45047})
# "System busy" is never a matter of the recipient: after a few quick tries it is tried slowly.
_SYSTEM_BUSY = -1
_BUSY_WAIT = timedelta(minutes=10)
_STATE_OF_REASON: Mapping[Reason, MessageState] = {
    Reason.TOO_LATE: MessageState.EXPIRED,
    Reason.CAMPAIGN_CANCELLED: MessageState.CANCELLED,
    Reason.UNANSWERED: MessageState.UNKNOWN,
}


def may_become(state: MessageState, following: MessageState) -> bool:
    """Tell whether a message in one state may go into another."""
    return following in TRANSITIONS[state]


def state_of(reason: Reason) -> MessageState:
    """Return the state of a message that is not sent for this reason."""
    return _STATE_OF_REASON.get(reason, MessageState.SUPPRESSED)


def is_quiet(now: datetime) -> bool:
    """Tell whether people in the province sleep or rest: 21:00 to 8:00."""
    hour = now.astimezone(CHINA).hour
    return hour >= _SLEEPING_HOUR or hour < _WAKING_HOUR


def next_waking(moment: datetime) -> datetime:
    """Return this moment, or 8:00 of the morning after it when it lies in the quiet hours."""
    if not is_quiet(moment):
        return moment
    tomorrow = 1 if moment.astimezone(CHINA).hour >= _SLEEPING_HOUR else 0
    return start_of_china_day(moment, plus_days=tomorrow) + timedelta(hours=_WAKING_HOUR)


def next_morning(now: datetime) -> datetime:
    """Return 8:00 of the next day in the province, when daily quotas are full again."""
    return start_of_china_day(now, plus_days=1) + timedelta(hours=_WAKING_HOUR)


def backoff(attempts: int, *, jitter: float, first: timedelta = timedelta(seconds=2)) -> timedelta:
    """Return the wait before another try: doubled each time up to an hour.

    Args:
        attempts: tries so far, 1 or more.
        jitter: 0 to 1, so that a thousand messages do not come back in one second.
        first: wait after the first try.
    """
    wait = min(first * (1 << min(attempts - 1, 12)), max(first, _LONGEST_BACKOFF))
    return wait * (0.75 + 0.5 * jitter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A carrier said no, in the words of WeChat's errcode table (`app.wechat.errcodes`).

    Args:
        errcode: WeChat's number.
        reaction: what the table says to do now.
        wait_seconds: wait at least so long before another try; None leaves it to us.
        retries: how many more tries are worth it; None means until the message is too old.
        afterwards: the reaction when those are used up.
        reason: why the message failed, unless the errcode tells more.
    """

    errcode: int
    reaction: str
    wait_seconds: float | None = None
    retries: int | None = None
    afterwards: str = "give_up_recipient"
    reason: Reason = Reason.REFUSED_BY_WECHAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a message after a try.

    Args:
        state: the state it goes into.
        reason: why, unless it was sent or is tried again soon.
        next_at: when it is due again, only with QUEUED.
        nothing_sent: this try did not reach anybody for certain, so that a credit is given back and the
            try does not count against the retry window.
        credit_spent: WeChat says that there is no credit left, or that the window is closed.
        was_no_try: nothing left us, so that it does not count as a try either.
    """

    state: MessageState
    reason: Reason | None = None
    next_at: datetime | None = None
    nothing_sent: bool = False
    credit_spent: bool = False
    was_no_try: bool = False


SENT = Fate(state=MessageState.SENT)


def again(at: datetime) -> Fate:
    """Send it later: nothing left us."""
    return Fate(state=MessageState.QUEUED, next_at=at, nothing_sent=True, was_no_try=True)


def refused_for_now(at: datetime) -> Fate:
    """Send it later: whoever carries it said that nothing was sent."""
    return Fate(state=MessageState.QUEUED, next_at=at, nothing_sent=True)


def after_refusal(
    refusal: Refusal,
    *,
    attempts: int,
    in_campaign: bool,
    now: datetime,
    jitter: float,
    unsure_before: bool = False,
) -> Fate:
    """Return what a refusal makes of the message that met it.

    Args:
        refusal: what WeChat said.
        attempts: tries so far, this one included.
        in_campaign: whether there is a campaign to stop.
        now: when.
        jitter: 0 to 1.
        unsure_before: an earlier try was never answered, so that no refusal tells that nobody got it.
    """
    reaction = refusal.reaction
    if reaction in _REPEATED and refusal.retries is not None and attempts > refusal.retries:
        if refusal.errcode == _SYSTEM_BUSY:
            return refused_for_now(now + _BUSY_WAIT * (0.75 + 0.5 * jitter))
        reaction = refusal.afterwards
    if reaction == "stop_campaign" and not in_campaign:
        reaction = "give_up_recipient"
    wait = _wait(reaction, refusal, attempts=attempts, now=now, jitter=jitter)
    if wait is not None:
        reason = Reason.QUOTA_USED_UP if reaction == "next_day" else None
        return replace(refused_for_now(wait), reason=reason)
    if reaction == "done":
        return SENT
    if reaction == "held":
        return Fate(state=MessageState.HELD)
    if unsure_before:
        return Fate(state=MessageState.UNKNOWN, reason=Reason.UNANSWERED)
    spent = refusal.errcode in _IS_SPENT
    reason = _FAILED_BECAUSE.get(refusal.errcode, refusal.reason)
    return Fate(state=MessageState.FAILED, reason=reason, nothing_sent=not spent, credit_spent=spent)


_REPEATED = frozenset({"token", "later", "slower"})


def _wait(reaction: str, refusal: Refusal, *, attempts: int, now: datetime, jitter: float) -> datetime | None:
    if reaction in _REPEATED:
        if refusal.wait_seconds is None:
            return now + backoff(attempts, jitter=jitter, first=timedelta(seconds=30))
        return now + backoff(attempts, jitter=jitter, first=timedelta(seconds=refusal.wait_seconds * 4 / 3))
    fixed = {
        "next_day": next_morning(now),
        "stop_campaign": now + _CAMPAIGN_STOPPED_WAIT,
        "stop_account": now + ACCOUNT_STOPPED_WAIT,
    }
    return fixed.get(reaction)


def after_silence(
    channel: Channel, *, first_tried_at: datetime | None, attempts: int, now: datetime, jitter: float
) -> Fate:
    """Return what becomes of a message whose try was not answered: it may have arrived.

    Args:
        channel: what carries a key may be repeated, and only as long as the key is kept.
        first_tried_at: the first try of which that can be said, None when it is this one.
        attempts: tries so far, this one included.
        now: when.
        jitter: 0 to 1.
    """
    at = now + backoff(attempts, jitter=jitter, first=_UNANSWERED_WAIT)
    if may_repeat(channel, first_tried_at=first_tried_at or now, now=at):
        return Fate(state=MessageState.QUEUED, next_at=at)
    return Fate(state=MessageState.UNKNOWN, reason=Reason.UNANSWERED)
