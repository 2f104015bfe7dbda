"""Starting, ending and handing over, on the real tables."""

import asyncio
from datetime import date, timedelta

import pytest
from tortoise.exceptions import IntegrityError

from app.accounts.rules import Scope, scope_of_staff
from app.audit.enums import ActorKind
from app.audit.models import AuditEntry
from app.audit.operations import Actor
from app.core.errors import AppError, NotFound
from app.core.pagination import PageQuery
from app.pairing import operations, queries
from app.pairing.enums import EndReason, PairingOutcome
from app.pairing.models import Pairing
from app.pairing.rules import WantedPairing
from app.people.enums import CadreStatus, Relief
from app.people.models import Cadre
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG
from tests.conftest import NOW
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_cadre

pytestmark = pytest.mark.usefixtures("db")
LIXIA_STAFF = scope_of_staff(org_code=LIXIA)
SHIZHONG_STAFF = scope_of_staff(org_code=SHIZHONG)
JINAN_STAFF = scope_of_staff(org_code=JINAN)
ZHOU = Actor(kind=ActorKind.STAFF, id=7)
TODAY = date(2026, 5, 17)


async def start(beneficiary_id: int, cadre_id: int, *, on: date = TODAY, scope: Scope = LIXIA_STAFF) -> int:
    return await operations.start_pairing(
        scope=scope, beneficiary_id=beneficiary_id, cadre_id=cadre_id, started_on=on, actor=ZHOU, now=NOW
    )


async def end(
    pairing_id: int, *, on: date, reason: EndReason = EndReason.POST_CHANGED, scope: Scope = LIXIA_STAFF
) -> None:
    await operations.end_pairing(
        scope=scope, pairing_id=pairing_id, ended_on=on, reason=reason, actor=ZHOU, now=NOW
    )


async def test_a_pairing_starts_and_the_trail_says_who_did_it() -> None:
    liu, sun = await make_beneficiary(), await make_cadre()

    pairing_id = await start(liu.id, sun.id)

    pairing = await Pairing.get(id=pairing_id)
    assert (pairing.beneficiary_id, pairing.cadre_id, pairing.started_on) == (liu.id, sun.id, TODAY)
    assert pairing.open_beneficiary_id == liu.id
    entry = await AuditEntry.get()
    assert (entry.action, entry.object_id, entry.actor_id, entry.region_code) == (
        "pairing.started",
        str(pairing_id),
        7,
        LIXIA,
    )


async def test_asking_twice_gives_the_same_pairing() -> None:
    liu, sun = await make_beneficiary(), await make_cadre()

    first = await start(liu.id, sun.id)
    second = await start(liu.id, sun.id)

    assert first == second
    assert await AuditEntry.all().count() == 1


async def test_a_second_pairing_at_the_same_time_is_refused_with_its_dates() -> None:
    standing = await make_pairing()
    other = await make_cadre()

    with pytest.raises(operations.PairingOverlaps, match="自2026年1月1日起"):
        await start(standing.beneficiary_id, other.id)


async def test_an_ended_pairing_blocks_only_its_own_days() -> None:
    past = await make_pairing(ended_on=date(2026, 3, 1), end_reason=EndReason.RETIRED)
    other = await make_cadre()

    with pytest.raises(operations.PairingOverlaps, match="2026年1月1日至2026年2月28日"):
        await start(past.beneficiary_id, other.id, on=date(2026, 2, 28))
    assert await start(past.beneficiary_id, other.id, on=date(2026, 3, 1))


async def test_two_clerks_at_once_pair_a_person_once() -> None:
    liu = await make_beneficiary()
    cadres = [await make_cadre() for _ in range(6)]

    answers = await asyncio.gather(*(start(liu.id, cadre.id) for cadre in cadres), return_exceptions=True)

    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, operations.PairingOverlaps) for answer in answers) == 5
    assert await Pairing.all().count() == 1


async def test_the_database_itself_refuses_a_second_open_pairing() -> None:
    standing = await make_pairing()

    with pytest.raises(IntegrityError):
        await Pairing.create(
            region_code=LIXIA,
            beneficiary_id=standing.beneficiary_id,
            cadre_id=standing.cadre_id,
            started_on=TODAY,
            open_beneficiary_id=standing.beneficiary_id,
            created_at=NOW,
        )


async def test_what_only_the_unique_end_notices_is_still_a_plain_refusal() -> None:
    odd = await make_pairing(ended_on=date(2026, 3, 1))
    await Pairing.filter(id=odd.id).update(open_beneficiary_id=odd.beneficiary_id)
    other = await make_cadre()

    with pytest.raises(operations.PairingOverlaps):
        await start(odd.beneficiary_id, other.id)


async def test_a_person_without_relief_is_not_eligible_and_the_answer_says_why() -> None:
    person, sun = await make_beneficiary(relief=Relief.DIBAO_EDGE), await make_cadre()

    with pytest.raises(operations.NotEligible) as refused:
        await start(person.id, sun.id)

    assert refused.value.facts == {"reasons": ["没有享受低保或特困供养"]}


async def test_a_cadre_who_left_takes_nobody_new() -> None:
    liu, gone = await make_beneficiary(), await make_cadre(status=CadreStatus.LEFT)

    with pytest.raises(operations.CadreNotActive):
        await start(liu.id, gone.id)


async def test_the_county_pairs_its_person_with_a_cadre_of_the_city() -> None:
    liu, of_the_city = await make_beneficiary(), await make_cadre(org_code=JINAN)

    pairing_id = await start(liu.id, of_the_city.id)

    (line,), _ = await queries.pairings_in(scope=JINAN_STAFF, page=PageQuery())
    assert line.id == pairing_id


@pytest.mark.parametrize("scope", [SHIZHONG_STAFF, JINAN_STAFF], ids=["next door", "city"])
async def test_only_the_persons_own_county_acts(scope: Scope) -> None:
    liu, sun = await make_beneficiary(), await make_cadre()
    standing = await make_pairing()

    with pytest.raises(NotFound):
        await start(liu.id, sun.id, scope=scope)
    with pytest.raises(NotFound):
        await end(standing.id, on=TODAY, scope=scope)


async def test_a_pairing_ends_and_the_person_is_free_again() -> None:
    standing = await make_pairing()

    await end(standing.id, on=TODAY)

    ended = await Pairing.get(id=standing.id)
    assert (ended.ended_on, ended.end_reason, ended.open_beneficiary_id) == (
        TODAY,
        EndReason.POST_CHANGED,
        None,
    )
    assert await start(standing.beneficiary_id, (await make_cadre()).id)


async def test_ending_twice_alike_changes_nothing_more() -> None:
    standing = await make_pairing()

    await end(standing.id, on=TODAY)
    await end(standing.id, on=TODAY)

    assert await AuditEntry.filter(action="pairing.ended").count() == 1


async def test_a_set_end_is_not_moved_back() -> None:
    ended = await make_pairing(ended_on=date(2026, 3, 1), end_reason=EndReason.LEFT)

    with pytest.raises(operations.PairingDateWrong, match="不能改晚"):
        await end(ended.id, on=TODAY)


async def test_a_hand_over_leaves_no_day_between() -> None:
    standing, zhao = await make_pairing(), await make_cadre()
    on = TODAY + timedelta(days=14)

    new_id = await operations.change_cadre(
        scope=LIXIA_STAFF, pairing_id=standing.id, cadre_id=zhao.id, on=on, reason=EndReason.ROTATION,
        actor=ZHOU, now=NOW,
    )  # fmt: skip

    (before,), _ = await queries.pairings_in(
        scope=LIXIA_STAFF, page=PageQuery(), in_force_on=on - timedelta(days=1)
    )
    (after,), _ = await queries.pairings_in(scope=LIXIA_STAFF, page=PageQuery(), in_force_on=on)
    assert (before.id, after.id, after.cadre_id) == (standing.id, new_id, zhao.id)


@pytest.mark.parametrize("status", [CadreStatus.LEFT, CadreStatus.RETIRED])
async def test_a_hand_over_that_fails_leaves_the_old_pairing_as_it_was(status: CadreStatus) -> None:
    standing, gone = await make_pairing(), await make_cadre(status=status)

    with pytest.raises(operations.CadreNotActive):
        await operations.change_cadre(
            scope=LIXIA_STAFF, pairing_id=standing.id, cadre_id=gone.id, on=TODAY, reason=EndReason.ROTATION,
            actor=ZHOU, now=NOW,
        )  # fmt: skip

    assert (await Pairing.get(id=standing.id)).ended_on is None
    assert await AuditEntry.all().count() == 0


async def test_a_hand_over_to_the_same_cadre_is_refused() -> None:
    standing = await make_pairing()

    with pytest.raises(operations.SameCadre):
        await operations.change_cadre(
            scope=LIXIA_STAFF, pairing_id=standing.id, cadre_id=standing.cadre_id, on=TODAY,
            reason=EndReason.ROTATION, actor=ZHOU, now=NOW,
        )  # fmt: skip


async def wanted_list(cadre: Cadre, count: int) -> list[WantedPairing]:
    people = [await make_beneficiary() for _ in range(count)]
    return [WantedPairing(person.id, cadre.id, date(2026, 3, 1)) for person in people]


async def start_all(wanted: list[WantedPairing]) -> int:
    return await operations.start_pairings(scope=LIXIA_STAFF, wanted=wanted, actor=ZHOU, now=NOW)


async def test_a_whole_list_starts_and_can_be_read_in_again() -> None:
    wanted = await wanted_list(await make_cadre(), 5)

    assert await start_all(wanted) == 5
    assert await start_all(wanted) == 0

    assert await Pairing.all().count() == 5
    assert await AuditEntry.filter(action="pairing.started").count() == 5


async def test_one_bad_line_keeps_the_whole_list_out_and_is_named() -> None:
    wanted = await wanted_list(await make_cadre(), 2)
    stranger = await make_beneficiary(region_code=SHIZHONG)
    wanted.insert(1, WantedPairing(stranger.id, wanted[0].cadre_id, date(2026, 3, 1)))

    with pytest.raises(operations.PairingsRefused) as refused:
        await start_all(wanted)

    assert refused.value.facts["refusals"] == [
        {"position": 1, "code": "people.beneficiary_not_found", "detail": "没有找到该帮扶对象"}
    ]
    assert await Pairing.all().count() == 0


async def test_a_list_is_judged_before_anything_is_written() -> None:
    wanted = await wanted_list(await make_cadre(), 1)

    (verdict,) = await queries.judged_pairings(scope=LIXIA_STAFF, wanted=wanted, now=NOW)

    assert verdict.outcome is PairingOutcome.STARTS
    assert await Pairing.all().count() == 0


async def test_a_cadre_sees_his_own_pairings_only() -> None:
    own, _ = await make_pairing(), await make_pairing()

    lines, _ = await queries.pairings_in(scope=Scope(cadre_id=own.cadre_id), page=PageQuery())

    assert [line.id for line in lines] == [own.id]


async def test_a_phone_without_a_role_sees_no_pairing() -> None:
    standing = await make_pairing()

    with pytest.raises(AppError):
        await queries.pairing_in(scope=Scope(), pairing_id=standing.id)
