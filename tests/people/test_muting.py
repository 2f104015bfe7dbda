"""A house in mourning is left in peace on festivals."""

from datetime import date, timedelta

import httpx
import pytest

from app.audit.models import AuditEntry
from app.core.clock import china_date
from app.people.models import Beneficiary
from app.people.rules import mute_end, mute_refusal
from tests.accounts.factories import SHIZHONG, phone_headers, staff_headers
from tests.conftest import NOW
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary

TODAY = china_date(NOW)


async def test_a_cadre_notes_a_death_in_the_family_with_one_tap(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await phone_headers(cadre_id=liu.cadre_id)

    answer = await client.post(f"/mini/v1/pairings/{liu.id}/mute", json={}, headers=sun)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "name": "张*山",
        "muted_until": str(TODAY + timedelta(days=365)),
        "reason": {"code": "bereavement", "label": "家中有丧事"},
    }
    (own,) = (await client.get("/mini/v1/pairings", headers=sun)).json()["items"]
    assert own["is_mourning"] is True
    assert own["hint"].startswith("家中有丧事，节日不说祝福的话。")
    assert await AuditEntry.filter(action="beneficiary.muted").count() == 1


async def test_the_county_notes_it_too_and_ends_it(client: httpx.AsyncClient) -> None:
    family = await make_beneficiary()
    staff = await staff_headers(client)
    address = f"/admin/v1/beneficiaries/{family.id}"

    muted = await client.post(
        f"{address}/mute", json={"reason": "family_wish", "until": "2026-12-31"}, headers=staff
    )
    shown = (await client.get(address, headers=staff)).json()
    ended = await client.post(f"{address}/unmute", headers=staff)

    assert muted.json()["muted_until"] == shown["muted_until"] == "2026-12-31"
    assert shown["mute_reason"]["label"] == "家属不希望节日打扰"
    assert (ended.json()["muted_until"], ended.json()["reason"]) == (None, None)


async def test_a_wish_for_peace_is_no_mourning_in_the_cadres_list(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await phone_headers(cadre_id=liu.cadre_id)
    await client.post(f"/mini/v1/pairings/{liu.id}/mute", json={"reason": "family_wish"}, headers=sun)

    (own,) = (await client.get("/mini/v1/pairings", headers=sun)).json()["items"]

    assert own["is_mourning"] is False


@pytest.mark.parametrize(
    ("until", "said"),
    [(TODAY - timedelta(days=1), "截止日期已经过去"), (date(2031, 1, 1), "最长三年，到期后可以再延长")],
)
async def test_a_day_that_cannot_be_is_refused_in_words(
    client: httpx.AsyncClient, until: date, said: str
) -> None:
    family = await make_beneficiary()

    answer = await client.post(
        f"/admin/v1/beneficiaries/{family.id}/mute",
        json={"until": str(until)},
        headers=await staff_headers(client),
    )

    assert (answer.status_code, answer.json()["detail"]) == (422, said)
    assert (await Beneficiary.get(id=family.id)).muted_until is None


async def test_neither_another_cadre_nor_the_next_county_may(client: httpx.AsyncClient) -> None:
    liu, other = await make_pairing(), await make_pairing()
    stranger = await phone_headers(cadre_id=other.cadre_id)
    neighbour = await staff_headers(client, org_code=SHIZHONG)

    by_cadre = await client.post(f"/mini/v1/pairings/{liu.id}/mute", json={}, headers=stranger)
    by_county = await client.post(
        f"/admin/v1/beneficiaries/{liu.beneficiary_id}/mute", json={}, headers=neighbour
    )

    assert (by_cadre.status_code, by_county.status_code) == (404, 404)


def test_a_year_is_usual_and_three_are_the_most() -> None:
    assert mute_end(today=TODAY, until=None) == TODAY + timedelta(days=365)
    assert mute_refusal(TODAY, today=TODAY) is None
    assert mute_refusal(TODAY + timedelta(days=3 * 366), today=TODAY) is None
    assert mute_refusal(TODAY + timedelta(days=3 * 366 + 1), today=TODAY) == "最长三年，到期后可以再延长"
