"""Hand-overs: planned, told, answered, undone; one cadre is accountable on every day."""

import asyncio
from datetime import date, timedelta

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.core import sql
from app.core.errors import AppError
from app.pairing import operations
from app.pairing.enums import BarReason, EndReason, HandoverState
from app.pairing.models import Handover, Pairing, PairingBar
from app.people.enums import BeneficiaryStatus, CadreStatus, GuardianRelation
from app.people.models import Beneficiary, Guardianship
from tests.accounts.factories import SHIZHONG, phone_headers, staff_headers
from tests.conftest import NOW
from tests.contacts.factories import make_tap
from tests.fakes.clock import FixedClock
from tests.needs.factories import make_need
from tests.pairing.factories import LIXIA_STAFF, TODAY, ZHOU, make_pairing, make_wish, planned
from tests.people.cast import LIU_GUIYING, ZHAO_MIN
from tests.people.factories import make_beneficiary, make_cadre, make_guardian, make_household

pytestmark = pytest.mark.usefixtures("db")
CHANGE_DAY = TODAY + timedelta(days=14)


async def accountable(beneficiary_id: int, *, on: date) -> list[int]:
    pairings = await Pairing.filter(beneficiary_id=beneficiary_id, started_on__lte=on).order_by("id")
    return [one.cadre_id for one in pairings if one.ended_on is None or one.ended_on > on]


async def undo(handover: Handover, *, days_later: int = 0) -> None:
    await operations.undo_handover(
        scope=LIXIA_STAFF, handover_id=handover.id, actor=ZHOU, now=NOW + timedelta(days=days_later)
    )


async def test_one_screen_hands_all_families_of_a_cadre_over(client: httpx.AsyncClient) -> None:
    first = await make_pairing(beneficiary=await make_beneficiary(name=LIU_GUIYING.name))
    second = await make_pairing(cadre=await first.cadre)
    zhao = await make_cadre(name=ZHAO_MIN.name)
    clerk = await staff_headers(client, role=StaffRole.CLERK)
    asked = {"from_cadre_id": first.cadre_id, "cadre_id": zhao.id, "changes_on": str(CHANGE_DAY)}

    seen = await client.post("/admin/v1/handovers/preview", json=asked, headers=clerk)
    assert [line["can_be_done"] for line in seen.json()] == [True, True], seen.text
    assert await Handover.all().count() == 0
    made = await client.post("/admin/v1/handovers", json=asked | {"reason": "retired"}, headers=clerk)
    assert made.status_code == 201, made.text

    for pairing in (first, second):
        eve = CHANGE_DAY - timedelta(days=1)
        assert await accountable(pairing.beneficiary_id, on=eve) == [first.cadre_id]
        assert await accountable(pairing.beneficiary_id, on=CHANGE_DAY) == [zhao.id]
    once_more = {
        "items": [{"pairing_id": first.id, "cadre_id": zhao.id}],
        "changes_on": str(CHANGE_DAY),
        "reason": "left",
    }
    again = await client.post("/admin/v1/handovers", json=once_more, headers=clerk)
    assert (again.status_code, again.json()["code"]) == (409, "pairing.taken")
    late = await client.post(
        "/admin/v1/handovers/preview", json=asked | {"changes_on": "2026-05-16"}, headers=clerk
    )
    assert (late.status_code, late.json()["code"]) == (422, "pairing.date_wrong")

    theirs = (await client.get("/mini/v1/handovers", headers=await phone_headers(cadre_id=zhao.id))).json()
    assert [one["takes_over"] for one in theirs["items"]] == [True, True]
    phone = await phone_headers(cadre_id=first.cadre_id)
    told = (await client.get("/mini/v1/pairing-notices", headers=phone)).json()["items"]
    assert told[-1]["text"].startswith("刘*英自2026年5月31日起由另一位干部帮扶")


async def test_two_admins_plan_the_same_pairing_and_one_is_told() -> None:
    standing, cadres = await make_pairing(), [await make_cadre() for _ in range(4)]

    answers = await asyncio.gather(*(planned(standing, cadre) for cadre in cadres), return_exceptions=True)

    assert sum(isinstance(answer, Handover) for answer in answers) == 1
    assert sum(isinstance(answer, AppError) for answer in answers) == 3
    assert len(await accountable(standing.beneficiary_id, on=CHANGE_DAY)) == 1


async def test_a_cadre_with_families_does_not_leave_unless_he_retires_and_goes_on(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    standing, zhao = await make_pairing(), await make_cadre()
    staff = await staff_headers(client)
    address = f"/admin/v1/cadres/{standing.cadre_id}/status"

    refused = await client.post(address, json={"status": "left"}, headers=staff)
    assert (refused.status_code, refused.json()["families"]) == (409, 1)
    assert refused.json()["plan_at"] == "/admin/v1/handovers"
    stays = await client.post(address, json={"status": "retired", "goes_on": True}, headers=staff)
    assert stays.json()["status"]["code"] == CadreStatus.RETIRED, stays.text
    await planned(standing, zhao)
    assert (await client.post(address, json={"status": "left"}, headers=staff)).status_code == 409
    coming = f"/admin/v1/cadres/{zhao.id}/status"
    assert (await client.post(coming, json={"status": "left"}, headers=staff)).status_code == 409

    clock.moment = NOW + timedelta(days=14)
    later = await staff_headers(client, now=clock.now())
    assert (await client.post(address, json={"status": "left"}, headers=later)).status_code == 200


async def test_the_successor_hears_what_matters_and_no_private_word(client: httpx.AsyncClient) -> None:
    standing, zhao = await make_pairing(), await make_cadre()
    old = await phone_headers(cadre_id=standing.cadre_id)
    new = await phone_headers(cadre_id=zhao.id)
    await client.post("/mini/v1/contacts", json=make_tap(standing, note="儿子在外欠债"), headers=old)
    await make_need(standing, text="想要护理床")
    await make_wish(await standing.beneficiary, language="手语")
    care = {"customs": "不吃猪肉", "cautions": "敲门前先打电话"}
    kept = await client.put(f"/mini/v1/pairings/{standing.id}/care", json=care, headers=old)
    assert kept.status_code == 200, kept.text
    handover = await planned(standing, zhao)

    digest = await client.get(f"/mini/v1/handovers/{handover.id}", headers=new)

    body = digest.json()
    assert [one["occurred_on"] for one in body["last_contacts"]] == [str(TODAY)]
    assert body["open_needs"][0]["domain_label"] == "生活照料"
    assert (body["wished_language"], body["customs"], body["cautions"]) == (
        "手语",
        "不吃猪肉",
        "敲门前先打电话",
    )
    assert "欠债" not in digest.text
    assert "护理床" not in digest.text
    assert (await client.get(f"/mini/v1/handovers/{handover.id}", headers=old)).status_code == 404
    stranger = await phone_headers(cadre_id=(await make_cadre()).id)
    accept = f"/mini/v1/handovers/{handover.id}/accept"
    assert (await client.post(accept, headers=stranger)).status_code == 404
    assert (await client.post(accept, headers=new)).status_code == 204
    assert (await client.post(accept, headers=new)).status_code == 204
    declined = await client.post(
        f"/mini/v1/handovers/{handover.id}/decline", json={"reason": "太远"}, headers=new
    )
    assert declined.status_code == 409
    staff = await staff_headers(client)
    shown = await client.get(f"/admin/v1/beneficiaries/{standing.beneficiary_id}/care", headers=staff)
    assert shown.json() == care
    (kept_as,) = await sql.fetch("SELECT customs, cautions FROM pairing_care")
    assert "猪肉" not in kept_as["customs"]
    assert "电话" not in kept_as["cautions"]


async def test_who_declines_before_the_day_leaves_the_family_where_it_was(client: httpx.AsyncClient) -> None:
    standing, zhao = await make_pairing(), await make_cadre()
    handover = await planned(standing, zhao)
    phone, staff = await phone_headers(cadre_id=zhao.id), await staff_headers(client)

    answer = await client.post(
        f"/mini/v1/handovers/{handover.id}/decline", json={"reason": "路途太远"}, headers=phone
    )

    assert answer.status_code == 204, answer.text
    assert await accountable(standing.beneficiary_id, on=CHANGE_DAY) == [standing.cadre_id]
    (line,) = (await client.get("/admin/v1/handovers?attention=true", headers=staff)).json()["items"]
    assert (line["id"], line["decline_reason"]) == (handover.id, "路途太远")
    next_door = await staff_headers(client, org_code=SHIZHONG)
    assert (await client.get("/admin/v1/handovers", headers=next_door)).json()["items"] == []
    await planned(standing, await make_cadre())
    seen = (await client.get("/admin/v1/handovers?attention=true", headers=staff)).json()["items"]
    assert seen == []


async def test_who_declines_after_the_day_stays_until_somebody_else_is_found(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    standing, zhao = await make_pairing(), await make_cadre()
    handover = await planned(standing, zhao)
    clock.moment = NOW + timedelta(days=15)
    staff = await staff_headers(client, now=clock.now())
    silent = (await client.get("/admin/v1/handovers?attention=true", headers=staff)).json()["items"]
    assert [(one["id"], one["has_changed"]) for one in silent] == [(handover.id, True)]

    await client.post(f"/admin/v1/handovers/{handover.id}/settle", headers=staff)
    phone = await phone_headers(cadre_id=zhao.id, now=clock.now())
    await client.post(f"/mini/v1/handovers/{handover.id}/decline", json={"reason": "调走"}, headers=phone)

    assert await accountable(standing.beneficiary_id, on=CHANGE_DAY) == [zhao.id]
    declined = (await client.get("/admin/v1/handovers?attention=true", headers=staff)).json()["items"]
    assert [one["id"] for one in declined] == [handover.id]
    settled = await client.post(f"/admin/v1/handovers/{handover.id}/settle", headers=staff)
    assert settled.json()["settled"] is True
    assert (await client.get("/admin/v1/handovers?attention=true", headers=staff)).json()["items"] == []


async def test_what_nobody_has_to_look_at_cannot_be_put_out_of_sight(client: httpx.AsyncClient) -> None:
    handover = await planned(await make_pairing(), await make_cadre())
    staff = await staff_headers(client)

    answer = await client.post(f"/admin/v1/handovers/{handover.id}/settle", headers=staff)

    assert (answer.status_code, answer.json()["code"]) == (409, "pairing.handover_fixed")


async def test_undoing_restores_exactly_what_was() -> None:
    standing, zhao = await make_pairing(), await make_cadre()
    before = await Pairing.filter(id=standing.id).values()

    handover = await planned(standing, zhao, reason=EndReason.FAMILY_WISH, bars=True)
    assert (await PairingBar.get()).reason is BarReason.FAMILY_WISH
    await undo(handover, days_later=13)

    assert await Pairing.filter(id=standing.id).values() == before
    assert await PairingBar.all().count() == 0
    assert await accountable(standing.beneficiary_id, on=CHANGE_DAY) == [standing.cadre_id]
    with pytest.raises(operations.HandoverStands, match="已撤销"):
        await undo(handover)


async def test_undoing_comes_too_late_after_the_day_or_after_somebody_else_changed_it() -> None:
    late = await planned(await make_pairing(), await make_cadre())
    with pytest.raises(operations.HandoverStands, match="已经生效"):
        await undo(late, days_later=14)

    moved = await planned(await make_pairing(), await make_cadre())
    await operations.change_cadre(
        scope=LIXIA_STAFF, pairing_id=moved.new_pairing_id, cadre_id=(await make_cadre()).id,
        on=CHANGE_DAY + timedelta(days=9), reason=EndReason.LEFT, actor=ZHOU, now=NOW,
    )  # fmt: skip
    with pytest.raises(operations.HandoverChanged):
        await undo(moved)

    early = await planned(await make_pairing(), await make_cadre())
    with pytest.raises(operations.HandoverPlanned):
        await operations.end_pairing(
            scope=LIXIA_STAFF, pairing_id=early.pairing_id, ended_on=TODAY, reason=EndReason.LEFT,
            actor=ZHOU, now=NOW,
        )  # fmt: skip


async def test_a_death_ends_everything_mutes_the_house_and_tells_both_cadres(
    client: httpx.AsyncClient,
) -> None:
    house = await make_household()
    liu = await make_beneficiary(name=LIU_GUIYING.name, household=house)
    brother = await make_beneficiary(household=house)
    ward, neighbour = await make_beneficiary(), await make_beneficiary()
    son = await make_guardian(beneficiary=liu)
    await Guardianship.create(guardian=son, beneficiary=ward, relation=GuardianRelation.OTHER)
    standing, zhao = await make_pairing(beneficiary=liu), await make_cadre()
    handover = await planned(standing, zhao)
    staff = await staff_headers(client)

    died = await client.post(
        f"/admin/v1/beneficiaries/{liu.id}/status", json={"status": "deceased"}, headers=staff
    )

    assert died.json()["muted_until"] == "2027-05-17", died.text
    assert await accountable(liu.id, on=CHANGE_DAY) == []
    assert (await Pairing.get(id=standing.id)).end_reason is EndReason.BENEFICIARY_DECEASED
    assert (await Handover.get(id=handover.id)).state is HandoverState.OVERTAKEN
    assert (await Beneficiary.get(id=brother.id)).mute_reason == "bereavement"
    assert (await Beneficiary.get(id=ward.id)).mute_reason == "bereavement"
    assert (await Beneficiary.get(id=neighbour.id)).muted_until is None
    for cadre_id in (standing.cadre_id, zhao.id):
        phone = await phone_headers(cadre_id=cadre_id)
        news = (await client.get("/mini/v1/pairing-notices", headers=phone)).json()["items"]
        assert news[0]["text"] == (
            "您的帮扶对象刘*英已去世，帮扶到2026年5月17日为止。请慰问家属，节日不要说祝福的话。"
        )
    waiting = (await client.get("/admin/v1/pairings/waiting", headers=staff)).json()["items"]
    assert {one["id"] for one in waiting} == {brother.id, ward.id, neighbour.id}


async def test_who_is_eligible_again_waits_for_a_cadre(client: httpx.AsyncClient) -> None:
    standing, staff = await make_pairing(), await staff_headers(client)
    address = f"/admin/v1/beneficiaries/{standing.beneficiary_id}/status"

    async def note(status: BeneficiaryStatus) -> int:
        return (await client.post(address, json={"status": status}, headers=staff)).status_code

    async def waiting() -> list[int]:
        found = await client.get("/admin/v1/pairings/waiting", headers=staff)
        return [one["id"] for one in found.json()["items"]]

    assert await waiting() == []
    assert await note(BeneficiaryStatus.NO_LONGER_ELIGIBLE) == 200
    assert await waiting() == []
    assert await note(BeneficiaryStatus.DECEASED) == 409
    assert await note(BeneficiaryStatus.ACTIVE) == 200
    assert await waiting() == [standing.beneficiary_id]
