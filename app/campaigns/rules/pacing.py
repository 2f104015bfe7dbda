"""How a campaign is spread over the waking hours, and how long it will take at the present pace."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.clock import CHINA, china_date, china_moment
from app.messaging.rules import next_waking

_EVENING_HOUR = 21
_MOST_SLOTS = 60
_MARK_HOUR = 20
_SHORTEST_FORECAST = timedelta(seconds=1)
# Far beyond the end of any campaign.
_LONGEST_FORECAST = timedelta(days=365)
_MINUTES_UNTIL_HOURS = 90


def after_waking(start: datetime, span: timedelta) -> datetime:
    """Return the moment at which so much time outside the quiet hours has passed since another."""
    at = next_waking(start)
    while at + span >= (evening := china_moment(china_date(at), _EVENING_HOUR)):
        span -= evening - at
        at = next_waking(evening)
    return at + span


def waking_between(start: datetime, end: datetime) -> timedelta:
    """Return how much time outside the quiet hours lies between two moments."""
    passed = timedelta()
    at = next_waking(start)
    while at < end:
        evening = china_moment(china_date(at), _EVENING_HOUR)
        passed += min(evening, end) - at
        at = next_waking(evening)
    return passed


def spread_slots(*, start: datetime, minutes: int, until: datetime) -> list[datetime]:
    """Return the moments, evenly apart and outside the quiet hours, to which messages are spread.

    When the campaign ends earlier than the spread would, the spread is shorter.

    Args:
        start: when everybody may be written to.
        minutes: of waking time, as composed.
        until: when the campaign ends.
    """
    window = min(timedelta(minutes=minutes), waking_between(start, until))
    count = max(1, min(minutes, _MOST_SLOTS))
    return [after_waking(start, window * number / count) for number in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How long a campaign will take.

    Args:
        messages: how many there are to send.
        per_second: how many leave in one second.
        begins_at: when the first one leaves.
        takes: how long the sending itself takes, nights not counted.
        done_at: when the last one leaves, also when that is too late.
        mark: eight in the evening of the day on which it begins, or of the next one.
        share_by_mark: 0 to 1, how much has left by then.
        share_in_time: 0 to 1, how much has left when the campaign ends.
    """

    messages: int
    per_second: float
    begins_at: datetime
    takes: timedelta
    done_at: datetime
    mark: datetime
    share_by_mark: float
    share_in_time: float


def forecast(
    *,
    messages: int,
    per_second: float,
    starts_at: datetime,
    expires_at: datetime,
    spread_minutes: int = 0,
    urgent: bool = False,
) -> Forecast | None:
    """Say how long a campaign will take at the present pace; None when nothing is sending or to be sent.

    Args:
        messages: how many there are to send.
        per_second: how many leave in one second, of all workers together.
        starts_at: when the first one may leave.
        expires_at: when the campaign ends.
        spread_minutes: over how many minutes of waking time they come up, 0 for all at once.
        urgent: whether it goes on at night.
    """
    if messages < 1 or per_second <= 0:
        return None
    begins_at = starts_at if urgent else next_waking(starts_at)
    needed = timedelta(seconds=min(messages / per_second, _LONGEST_FORECAST.total_seconds()))
    takes = max(needed, timedelta(minutes=spread_minutes), _SHORTEST_FORECAST)

    def share(moment: datetime) -> float:
        spent = moment - begins_at if urgent else waking_between(begins_at, moment)
        return min(1.0, max(0.0, spent / takes))

    mark = china_moment(china_date(begins_at), _MARK_HOUR)
    if mark <= begins_at:
        mark = china_moment(china_date(begins_at) + timedelta(days=1), _MARK_HOUR)
    return Forecast(
        messages=messages,
        per_second=per_second,
        begins_at=begins_at,
        takes=takes,
        done_at=begins_at + takes if urgent else after_waking(begins_at, takes),
        mark=mark,
        share_by_mark=share(mark),
        share_in_time=share(expires_at),
    )


def forecast_sentence(found: Forecast | None, *, workers: int, expires_at: datetime, now: datetime) -> str:
    """Tell how long a campaign will take: 按目前速度，预计20:00前发出84%，全部发完约需3小时.

    Args:
        found: the numbers, None when nothing is sending or nobody can be reached.
        workers: how many workers live.
        expires_at: when the campaign ends.
        now: when.
    """
    if workers < 1:
        return "现在没有发送程序在运行，无法预计时间，请联系信息中心"
    if found is None:
        return "现在没有人能收到"
    if found.share_in_time < 1:
        share = _percent(found.share_in_time)
        end = _moment(expires_at, now=now)
        return f"按目前速度，到截止时间{end}只能发出{share}，请提早发送、缩小范围，或请信息中心增加发送程序"
    takes = f"全部发完约需{_duration(found.takes)}"
    if found.share_by_mark < 1:
        mark = _moment(found.mark, now=now)
        return f"按目前速度，预计{mark}前发出{_percent(found.share_by_mark)}，{takes}（夜间不算）"
    return f"按目前速度，{takes}，预计{_moment(found.done_at, now=now)}前发完"


def _percent(share: float) -> str:
    # Rounded down: 100 % is said only of all.
    return f"{math.floor(share * 100)}%"


def _moment(moment: datetime, *, now: datetime) -> str:
    local = moment.astimezone(CHINA)
    clock = f"{local:%H:%M}"
    return clock if china_date(moment) == china_date(now) else f"{local.month}月{local.day}日{clock}"


def _duration(span: timedelta) -> str:
    minutes = math.ceil(span / timedelta(minutes=1))
    if minutes <= _MINUTES_UNTIL_HOURS:
        return f"{minutes}分钟"
    hours = math.ceil(minutes / 30) / 2
    return f"{hours:g}小时"
