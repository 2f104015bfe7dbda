"""Counters that say something else than the records are found, put right, and told about."""

from datetime import date

import httpx
import pytest

from app.audit.models import AuditEntry
from app.contacts.models import Contact, ContactYear
from app.contacts.operations import COUNTERS, recount_counters
from app.core import sql
from app.core.models import InvariantFinding
from app.pairing.models import Pairing
from tests.conftest import NOW
from tests.contacts.factories import Phone, make_tap
from tests.contacts.test_counters import counted, recount
from tests.pairing.factories import make_pairing


async def tapped(client: httpx.AsyncClient) -> Pairing:
    """Make a pairing with a contact, two visits and an attempt."""
    pairing = await make_pairing()
    phone = await Phone.of(client, pairing)
    for tap in ({}, {"kind": "visit"}, {"kind": "visit"}, {"outcome": "tried"}):
        await phone.record(make_tap(pairing, **tap))
    return pairing


async def test_right_counters_are_left_alone(client: httpx.AsyncClient) -> None:
    await tapped(client)

    await recount_counters(now=NOW, position="")

    assert await InvariantFinding.all().count() == 0
    assert not await AuditEntry.filter(action="contact_year.repaired").exists()


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE contact_year SET contacts = contacts + 3",
        "UPDATE contact_year SET visits = 0",
        "UPDATE contact_year SET attempts = 9",
        "UPDATE contact_year SET last_reached_on = '2026-01-02'",
        "UPDATE contact_year SET last_reached_on = NULL",
        "DELETE FROM contact_year",
        "UPDATE contact SET undone_at = recorded_at",
        "DELETE FROM contact",
    ],
)
async def test_whatever_is_broken_the_records_win(client: httpx.AsyncClient, broken: str) -> None:
    pairing = await tapped(client)
    await sql.execute(broken)

    await recount_counters(now=NOW, position="")

    year = (await counted(pairing))[2026]
    assert year == (await recount(pairing)).get(2026, (0, 0, 0, None))
    finding = await InvariantFinding.get()
    assert (finding.name, finding.subject) == (COUNTERS, f"pairing:{pairing.id}:2026")
    assert (finding.org_code, finding.resolved_at) == (pairing.region_code, NOW)
    assert "已按联系记录改为" in finding.detail
    entry = await AuditEntry.get(action="contact_year.repaired")
    assert (entry.object_id, entry.region_code) == (str(pairing.id), pairing.region_code)


async def test_the_look_goes_round(client: httpx.AsyncClient) -> None:
    pairing = await tapped(client)

    first = await recount_counters(now=NOW, position="")
    await ContactYear.all().update(contacts=7)
    second = await recount_counters(now=NOW, position=first)
    third = await recount_counters(now=NOW, position=second)

    assert (first, second, third) == (str(pairing.id), "", str(pairing.id))
    assert (await counted(pairing))[2026] == (1, 2, 1, date(2026, 5, 17))


async def test_many_wrong_ones_are_put_right_a_few_at_a_time(db: None) -> None:
    pairings = [await make_pairing() for _ in range(5)]
    await ContactYear.bulk_create([ContactYear(pairing=one, year=2026, contacts=1) for one in pairings])

    position, looks = "", 0
    while await ContactYear.filter(contacts=1).exists():
        position = await recount_counters(now=NOW, position=position, repairs=2)
        looks += 1

    assert looks == 3
    assert await Contact.all().count() == 0
