"""Accepting a proposal: its pairs become pairings, a thousand at a time, each judged once more."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

import structlog
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core import sql
from app.core.clock import china_date
from app.pairing.enums import EndReason, PairDecision, ProposalState
from app.pairing.models import PairingProposal, PairingProposalPair
from app.pairing.operations.proposing import locked_proposal
from app.pairing.operations.starting import insert_pairings
from app.pairing.queries import open_pairing_ids, pairing_facts
from app.pairing.rules import WantedPairing
from app.pairing.rules.proposing import ChangeVerdict, ProposedChange, judge_changes

log = structlog.get_logger()

_AT_ONCE = 1000


async def accept(*, scope: Scope, proposal_id: int, on: date, actor: audit.Actor, now: datetime) -> None:
    """Make the pairs of a proposal pairings from a day on; accepting again goes on where it stopped.

    Each pair is judged once more under lock. What somebody changed meanwhile is refused, and the pair keeps
    the reason; everything else goes ahead. Whoever is left over keeps the pairing he has.

    Args:
        scope: who asks; he must be allowed to act for the county.
        proposal_id: which one.
        on: the first day of what is new, and the first day without the cadre of before.
        actor: as the audit trail names him.
        now: when.

    Raises:
        ProposalNotFound: it is of a county where the caller may not act.
        WrongState: it is not ready.
    """

    async def portion() -> bool:
        async with in_transaction():
            return await _portion(proposal_id, scope=scope, on=on, actor=actor, now=now)

    # Each round is a transaction of its own, so that contacts of cadres need not wait for the whole county.
    while await sql.retrying(portion):
        pass


async def _portion(proposal_id: int, *, scope: Scope, on: date, actor: audit.Actor, now: datetime) -> bool:
    """Settle the next pairs, and return whether others may be left."""
    allowed = (ProposalState.READY, ProposalState.ACCEPTED)
    proposal = await locked_proposal(proposal_id, scope=scope, allowed=allowed)
    if proposal.state is ProposalState.ACCEPTED:
        return False
    waiting = PairingProposalPair.filter(proposal_id=proposal.id, decision=PairDecision.OPEN)
    pairs = await waiting.order_by("id").limit(_AT_ONCE)
    if not pairs:
        await _finish(proposal, actor=actor, now=now)
        return False
    # Who stays without is read and locked with the others; there is no cadre number 0.
    wanted = [WantedPairing(pair.beneficiary_id, pair.cadre_id or 0, on) for pair in pairs]
    facts = await pairing_facts(scope=scope, wanted=wanted, locked=True)
    changes = [
        ProposedChange(
            beneficiary_id=pair.beneficiary_id,
            cadre_id=pair.cadre_id,
            present_cadre_id=pair.present_cadre_id,
        )
        for pair in pairs
    ]
    leaving = await _leaving(proposal.id)
    verdicts = judge_changes(changes, facts=facts, on=on, today=china_date(now), leaving=leaving)
    starting = [
        pair
        for pair, verdict in zip(pairs, verdicts, strict=True)
        if verdict.decision is PairDecision.APPLIED
    ]
    await _end_present(proposal, starting, scope=scope, on=on, actor=actor, now=now)
    new = [WantedPairing(pair.beneficiary_id, pair.cadre_id or 0, on) for pair in starting]
    if new:
        await insert_pairings(new, facts=facts, scope=scope, actor=actor, now=now)
    await _settle(pairs, verdicts)
    return True


async def _leaving(proposal_id: int) -> set[int]:
    """Return whom the rest of a proposal takes from the cadre of today: cadres may change places."""
    rows = await sql.fetch(
        "SELECT beneficiary_id FROM pairing_proposal_pair WHERE proposal_id = %s AND decision = %s"
        " AND cadre_id <> present_cadre_id ORDER BY id",
        (proposal_id, PairDecision.OPEN.value),
    )
    return {row["beneficiary_id"] for row in rows}


async def _end_present(
    proposal: PairingProposal,
    pairs: Sequence[PairingProposalPair],
    *,
    scope: Scope,
    on: date,
    actor: audit.Actor,
    now: datetime,
) -> None:
    """End the pairings that others take over, each with its reason."""
    ids = await open_pairing_ids(scope=scope, beneficiary_ids=[pair.beneficiary_id for pair in pairs])
    by_reason: dict[EndReason, list[int]] = defaultdict(list)
    for pair in pairs:
        if pair.beneficiary_id in ids:
            by_reason[pair.end_reason].append(ids[pair.beneficiary_id])
    # One statement for each reason there is.
    for reason, pairing_ids in sorted(by_reason.items()):
        await sql.execute(
            "UPDATE pairing SET ended_on = %s, end_reason = %s, open_beneficiary_id = NULL"
            f" WHERE id IN ({sql.marks(len(pairing_ids))})",
            [on, reason.value, *pairing_ids],
        )
    reasons = {pair.beneficiary_id: pair.end_reason for pair in pairs}
    deeds = [
        audit.Deed(
            action="pairing.ended",
            object_kind="pairing",
            object_id=pairing_id,
            region_code=proposal.region_code,
            detail=f"on={on} reason={reasons[beneficiary_id].value}",
        )
        for beneficiary_id, pairing_id in sorted(ids.items())
    ]
    await audit.record_all(actor=actor, deeds=deeds, now=now)


async def _settle(pairs: Sequence[PairingProposalPair], verdicts: Sequence[ChangeVerdict]) -> None:
    alike: dict[ChangeVerdict, list[int]] = defaultdict(list)
    for pair, verdict in zip(pairs, verdicts, strict=True):
        alike[verdict].append(pair.id)
    # One statement for each decision and sentence; sentences of refusals are few.
    for verdict, ids in alike.items():
        await sql.execute(
            "UPDATE pairing_proposal_pair SET decision = %s, refusal = %s"
            f" WHERE id IN ({sql.marks(len(ids))})",
            [verdict.decision.value, verdict.sentence, *ids],
        )


async def _finish(proposal: PairingProposal, *, actor: audit.Actor, now: datetime) -> None:
    proposal.state, proposal.open_region = ProposalState.ACCEPTED, None
    proposal.decided_by, proposal.decided_at = actor.id, now
    await proposal.save(update_fields=["state", "open_region", "decided_by", "decided_at"])
    await audit.record(
        actor=actor, action="proposal.accepted", object_kind="pairing_proposal", object_id=proposal.id,
        now=now, region_code=proposal.region_code,
    )  # fmt: skip
    log.info("pairing.proposal.accepted", proposal_id=proposal.id)
