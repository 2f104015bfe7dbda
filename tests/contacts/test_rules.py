"""What counts, what is due, and who comes first."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contacts.enums import ContactKind, ContactOutcome
from app.contacts.rules import (
    CONTACTS_A_YEAR,
    VISITS_A_YEAR,
    Counts,
    Progress,
    Stretch,
    Tap,
    canonical_content,
    counts_of,
    hint,
    is_at_risk,
    may_undo,
    moment_of,
    moment_refusal,
    progress_on,
    required,
    risk_order,
    slot_end,
    stretch_of,
)
from app.core.clock import china_moment
from app.pairing.rules import Period

NOW = datetime(2026, 5, 17, 1, 0, tzinfo=UTC)
TODAY = date(2026, 5, 17)
WHOLE_YEAR = Stretch(date(2026, 1, 1), 365, 365)
SINCE_NEW_YEAR = Period(date(2026, 1, 1))

days_of_a_year = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("kind", "outcome", "expected"),
    [
        (ContactKind.CONTACT, ContactOutcome.REACHED_PERSON, Counts(contacts=1)),
        (ContactKind.CONTACT, ContactOutcome.REACHED_GUARDIAN, Counts(contacts=1)),
        (ContactKind.VISIT, ContactOutcome.REACHED_PERSON, Counts(visits=1)),
        (ContactKind.CONTACT, ContactOutcome.TRIED, Counts(attempts=1)),
        (ContactKind.VISIT, ContactOutcome.TRIED, Counts(attempts=1)),
    ],
)
def test_an_attempt_is_a_record_and_no_contact(
    kind: ContactKind, outcome: ContactOutcome, expected: Counts
) -> None:
    assert counts_of(kind, outcome) == expected


@pytest.mark.parametrize(
    ("period", "contacts", "visits"),
    [
        (Period(date(2025, 3, 1)), 4, 2),
        (Period(date(2026, 1, 1)), 4, 2),
        (Period(date(2026, 7, 1)), 2, 1),
        (Period(date(2026, 10, 1)), 1, 1),
        (Period(date(2026, 11, 1)), 1, 0),
        (Period(date(2026, 12, 1)), 0, 0),
        (Period(date(2025, 3, 1), date(2026, 7, 1)), 2, 1),
    ],
)
def test_a_part_of_a_year_asks_for_its_part(period: Period, contacts: int, visits: int) -> None:
    stretch = stretch_of(period, year=2026)

    assert stretch is not None
    assert required(CONTACTS_A_YEAR, stretch) == contacts
    assert required(VISITS_A_YEAR, stretch) == visits


def test_a_pairing_of_other_years_covers_no_day_of_this_one() -> None:
    assert stretch_of(Period(date(2024, 2, 1), date(2026, 1, 1)), year=2026) is None
    assert stretch_of(Period(date(2027, 1, 1)), year=2026) is None


@given(st.integers(1, 364), st.sampled_from([CONTACTS_A_YEAR, VISITS_A_YEAR]))
def test_a_hand_over_never_asks_both_cadres_together_for_less_than_the_year(day: int, times: int) -> None:
    before = Stretch(date(2026, 1, 1), day, 365)
    after = Stretch(date(2026, 1, 1) + timedelta(days=day), 365 - day, 365)

    assert times <= required(times, before) + required(times, after) <= times + 1


def test_four_contacts_spread_over_the_quarters() -> None:
    ends = [slot_end(number, due=4, stretch=WHOLE_YEAR) for number in (1, 2, 3, 4)]

    assert ends == [date(2026, 4, 1), date(2026, 7, 1), date(2026, 9, 30), date(2026, 12, 31)]


def progress(day: date = TODAY, *, contacts: int = 0, visits: int = 0, last: date | None = None) -> Progress:
    return progress_on(day, period=SINCE_NEW_YEAR, contacts=contacts, visits=visits, last_contact_on=last)


def test_nobody_reached_by_may_is_at_risk() -> None:
    waiting = progress()

    assert waiting.next_due_on == date(2026, 4, 1)
    assert is_at_risk(waiting, day=TODAY)
    assert hint(waiting, day=TODAY) == "结对以来还没有联系上，请尽快联系"


def test_a_contact_in_spring_leaves_time_until_july() -> None:
    calm = progress(contacts=1, last=date(2026, 3, 3))

    assert calm.next_due_on == date(2026, 7, 1)
    assert not is_at_risk(calm, day=TODAY)
    assert hint(calm, day=TODAY) == "请在7月1日前联系一次（含当天）"


def test_the_last_day_is_still_in_time() -> None:
    waiting = progress(date(2026, 4, 1))

    assert not is_at_risk(waiting, day=date(2026, 4, 1))
    assert is_at_risk(waiting, day=date(2026, 4, 2))


def test_a_missed_visit_asks_for_a_visit() -> None:
    waiting = progress(date(2026, 8, 1), contacts=3, last=date(2026, 6, 1))

    assert waiting.next_kind is ContactKind.VISIT
    assert hint(waiting, day=date(2026, 8, 1)) == "入户走访原定7月1日前，请安排上门看看"


def test_a_long_silence_is_named_in_days() -> None:
    waiting = progress(date(2026, 8, 1), contacts=1, visits=1, last=date(2026, 5, 1))

    assert hint(waiting, day=date(2026, 8, 1)) == "已有92天没有联系，请打个电话问候"


def test_whoever_has_all_of_the_year_is_told_so() -> None:
    done = progress(contacts=5, visits=2, last=date(2026, 5, 1))

    assert done.next_due_on is None
    assert not is_at_risk(done, day=TODAY)
    assert hint(done, day=TODAY) == "今年的联系和走访都已完成"


def test_the_last_days_of_a_year_ask_for_nothing() -> None:
    late = progress_on(
        date(2026, 12, 30), period=Period(date(2026, 12, 20)), contacts=0, visits=0, last_contact_on=None
    )

    assert (late.contacts_due, late.visits_due, late.next_due_on) == (0, 0, None)
    assert hint(late, day=date(2026, 12, 30)) == "今年余下的日子不要求次数，方便时问候一声"


def test_the_longest_overdue_come_first_and_the_satisfied_last() -> None:
    people = {
        "all done": progress(contacts=4, visits=2, last=date(2026, 5, 16)),
        "due in July, heard in March": progress(contacts=1, last=date(2026, 3, 1)),
        "due in July, heard in January": progress(contacts=1, last=date(2026, 1, 5)),
        "never reached": progress(),
    }

    order = sorted(people, key=lambda name: risk_order(people[name], started_on=date(2026, 1, 1)))

    assert order == [
        "never reached",
        "due in July, heard in January",
        "due in July, heard in March",
        "all done",
    ]


@given(days_of_a_year, st.integers(0, 6), st.integers(0, 4))
def test_the_next_day_never_lies_outside_the_year(day: date, contacts: int, visits: int) -> None:
    due_on = progress(day, contacts=contacts, visits=visits).next_due_on

    assert due_on is None or due_on.year == 2026


def tap_at(moment: datetime | None) -> Tap:
    return Tap(client_id="a", pairing_id=1, occurred_at=moment)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        (None, True),
        (NOW, True),
        (NOW + timedelta(minutes=10), True),
        (NOW + timedelta(minutes=10, seconds=1), False),
        (china_moment(date(2026, 3, 18)), True),
        (china_moment(date(2026, 3, 18)) - timedelta(seconds=1), False),
    ],
    ids=["unsaid", "now", "clock ahead", "future", "60 days ago", "61 days ago"],
)
def test_a_contact_lies_within_the_last_sixty_days(moment: datetime | None, allowed: bool) -> None:
    assert (moment_refusal(tap_at(moment), now=NOW) is None) is allowed


def test_a_phone_that_runs_ahead_means_now() -> None:
    assert moment_of(tap_at(NOW + timedelta(minutes=9)), now=NOW) == NOW
    assert moment_of(tap_at(NOW - timedelta(days=2)), now=NOW) == NOW - timedelta(days=2)
    assert moment_of(tap_at(None), now=NOW) == NOW


def test_the_same_moment_in_another_zone_is_the_same_content() -> None:
    in_china = datetime.fromisoformat("2026-05-17T09:00:00+08:00")

    assert canonical_content(tap_at(NOW)) == canonical_content(tap_at(in_china))
    assert canonical_content(tap_at(NOW)) != canonical_content(tap_at(None))


def test_ten_minutes_to_think_again() -> None:
    assert may_undo(recorded_at=NOW, now=NOW + timedelta(minutes=10))
    assert not may_undo(recorded_at=NOW, now=NOW + timedelta(minutes=10, microseconds=1))
