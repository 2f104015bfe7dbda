"""Supervision: unmet need by unit, single records only where one acts."""

import random
from datetime import date, timedelta

import httpx
import pytest

from app.accounts.rules import scope_of_staff
from app.contacts import queries
from app.contacts.models import ContactYear
from app.contacts.rules import is_at_risk, progress_on
from app.orgs.operations import plant_tree
from app.pairing.models import Pairing
from app.pairing.rules import Period
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG, staff_headers
from tests.contacts.factories import Phone, make_tap
from tests.pairing.factories import make_pairing
from tests.people.cast import SUN_JIANGUO
from tests.people.factories import make_beneficiary, make_cadre

QINGDAO = "370200"
SHINAN = "370202"


async def test_the_county_sees_that_it_happened_and_not_what_was_said(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    phone = await Phone.of(client, liu)
    await phone.record(make_tap(liu, note="家里的事"))
    headers = await staff_headers(client)

    answer = await client.get("/admin/v1/contacts", headers=headers)

    (item,) = answer.json()["items"]
    assert item["cadre"] == {"id": liu.cadre_id, "name": SUN_JIANGUO.masked}
    assert item["beneficiary"]["name"] == "张*山"
    assert item["outcome_label"] == "联系到本人"
    assert "家里的事" not in answer.text


async def test_records_come_latest_first_and_in_pages(client: httpx.AsyncClient) -> None:
    liu, wang = await make_pairing(), await make_pairing()
    sun, zhao = await Phone.of(client, liu), await Phone.of(client, wang)
    made = [(await sun.record(make_tap(liu))).json()["id"] for _ in range(3)]
    await zhao.record(make_tap(wang))
    headers = await staff_headers(client)
    path = f"/admin/v1/contacts?pairing_id={liu.id}&limit=2"

    first = (await client.get(path, headers=headers)).json()
    second = (await client.get(f"{path}&cursor={first['next_cursor']}", headers=headers)).json()

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(("org_code", "seen"), [(LIXIA, 2), (SHIZHONG, 0), (JINAN, 1), (SHANDONG, 0)])
async def test_single_records_are_seen_where_one_acts_and_for_ones_own_cadres(
    client: httpx.AsyncClient, org_code: str, seen: int
) -> None:
    liu, wang = await make_pairing(), await make_pairing(cadre=await make_cadre(org_code=JINAN))
    await (await Phone.of(client, liu)).record(make_tap(liu))
    await (await Phone.of(client, wang)).record(make_tap(wang))
    headers = await staff_headers(client, org_code=org_code)

    answer = await client.get("/admin/v1/contacts", headers=headers)

    assert len(answer.json()["items"]) == seen


async def test_the_city_sees_its_counties_in_the_order_of_codes(client: httpx.AsyncClient) -> None:
    await plant_tree()
    liu = await make_pairing()
    await make_pairing(beneficiary=await make_beneficiary(region_code=SHIZHONG))
    await make_pairing(ended_on=date(2026, 5, 17))
    await (await Phone.of(client, liu)).record(make_tap(liu))
    headers = await staff_headers(client, org_code=JINAN)

    body = (await client.get("/admin/v1/contacts/progress", headers=headers)).json()

    assert (body["region"], body["year"]) == (JINAN, 2026)
    codes = [unit["code"] for unit in body["units"]]
    assert codes == sorted(codes)
    assert len(codes) == 12
    assert body["units"][:2] == [
        {
            "code": LIXIA,
            "name": "历下区残联",
            "pairings": 1,
            "contacts": {"done": 1, "due": 4},
            "visits": {"done": 0, "due": 2},
            "at_risk": 0,
        },
        {
            "code": SHIZHONG,
            "name": "市中区残联",
            "pairings": 1,
            "contacts": {"done": 0, "due": 4},
            "visits": {"done": 0, "due": 2},
            "at_risk": 1,
        },
    ]


async def test_the_province_sees_its_cities_and_looks_into_each(client: httpx.AsyncClient) -> None:
    await plant_tree()
    await make_pairing()
    await make_pairing(beneficiary=await make_beneficiary(region_code=SHINAN))
    headers = await staff_headers(client, org_code=SHANDONG)

    province = (await client.get("/admin/v1/contacts/progress", headers=headers)).json()
    city = (await client.get(f"/admin/v1/contacts/progress?region={QINGDAO}", headers=headers)).json()

    assert {unit["code"]: unit["pairings"] for unit in province["units"] if unit["pairings"]} == {
        JINAN: 1,
        QINGDAO: 1,
    }
    assert {unit["code"]: unit["pairings"] for unit in city["units"] if unit["pairings"]} == {SHINAN: 1}


async def test_a_county_counts_itself_and_nobody_next_door(client: httpx.AsyncClient) -> None:
    await plant_tree()
    await make_pairing()
    headers = await staff_headers(client, org_code=LIXIA)

    own = (await client.get("/admin/v1/contacts/progress", headers=headers)).json()
    other = await client.get(f"/admin/v1/contacts/progress?region={SHIZHONG}", headers=headers)

    assert [(unit["code"], unit["pairings"]) for unit in own["units"]] == [(LIXIA, 1)]
    assert other.status_code == 404


async def test_people_registered_with_the_city_itself_stay_in_the_sum(client: httpx.AsyncClient) -> None:
    await plant_tree()
    await make_pairing(beneficiary=await make_beneficiary(region_code=JINAN))
    headers = await staff_headers(client, org_code=JINAN)

    body = (await client.get("/admin/v1/contacts/progress", headers=headers)).json()

    assert sum(unit["pairings"] for unit in body["units"]) == 1


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2026, 5, 17), date(2026, 4, 2)])
async def test_the_database_counts_as_the_rules_do(db: None, day: date) -> None:
    await plant_tree()
    dice = random.Random(day.toordinal())
    expected = {"pairings": 0, "contacts_done": 0, "contacts_due": 0, "visits_done": 0, "visits_due": 0}
    at_risk = 0
    for _ in range(60):
        started_on = day - timedelta(days=dice.randrange(400))
        ended_on = dice.choice([None, day + timedelta(days=dice.randrange(1, 300))])
        pairing = await make_pairing(started_on=started_on, ended_on=ended_on)
        contacts, visits = await _done(pairing, dice, year=day.year)
        progress = progress_on(
            day, period=Period(started_on, ended_on), contacts=contacts, visits=visits, last_contact_on=None
        )
        expected["pairings"] += 1
        expected["contacts_done"] += min(contacts, progress.contacts_due)
        expected["contacts_due"] += progress.contacts_due
        expected["visits_done"] += min(visits, progress.visits_due)
        expected["visits_due"] += progress.visits_due
        at_risk += is_at_risk(progress, day=day)

    (unit,) = await queries.progress_by_unit(scope=scope_of_staff(org_code=LIXIA), region=LIXIA, day=day)

    assert at_risk > 0
    assert unit == queries.UnitProgress(code=LIXIA, name="历下区残联", at_risk=at_risk, **expected)


async def _done(pairing: Pairing, dice: random.Random, *, year: int) -> tuple[int, int]:
    """Give a pairing some contacts and visits, or none and no row at all."""
    if dice.random() < 0.3:
        return 0, 0
    contacts, visits = dice.randrange(6), dice.randrange(4)
    await ContactYear.create(pairing=pairing, year=year, contacts=contacts, visits=visits)
    return contacts, visits
