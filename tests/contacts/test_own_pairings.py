"""Whom should I call?"""

from datetime import date, datetime

import httpx

from tests.contacts.factories import Phone, make_tap
from tests.fakes.clock import FixedClock
from tests.pairing.factories import make_pairing
from tests.people.cast import LIU_GUIYING, OUYANG_MINGDE, WANG_XIAOSI
from tests.people.factories import make_beneficiary, make_cadre


async def test_whoever_is_most_likely_to_be_forgotten_stands_first(client: httpx.AsyncClient) -> None:
    sun = await make_cadre()
    liu = await make_pairing(cadre=sun, beneficiary=await make_beneficiary(name=LIU_GUIYING.name))
    await make_pairing(
        cadre=sun, beneficiary=await make_beneficiary(name=WANG_XIAOSI.name), started_on=date(2026, 5, 1)
    )
    await make_pairing(cadre=sun, beneficiary=await make_beneficiary(name=OUYANG_MINGDE.name))
    phone = await Phone.of(client, liu)
    await phone.record(make_tap(liu))

    items = (await phone.get("/mini/v1/pairings"))["items"]

    assert [item["beneficiary"]["name"] for item in items] == [
        OUYANG_MINGDE.masked,
        LIU_GUIYING.masked,
        WANG_XIAOSI.masked,
    ]
    assert [item["is_at_risk"] for item in items] == [True, False, False]
    assert items[1] | {"id": 0, "beneficiary": {}} == {
        "id": 0,
        "beneficiary": {},
        "started_on": "2026-01-01",
        "contacts": {"done": 1, "due": 4},
        "visits": {"done": 0, "due": 2},
        "last_contact_on": "2026-05-17",
        "next_due_on": "2026-07-01",
        "is_at_risk": False,
        "is_mourning": False,
        "hint": "请在7月1日前联系一次（含当天）",
    }
    assert items[2]["contacts"] == {"done": 0, "due": 3}


async def test_an_attempt_moves_nobody_down_the_list(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    phone = await Phone.of(client, liu)
    await phone.record(make_tap(liu, outcome="tried"))

    (item,) = (await phone.get("/mini/v1/pairings"))["items"]

    assert item["contacts"]["done"] == 0
    assert item["last_contact_on"] is None
    assert item["is_at_risk"] is True


async def test_the_last_contact_of_december_is_remembered_in_january(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    liu = await make_pairing(started_on=date(2025, 1, 1))
    clock.moment = datetime.fromisoformat("2025-12-20T01:00:00+00:00")
    phone = await Phone.of(client, liu)
    await phone.record(make_tap(liu))

    clock.moment = datetime.fromisoformat("2026-01-05T01:00:00+00:00")
    (item,) = (await phone.get("/mini/v1/pairings"))["items"]

    assert item["last_contact_on"] == "2025-12-20"
    assert item["contacts"] == {"done": 0, "due": 4}


async def test_past_and_planned_pairings_and_other_cadres_people_are_not_listed(
    client: httpx.AsyncClient,
) -> None:
    sun = await make_cadre()
    current = await make_pairing(cadre=sun)
    await make_pairing(cadre=sun, ended_on=date(2026, 5, 17))
    await make_pairing(cadre=sun, started_on=date(2026, 5, 18))
    await make_pairing()
    phone = await Phone.of(client, current)

    items = (await phone.get("/mini/v1/pairings"))["items"]

    assert [item["id"] for item in items] == [current.id]
