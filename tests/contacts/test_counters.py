"""Counters are what a recount of the rows would say, whatever happened and however much at once."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.contacts.enums import ContactKind, ContactOutcome
from app.contacts.models import Contact, ContactYear
from app.contacts.operations import record_contact, undo_contact
from app.contacts.rules import Tap, counts_of
from app.pairing.models import Pairing
from tests.conftest import NOW
from tests.contacts.factories import Phone, fresh_client_id, make_tap
from tests.pairing.factories import make_pairing

NEW_YEAR_BEHIND = datetime(2026, 1, 20, 1, 0, tzinfo=UTC)
Year = tuple[int, int, int, date | None]


@dataclass(frozen=True)
class Step:
    """Record something some days ago, then take back one of the records made so far, or none."""

    kind: ContactKind
    outcome: ContactOutcome
    days_ago: int
    undo: int | None


steps = st.builds(
    Step,
    kind=st.sampled_from(ContactKind),
    outcome=st.sampled_from(ContactOutcome),
    days_ago=st.integers(0, 60),
    undo=st.none() | st.integers(0, 9),
)


async def recount(pairing: Pairing) -> dict[int, Year]:
    years: dict[int, Year] = {}
    for contact in await Contact.filter(pairing_id=pairing.id).order_by("occurred_on", "id"):
        contacts, visits, attempts, last = years.setdefault(contact.occurred_on.year, (0, 0, 0, None))
        if contact.undone_at is not None:
            continue
        counts = counts_of(contact.kind, contact.outcome)
        last = last if counts.attempts else contact.occurred_on
        years[contact.occurred_on.year] = (
            contacts + counts.contacts,
            visits + counts.visits,
            attempts + counts.attempts,
            last,
        )
    return years


async def counted(pairing: Pairing) -> dict[int, Year]:
    rows = await ContactYear.filter(pairing_id=pairing.id).order_by("year")
    return {row.year: (row.contacts, row.visits, row.attempts, row.last_reached_on) for row in rows}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=1, max_size=8))
async def test_counters_equal_a_recount_after_any_sequence(db: None, sequence: list[Step]) -> None:
    pairing = await make_pairing(started_on=date(2025, 1, 1))
    scope = Scope(cadre_id=pairing.cadre_id)
    made: list[int] = []

    for step in sequence:
        tap = Tap(
            client_id=fresh_client_id(),
            pairing_id=pairing.id,
            kind=step.kind,
            outcome=step.outcome,
            occurred_at=NEW_YEAR_BEHIND - timedelta(days=step.days_ago),
        )
        recorded = await record_contact(scope=scope, tap=tap, now=NEW_YEAR_BEHIND)
        made.append(recorded.record.id)
        if step.undo is not None:
            await undo_contact(scope=scope, contact_id=made[step.undo % len(made)], now=NEW_YEAR_BEHIND)

    assert await counted(pairing) == await recount(pairing)


async def test_the_first_taps_of_a_year_may_all_come_at_once(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)

    answers = await asyncio.gather(*(sun.record(make_tap(liu)) for _ in range(20)))

    assert [answer.status_code for answer in answers] == [201] * 20
    assert await counted(liu) == await recount(liu)
    assert (await counted(liu))[2026][0] == 20


async def test_recording_and_taking_back_at_once_keep_the_counters_right(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    made = [(await sun.record(make_tap(liu))).json()["id"] for _ in range(8)]

    answers = await asyncio.gather(
        *(sun.undo(contact_id) for contact_id in made),
        *(sun.record(make_tap(liu, kind="visit", occurred_at="2026-05-16T09:00:00+08:00")) for _ in range(8)),
    )

    assert {answer.status_code for answer in answers} == {200, 201}
    assert await counted(liu) == await recount(liu) == {2026: (0, 8, 0, date(2026, 5, 16))}


@pytest.mark.parametrize("racers", [2, 12])
async def test_phones_that_race_with_one_tap_leave_one_record_and_get_one_answer(
    client: httpx.AsyncClient, racers: int
) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    tap = make_tap(liu, note="同一次")

    answers = await asyncio.gather(*(sun.record(tap) for _ in range(racers)))

    assert sorted(answer.status_code for answer in answers) == [200] * (racers - 1) + [201]
    assert len({answer.content for answer in answers}) == 1
    assert await Contact.all().count() == 1
    assert await counted(liu) == {2026: (1, 0, 0, date(2026, 5, 17))}


async def test_of_two_different_taps_under_one_id_exactly_one_wins(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Phone.of(client, liu)
    tap = make_tap(liu)

    answers = await asyncio.gather(*(sun.record(tap | {"note": f"第{number}种"}) for number in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert await counted(liu) == await recount(liu)


async def test_one_wrong_tap_among_many_spoils_no_other(client: httpx.AsyncClient) -> None:
    liu, wang = await make_pairing(), await make_pairing()
    sun, zhao = await Phone.of(client, liu), await Phone.of(client, wang)
    known = make_tap(liu)
    await sun.record(known)

    answers = await asyncio.gather(
        *(sun.record(make_tap(liu)) for _ in range(6)),
        sun.record(known),
        sun.record(make_tap(wang)),
        *(zhao.record(make_tap(wang)) for _ in range(6)),
    )

    assert [answer.status_code for answer in answers] == [201] * 6 + [200, 404] + [201] * 6
    assert await counted(liu) == await recount(liu)
    assert await counted(wang) == await recount(wang) == {2026: (6, 0, 0, date(2026, 5, 17))}


async def test_inside_a_transaction_of_the_callers_a_tap_shares_its_fate(db: None) -> None:
    liu = await make_pairing()
    tap = Tap(client_id="visit", pairing_id=liu.id)

    with pytest.raises(LookupError):
        async with in_transaction():
            await record_contact(scope=Scope(cadre_id=liu.cadre_id), tap=tap, now=NOW)
            raise LookupError

    assert await Contact.all().count() == 0
    assert await counted(liu) == {}
