"""How many messages WeChat takes from us, for what, in which period; the ledger counts them (`Quota`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import Enum

from app.core.clock import china_date, china_moment
from app.messaging.enums import Channel

# WeChat's errcodes for "no more today" and "no more mass messages this month".
USED_UP_TODAY = 45009
USED_UP_THIS_MONTH = 45028

_WAKING_HOUR = 8


class Period(Enum):
    """After how long a quota is full again, by the calendar of the province."""

    DAY = "day"
    MONTH = "month"

    def name_of(self, day: date) -> str:
        """Return how the ledger calls the period in which a day lies: 2026-05-17, 2026-05."""
        return day.isoformat() if self is Period.DAY else f"{day:%Y-%m}"

    def next_morning(self, day: date) -> datetime:
        """Return 8:00 of the first day after the period in which a day lies."""
        following = day + timedelta(days=1)
        if self is Period.MONTH:
            following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        return china_moment(following, _WAKING_HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One number of WeChat's.

    Args:
        channel: for messages that travel so.
        period: after which it is full again.
        allowed: how many.
        per_template: each template has its own, not the account as a whole.
        counts_calls: one call may carry many messages, and only calls are counted.
    """

    channel: Channel
    period: Period
    allowed: int
    per_template: bool = False
    counts_calls: bool = False

    def subject_of(self, template_id: str) -> str:
        """Return what it is counted for: a template, or '' for the account."""
        return template_id if self.per_template else ""


_TEMPLATES_A_DAY = 100_000
_SUBSCRIBES_A_DAY = 10_000_000
LIMITS: tuple[Limit, ...] = (
    # Template_Message_Interface: 10万次 a day, more with more than 100,000 followers.
    Limit(channel=Channel.OFFICIAL_TEMPLATE, period=Period.DAY, allowed=_TEMPLATES_A_DAY),
    # A template of its own may be held to less than the account by a setting.
    Limit(channel=Channel.OFFICIAL_TEMPLATE, period=Period.DAY, allowed=_TEMPLATES_A_DAY, per_template=True),
    # subscribe/send: 1kw a day, 3kw with payment.
    Limit(channel=Channel.MINI_SUBSCRIBE, period=Period.DAY, allowed=_SUBSCRIBES_A_DAY),
    Limit(channel=Channel.MINI_SUBSCRIBE, period=Period.DAY, allowed=_SUBSCRIBES_A_DAY, per_template=True),
    # WeChat publishes no number for subscribe/bizsend; the one of template messages of the same account.
    Limit(channel=Channel.OFFICIAL_SUBSCRIBE, period=Period.DAY, allowed=_TEMPLATES_A_DAY),
    Limit(channel=Channel.OFFICIAL_SUBSCRIBE, period=Period.DAY, allowed=_TEMPLATES_A_DAY, per_template=True),
    # API_Call_Limits: 发送客服消息 500000, 高级群发接口 100 calls.
    Limit(channel=Channel.CUSTOMER_SERVICE, period=Period.DAY, allowed=500_000),
    Limit(channel=Channel.MASS_SEND, period=Period.DAY, allowed=100, counts_calls=True),
)


@dataclass(frozen=True, slots=True)
class Allowances:
    """WeChat's numbers, with those that a setting replaces.

    Args:
        replaced: "official_template" for the account's number of a channel, "official_template:ID" for the
            number of one template.
    """

    replaced: Mapping[str, int] = field(default_factory=dict)

    def of(self, channel: Channel, template_id: str) -> Sequence[Limit]:
        """Return the limits that one message counts against."""
        found = _MESSAGES.get(channel, [])
        return [self._replaced(limit, template_id) for limit in found] if self.replaced else found

    def calls(self, channel: Channel) -> Sequence[Limit]:
        """Return the limits on calls that carry many messages."""
        return [
            self._replaced(limit, "") for limit in LIMITS if limit.channel is channel and limit.counts_calls
        ]

    def _replaced(self, limit: Limit, template_id: str) -> Limit:
        name = f"{limit.channel.value}:{template_id}" if limit.per_template else limit.channel.value
        return replace(limit, allowed=self.replaced[name]) if name in self.replaced else limit


_MESSAGES: Mapping[Channel, list[Limit]] = {
    channel: [limit for limit in LIMITS if limit.channel is channel and not limit.counts_calls]
    for channel in Channel
}

# Channel, subject and period: how the ledger names one number.
Account = tuple[Channel, str, str]


@dataclass(slots=True)
class Wish:
    """One claimed message that wants to be counted; thousands are made a second.

    Args:
        message_id: which one.
        channel: how it travels.
        template_id: of which template.
        passes: it leaves even when nothing is left: an answer to a person, or something urgent.
    """

    message_id: int
    channel: Channel
    template_id: str
    passes: bool


@dataclass(slots=True)
class Grants:
    """Who is counted, and who has to wait.

    Args:
        counted: messages that hold one piece of every quota that applies to them.
        free: messages that leave though nothing is left, or to which no quota applies.
        waiting: messages that have to wait, by the moment at which the quota is full again.
        taken: how much of which number is used by those counted.
        used_up: channel and template of those that wait.
    """

    counted: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    waiting: dict[datetime, list[int]] = field(default_factory=dict)
    taken: dict[Account, int] = field(default_factory=dict)
    used_up: dict[tuple[Channel, str], datetime] = field(default_factory=dict)


def account_of(limit: Limit, template_id: str, *, day: date) -> Account:
    """Return how the ledger names the number that a message of this template counts against on a day."""
    return limit.channel, limit.subject_of(template_id), limit.period.name_of(day)


def grant(
    wishes: Iterable[Wish], *, left: Mapping[Account, int], allowances: Allowances, now: datetime
) -> Grants:
    """Decide who is counted against what is left, the first first.

    Args:
        wishes: messages in the order in which they should leave.
        left: how much is left of which number.
        allowances: which limits there are.
        now: when.
    """
    day = china_date(now)
    rest, grants = dict(left), Grants()
    # Thousands of messages of a few templates.
    known: dict[tuple[Channel, str], dict[Account, Limit]] = {}
    for wish in wishes:
        kind = (wish.channel, wish.template_id)
        limits = known.get(kind)
        if limits is None:
            limits = known[kind] = {
                account_of(limit, wish.template_id, day=day): limit for limit in allowances.of(*kind)
            }
        if limits and all(rest[account] > 0 for account in limits):
            grants.counted.append(wish.message_id)
            for account in limits:
                rest[account] -= 1
                grants.taken[account] = grants.taken.get(account, 0) + 1
        elif wish.passes or not limits:
            grants.free.append(wish.message_id)
        else:
            until = max(
                limit.period.next_morning(day) for account, limit in limits.items() if rest[account] <= 0
            )
            grants.waiting.setdefault(until, []).append(wish.message_id)
            grants.used_up[wish.channel, wish.template_id] = until
    return grants
