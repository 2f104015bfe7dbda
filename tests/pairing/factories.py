"""Pairings for tests, written straight into the table."""

from datetime import date, timedelta
from typing import Any

from app.accounts.rules import Scope, scope_of_staff
from app.audit.enums import ActorKind
from app.audit.operations import Actor
from app.pairing import operations
from app.pairing.enums import BarReason, EndReason, PairDecision, ProposalState
from app.pairing.models import (
    CadreTerms,
    Handover,
    Pairing,
    PairingBar,
    PairingProposal,
    PairingProposalPair,
    PairingWish,
)
from app.pairing.rules.matching import Task
from app.pairing.rules.proposing import Proposed, propose
from app.people.models import Beneficiary, Cadre
from tests.accounts.factories import LIXIA
from tests.conftest import NOW
from tests.people.factories import make_beneficiary, make_cadre

NEW_YEAR = date(2026, 1, 1)
TODAY = date(2026, 5, 17)
LIXIA_STAFF = scope_of_staff(org_code=LIXIA)
ZHOU = Actor(kind=ActorKind.STAFF, id=7)


async def make_pairing(
    *, beneficiary: Beneficiary | None = None, cadre: Cadre | None = None, **overrides: Any
) -> Pairing:
    """Make a pairing since New Year; with `ended_on` it no longer counts as open."""
    beneficiary = beneficiary or await make_beneficiary()
    cadre = cadre or await make_cadre()
    defaults: dict[str, Any] = {
        "region_code": beneficiary.region_code,
        "beneficiary": beneficiary,
        "cadre": cadre,
        "started_on": NEW_YEAR,
        "open_beneficiary_id": None if overrides.get("ended_on") else beneficiary.id,
        "created_at": NOW,
    }
    return await Pairing.create(**defaults | overrides)


async def make_proposal(pairing: Pairing) -> PairingProposal:
    """Make a proposal that is ready, with one pair that keeps this pairing."""
    proposal = await PairingProposal.create(
        batch=1, block_code=pairing.region_code, region_code=pairing.region_code,
        open_region=pairing.region_code, state=ProposalState.READY, requested_at=NOW, people=1, placed=1,
    )  # fmt: skip
    await PairingProposalPair.create(
        proposal=proposal, beneficiary_id=pairing.beneficiary_id, cadre_id=pairing.cadre_id,
        present_cadre_id=pairing.cadre_id, end_reason=EndReason.POST_CHANGED, sentence="继续原结对",
        decision=PairDecision.OPEN,
    )  # fmt: skip
    return proposal


async def make_terms(cadre: Cadre, **overrides: Any) -> CadreTerms:
    """Say how a cadre takes part; nothing is known unless it is given."""
    return await CadreTerms.create(cadre_id=cadre.id, **{"updated_at": NOW} | overrides)


async def make_bar(beneficiary: Beneficiary, cadre: Cadre) -> PairingBar:
    """Say that they are relatives."""
    return await PairingBar.create(
        beneficiary_id=beneficiary.id, cadre_id=cadre.id, reason=BarReason.RELATIVE, created_at=NOW
    )


async def make_wish(beneficiary: Beneficiary, **overrides: Any) -> PairingWish:
    """Say whom a family wishes for."""
    return await PairingWish.create(beneficiary_id=beneficiary.id, **{"updated_at": NOW} | overrides)


async def here(task: Task) -> Proposed:
    """Solve in this process, which is quicker; one test uses the real one."""
    return propose(task)


async def ask(scope: Scope = LIXIA_STAFF) -> list[PairingProposal]:
    return await operations.request_proposals(scope=scope, actor=ZHOU, now=NOW)


async def solved(scope: Scope = LIXIA_STAFF) -> PairingProposal:
    (proposal,) = await ask(scope)
    assert await operations.solve_step(now=NOW, solver=here) == 1
    return await PairingProposal.get(id=proposal.id)


async def pairs_of(proposal: PairingProposal) -> dict[int, PairingProposalPair]:
    found = await PairingProposalPair.filter(proposal_id=proposal.id).order_by("id")
    return {pair.beneficiary_id: pair for pair in found}


async def accept(proposal: PairingProposal, *, on: date = TODAY, scope: Scope = LIXIA_STAFF) -> None:
    await operations.accept(scope=scope, proposal_id=proposal.id, on=on, actor=ZHOU, now=NOW)


async def planned(pairing: Pairing, successor: Cadre, **overrides: Any) -> Handover:
    """Plan that a pairing passes to another cadre a fortnight from today."""
    asked: dict[str, Any] = {
        "changes_on": TODAY + timedelta(days=14), "overlap_days": 7, "reason": EndReason.POST_CHANGED,
        "now": NOW,
    }  # fmt: skip
    (handover_id,) = await operations.plan_handovers(
        scope=LIXIA_STAFF, moves=[operations.Move(pairing_id=pairing.id, cadre_id=successor.id)], actor=ZHOU,
        **asked | overrides,
    )  # fmt: skip
    return await Handover.get(id=handover_id)


async def planned_handover() -> int:
    """Plan one for two new cadres and a new family."""
    return int((await planned(await make_pairing(), await make_cadre())).id)
