"""Proposals from asking to accepting, on the real tables."""

import asyncio
from datetime import date
from typing import Any

import pytest

from app.accounts.rules import scope_of_staff
from app.orgs.operations import plant_tree
from app.pairing import operations
from app.pairing.enums import EndReason, ProposalState
from app.pairing.models import Pairing, PairingProposal, PairingProposalPair
from app.pairing.queries.proposals import ProposalNotFound, blocks_of
from app.pairing.rules.matching import Task
from app.pairing.rules.proposing import Proposed, propose
from app.people.enums import BeneficiaryStatus, CadreRank, CadreStatus, Relief, Residence, Sex
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG
from tests.conftest import NOW
from tests.pairing.factories import (
    LIXIA_STAFF,
    ZHOU,
    accept,
    ask,
    here,
    make_bar,
    make_pairing,
    make_terms,
    make_wish,
    pairs_of,
    solved,
)
from tests.people.factories import make_beneficiary, make_cadre

pytestmark = pytest.mark.usefixtures("db")
SHIZHONG_STAFF = scope_of_staff(org_code=SHIZHONG)
JINAN_STAFF = scope_of_staff(org_code=JINAN)


@pytest.fixture(autouse=True)
async def tree(db: None) -> None:
    await plant_tree()


async def choose(proposal: PairingProposal, beneficiary_id: int, cadre_id: int | None) -> None:
    await operations.choose_by_hand(
        scope=LIXIA_STAFF, proposal_id=proposal.id, beneficiary_id=beneficiary_id, cadre_id=cadre_id,
        actor=ZHOU, now=NOW,
    )  # fmt: skip


async def solve_again(proposal: PairingProposal) -> None:
    await operations.solve_again(scope=LIXIA_STAFF, proposal_id=proposal.id, actor=ZHOU, now=NOW)
    assert await operations.solve_step(now=NOW, solver=here) == 1


async def test_a_county_asks_and_gets_each_pair_with_its_sentence() -> None:
    liu, sun = await make_beneficiary(), await make_cadre()
    await make_terms(sun, home_county=LIXIA, home_town="泉城路街道办事处")

    proposal = await solved()

    assert (proposal.state, proposal.people, proposal.placed) == (ProposalState.READY, 1, 1)
    pair = (await pairs_of(proposal))[liu.id]
    assert (pair.cadre_id, pair.sentence) == (sun.id, "同在泉城路街道，新结对，该干部共联系1户")
    assert await Pairing.all().count() == 0


async def test_the_process_of_its_own_finds_the_same() -> None:
    for _ in range(3):
        await make_beneficiary()
    cadre = await make_cadre()
    (proposal,) = await ask()

    assert await operations.solve_step(now=NOW) == 1

    pairs = await pairs_of(proposal)
    assert [pair.cadre_id for pair in pairs.values()] == [cadre.id] * 3


async def test_who_is_not_eligible_or_looked_after_until_a_set_day_is_left_out() -> None:
    await make_beneficiary(relief=Relief.NONE)
    await make_beneficiary(status=BeneficiaryStatus.DECEASED)
    await make_pairing(ended_on=date(2026, 9, 1), end_reason=EndReason.ROTATION)
    liu = await make_beneficiary()

    assert list(await pairs_of(await solved())) == [liu.id]


async def test_who_takes_part_is_decided_by_rank_unless_somebody_said_otherwise() -> None:
    liu = await make_beneficiary()
    await make_cadre(rank=CadreRank.OTHER)
    await make_cadre(org_code=SHANDONG, rank=CadreRank.SECTION)
    await make_cadre(status=CadreStatus.RETIRED)
    await make_terms(await make_cadre(), takes_part=False)
    willing = await make_cadre(rank=CadreRank.OTHER)
    await make_terms(willing, takes_part=True)

    assert (await pairs_of(await solved()))[liu.id].cadre_id == willing.id


async def test_who_retired_goes_on_and_who_left_is_followed_by_another_one() -> None:
    of_retired = await make_pairing(cadre=await make_cadre(status=CadreStatus.RETIRED))
    of_gone = await make_pairing(cadre=await make_cadre(status=CadreStatus.LEFT))
    sun = await make_cadre()

    pairs = await pairs_of(await solved())

    assert pairs[of_retired.beneficiary_id].cadre_id == of_retired.cadre_id
    assert (pairs[of_gone.beneficiary_id].cadre_id, pairs[of_gone.beneficiary_id].end_reason) == (
        sun.id,
        EndReason.LEFT,
    )


async def test_wishes_and_relatives_are_minded() -> None:
    liu, uncle, woman = await make_beneficiary(), await make_cadre(), await make_cadre()
    await make_terms(uncle, home_county=LIXIA, home_town="泉城路街道", sex=Sex.FEMALE, languages='["手语"]')
    await make_terms(woman, sex=Sex.FEMALE, languages='["手语"]')
    await make_cadre()
    await make_wish(liu, cadre_sex=Sex.FEMALE, language="手语")
    await make_bar(liu, uncle)

    pair = (await pairs_of(await solved()))[liu.id]

    assert pair.cadre_id == woman.id
    assert (
        pair.sentence == "同在一个县（市、区），会手语，符合家庭希望女干部联系的意愿，新结对，该干部共联系1户"
    )


async def test_whoever_stays_without_is_told_why_and_comes_last() -> None:
    first = await make_beneficiary(residence=Residence.RURAL, kept_by_elderly=True)
    last = await make_beneficiary(residence=Residence.URBAN)
    await make_terms(await make_cadre(), capacity=1)

    pairs = await pairs_of(await solved())

    assert pairs[first.id].cadre_id is not None
    assert pairs[last.id].cadre_id is None
    assert pairs[last.id].sentence.startswith("暂未安排：可以结对的1名干部名额已满")


async def test_a_city_asks_for_its_counties_and_sends_its_own_cadre_where_he_helps_most() -> None:
    await make_cadre()
    there = await make_beneficiary(region_code=SHIZHONG, town="")
    await make_beneficiary()
    of_city = await make_cadre(org_code=JINAN)

    proposals = await ask(JINAN_STAFF)

    assert [proposal.region_code for proposal in proposals] == [LIXIA, SHIZHONG]
    assert await blocks_of(batch=proposals[0].id) == (0, 1)
    assert await operations.solve_step(now=NOW, solver=here) == 2
    assert await blocks_of(batch=proposals[0].id) == (1, 1)
    assert (await pairs_of(proposals[1]))[there.id].cadre_id == of_city.id


async def test_a_province_goes_city_by_city() -> None:
    await make_beneficiary()
    await make_beneficiary(region_code="370202")

    proposals = await ask(scope_of_staff(org_code=SHANDONG))

    assert await blocks_of(batch=proposals[0].id) == (0, 2)
    assert await operations.solve_step(now=NOW, solver=here) == 1
    assert await blocks_of(batch=proposals[0].id) == (1, 2)
    assert await operations.solve_step(now=NOW, solver=here) == 1
    assert await operations.solve_step(now=NOW, solver=here) == 0


async def test_what_one_county_is_to_get_is_not_given_to_another_one() -> None:
    await make_terms(await make_cadre(org_code=JINAN), capacity=1)
    await make_beneficiary()
    there = await make_beneficiary(region_code=SHIZHONG)

    await solved()
    second = await solved(SHIZHONG_STAFF)

    assert (await pairs_of(second))[there.id].cadre_id is None


async def test_a_county_has_one_open_proposal() -> None:
    await make_beneficiary()
    answers = await asyncio.gather(*(ask() for _ in range(4)), return_exceptions=True)

    assert sum(isinstance(answer, list) for answer in answers) == 1
    assert sum(isinstance(answer, operations.NothingToPropose) for answer in answers) == 3


class Killed(BaseException):
    """As if the process had been killed: nothing that handles errors hears of it."""


async def test_a_worker_that_is_told_to_end_leaves_the_work_to_the_next_one_at_once() -> None:
    await make_beneficiary()
    (proposal,) = await ask()

    async def is_ended(_: Task) -> Proposed:
        raise asyncio.CancelledError

    for _ in range(4):
        with pytest.raises(asyncio.CancelledError):
            await operations.solve_step(now=NOW, solver=is_ended)

    assert await operations.solve_step(now=NOW, solver=here) == 1
    assert (await PairingProposal.get(id=proposal.id)).state is ProposalState.READY


async def test_a_worker_that_dies_leaves_nothing_half_and_the_next_one_does_it() -> None:
    liu = await make_beneficiary()
    await make_cadre()
    (proposal,) = await ask()

    async def dies(_: Task) -> Proposed:
        raise Killed

    with pytest.raises(Killed):
        await operations.solve_step(now=NOW, solver=dies)
    assert await operations.solve_step(now=NOW, solver=here) == 0
    await PairingProposal.all().update(lease_until_ms=1)

    assert await operations.solve_step(now=NOW, solver=here) == 1
    assert list(await pairs_of(proposal)) == [liu.id]


async def test_a_worker_whose_lease_ran_out_writes_nothing() -> None:
    await make_beneficiary()
    await make_cadre()
    await ask()

    async def slow(task: Task) -> Proposed:
        await PairingProposal.all().update(lease_until_ms=1)
        assert await operations.solve_step(now=NOW, solver=here) == 1
        return propose(task)

    await operations.solve_step(now=NOW, solver=slow)

    assert await PairingProposalPair.all().count() == 1


async def test_a_task_that_cannot_be_solved_is_given_up_after_three_tries() -> None:
    await make_beneficiary()
    (proposal,) = await ask()

    async def fails(_: Task) -> Proposed:
        raise operations.SolverFailed("status -9")

    for _ in range(3):
        assert await operations.solve_step(now=NOW, solver=fails) == 1
    assert await operations.solve_step(now=NOW, solver=fails) == 0

    assert (await PairingProposal.get(id=proposal.id)).state is ProposalState.FAILED
    assert await ask()


async def test_a_proposal_that_is_cancelled_while_it_is_solved_stays_cancelled() -> None:
    await make_beneficiary()
    (proposal,) = await ask()

    async def meanwhile(task: Task) -> Proposed:
        await operations.cancel_proposal(scope=LIXIA_STAFF, proposal_id=proposal.id, actor=ZHOU, now=NOW)
        return propose(task)

    await operations.solve_step(now=NOW, solver=meanwhile)

    assert (await PairingProposal.get(id=proposal.id)).state is ProposalState.CANCELLED
    assert await PairingProposalPair.all().count() == 0


async def test_what_is_chosen_by_hand_stays_when_it_is_solved_again() -> None:
    liu, near, far = await make_beneficiary(), await make_cadre(), await make_cadre()
    await make_terms(near, home_county=LIXIA, home_town="泉城路街道")
    proposal = await solved()

    await choose(proposal, liu.id, far.id)
    await solve_again(proposal)

    pair = (await pairs_of(proposal))[liu.id]
    assert (pair.cadre_id, pair.locked) == (far.id, True)
    assert pair.sentence.startswith("由管理人员指定，")


async def test_what_is_unlocked_is_solved_again() -> None:
    liu, near, far = await make_beneficiary(), await make_cadre(), await make_cadre()
    await make_terms(near, home_county=LIXIA, home_town="泉城路街道")
    proposal = await solved()
    await choose(proposal, liu.id, far.id)

    changed = await operations.lock_pairs(
        scope=LIXIA_STAFF,
        proposal_id=proposal.id,
        beneficiary_ids=[liu.id],
        locked=False,
        actor=ZHOU,
        now=NOW,
    )
    await solve_again(proposal)

    assert changed == 1
    assert (await pairs_of(proposal))[liu.id].cadre_id == near.id


async def test_whom_to_leave_without_can_be_chosen_too() -> None:
    liu, _ = await make_beneficiary(), await make_cadre()
    proposal = await solved()

    await choose(proposal, liu.id, None)
    await solve_again(proposal)

    pair = (await pairs_of(proposal))[liu.id]
    assert (pair.cadre_id, pair.sentence) == (None, "由管理人员指定暂不结对")


async def test_a_choice_by_hand_keeps_to_the_limits() -> None:
    liu, wang = await make_beneficiary(), await make_beneficiary()
    full, uncle = await make_cadre(), await make_cadre()
    elsewhere = await make_cadre(org_code=SHIZHONG)
    await make_terms(full, capacity=1)
    await make_bar(liu, uncle)
    proposal = await solved()

    with pytest.raises(operations.EditRefused, match="上限为1户"):
        await choose(proposal, wang.id, full.id)
    with pytest.raises(operations.EditRefused, match="亲属"):
        await choose(proposal, liu.id, uncle.id)
    with pytest.raises(operations.EditRefused, match="不在可以参加结对的名单中"):
        await choose(proposal, liu.id, elsewhere.id)


async def test_only_the_county_itself_changes_and_accepts() -> None:
    liu = await make_beneficiary()
    await make_cadre()
    proposal = await solved()
    stranger: dict[str, Any] = {"proposal_id": proposal.id, "actor": ZHOU, "now": NOW}

    for scope in (SHIZHONG_STAFF, JINAN_STAFF):
        with pytest.raises(ProposalNotFound):
            await accept(proposal, scope=scope)
        with pytest.raises(ProposalNotFound):
            await operations.cancel_proposal(scope=scope, **stranger)
        with pytest.raises(ProposalNotFound):
            await operations.solve_again(scope=scope, **stranger)
        with pytest.raises(ProposalNotFound):
            await operations.choose_by_hand(scope=scope, beneficiary_id=liu.id, cadre_id=None, **stranger)


async def test_a_cancelled_proposal_makes_room_for_another_one() -> None:
    await make_beneficiary()
    (proposal,) = await ask()

    await operations.cancel_proposal(scope=LIXIA_STAFF, proposal_id=proposal.id, actor=ZHOU, now=NOW)

    assert await ask()
    with pytest.raises(operations.WrongState):
        await accept(proposal)
