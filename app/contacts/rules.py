"""Decisions about contacts that need no database: what counts, what is due, whom to call first."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.contacts.enums import ContactChannel, ContactKind, ContactOutcome
from app.core.clock import china_date, china_year_bounds, chinese_day
from app.pairing.rules import Period

# 官方方案 三(一): 联系交流每年不少于4次; 三(二): 入户访视每年不少于2次.
CONTACTS_A_YEAR = 4
VISITS_A_YEAR = 2
# Long enough for a training course or a sick leave, short enough that last year's figures soon stand still.
LATE_ENTRY_DAYS = 60
# Phones are set by hand; a few minutes ahead means now.
CLOCK_SKEW = timedelta(minutes=10)
UNDO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Tap:
    """What a cadre's phone sends: which pairing, and whatever else he cared to say."""

    client_id: str
    pairing_id: int
    kind: ContactKind = ContactKind.CONTACT
    channel: ContactChannel | None = None
    outcome: ContactOutcome = ContactOutcome.REACHED_PERSON
    occurred_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How often something happened, or by how much that changes."""

    contacts: int = 0
    visits: int = 0
    attempts: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.contacts + other.contacts, self.visits + other.visits, self.attempts + other.attempts
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days of one calendar year that a pairing covers; at least one."""

    first_day: date
    days: int
    days_in_year: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How one pairing stands on a day; `next_kind` and `next_due_on` are None when nothing is owed."""

    contacts_done: int
    contacts_due: int
    visits_done: int
    visits_due: int
    last_contact_on: date | None
    next_kind: ContactKind | None
    next_due_on: date | None


def counts_of(kind: ContactKind, outcome: ContactOutcome) -> Counts:
    """Return what one record adds to a year; an attempt is a record, not a contact."""
    if outcome is ContactOutcome.TRIED:
        return Counts(attempts=1)
    return Counts(visits=1) if kind is ContactKind.VISIT else Counts(contacts=1)


def canonical_content(tap: Tap) -> str:
    """Return the content of a tap, the same text for the same content, to tell a replay from a reused id."""
    moment = tap.occurred_at.astimezone(UTC).isoformat() if tap.occurred_at else None
    return json.dumps([tap.pairing_id, tap.kind, tap.channel, tap.outcome, moment, tap.note])


def moment_of(tap: Tap, *, now: datetime) -> datetime:
    """Return when the contact took place: now if the tap does not say, or runs a little ahead."""
    return now if tap.occurred_at is None else min(tap.occurred_at.astimezone(UTC), now)


def moment_refusal(tap: Tap, *, now: datetime) -> str | None:
    """Return why a contact of that moment cannot be recorded, or None when it can."""
    if tap.occurred_at is None:
        return None
    if tap.occurred_at > now + CLOCK_SKEW:
        return "联系时间不能晚于现在"
    earliest = china_date(now) - timedelta(days=LATE_ENTRY_DAYS)
    if china_date(tap.occurred_at) < earliest:
        return f"最多补记{LATE_ENTRY_DAYS}天以内的联系，最早到{chinese_day(earliest)}"
    return None


def may_undo(*, recorded_at: datetime, now: datetime) -> bool:
    """Tell whether a record may still be taken back by one tap."""
    return now <= recorded_at + UNDO_WITHIN


def stretch_of(period: Period, *, year: int) -> Stretch | None:
    """Return the part of a year that a pairing covers, or None when it covers no day of it."""
    new_year, next_new_year = china_year_bounds(year)
    first_day = max(period.started_on, new_year)
    end = min(period.ended_on or next_new_year, next_new_year)
    days = (end - first_day).days
    return Stretch(first_day, days, (next_new_year - new_year).days) if days > 0 else None


def required(times_a_year: int, stretch: Stretch) -> int:
    """Return how often is owed in a part of a year: pro rata by days, rounded to the nearest, half up.

    官方方案 三(一)(二) give numbers per year and nothing for a year that was cut. So a hand-over in the year
    never asks both cadres together for less than the year, and a pairing of its last days asks for nothing.
    """
    return (2 * times_a_year * stretch.days + stretch.days_in_year) // (2 * stretch.days_in_year)


def slot_end(number: int, *, due: int, stretch: Stretch) -> date:
    """Return the last day for the contact of this number (1, 2, …) when `due` of them are spread evenly."""
    return stretch.first_day + timedelta(days=number * stretch.days // due - 1)


def progress_on(
    day: date, *, period: Period, contacts: int, visits: int, last_contact_on: date | None
) -> Progress:
    """Return how a pairing in force stands on a day.

    Args:
        day: the day, in the pairing's period.
        period: of the pairing.
        contacts: of this calendar year; who was not reached does not count.
        visits: of this calendar year.
        last_contact_on: the last contact or visit of any year.

    Raises:
        ValueError: the pairing does not cover a day of that year.
    """
    stretch = stretch_of(period, year=day.year)
    if stretch is None:
        raise ValueError("the pairing does not cover this year")
    contacts_due = required(CONTACTS_A_YEAR, stretch)
    visits_due = required(VISITS_A_YEAR, stretch)
    owed = [
        (slot_end(done + 1, due=due, stretch=stretch), kind)
        for kind, done, due in (
            (ContactKind.CONTACT, contacts, contacts_due),
            (ContactKind.VISIT, visits, visits_due),
        )
        if done < due
    ]
    next_due_on, next_kind = min(owed) if owed else (None, None)
    return Progress(
        contacts_done=contacts,
        contacts_due=contacts_due,
        visits_done=visits,
        visits_due=visits_due,
        last_contact_on=last_contact_on,
        next_kind=next_kind,
        next_due_on=next_due_on,
    )


def is_at_risk(progress: Progress, *, day: date) -> bool:
    """Tell whether a family waits longer than the even spread over the year allows."""
    return progress.next_due_on is not None and progress.next_due_on < day


def risk_order(progress: Progress, *, started_on: date) -> tuple[date, date]:
    """Return the sort key that puts who is most likely to be forgotten first.

    The longest overdue come first, then what is due soonest; among equals whoever has heard nothing for
    longest. Who is owed nothing more this year comes last.
    """
    return progress.next_due_on or date.max, progress.last_contact_on or started_on


def hint(progress: Progress, *, day: date, is_mourning: bool = False) -> str:
    """Return one line that tells the cadre what to do next, and to whom no festive word is said.

    Args:
        progress: how the pairing stands.
        day: today.
        is_mourning: somebody of the family died, festivals are not mentioned.
    """
    wish = _wish(progress, day=day)
    return f"家中有丧事，节日不说祝福的话。{wish}" if is_mourning else wish


def _wish(progress: Progress, *, day: date) -> str:
    if progress.contacts_due == progress.visits_due == 0:
        return "今年余下的日子不要求次数，方便时问候一声"
    if progress.next_due_on is None:
        return "今年的联系和走访都已完成"
    deadline = f"{progress.next_due_on.month}月{progress.next_due_on.day}日"
    if progress.next_due_on >= day:
        wish = "上门走访一次" if progress.next_kind is ContactKind.VISIT else "联系一次"
        return f"请在{deadline}前{wish}（含当天）"
    if progress.last_contact_on is None:
        return "结对以来还没有联系上，请尽快联系"
    if progress.next_kind is ContactKind.VISIT:
        return f"入户走访原定{deadline}前，请安排上门看看"
    return f"已有{(day - progress.last_contact_on).days}天没有联系，请打个电话问候"
