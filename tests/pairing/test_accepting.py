"""Accepting a proposal, on the real tables."""

import asyncio
from datetime import date

import pytest

from app.audit.models import AuditEntry
from app.orgs.operations import plant_tree
from app.pairing import operations
from app.pairing.enums import EndReason, PairDecision, ProposalState
from app.pairing.models import Pairing, PairingProposal
from app.people.enums import CadreRank, CadreStatus, Relief
from tests.conftest import NOW
from tests.pairing.factories import LIXIA_STAFF, TODAY, ZHOU, accept, make_pairing, pairs_of, solved
from tests.people.factories import make_beneficiary, make_cadre

pytestmark = pytest.mark.usefixtures("db")
LONG_AGO = date(2024, 2, 1)


@pytest.fixture(autouse=True)
async def tree(db: None) -> None:
    await plant_tree()


async def test_accepting_starts_keeps_and_hands_over() -> None:
    new, sun = await make_beneficiary(), await make_cadre()
    kept = await make_pairing(cadre=sun)
    due = await make_pairing(started_on=LONG_AGO)
    proposal = await solved()

    await accept(proposal)

    assert (await PairingProposal.get(id=proposal.id)).state is ProposalState.ACCEPTED
    decisions = {pair.beneficiary_id: pair.decision for pair in (await pairs_of(proposal)).values()}
    assert decisions[new.id] is PairDecision.APPLIED
    assert decisions[kept.beneficiary_id] is PairDecision.KEPT
    assert decisions[due.beneficiary_id] is PairDecision.APPLIED
    ended = await Pairing.get(id=due.id)
    assert (ended.ended_on, ended.end_reason, ended.open_beneficiary_id) == (TODAY, EndReason.ROTATION, None)
    successor = await Pairing.get(open_beneficiary_id=due.beneficiary_id)
    assert successor.started_on == TODAY
    assert successor.cadre_id != due.cadre_id
    assert (await Pairing.get(id=kept.id)).ended_on is None
    assert [entry.action for entry in await AuditEntry.all().order_by("id")] == [
        "proposal.requested", "pairing.ended", "pairing.started", "pairing.started", "proposal.accepted",
    ]  # fmt: skip


async def test_accepting_twice_or_at_once_changes_nothing_more() -> None:
    await make_beneficiary()
    await make_cadre()
    proposal = await solved()

    await asyncio.gather(accept(proposal), accept(proposal))
    await accept(proposal)

    assert await Pairing.all().count() == 1


async def test_what_changed_meanwhile_is_refused_with_its_reason_and_the_rest_goes_ahead() -> None:
    paired, poor, fine = [await make_beneficiary() for _ in range(3)]
    sun, other = await make_cadre(), await make_cadre(rank=CadreRank.OTHER)
    proposal = await solved()
    await operations.start_pairing(
        scope=LIXIA_STAFF, beneficiary_id=paired.id, cadre_id=other.id, started_on=TODAY, actor=ZHOU, now=NOW
    )
    poor.relief = Relief.NONE
    await poor.save()

    await accept(proposal)

    pairs = await pairs_of(proposal)
    assert [pairs[one.id].decision for one in (paired, poor, fine)] == [
        PairDecision.REFUSED,
        PairDecision.REFUSED,
        PairDecision.APPLIED,
    ]
    assert "有变化" in pairs[paired.id].refusal
    assert pairs[poor.id].refusal == "不符合帮扶对象条件：没有享受低保或特困供养"
    assert [one.beneficiary_id for one in await Pairing.filter(cadre_id=sun.id)] == [fine.id]


async def test_nobody_loses_his_cadre_because_no_other_one_is_there() -> None:
    of_gone = await make_pairing(cadre=await make_cadre(status=CadreStatus.LEFT))
    proposal = await solved()

    await accept(proposal)

    pair = (await pairs_of(proposal))[of_gone.beneficiary_id]
    assert pair.decision is PairDecision.NOBODY
    assert (await Pairing.get(id=of_gone.id)).ended_on is None
