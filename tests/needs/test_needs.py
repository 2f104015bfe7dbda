"""A need from the first word to the family's yes."""

import asyncio
from datetime import date, timedelta

import httpx
import pytest

from app.core import sql
from app.needs import operations
from app.needs.enums import NeedAct, NeedState, Speaker
from app.needs.models import Need, NeedStep
from app.needs.rules import Step
from app.people.enums import GuardianRelation
from app.people.models import Guardianship
from tests.accounts.factories import JINAN, SHIZHONG, phone_headers
from tests.conftest import NOW
from tests.needs.factories import Desk
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_guardian


async def test_a_need_is_answered_and_the_family_has_the_last_word(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    guardian = await make_guardian(beneficiary=await liu.beneficiary)
    sun = await Desk.of_cadre(client, liu.cadre_id)
    wang = await Desk.of_guardian(client, guardian.id)

    raised = await wang.raise_need(domain="rehabilitation", text="需要一辆轮椅")
    need_id = raised.json()["id"]
    await sun.step(need_id, "referred", department="区残疾人康复中心")
    await sun.step(need_id, "answered", text="已登记，月底送到")
    contradicted = await wang.step(need_id, "not_solved", text="还没有收到")
    await sun.step(need_id, "answered", text="今天送到")
    confirmed = await wang.step(need_id, "confirmed")

    assert raised.status_code == 201, raised.text
    assert raised.json()["state_label"] == "待办理"
    assert contradicted.json()["state"] == "open"
    assert (confirmed.json()["state"], confirmed.json()["department"]) == ("solved", "区残疾人康复中心")
    story = await wang.get(f"/needs/{need_id}")
    assert [step["act"] for step in story["steps"]] == [
        *("raised", "referred", "answered", "not_solved", "answered", "confirmed")
    ]
    assert [step["speaker"] for step in story["steps"]][:2] == ["guardian", "cadre"]


async def test_what_families_say_is_sealed_in_the_database(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Desk.of_cadre(client, liu.cadre_id)

    answer = await sun.raise_need(pairing_id=liu.id, text="孩子想上学")
    await sun.step(answer.json()["id"], "noted", text="已经问过学校")

    needs = await sql.fetch("SELECT text FROM need ORDER BY id")
    steps = await sql.fetch("SELECT text FROM need_step ORDER BY id")
    assert all(row["text"].startswith("enc:v1:") for row in [*needs, *steps])


async def test_the_same_need_sent_twice_is_one(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Desk.of_cadre(client, liu.cadre_id)
    body = {"client_id": "tap-once", "pairing_id": liu.id, "domain": "living"}

    first, again, *_ = await asyncio.gather(*[sun.raise_need(**body) for _ in range(4)])
    other = await sun.raise_need(**body | {"domain": "rights"})

    assert {first.status_code, again.status_code} <= {200, 201}
    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["code"]) == (409, "needs.client_id_reused")
    assert await Need.all().count() == await NeedStep.all().count() == 1


async def test_a_guardian_of_several_says_whose_need_it_is(client: httpx.AsyncClient) -> None:
    guardian = await make_guardian(beneficiary=await make_beneficiary())
    second = await make_beneficiary()
    await Guardianship.create(guardian=guardian, beneficiary=second, relation=GuardianRelation.PARENT)
    stranger = await make_beneficiary()
    wang = await Desk.of_guardian(client, guardian.id)

    unclear = await wang.raise_need()
    strange = await wang.raise_need(beneficiary_id=stranger.id)
    named = await wang.raise_need(beneficiary_id=second.id)

    assert {unclear.json()["code"], strange.json()["code"]} == {"needs.whose_need"}
    assert named.json()["beneficiary_id"] == second.id


async def test_a_phone_that_is_bound_to_nobody_raises_nothing(client: httpx.AsyncClient) -> None:
    stranger = Desk(client, await phone_headers(), "/mini/v1")

    answer = await stranger.raise_need(pairing_id=1)

    assert (answer.status_code, answer.json()["code"]) == (403, "needs.nobody_known")


async def test_after_the_pairing_ended_the_successor_sees_the_need_and_the_predecessor_does_not(
    client: httpx.AsyncClient,
) -> None:
    family = await make_beneficiary()
    ended = await make_pairing(beneficiary=family, ended_on=NOW.date())
    current = await make_pairing(beneficiary=family, started_on=NOW.date())
    guardian = await make_guardian(beneficiary=family)
    raised = await (await Desk.of_guardian(client, guardian.id)).raise_need(text="想装扶手")
    before, after = [await Desk.of_cadre(client, one.cadre_id) for one in (ended, current)]

    need_id = raised.json()["id"]
    assert await before.status_of(f"/needs/{need_id}") == 404
    assert [item["id"] for item in (await after.get("/needs"))["items"]] == [need_id]


async def test_of_two_who_take_a_step_at_once_one_is_told_to_look_again(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Desk.of_cadre(client, liu.cadre_id)
    need_id = (await sun.raise_need(pairing_id=liu.id)).json()["id"]
    seen, also_seen = await Need.get(id=need_id), await Need.get(id=need_id)
    later = NOW + timedelta(minutes=1)
    closing = Step(act=NeedAct.CLOSED, text="不属于残联职责")

    await operations.take_step(need=seen, speaker=Speaker.STAFF, speaker_id=1, step=closing, now=later)

    with pytest.raises(operations.ChangedMeanwhile):
        await operations.take_step(
            need=also_seen,
            speaker=Speaker.CADRE,
            speaker_id=liu.cadre_id,
            step=Step(act=NeedAct.ANSWERED, text="下周来"),
            now=later,
        )
    assert (await Need.get(id=need_id)).state is NeedState.CLOSED
    assert await NeedStep.filter(need_id=need_id).count() == 2


async def test_a_step_that_does_not_fit_is_refused_in_words(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Desk.of_cadre(client, liu.cadre_id)
    need_id = (await sun.raise_need(pairing_id=liu.id)).json()["id"]

    silent = await sun.step(need_id, "closed")
    usurped = await sun.step(need_id, "withdrawn")
    untimely = await sun.step(need_id, "reopened", text="再看看")

    assert (silent.status_code, silent.json()["detail"]) == (422, "“说明原因后结束”需要写一句说明")
    assert (usurped.status_code, usurped.json()["code"]) == (403, "needs.step_not_allowed")
    assert (untimely.status_code, untimely.json()["detail"]) == (409, "“待办理”的诉求不能“重新办理”")


async def test_one_family_has_at_most_twenty_open_needs(client: httpx.AsyncClient) -> None:
    liu = await make_pairing()
    sun = await Desk.of_cadre(client, liu.cadre_id)
    for _ in range(20):
        await sun.raise_need(pairing_id=liu.id)

    refused = await sun.raise_need(pairing_id=liu.id)

    assert (refused.status_code, refused.json()["code"]) == (409, "needs.too_many_open")


async def test_the_county_handles_its_own_needs_and_the_city_sees_numbers_only(
    client: httpx.AsyncClient,
) -> None:
    liu = await make_pairing()
    sun = await Desk.of_cadre(client, liu.cadre_id)
    need_id = (await sun.raise_need(pairing_id=liu.id, domain="living", text="做饭不便")).json()["id"]
    county, next_door, city = [
        await Desk.of_staff(client, **place) for place in ({}, {"org_code": SHIZHONG}, {"org_code": JINAN})
    ]

    answered = await county.step(need_id, "answered", text="已联系社区食堂")

    assert answered.json()["state"] == "answered"
    assert (await county.get("/needs"))["items"][0]["beneficiary"] == "张*山"
    assert await next_door.status_of(f"/needs/{need_id}") == 404
    assert (await city.get("/needs"))["items"] == []
    assert (await city.get("/needs/unmet"))["items"] == [
        {
            "region_code": "370102",
            "domain": "living",
            "domain_label": "生活照料",
            "open": 1,
            "stuck": 0,
            "settled": 0,
        }
    ]
    assert await next_door.status_of("/needs/unmet?region=370102") == 404


async def test_a_need_that_nobody_moved_for_a_month_stands_out(client: httpx.AsyncClient) -> None:
    liu = await make_pairing(started_on=date(2026, 1, 1))
    sun = await Desk.of_cadre(client, liu.cadre_id)
    need_id = (await sun.raise_need(pairing_id=liu.id)).json()["id"]
    await Need.filter(id=need_id).update(last_step_at=NOW - timedelta(days=31))
    county = await Desk.of_staff(client)

    (line,) = (await county.get("/needs/unmet"))["items"]

    assert (line["open"], line["stuck"]) == (1, 1)
