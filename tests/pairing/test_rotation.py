"""Rotation carried out: planned by month, successors found, all sides told, and what goes wrong."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from app.accounts.enums import StaffRole, WeChatApp
from app.accounts.rules import Scope
from app.campaigns.notices import revealing_words
from app.core.clock import china_moment
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind
from app.messaging.models import Message, SubscriptionCredit
from app.messaging.notices import Decision, DueMessage, Prepared, Suppress
from app.pairing import operations
from app.pairing.enums import BarReason, EndReason, HandoverState, RotationState, WishSide
from app.pairing.models import Handover, Pairing, PairingBar, PairingNotice, Rotation
from app.pairing.queries.rotations import rounds_in
from app.people.enums import BeneficiaryStatus, ConsentPurpose
from app.people.models import Consent, Guardian
from tests.accounts.factories import SHIZHONG, make_identity, phone_headers, staff_headers
from tests.conftest import NOW
from tests.pairing.factories import LIXIA_STAFF, ZHOU, here, make_pairing, make_terms, planned
from tests.people.factories import make_beneficiary, make_cadre, make_consent, make_guardian

pytestmark = pytest.mark.usefixtures("db")
BEGAN = date(2024, 7, 3)
DAY = date(2026, 7, 15)
TOLD = DAY - timedelta(days=30)
TEMPLATES = operations.NoticeTemplates(cadres="t-handover", families="t-change")


async def rotation_of(pairing: Pairing) -> Rotation:
    return await Rotation.filter(pairing_id=pairing.id).order_by("-id").first() or Rotation()


async def due_pairing(**overrides: Any) -> Pairing:
    """Make a pairing of two years ago and plan its rotation."""
    pairing = await make_pairing(started_on=BEGAN, **overrides)
    await operations.plan_rotations(scope=LIXIA_STAFF, months=12, actor=ZHOU, now=NOW)
    return pairing


async def carry(day: date = TOLD) -> int:
    return await operations.carry_rotations_forward(
        templates=TEMPLATES, now=china_moment(day, 9), solver=here
    )


async def accountable(pairing: Pairing, *, on: date) -> list[int]:
    found = await Pairing.filter(beneficiary_id=pairing.beneficiary_id, started_on__lte=on).order_by("id")
    return [one.cadre_id for one in found if one.ended_on is None or one.ended_on > on]


async def small_county() -> Pairing:
    """Make a cadre with five families of 2024, and one of this spring, which is returned."""
    cadre = await make_cadre()
    for month in (6, 6, 6, 7, 12):
        await make_pairing(cadre=cadre, started_on=date(2024, month, 20))
    return await make_pairing(started_on=date(2026, 5, 1))


async def test_a_clerk_sees_the_months_plans_them_and_a_second_plan_moves_nothing(
    client: httpx.AsyncClient,
) -> None:
    young = await small_county()
    clerk = await staff_headers(client, role=StaffRole.CLERK)

    seen = (await client.get("/admin/v1/rotations/preview?months=8", headers=clerk)).json()
    # Six families in 24 months make one a month. 15 June is too near to tell anybody.
    assert {one["month"]: one["added"] for one in seen["months"] if one["added"]} == {
        "2026-07": 1, "2026-08": 1, "2026-09": 1, "2026-10": 1, "2026-12": 1,
    }  # fmt: skip
    assert (seen["share"], seen["even_share"], seen["later"]) == (1, 1, 1)
    made = await client.post("/admin/v1/rotations", json={"months": 8}, headers=clerk)
    assert (made.status_code, made.json()) == (201, {"planned": 5})
    listed = (await client.get("/admin/v1/rotations", headers=clerk)).json()["items"]
    assert [one["changes_on"] for one in listed] == [
        "2026-07-15", "2026-08-15", "2026-09-15", "2026-10-15", "2026-12-15",
    ]  # fmt: skip
    assert listed[0]["cadre_name"] == "孙*国"
    of_july = await client.get("/admin/v1/rotations?month=2026-07&state=planned", headers=clerk)
    assert [one["id"] for one in of_july.json()["items"]] == [listed[0]["id"]]

    again = await client.post("/admin/v1/rotations", json={"months": 12}, headers=clerk)
    assert again.json() == {"planned": 0}
    assert await Rotation.filter(pairing_id=young.id).count() == 0


async def test_a_clerk_puts_one_off_and_cancels_another(client: httpx.AsyncClient) -> None:
    await small_county()
    clerk = await staff_headers(client, role=StaffRole.CLERK)
    await client.post("/admin/v1/rotations", json={"months": 8}, headers=clerk)
    listed = (await client.get("/admin/v1/rotations", headers=clerk)).json()["items"]

    put_off = await client.post(
        f"/admin/v1/rotations/{listed[0]['id']}/postpone",
        json={"month": "2027-01", "reason": "家里正在办理住院"}, headers=clerk,
    )  # fmt: skip
    assert (put_off.json()["changes_on"], put_off.json()["note"]) == ("2027-01-15", "家里正在办理住院")
    too_near = await client.post(
        f"/admin/v1/rotations/{listed[1]['id']}/postpone",
        json={"month": "2026-06", "reason": "太早"}, headers=clerk,
    )  # fmt: skip
    assert (too_near.status_code, too_near.json()["code"]) == (422, "pairing.rotation_month_wrong")
    left_out = await client.post(
        f"/admin/v1/rotations/{listed[2]['id']}/cancel", json={"reason": "刚换过干部"}, headers=clerk
    )
    assert left_out.json()["state_label"] == "本轮取消"
    once_more = await client.post(
        f"/admin/v1/rotations/{listed[2]['id']}/cancel", json={"reason": "刚换过干部"}, headers=clerk
    )
    assert (once_more.status_code, once_more.json()["code"]) == (409, "pairing.rotation_closed")

    stranger = await staff_headers(client, org_code=SHIZHONG)
    gone = await client.post(
        f"/admin/v1/rotations/{listed[3]['id']}/cancel", json={"reason": "不是我们的"}, headers=stranger
    )
    assert gone.status_code == 404
    assert (await client.get("/admin/v1/rotations", headers=stranger)).json()["items"] == []


async def reachable_family() -> tuple[Pairing, Guardian]:
    """Make a due pairing of a family whose guardian agreed to be told and follows, a cadre with a credit."""
    beneficiary = await make_beneficiary()
    guardian = await make_guardian(beneficiary=beneficiary)
    await make_identity(app=WeChatApp.OFFICIAL, guardian_id=guardian.id, follows=True)
    await make_consent(guardian, purpose=ConsentPurpose.CADRE_CHANGE)
    pairing = await due_pairing(beneficiary=beneficiary)
    phone = await make_identity(app=WeChatApp.MINI, cadre_id=pairing.cadre_id)
    await SubscriptionCredit.create(
        openid=phone.openid, template_id="t-handover", remaining=1, granted=1, updated_at=NOW
    )
    return pairing, guardian


async def test_thirty_days_before_a_successor_is_found_and_all_three_sides_are_told() -> None:
    pairing, guardian = await reachable_family()
    zhao = await make_cadre(name="赵敏")

    assert await carry(TOLD - timedelta(days=1)) == 0
    assert await carry() == 1
    assert await carry() == 0

    handover = await Handover.get()
    assert (handover.to_cadre_id, handover.changes_on, handover.reason) == (zhao.id, DAY, EndReason.ROTATION)
    assert await accountable(pairing, on=DAY - timedelta(days=1)) == [pairing.cadre_id]
    assert await accountable(pairing, on=DAY) == [zhao.id]
    assert sorted(await PairingNotice.all().values_list("cadre_id", flat=True)) == sorted(
        [pairing.cadre_id, zhao.id]
    )
    messages = {(one.recipient_kind, one.recipient_id): one for one in await Message.all()}
    assert {key: (one.state, one.reason) for key, one in messages.items()} == {
        (RecipientKind.CADRE, pairing.cadre_id): (MessageState.QUEUED, None),
        (RecipientKind.CADRE, zhao.id): (MessageState.SUPPRESSED, Reason.NOT_BOUND),
        (RecipientKind.GUARDIAN, guardian.id): (MessageState.QUEUED, None),
    }
    to_family = messages[RecipientKind.GUARDIAN, guardian.id]
    assert to_family.consent == f"consent:{(await Consent.get()).id}"
    assert (to_family.channel, to_family.expires_at) == (Channel.OFFICIAL_TEMPLATE, china_moment(DAY))

    await carry(DAY)
    assert (await rotation_of(pairing)).state is RotationState.DONE


async def test_the_cadre_of_before_is_asked_to_tell_the_family_until_somebody_has(
    client: httpx.AsyncClient,
) -> None:
    first, second = await due_pairing(), (await reachable_family())[0]
    await Rotation.all().update(changes_on=DAY)
    await carry()
    await Message.filter(purpose=Purpose.CADRE_CHANGE).update(state=MessageState.DELIVERED)

    phone = await phone_headers(cadre_id=first.cadre_id)
    (own,) = (await client.get("/mini/v1/rotations", headers=phone)).json()["items"]
    # Both pass on in one month, so that each cadre takes over the other's family.
    assert (own["to_cadre_name"], own["tell_family"]) == ((await second.cadre).name, True)
    for _ in range(2):
        told = await client.post(f"/mini/v1/rotations/{own['id']}/told", headers=phone)
        assert told.status_code == 204
    listed = (await client.get("/admin/v1/rotations", headers=await staff_headers(client))).json()["items"]
    assert {one["pairing_id"]: one["family_label"] for one in listed} == {
        first.id: "干部已当面或电话告知",
        second.id: "微信通知已送达",
    }


async def decisions() -> dict[RecipientKind, Decision]:
    messages = await Message.filter(state=MessageState.QUEUED).order_by("id")
    due = [
        DueMessage(
            id=one.id, token="", purpose=one.purpose, channel=one.channel, campaign_id=None,
            recipient_kind=one.recipient_kind, recipient_id=one.recipient_id, openid=one.openid or "",
            template_id=one.template_id, urgent=False, attempts=0, first_tried_at=None,
            expires_at=one.expires_at,
        )
        for one in messages
    ]  # fmt: skip
    decided = await operations.HandoverWriter().prepare(due, now=NOW)
    return {one.recipient_kind: decided[one.id] for one in due}


async def test_what_the_family_reads_tells_a_stranger_nothing_and_is_written_only_while_it_holds() -> None:
    pairing, guardian = await reachable_family()
    await make_cadre(name="赵敏")
    await carry()

    text = (await decisions())[RecipientKind.GUARDIAN]
    assert isinstance(text, Prepared)
    assert text.fields == {"thing1": "与您家联系的同志将更换", "thing2": "赵同志", "date3": "2026年7月15日"}
    assert revealing_words("".join(text.fields.values())) == []

    await Guardian.filter(id=guardian.id).update(muted_at=NOW)
    assert (await decisions())[RecipientKind.GUARDIAN] == Suppress(reason=Reason.MUTED)
    handover = await Handover.get(pairing_id=pairing.id)
    await operations.undo_handover(
        scope=LIXIA_STAFF, handover_id=handover.id, actor=ZHOU, now=china_moment(TOLD, 10)
    )
    assert set((await decisions()).values()) == {Suppress(reason=Reason.HANDOVER_OFF)}
    await carry(TOLD + timedelta(days=1))
    assert (await rotation_of(pairing)).state is RotationState.CANCELLED


async def test_a_family_that_agreed_to_policy_notices_only_is_told_by_its_cadre() -> None:
    beneficiary = await make_beneficiary()
    guardian = await make_guardian(beneficiary=beneficiary)
    await make_identity(app=WeChatApp.OFFICIAL, guardian_id=guardian.id, follows=True)
    await make_consent(guardian)
    await due_pairing(beneficiary=beneficiary)
    await make_cadre()

    await carry()

    message = await Message.get(purpose=Purpose.CADRE_CHANGE)
    assert (message.state, message.reason) == (MessageState.SUPPRESSED, Reason.NO_CONSENT)


async def test_whoever_declines_is_not_asked_again_and_nobody_gets_his_own_family_back() -> None:
    pairing = await due_pairing()
    cadres = {(await make_cadre()).id for _ in range(2)}
    asked = set()
    for ahead in range(2):
        await carry(TOLD + timedelta(days=ahead))
        handover = await Handover.filter(pairing_id=pairing.id).order_by("-id").first() or Handover()
        asked.add(handover.to_cadre_id)
        await operations.decline_handover(
            scope=Scope(cadre_id=handover.to_cadre_id), handover_id=handover.id, reason="太远", actor=ZHOU,
            now=china_moment(TOLD + timedelta(days=ahead), 12),
        )  # fmt: skip
    assert asked == cadres

    await carry(TOLD + timedelta(days=2))
    waiting = await rotation_of(pairing)
    assert (waiting.state, waiting.changes_on) == (RotationState.PLANNED, DAY)
    assert waiting.note.startswith("暂时没有可以接任的干部")
    assert await accountable(pairing, on=DAY) == [pairing.cadre_id]

    # Less than ten days before, it is too late for this month.
    await carry(DAY - timedelta(days=9))
    assert (await rotation_of(pairing)).changes_on == date(2026, 8, 15)
    newcomer = await make_cadre()
    await carry(date(2026, 7, 20))
    assert await accountable(pairing, on=date(2026, 8, 15)) == [newcomer.id]


async def wish(pairing: Pairing, side: WishSide, *, stays: bool | None) -> None:
    await operations.note_stay_wish(
        scope=LIXIA_STAFF, pairing_id=pairing.id, side=side, stays=stays, actor=ZHOU, now=NOW
    )


async def test_who_wishes_to_stay_stays_and_is_asked_again_two_years_later(client: httpx.AsyncClient) -> None:
    staying, silent, changing = [await make_pairing(started_on=BEGAN) for _ in range(3)]
    await operations.plan_rotations(scope=LIXIA_STAFF, months=12, actor=ZHOU, now=NOW)
    await Rotation.all().update(changes_on=DAY)
    phone = await phone_headers(cadre_id=staying.cadre_id)
    for side in ("cadre", "family"):
        said = await client.put(
            f"/mini/v1/pairings/{staying.id}/stay-wish", json={"side": side, "stays": True}, headers=phone
        )
        assert said.status_code == 204
    foreign = await client.put(
        f"/mini/v1/pairings/{silent.id}/stay-wish", json={"side": "cadre", "stays": True}, headers=phone
    )
    assert foreign.status_code == 404
    await wish(silent, WishSide.CADRE, stays=True)
    await wish(changing, WishSide.FAMILY, stays=True)
    await wish(changing, WishSide.CADRE, stays=False)
    (own,) = (await client.get("/mini/v1/rotations", headers=phone)).json()["items"]
    assert (own["cadre_stays"], own["family_stays"]) == (True, True)

    await carry()

    states = {one.pairing_id: one.state for one in await Rotation.all()}
    assert states == {
        staying.id: RotationState.STAYS,
        silent.id: RotationState.ANNOUNCED,
        changing.id: RotationState.ANNOUNCED,
    }
    (after,) = [one for one in await rounds_in(scope=LIXIA_STAFF) if one.pairing_id == staying.id]
    assert after.since == DAY
    # What was wished two years ago does not decide the next round.
    later = china_moment(date(2027, 12, 1))
    await operations.plan_rotations(scope=LIXIA_STAFF, months=12, actor=ZHOU, now=later)
    clerk = await staff_headers(client, now=NOW)
    found = (await client.get("/admin/v1/rotations?state=planned", headers=clerk)).json()["items"]
    assert [(one["family_stays"], one["changes_on"]) for one in found if one["pairing_id"] == staying.id] == [
        (None, "2028-07-15")
    ]


async def test_a_successor_chosen_by_hand_is_taken_unless_he_must_not_meet_the_family() -> None:
    pairing, zhao, qian = await due_pairing(), await make_cadre(), await make_cadre()
    rotation = await rotation_of(pairing)
    await PairingBar.create(
        beneficiary_id=pairing.beneficiary_id, cadre_id=qian.id, reason=BarReason.RELATIVE, created_at=NOW
    )
    for refused in (pairing.cadre_id, qian.id):
        with pytest.raises(operations.SuccessorRefused):
            await choose(rotation, refused)
    await make_terms(zhao, capacity=0)
    await choose(rotation, zhao.id)

    await carry()
    # Nobody takes more than he said, whoever chose him.
    assert "户" in (await rotation_of(pairing)).note
    assert await accountable(pairing, on=DAY) == [pairing.cadre_id]

    sun = await make_cadre()
    await choose(rotation, sun.id)
    await carry(TOLD + timedelta(days=1))
    assert await accountable(pairing, on=DAY) == [sun.id]
    with pytest.raises(operations.RotationClosed):
        await choose(rotation, zhao.id)


async def choose(rotation: Rotation, cadre_id: int) -> None:
    await operations.choose_successor(
        scope=LIXIA_STAFF, rotation_id=rotation.id, cadre_id=cadre_id, actor=ZHOU, now=NOW
    )


async def test_a_worker_that_died_between_the_hand_over_and_telling_is_made_up_for() -> None:
    pairing, zhao = await due_pairing(), await make_cadre()
    await planned(pairing, zhao, changes_on=DAY, reason=EndReason.ROTATION, now=china_moment(TOLD))

    await carry()

    assert (await rotation_of(pairing)).state is RotationState.ANNOUNCED
    assert await Message.all().count() == 2
    assert await Handover.all().count() == 1


async def test_a_death_or_another_hand_over_overtakes_a_rotation() -> None:
    first, second, third = [await make_pairing(started_on=BEGAN) for _ in range(3)]
    await operations.plan_rotations(scope=LIXIA_STAFF, months=12, actor=ZHOU, now=NOW)
    await Rotation.filter(pairing_id=third.id).update(changes_on=DAY)
    zhao = await make_cadre()
    await planned(second, zhao, reason=EndReason.RETIRED)
    await carry()
    for pairing in (first, third):
        await operations.note_status(
            scope=LIXIA_STAFF, beneficiary_id=pairing.beneficiary_id, status=BeneficiaryStatus.DECEASED,
            on=TOLD, actor=ZHOU, now=china_moment(TOLD, 10),
        )  # fmt: skip

    await carry(TOLD + timedelta(days=1))

    assert {one.state for one in await Rotation.all()} == {RotationState.OVERTAKEN}
    assert await Rotation.filter(open_pairing_id__not_isnull=True).count() == 0


async def test_putting_off_what_was_announced_undoes_the_hand_over() -> None:
    pairing = await due_pairing()
    await make_cadre()
    await carry()
    rotation = await rotation_of(pairing)

    await operations.postpone_rotation(
        scope=LIXIA_STAFF, rotation_id=rotation.id, month=2026 * 12 + 9, reason="家里有事", actor=ZHOU,
        now=china_moment(TOLD, 12),
    )  # fmt: skip

    assert (await Handover.get()).state is HandoverState.UNDONE
    assert await accountable(pairing, on=date(2026, 10, 14)) == [pairing.cadre_id]
    await carry(date(2026, 9, 15))
    assert await accountable(pairing, on=date(2026, 10, 15)) != [pairing.cadre_id]
    assert (await rotation_of(pairing)).state is RotationState.ANNOUNCED
