"""Decisions about campaigns that need no database: when they leave, who is first, when they stop.

`pacing` spreads them over a window and tells how long they will take.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.campaigns.enums import CampaignKind, CampaignPhase, CampaignState, PolicyAudience
from app.campaigns.rules.pacing import waking_between
from app.core.clock import china_date, china_moment
from app.core.errors import Invalid
from app.festivals.enums import FestivalKey
from app.festivals.rules import (
    FIRST_YEAR,
    LAST_YEAR,
    FestivalOccasion,
    festival_occasions,
    greetings_allowed,
    next_occasions,
)

# Cadres are told in the morning of a working day's office hours, and nobody after nine in the evening.
_MORNING_HOUR = 9
_EVENING_HOUR = 21
_NOTICE_DAYS = 7
_MOST_DAYS = 60
# Whoever typed "now" may send the form a little later.
_TYPING = timedelta(minutes=10)
# Who was reached in the ten days before a festival need not be called again for it.
_REACHED_DAYS = 10
_JOIN = "+"

# As many names as fit on one page; who tries out is a handful of colleagues.
MOST_ON_TRIAL_LIST = 20
_CANARY_ABOVE = 1000
_SAMPLE_FROM = 100
_SMALLEST_SAMPLE = 20
_LARGEST_SAMPLE = 1000
_SAMPLE_SHARE = 100

# A week of waking hours; whatever takes longer is another campaign.
MOST_SPREAD_MINUTES = 7 * 13 * 60

# 5 % of 40 attempts: fewer say nothing about the rest.
FAILED_SHARE = 20
FEWEST_ATTEMPTS = 40
# DESIGN 6: an unknown code gives up its recipient, more than five in a row stop the campaign.
UNKNOWN_IN_A_ROW = 5

# What may be done in which state; a state that is not named does not allow it.
ALLOWED: Mapping[str, frozenset[CampaignState]] = {
    "edit": frozenset({CampaignState.DRAFT, CampaignState.SUBMITTED}),
    "submit": frozenset({CampaignState.DRAFT}),
    "approve": frozenset({CampaignState.SUBMITTED}),
    "pause": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING}),
    "resume": frozenset({CampaignState.PAUSED}),
    "cancel": frozenset(set(CampaignState) - {CampaignState.CANCELLED}),
    "release": frozenset({CampaignState.RUNNING}),
    "retry": frozenset({CampaignState.RUNNING, CampaignState.PAUSED}),
    "settle": frozenset({CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.CANCELLED}),
}
ACT_LABELS: Mapping[str, str] = {
    "edit": "修改",
    "submit": "提交审批",
    "approve": "审批",
    "pause": "暂停",
    "resume": "继续",
    "cancel": "取消",
    "release": "放行",
    "retry": "重新发送",
    "settle": "登记结果",
}
# While in one of these, the service itself goes on to the next as soon as nobody's message is open.
TRYING_OUT = frozenset({CampaignPhase.CANARY, CampaignPhase.STAFF, CampaignPhase.SAMPLE})


class FestivalMissing(Invalid):
    code = "campaigns.festival_missing"
    title = "节日联系提醒和节日祝福需要选择一个节日"


class NotAFestivalDay(Invalid):
    code = "campaigns.not_a_festival_day"
    title = "所选的日期不是这个节日，或已经过去"


class GreetingOnMourningDay(Invalid):
    code = "campaigns.greeting_on_mourning_day"
    title = "清明、中元是追思的日子，不发节日祝福"


class GreetingMissing(Invalid):
    code = "campaigns.greeting_missing"
    title = "请写祝福的内容，家庭会在服务号里看到全文"


class CallTasksNotAllowed(Invalid):
    code = "campaigns.call_tasks_not_allowed"
    title = "只有政策通知可以请干部打电话"


class PolicyNotAllowed(Invalid):
    code = "campaigns.policy_not_allowed"
    title = "只有政策通知可以按一项政策选择家庭"


class WrongTimes(Invalid):
    code = "campaigns.wrong_times"
    title = "发送时间和截止时间不合理"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody composed.

    Args:
        kind: what the campaign does.
        title: for policy notices it is shown inside WeChat.
        text: what a guardian reads after opening the notice, or the whole greeting.
        region_code: division code of the region whose people are meant.
        festival: which festival, for reminders and greetings.
        festival_on: its day, the next one when None.
        send_at: when it starts; the default depends on the kind.
        expires_at: until when it is welcome; the default depends on the kind.
        urgent: leaves before all others and at night too, for notices only.
        canary: whether a few get it first and the rest waits for a release; None decides by the audience.
        spread_minutes: over how many minutes of waking time it is spread, 0 for as fast as it goes.
        call_tasks: whether cadres are asked to call whom no other way reaches; None: for notices only.
        policy_key: the policy that a notice is about, None for a notice to everybody of the region.
        policy_audience: who of those whom the policy concerns.
    """

    kind: CampaignKind
    title: str
    text: str = ""
    region_code: str
    festival: FestivalKey | None = None
    festival_on: date | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False
    canary: bool | None = None
    spread_minutes: int = 0
    call_tasks: bool | None = None
    policy_key: str | None = None
    policy_audience: PolicyAudience = PolicyAudience.GAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The templates of a campaign; a way whose template is empty is not used.

    Args:
        main: of the way that its kind is named for; mass messages have none.
        subscribe: of the service account's 订阅通知.
        sms: of short messages.
    """

    main: str
    subscribe: str = ""
    sms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When a campaign leaves and ends, for which occasion, and whether cadres call as the last way."""

    occasion: FestivalOccasion | None
    send_at: datetime
    expires_at: datetime
    call_tasks: bool = False


def plan_of(draft: Draft, *, days_ahead: int, now: datetime) -> Plan:
    """Fill in what a draft leaves open, and check that its times make sense.

    Args:
        draft: what was composed.
        days_ahead: reminders start so many days before the festival.
        now: when.

    Raises:
        FestivalMissing, NotAFestivalDay: a reminder or greeting needs the day of a festival to come.
        GreetingMissing, GreetingOnMourningDay: a greeting needs words, and a day on which they are welcome.
        CallTasksNotAllowed, PolicyNotAllowed: cadres call about notices only, and only these have a policy.
        WrongTimes: it would end before it starts, has ended already, or lies too far ahead.
    """
    if draft.send_at is not None and draft.send_at < now - _TYPING:
        raise WrongTimes("发送时间已经过去，请改成以后的时间，或者不填")
    times = _times(draft, days_ahead=days_ahead, now=now)
    is_notice = draft.kind is CampaignKind.POLICY_NOTICE
    plan = replace(times, call_tasks=is_notice if draft.call_tasks is None else draft.call_tasks)
    if plan.expires_at <= max(plan.send_at, now):
        raise WrongTimes("截止时间应晚于发送时间和现在")
    if china_date(plan.expires_at) > china_date(plan.send_at) + timedelta(days=_MOST_DAYS):
        raise WrongTimes(f"发送期不能超过{_MOST_DAYS}天")
    if draft.urgent and not is_notice:
        raise WrongTimes("只有政策通知可以标为紧急，紧急通知夜间也会发送")
    if plan.call_tasks and not is_notice:
        raise CallTasksNotAllowed
    if draft.policy_key is not None and not is_notice:
        raise PolicyNotAllowed
    _check_spread(draft, plan, now=now)
    if draft.kind is CampaignKind.FESTIVAL_GREETING:
        _check_greeting(draft, plan)
    return plan


def _times(draft: Draft, *, days_ahead: int, now: datetime) -> Plan:
    if not draft.kind.is_for_festival:
        send_at = draft.send_at or now
        last_day = china_date(send_at) + timedelta(days=_NOTICE_DAYS)
        expires_at = draft.expires_at or china_moment(last_day, _EVENING_HOUR)
        return Plan(occasion=None, send_at=send_at, expires_at=expires_at)
    occasion = _occasion_of(draft, today=china_date(now))
    if draft.kind is CampaignKind.FESTIVAL_REMINDER:
        send_at, expires_at = reminder_times(occasion, days_ahead=days_ahead)
    else:
        # On the day itself: until then cadres call, and whom they reached gets no greeting.
        send_at, expires_at = reminder_times(occasion, days_ahead=0)
    return Plan(
        occasion=occasion,
        send_at=draft.send_at or max(send_at, now),
        expires_at=min(draft.expires_at or expires_at, expires_at),
    )


def _check_greeting(draft: Draft, plan: Plan) -> None:
    if not draft.text:
        raise GreetingMissing
    first, last = china_date(plan.send_at), china_date(plan.expires_at)
    days = next_occasions(first, count=(last - first).days + 1)
    if any(day.on <= last and not greetings_allowed(day) for day in days):
        raise GreetingOnMourningDay


def _check_spread(draft: Draft, plan: Plan, *, now: datetime) -> None:
    if not draft.spread_minutes:
        return
    if draft.urgent:
        raise WrongTimes("紧急通知不能分散发送")
    if draft.kind is CampaignKind.FESTIVAL_GREETING:
        # Each moment would be a mass message of its own, of which all federations have 100 a day.
        raise WrongTimes("节日祝福由微信群发，不能分散发送")
    if not 0 < draft.spread_minutes <= MOST_SPREAD_MINUTES:
        raise WrongTimes(f"分散发送最长{MOST_SPREAD_MINUTES // 60}小时")
    if waking_between(max(plan.send_at, now), plan.expires_at) < timedelta(minutes=draft.spread_minutes):
        raise WrongTimes("分散发送的时间太长，到截止时间还发不完")


def reminder_times(occasion: FestivalOccasion, *, days_ahead: int) -> tuple[datetime, datetime]:
    """Return when a reminder for a festival starts, and 21:00 of its day, when it ends.

    On a day of mourning nobody is disturbed in the morning itself, so the reminder comes a day before at
    least.
    """
    ahead = max(days_ahead, 1) if occasion.is_mourning else days_ahead
    return (
        china_moment(occasion.on - timedelta(days=ahead), _MORNING_HOUR),
        china_moment(occasion.on, _EVENING_HOUR),
    )


def _occasion_of(draft: Draft, *, today: date) -> FestivalOccasion:
    if draft.festival is None:
        raise FestivalMissing
    wanted = draft.festival_on
    years = [wanted.year] if wanted else [today.year, today.year + 1]
    coming = [
        occasion
        for year in years
        if FIRST_YEAR <= year <= LAST_YEAR
        for occasion in festival_occasions(year)
        if draft.festival in occasion.keys and occasion.on >= today and wanted in (None, occasion.on)
    ]
    if not coming:
        raise NotAFestivalDay
    return coming[0]


def festival_keys(stored: str) -> tuple[FestivalKey, ...]:
    """Read the festivals of a campaign from its column."""
    return tuple(FestivalKey(key) for key in stored.split(_JOIN) if key)


def stored_festivals(keys: Iterable[FestivalKey]) -> str:
    """Write the festivals of a campaign for its column."""
    return _JOIN.join(key.value for key in keys)


def occasion_from(stored: str, on: date) -> FestivalOccasion:
    """Return what a campaign is about, from its two columns."""
    return FestivalOccasion(on, festival_keys(stored))


def reached_since(festival_on: date) -> date:
    """Return the day since which a contact counts as the call for this festival."""
    return festival_on - timedelta(days=_REACHED_DAYS)


def content_hash(content: Mapping[str, object]) -> str:
    """Return 64 hexadecimal digits that change with every word, time and region of a campaign.

    An approver names them, so that nothing can be exchanged between his reading and his decision.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def canary_by_default(*, reachable: int, urgent: bool) -> bool:
    """Tell whether a campaign is tried out first when its author did not say.

    What is urgent must not wait until somebody looks.
    """
    return reachable > _CANARY_ABOVE and not urgent


def sample_size(reachable: int) -> int:
    """Return how many people get a campaign before the rest: 1 %, 20 to 1,000; 0 below 100 people."""
    if reachable < _SAMPLE_FROM:
        return 0
    return min(max(math.ceil(reachable / _SAMPLE_SHARE), _SMALLEST_SAMPLE), _LARGEST_SAMPLE)


def next_phase(
    phase: CampaignPhase, *, has_staff: bool, sample: int, is_troubled: bool = False
) -> CampaignPhase:
    """Return what follows when nobody's message of a phase is open any more.

    Args:
        phase: the phase that is over.
        has_staff: whether the federation has a trial list (试发名单).
        sample: how many people the sample would have, 0 for none.
        is_troubled: whether a message of this phase failed or has no known outcome.
    """
    if phase is CampaignPhase.CANARY and has_staff:
        return CampaignPhase.STAFF
    if phase in {CampaignPhase.CANARY, CampaignPhase.STAFF} and sample and not is_troubled:
        return CampaignPhase.SAMPLE
    # Nobody was there to try it out on, so there is nothing to look at.
    return CampaignPhase.ALL if phase is CampaignPhase.CANARY else CampaignPhase.HELD


def fails_too_often(*, attempts: int, failed: int) -> bool:
    """Tell whether so many of these attempts failed that the campaign must stop: 5 % of 40 or more."""
    return attempts >= FEWEST_ATTEMPTS and failed * FAILED_SHARE >= attempts
