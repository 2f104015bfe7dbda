"""Spreading over the waking hours, and how long a campaign will take."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaigns.rules import WrongTimes, plan_of
from app.campaigns.rules.pacing import (
    after_waking,
    forecast,
    forecast_sentence,
    spread_slots,
    waking_between,
)
from app.core.clock import china_moment
from app.messaging.rules import is_quiet
from tests.campaigns.factories import notice
from tests.conftest import NOW

DAY = date(2026, 5, 18)
NINE = china_moment(DAY, 9)
ENDS = china_moment(date(2026, 5, 24), 21)


def at(hour: int, minute: int = 0, *, day: int = 18) -> datetime:
    return china_moment(date(2026, 5, day), hour, minute)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (at(9), 3, at(12)),
        (at(20), 2, at(9, day=19)),
        (at(23), 1, at(9, day=19)),
        (at(3), 13, at(8, day=19)),
        (at(20), 1 + 13 + 2, at(10, day=20)),
    ],
)
def test_waking_time_stands_still_at_night(start: datetime, hours: int, end: datetime) -> None:
    assert after_waking(start, timedelta(hours=hours)) == end
    assert waking_between(start, end) == timedelta(hours=hours)


def test_a_spread_is_even_and_goes_on_the_next_morning() -> None:
    slots = spread_slots(start=at(20), minutes=120, until=ENDS)

    assert (slots[0], slots[-1], len(slots)) == (at(20), at(8, 58, day=19), 60)
    assert slots[30] == at(8, day=19)
    assert not any(is_quiet(slot) for slot in slots)


@given(
    st.integers(min_value=0, max_value=24 * 60),
    st.integers(min_value=1, max_value=5460),
    st.integers(min_value=60, max_value=8 * 24 * 60),
)
def test_no_slot_lies_at_night_or_after_the_end(start: int, minutes: int, length: int) -> None:
    begin = china_moment(DAY) + timedelta(minutes=start)
    until = begin + timedelta(minutes=length)

    slots = spread_slots(start=begin, minutes=minutes, until=until)

    assert slots == sorted(slots)
    assert not any(is_quiet(slot) for slot in slots)
    if waking_between(begin, until):
        assert all(begin <= slot < until for slot in slots)


@pytest.mark.parametrize(
    "overrides",
    [
        {"spread_minutes": 60, "urgent": True},
        {"spread_minutes": 5461},
        {"spread_minutes": 600, "send_at": at(9), "expires_at": at(18)},
    ],
)
def test_a_spread_that_makes_no_sense_is_refused(overrides: dict[str, object]) -> None:
    with pytest.raises(WrongTimes):
        plan_of(notice(**overrides), days_ahead=7, now=NOW)


def test_a_forecast_tells_the_share_before_eight_and_the_whole_time() -> None:
    found = forecast(messages=100_000, per_second=10, starts_at=at(17, 40), expires_at=ENDS)

    assert found is not None
    assert found.share_by_mark == pytest.approx(0.84)
    assert found.done_at == at(20, 26) + timedelta(seconds=40)
    said = forecast_sentence(found, workers=1, expires_at=ENDS, now=at(9))
    assert said == "按目前速度，预计20:00前发出84%，全部发完约需3小时（夜间不算）"


def test_a_forecast_that_reaches_into_the_next_day_leaves_the_night_out() -> None:
    found = forecast(messages=72_000, per_second=10, starts_at=at(20, 30), expires_at=ENDS)

    assert found is not None
    assert (found.done_at, found.mark) == (at(9, 30, day=19), at(20, day=19))
    said = forecast_sentence(found, workers=2, expires_at=ENDS, now=at(9))
    assert said == "按目前速度，全部发完约需2小时，预计5月19日09:30前发完"


def test_what_is_urgent_does_not_wait_for_the_morning() -> None:
    found = forecast(messages=7200, per_second=1, starts_at=at(22), expires_at=ENDS, urgent=True)

    assert found is not None
    assert (found.begins_at, found.done_at) == (at(22), at(0, day=19))


def test_a_spread_takes_as_long_as_it_was_composed_when_the_pace_would_be_faster() -> None:
    found = forecast(messages=10, per_second=30, starts_at=NINE, expires_at=ENDS, spread_minutes=240)

    assert found is not None
    assert (found.takes, found.done_at) == (timedelta(hours=4), at(13))


def test_what_cannot_be_done_in_time_is_told() -> None:
    found = forecast(messages=100_000, per_second=1, starts_at=NINE, expires_at=at(19))

    assert found is not None
    assert found.share_in_time == pytest.approx(0.36)
    said = forecast_sentence(found, workers=1, expires_at=at(19), now=at(8))
    assert said.startswith("按目前速度，到截止时间19:00只能发出36%")


def test_without_workers_or_people_nothing_is_forecast() -> None:
    nobody = forecast(messages=0, per_second=30, starts_at=NINE, expires_at=ENDS)
    nothing = forecast(messages=5, per_second=0, starts_at=NINE, expires_at=ENDS)

    assert nobody is nothing is None
    assert forecast_sentence(None, workers=1, expires_at=ENDS, now=NINE) == "现在没有人能收到"
    assert "没有发送程序" in forecast_sentence(None, workers=0, expires_at=ENDS, now=NINE)


@given(
    st.integers(min_value=1, max_value=10**7),
    st.floats(min_value=0.01, max_value=10_000),
    st.integers(min_value=0, max_value=24 * 60),
    st.booleans(),
)
def test_every_forecast_is_a_sentence_and_its_shares_are_shares(
    messages: int, per_second: float, start: int, urgent: bool
) -> None:
    starts_at = china_moment(DAY) + timedelta(minutes=start)

    found = forecast(
        messages=messages, per_second=per_second, starts_at=starts_at, expires_at=ENDS, urgent=urgent
    )

    assert found is not None
    assert 0 <= found.share_by_mark <= 1
    assert 0 <= found.share_in_time <= 1
    assert (found.share_in_time < 1) == (found.done_at > ENDS) or found.done_at == ENDS
    assert forecast_sentence(found, workers=1, expires_at=ENDS, now=starts_at).startswith("按目前速度")
