"""The life of a message, decided without a database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import china_moment
from app.messaging.enums import OPEN_STATES, Channel, MessageState, Reason
from app.messaging.rules import (
    RETRY_WINDOW,
    TRANSITIONS,
    Fate,
    Refusal,
    after_refusal,
    after_silence,
    backoff,
    is_quiet,
    may_become,
    may_repeat,
    next_waking,
    state_of,
)
from app.wechat.errcodes import RULES, Reaction, reaction_to
from tests.conftest import NOW

FINAL = frozenset(
    {
        MessageState.DELIVERED,
        MessageState.FAILED,
        MessageState.SUPPRESSED,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
    }
)
moments = st.timedeltas(min_value=timedelta(days=-900), max_value=timedelta(days=3000)).map(NOW.__add__)


def refusal_of(errcode: int) -> Refusal:
    rule = reaction_to(errcode)
    return Refusal(
        errcode=errcode,
        reaction=rule.reaction.value,
        wait_seconds=rule.wait_seconds,
        retries=rule.retries,
        afterwards=rule.afterwards.value,
    )


def fate_of(errcode: int, *, attempts: int = 1, in_campaign: bool = True) -> Fate:
    return after_refusal(refusal_of(errcode), attempts=attempts, in_campaign=in_campaign, now=NOW, jitter=0.5)


def wait_of(errcode: int, *, attempts: int = 1) -> timedelta:
    fate = fate_of(errcode, attempts=attempts)
    assert fate.next_at is not None
    return fate.next_at - NOW


def test_every_state_has_its_place_and_final_states_have_no_way_out() -> None:
    assert set(TRANSITIONS) == set(MessageState)
    assert all(not TRANSITIONS[state] for state in FINAL)
    assert all(TRANSITIONS[state] for state in set(MessageState) - FINAL)


def test_what_has_left_never_goes_back_into_the_queue() -> None:
    left = (MessageState.SENT, MessageState.HELD, MessageState.UNKNOWN, MessageState.DELIVERED)

    assert not any(may_become(state, goal) for state in left for goal in OPEN_STATES)


@given(st.lists(st.sampled_from(list(MessageState)), max_size=30))
def test_no_walk_through_the_states_passes_two_final_ones(steps: list[MessageState]) -> None:
    state, finals = MessageState.QUEUED, 0

    for step in steps:
        if may_become(state, step):
            state = step
            finals += state in FINAL

    assert finals <= 1


@given(
    errcode=st.one_of(st.sampled_from(sorted(RULES)), st.integers(min_value=-2, max_value=99_999)),
    attempts=st.integers(min_value=1, max_value=60),
    in_campaign=st.booleans(),
    jitter=st.floats(min_value=0, max_value=1),
    now=moments,
)
def test_whatever_wechat_refuses_the_message_goes_to_a_legal_state(
    errcode: int, attempts: int, in_campaign: bool, jitter: float, now: datetime
) -> None:
    fate = after_refusal(
        refusal_of(errcode), attempts=attempts, in_campaign=in_campaign, now=now, jitter=jitter
    )

    assert may_become(MessageState.SENDING, fate.state)
    assert (fate.next_at is not None) == (fate.state is MessageState.QUEUED)
    assert fate.next_at is None or fate.next_at > now
    # What waits for tomorrow's quota says so.
    waits = refusal_of(errcode).reaction == "next_day"
    assert (fate.reason is not None) == (waits or fate.state is MessageState.FAILED)


@pytest.mark.parametrize("reaction", list(Reaction), ids=lambda reaction: reaction.value)
def test_every_reaction_of_the_errcode_table_has_its_meaning(reaction: Reaction) -> None:
    fate = after_refusal(
        Refusal(errcode=1, reaction=reaction.value), attempts=1, in_campaign=True, now=NOW, jitter=0.5
    )

    expected = {
        Reaction.HELD: MessageState.HELD,
        Reaction.DONE: MessageState.SENT,
        Reaction.GIVE_UP_RECIPIENT: MessageState.FAILED,
    }
    assert fate.state is expected.get(reaction, MessageState.QUEUED)


@pytest.mark.parametrize(
    ("errcode", "reason"),
    [
        (43101, Reason.NO_CREDIT),
        (43004, Reason.NOT_FOLLOWING),
        (50005, Reason.NOT_FOLLOWING),
        (47003, Reason.BAD_CONTENT),
        (48002, Reason.BLOCKED_BY_USER),
        (50002, Reason.REFUSED_BY_WECHAT),
        (98765, Reason.REFUSED_BY_WECHAT),
    ],
)
def test_a_refusal_that_concerns_the_recipient_fails_for_a_reason_in_words(
    errcode: int, reason: Reason
) -> None:
    fate = fate_of(errcode)

    assert (fate.state, fate.reason) == (MessageState.FAILED, reason)
    assert fate.credit_spent == (errcode == 43101)
    assert fate.nothing_sent == (errcode != 43101)


def test_a_busy_system_is_tried_four_times_quickly_and_then_slowly_but_never_fails_a_person() -> None:
    waits = [wait_of(-1, attempts=attempts) for attempts in range(1, 8)]

    assert waits[0] < waits[1] < waits[2] < waits[3] < timedelta(seconds=15)
    assert all(wait > timedelta(minutes=5) for wait in waits[4:])


def test_a_duplicate_within_sixty_seconds_is_asked_once_more_and_then_taken_as_sent() -> None:
    assert wait_of(40241, attempts=1) >= timedelta(seconds=61)
    assert fate_of(40241, attempts=2).state is MessageState.SENT


def test_too_frequent_for_one_person_waits_for_hours() -> None:
    assert wait_of(43117) >= timedelta(hours=4)


def test_a_used_up_daily_quota_goes_on_in_the_morning() -> None:
    assert fate_of(45009).next_at == datetime(2026, 5, 18, 0, 0, tzinfo=UTC)


def test_without_a_campaign_to_stop_the_message_fails() -> None:
    assert fate_of(43116, in_campaign=False).state is MessageState.FAILED
    assert fate_of(43116, in_campaign=True).state is MessageState.QUEUED


def test_silence_to_a_subscribe_message_is_unknown_at_once() -> None:
    fate = after_silence(Channel.MINI_SUBSCRIBE, first_tried_at=None, attempts=1, now=NOW, jitter=0.5)

    assert (fate.state, fate.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)


def test_silence_to_a_template_message_is_repeated_within_nine_minutes_of_the_first_try() -> None:
    def fate(first_tried_at: datetime | None, attempts: int) -> MessageState:
        return after_silence(
            Channel.OFFICIAL_TEMPLATE,
            first_tried_at=first_tried_at,
            attempts=attempts,
            now=NOW,
            jitter=0.5,
        ).state

    assert fate(None, 1) is MessageState.QUEUED
    assert fate(NOW - timedelta(minutes=8), 3) is MessageState.QUEUED
    assert fate(NOW - timedelta(minutes=9), 3) is MessageState.UNKNOWN
    assert fate(NOW - timedelta(minutes=8), 9) is MessageState.UNKNOWN


@given(first=moments, later=st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=1)))
def test_nothing_unanswered_is_repeated_outside_its_window(first: datetime, later: timedelta) -> None:
    now = first + later

    assert may_repeat(Channel.OFFICIAL_TEMPLATE, first_tried_at=first, now=now) == (later < RETRY_WINDOW)
    assert not may_repeat(Channel.MINI_SUBSCRIBE, first_tried_at=first, now=now)
    assert may_repeat(Channel.MINI_SUBSCRIBE, first_tried_at=None, now=now)


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(7, 59, True), (8, 0, False), (12, 0, False), (20, 59, False), (21, 0, True), (0, 0, True)],
)
def test_the_quiet_hours_are_nine_in_the_evening_to_eight_in_the_morning(
    hour: int, minute: int, quiet: bool
) -> None:
    assert is_quiet(china_moment(date(2026, 9, 25), hour, minute)) is quiet


@given(moments)
def test_the_next_waking_moment_is_never_quiet_and_less_than_twelve_hours_away(now: datetime) -> None:
    waking = next_waking(now)

    assert not is_quiet(waking)
    assert now <= waking <= now + timedelta(hours=11)


@given(st.integers(min_value=1, max_value=200), st.floats(min_value=0, max_value=1))
def test_waits_grow_and_end_at_an_hour_or_so(attempts: int, jitter: float) -> None:
    assert timedelta(seconds=1.5) <= backoff(attempts, jitter=jitter) <= timedelta(minutes=75)


def test_reasons_lead_to_the_states_that_say_the_same() -> None:
    assert state_of(Reason.TOO_LATE) is MessageState.EXPIRED
    assert state_of(Reason.CAMPAIGN_CANCELLED) is MessageState.CANCELLED
    assert state_of(Reason.UNANSWERED) is MessageState.UNKNOWN
    assert state_of(Reason.MUTED) is MessageState.SUPPRESSED
