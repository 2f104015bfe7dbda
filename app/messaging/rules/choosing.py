"""By which way a message travels: what is allowed, what this person can be reached by, what it costs.

One table says which ways a purpose allows and what each of them needs. The pure choice and the SQL of an
audience are both made from it. Every way that was passed over is kept with its reason.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from app.core.clock import china_date
from app.messaging.enums import Channel, Purpose, Reason


class Fact(Enum):
    """What has to be true of a person before a way may be used."""

    BOUND_MINI = "bound_mini"
    CREDIT_MINI = "credit_mini"
    BOUND = "bound"
    FOLLOWS = "follows"
    CREDIT = "credit"
    WINDOW = "window"
    AGREED = "agreed"
    AGREED_GREETING = "agreed_greeting"
    AGREED_SMS = "agreed_sms"
    PHONE = "phone"
    CADRE = "cadre"


# Why a way is passed over when this is not true of the person.
LACKING: Mapping[Fact, Reason] = {
    Fact.BOUND_MINI: Reason.NOT_BOUND,
    Fact.CREDIT_MINI: Reason.NO_CREDIT,
    Fact.BOUND: Reason.NOT_BOUND,
    Fact.FOLLOWS: Reason.NOT_FOLLOWING,
    Fact.CREDIT: Reason.NO_CREDIT,
    Fact.WINDOW: Reason.WINDOW_CLOSED,
    Fact.AGREED: Reason.NO_CONSENT,
    Fact.AGREED_GREETING: Reason.NO_CONSENT,
    Fact.AGREED_SMS: Reason.NO_CONSENT,
    Fact.PHONE: Reason.NO_PHONE,
    Fact.CADRE: Reason.NO_CADRE,
}
# Which of them is the consent that a message by this way names; a credit is one for one message, and a cadre
# calls his families by his office.
CONSENT_FACTS: Mapping[Channel, Fact] = {
    Channel.MINI_SUBSCRIBE: Fact.CREDIT_MINI,
    Channel.OFFICIAL_SUBSCRIBE: Fact.CREDIT,
    Channel.OFFICIAL_TEMPLATE: Fact.AGREED,
    Channel.CUSTOMER_SERVICE: Fact.AGREED,
    Channel.MASS_SEND: Fact.AGREED_GREETING,
    Channel.SMS: Fact.AGREED_SMS,
    Channel.CALL_TASK: Fact.CADRE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way that a purpose allows.

    Args:
        channel: which one.
        needs: what must be true of the person; the first that is not gives the reason.
        cost: of one message, in hundredths of a yuan, for the order only.
        is_last: only when every other way fails, whatever it costs and however slow the others are.
    """

    channel: Channel
    needs: tuple[Fact, ...]
    cost: int
    is_last: bool = False


# What WeChat allows for which purpose, and the federation's own rules:
# - a cadre is reminded by the 订阅消息 that he accepted, one for one (subscribe/send);
# - a policy notice is a service notice: 订阅通知 with a credit, whether he follows or not (bizsend), 模板消息
#   to a follower who agreed (模板消息运营规范 3.9.4: nothing that was not asked for), 客服消息 only in the
#   window that his own message opened (api_sendcustommessage), then 短信, and at last a cadre's call;
# - a greeting is never a template message and never a 订阅通知 (模板消息运营规范 3.9.1): 群发 or nothing.
ALLOWED_WAYS: Mapping[Purpose, tuple[Way, ...]] = {
    Purpose.FESTIVAL_REMINDER: (
        Way(channel=Channel.MINI_SUBSCRIBE, needs=(Fact.BOUND_MINI, Fact.CREDIT_MINI), cost=0),
    ),
    Purpose.POLICY_NOTICE: (
        Way(channel=Channel.OFFICIAL_SUBSCRIBE, needs=(Fact.BOUND, Fact.CREDIT), cost=0),
        Way(channel=Channel.OFFICIAL_TEMPLATE, needs=(Fact.AGREED, Fact.BOUND, Fact.FOLLOWS), cost=1),
        Way(
            channel=Channel.CUSTOMER_SERVICE,
            needs=(Fact.AGREED, Fact.BOUND, Fact.FOLLOWS, Fact.WINDOW),
            cost=2,
        ),
        Way(channel=Channel.SMS, needs=(Fact.AGREED_SMS, Fact.PHONE), cost=5),
        Way(channel=Channel.CALL_TASK, needs=(Fact.CADRE,), cost=1000, is_last=True),
    ),
    Purpose.FESTIVAL_GREETING: (
        Way(
            channel=Channel.MASS_SEND,
            needs=(Fact.AGREED_GREETING, Fact.BOUND, Fact.FOLLOWS),
            cost=1,
        ),
    ),
}
# Why it fails here is told as the reason when somebody cannot be reached at all.
MAIN_CHANNEL: Mapping[Purpose, Channel] = {
    Purpose.FESTIVAL_REMINDER: Channel.MINI_SUBSCRIBE,
    Purpose.POLICY_NOTICE: Channel.OFFICIAL_TEMPLATE,
    Purpose.FESTIVAL_GREETING: Channel.MASS_SEND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """Whether one way can be used at all for a campaign, whoever the person is.

    Args:
        closed: why it cannot, None when it can.
        in_time: whether it carries everybody until the campaign ends.
    """

    closed: Reason | None = None
    in_time: bool = True


OPEN_ROAD = Road()
Roads = Mapping[Channel, Road]


def road(
    *,
    is_on: bool,
    messages: int,
    left_today: int | None,
    per_day: int | None,
    now: datetime,
    expires_at: datetime,
) -> Road:
    """Judge one way by its quota: what is left today, and what the days until the end will bring.

    Args:
        is_on: whether it is switched on for this campaign.
        messages: how many it would have to carry.
        left_today: what is left of its quota today, None when it has none.
        per_day: its quota on each further day, None when it has none.
        now: when.
        expires_at: when the campaign ends.
    """
    if not is_on:
        return Road(closed=Reason.CHANNEL_OFF)
    if left_today is None or per_day is None:
        return OPEN_ROAD
    # At 21:00 nobody is written to any more, so that the last day counts when it has a morning.
    days = max(0, (china_date(expires_at - timedelta(hours=8)) - china_date(now)).days)
    most = left_today + per_day * days
    if most <= 0:
        return Road(closed=Reason.QUOTA_USED)
    return Road(in_time=most >= messages)


def ordered(purpose: Purpose, roads: Roads) -> list[Way]:
    """Return the ways of a purpose as they are tried: in time before too slow, then the cheapest, then calls.

    Ways that are closed are left out.
    """
    usable = [way for way in ALLOWED_WAYS[purpose] if _road(roads, way).closed is None]
    return sorted(usable, key=lambda way: (way.is_last, not _road(roads, way).in_time, way.cost))


def passed_over(purpose: Purpose, chosen: Channel | None) -> list[Way]:
    """Return the ways whose reasons are told beside the chosen one: the cheaper ones, all when none fits."""
    ways = sorted(ALLOWED_WAYS[purpose], key=lambda way: (way.is_last, way.cost))
    channels = [way.channel for way in ways]
    return ways if chosen is None else ways[: channels.index(chosen)]


def fits(way: Way, facts: Collection[Fact]) -> bool:
    """Tell whether everything that a way needs is true of a person."""
    return all(need in facts for need in way.needs)


def _road(roads: Roads, way: Way) -> Road:
    return roads.get(way.channel, OPEN_ROAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """By which way one person is written to.

    Args:
        channel: the way, None when he cannot be reached.
        reason: why he cannot.
        passed: the ways that were passed over, each with the reason, the cheapest first.
    """

    channel: Channel | None
    reason: Reason | None = None
    passed: Sequence[tuple[Channel, Reason]] = ()

    @property
    def text(self) -> str:
        """Return what is stored with the message: `official_subscribe:no_credit,official_template:…`."""
        return ",".join(f"{channel.value}:{reason.value}" for channel, reason in self.passed)


def choose(purpose: Purpose, *, facts: Collection[Fact], roads: Roads) -> Choice:
    """Choose the way for one person: allowed, agreed to, in time if one is, and then the cheapest.

    Args:
        purpose: what the message is for.
        facts: what is true of the person.
        roads: how the ways stand for the campaign; one that is not named is open.
    """
    fitting = [way.channel for way in ordered(purpose, roads) if fits(way, facts)]
    channel = fitting[0] if fitting else None
    passed = [(way.channel, why_not(way, facts=facts, roads=roads)) for way in passed_over(purpose, channel)]
    reason = None if channel else dict(passed)[MAIN_CHANNEL[purpose]]
    return Choice(channel=channel, reason=reason, passed=passed)


def why_not(way: Way, *, facts: Collection[Fact], roads: Roads) -> Reason:
    """Return why a way was passed over for a person."""
    standing = _road(roads, way)
    if standing.closed is not None:
        return standing.closed
    missing = [need for need in way.needs if need not in facts]
    return LACKING[missing[0]] if missing else Reason.TOO_SLOW


_SHORT: Mapping[Channel, str] = {
    Channel.MINI_SUBSCRIBE: "小程序订阅消息",
    Channel.OFFICIAL_SUBSCRIBE: "订阅通知",
    Channel.OFFICIAL_TEMPLATE: "模板消息",
    Channel.CUSTOMER_SERVICE: "客服消息",
    Channel.MASS_SEND: "群发",
    Channel.SMS: "短信",
    Channel.CALL_TASK: "干部打电话",
}
_WHY: Mapping[Reason, str] = {
    Reason.NOT_BOUND: "没有绑定微信",
    Reason.NO_CREDIT: "没有可用次数",
    Reason.NO_CONSENT: "没有同意接收",
    Reason.NOT_FOLLOWING: "没有关注服务号",
    Reason.NO_PHONE: "没有登记手机号",
    Reason.CHANNEL_OFF: "没有开通",
    Reason.QUOTA_USED: "额度已用完",
    Reason.TOO_SLOW: "到截止时间发不完",
}
# Where the way and its lack side by side would be no sentence.
_WHOLE: Mapping[tuple[Channel, Reason], str] = {
    (Channel.CUSTOMER_SERVICE, Reason.WINDOW_CLOSED): "最近没有给服务号留言",
    (Channel.CALL_TASK, Reason.NO_CADRE): "没有能打电话的帮扶干部",
}


def choice_sentence(text: str, *, channel: Channel) -> str:
    """Tell an admin why a message travels as it does: 订阅通知没有可用次数，改用模板消息.

    Args:
        text: what is stored with the message; it names the message's own channel when no way was found.
        channel: of the message.
    """
    passed = [_passed(one) for one in text.split(",") if one]
    # What is not switched on is no news of this person.
    news = [_said(way, reason) for way, reason in passed if reason is not Reason.CHANNEL_OFF]
    if channel in dict(passed):
        return "，".join([*news, "没有其他办法送达"])
    return "，".join([*news, f"改用{_SHORT[channel]}"]) if news else f"用{_SHORT[channel]}"


def _said(way: Channel, reason: Reason) -> str:
    return _WHOLE.get((way, reason)) or f"{_SHORT[way]}{_WHY[reason]}"


def _passed(one: str) -> tuple[Channel, Reason]:
    channel, _, reason = one.partition(":")
    return Channel(channel), Reason(reason)
