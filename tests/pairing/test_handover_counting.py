"""Whoever records, an event counts for the pairing of its day; two cadres of a year owe one year together."""

from datetime import date, datetime, timedelta

import httpx

from app.contacts.models import Contact, ContactYear
from app.contacts.rules import CONTACTS_A_YEAR, VISITS_A_YEAR, required, stretch_of
from app.core.clock import china_moment
from app.pairing.models import Pairing
from app.pairing.rules import Period
from tests.accounts.factories import phone_headers, staff_headers
from tests.conftest import NOW
from tests.contacts.factories import make_tap
from tests.fakes.clock import FixedClock
from tests.pairing.factories import TODAY, make_pairing, planned
from tests.people.cast import SUN_JIANGUO, ZHAO_MIN
from tests.people.factories import make_cadre

CHANGE_DAY = TODAY + timedelta(days=14)


async def tap(
    client: httpx.AsyncClient, pairing: Pairing, headers: dict[str, str], *, on: date | None = None
) -> int:
    moment: dict[str, str] = {"occurred_at": noon(on).isoformat()} if on else {}
    return (
        await client.post("/mini/v1/contacts", json=make_tap(pairing, **moment), headers=headers)
    ).status_code


def noon(day: date) -> datetime:
    return china_moment(day, 12)


async def counted(pairing_id: int) -> int:
    found = await ContactYear.get_or_none(pairing_id=pairing_id, year=2026)
    return found.contacts if found else 0


async def test_every_contact_counts_for_the_pairing_of_its_day(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    standing = await make_pairing(cadre=await make_cadre(name=SUN_JIANGUO.name))
    zhao = await make_cadre(name=ZHAO_MIN.name)
    handover = await planned(standing, zhao, overlap_days=7)
    new = await Pairing.get(id=handover.new_pairing_id)
    sun_phone = await phone_headers(cadre_id=standing.cadre_id)
    zhao_phone = await phone_headers(cadre_id=zhao.id)

    # Before the day only the old cadre records.
    assert await tap(client, standing, sun_phone) == 201
    assert await tap(client, new, zhao_phone) == 409

    clock.moment = NOW + timedelta(days=16)
    assert await tap(client, new, zhao_phone) == 201
    # A late entry of the old cadre, and one from a visit of both in the overlap.
    assert await tap(client, standing, sun_phone, on=CHANGE_DAY - timedelta(days=1)) == 201
    assert await tap(client, standing, sun_phone) == 201
    assert (await counted(standing.id), await counted(new.id)) == (2, 2)
    last = await Contact.all().order_by("-id").first()
    assert last is not None
    assert (last.cadre_id, last.pairing_id) == (standing.cadre_id, new.id)
    lines = (await client.get(f"/admin/v1/contacts?pairing_id={new.id}", headers=await staff_headers(
        client, now=clock.now()))).json()["items"]  # fmt: skip
    assert [line["cadre"]["name"] for line in lines] == [SUN_JIANGUO.masked, ZHAO_MIN.masked]

    # The overlap ends with its last day, for late entries by the day they tell of.
    clock.moment = NOW + timedelta(days=21)
    assert await tap(client, standing, sun_phone) == 409
    assert await tap(client, standing, sun_phone, on=CHANGE_DAY + timedelta(days=6)) == 201
    assert (await counted(standing.id), await counted(new.id)) == (2, 3)


async def test_a_family_contacted_by_its_successor_is_not_given_back(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    standing, zhao = await make_pairing(), await make_cadre()
    handover = await planned(standing, zhao, changes_on=TODAY, overlap_days=0)
    new = await Pairing.get(id=handover.new_pairing_id)
    assert await tap(client, new, await phone_headers(cadre_id=zhao.id)) == 201

    undone = await client.post(f"/admin/v1/handovers/{handover.id}/undo", headers=await staff_headers(client))

    assert (undone.status_code, undone.json()["code"]) == (409, "pairing.handover_fixed")
    assert await counted(new.id) == 1


def test_two_cadres_of_one_year_are_asked_for_one_year_together() -> None:
    for month, day in ((1, 2), (3, 1), (5, 31), (7, 2), (12, 31)):
        change = date(2026, month, day)
        before = stretch_of(Period(date(2025, 6, 1), change), year=2026)
        after = stretch_of(Period(change), year=2026)
        assert before is not None
        assert after is not None
        for a_year in (CONTACTS_A_YEAR, VISITS_A_YEAR):
            assert a_year <= required(a_year, before) + required(a_year, after) <= a_year + 1
