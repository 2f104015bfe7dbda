"""Asking for proposals, changing them by hand, solving them again, and giving them up."""

from collections.abc import Collection, Sequence
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.queries import in_regions
from app.accounts.rules import Scope, org_code_of
from app.audit import operations as audit
from app.core import sql
from app.core.clock import china_date
from app.core.errors import Conflict, Invalid
from app.orgs.enums import OrgLevel
from app.orgs.queries import orgs_in_count
from app.pairing.enums import EndReason, PairDecision, ProposalState
from app.pairing.models import PairingProposal, PairingProposalPair
from app.pairing.queries.candidates import candidates_of, eligible_counts
from app.pairing.queries.proposals import ProposalNotFound
from app.pairing.rules.matching import MOST_PEOPLE
from app.pairing.rules.proposing import Sentences, edit_refusal
from app.people.queries import BeneficiaryNotFound

OPEN_STATES = (ProposalState.DRAFT, ProposalState.RUNNING, ProposalState.READY)


class NothingToPropose(Conflict):
    code = "pairing.nothing_to_propose"
    title = "所辖县（市、区）都没有在册的帮扶对象，或者已有未完成的结对方案"


class TooManyPeople(Invalid):
    code = "pairing.too_many_people"
    title = f"一个县（市、区）的帮扶对象超过{MOST_PEOPLE}人，不能一次计算"


class WrongState(Conflict):
    code = "pairing.proposal_state"
    title = "方案当前的状态不允许此操作"


class EditRefused(Conflict):
    code = "pairing.edit_refused"
    title = "不能这样指定"


async def request_proposals(*, scope: Scope, actor: audit.Actor, now: datetime) -> list[PairingProposal]:
    """Ask for the best pairs of all counties of the caller, one proposal for each, and return them.

    A city's counties are solved together, so that its own cadres go where they help most; a province goes
    city by city, and a city with more than 20,000 people county by county. Counties with an open proposal
    or without people are passed over.

    Raises:
        NothingToPropose: no county is left.
        TooManyPeople: one county has more than 20,000.
    """
    orgs = await orgs_in_count(scope=scope)
    counties = [org.code for org in orgs if org.level is OrgLevel.COUNTY]

    async def whole() -> list[PairingProposal]:
        async with in_transaction():
            return await _request(counties, actor=actor, now=now)

    try:
        return await sql.retrying(whole)
    except IntegrityError as error:
        # Somebody asked for one of these counties at the same moment.
        raise NothingToPropose from error


async def _request(counties: Sequence[str], *, actor: audit.Actor, now: datetime) -> list[PairingProposal]:
    busy = await PairingProposal.filter(open_region__in=counties).order_by("id")
    taken = {proposal.open_region for proposal in busy}
    free = [code for code in counties if code not in taken]
    counts = await eligible_counts(regions=free) if free else {}
    proposals = _proposals(counts, actor=actor, now=now)
    if not proposals:
        raise NothingToPropose
    # One by one, at most as many as a province has counties: the number of the first names all.
    for proposal in proposals:
        await proposal.save()
        proposal.batch = proposals[0].id
        await proposal.save(update_fields=["batch"])
    deeds = [_deed(one, "proposal.requested") for one in proposals]
    await audit.record_all(actor=actor, deeds=deeds, now=now)
    return proposals


def _proposals(counts: dict[str, int], *, actor: audit.Actor, now: datetime) -> list[PairingProposal]:
    if any(people > MOST_PEOPLE for people in counts.values()):
        raise TooManyPeople
    of_city: dict[str, int] = {}
    for county, people in counts.items():
        city = org_code_of(county[:4])
        of_city[city] = of_city.get(city, 0) + people
    whole = len(counts) > 1
    return [
        PairingProposal(
            batch=0,
            block_code=city if whole and of_city[city] <= MOST_PEOPLE else county,
            region_code=county,
            open_region=county,
            state=ProposalState.DRAFT,
            requested_by=actor.id,
            requested_at=now,
            people=people,
        )
        for county, people in counts.items()
        for city in (org_code_of(county[:4]),)
    ]


async def choose_by_hand(
    *,
    scope: Scope,
    proposal_id: int,
    beneficiary_id: int,
    cadre_id: int | None,
    actor: audit.Actor,
    now: datetime,
) -> None:
    """Decide by hand whom one person of a proposal is to have, None for nobody; solving again keeps it.

    Raises:
        ProposalNotFound: it is of a county where the caller may not act.
        WrongState: it is not ready, or this pair is settled.
        BeneficiaryNotFound: the person is not part of it.
        EditRefused: the cadre is full, to be avoided, of elsewhere, or takes nobody new.
    """
    async with in_transaction():
        proposal = await locked_proposal(proposal_id, scope=scope, allowed=(ProposalState.READY,))
        pair = await PairingProposalPair.get_or_none(proposal_id=proposal.id, beneficiary_id=beneficiary_id)
        if pair is None:
            raise BeneficiaryNotFound
        if pair.decision is not PairDecision.OPEN:
            raise WrongState("这一对已经处理，不能再改")
        pair.sentence = await _sentence_by_hand(proposal, beneficiary_id, cadre_id, now=now)
        pair.cadre_id, pair.locked = cadre_id, True
        if pair.end_reason is EndReason.POST_CHANGED:
            pair.end_reason = EndReason.ROTATION
        await pair.save(update_fields=["cadre_id", "locked", "sentence", "end_reason"])
        proposal.placed = await PairingProposalPair.filter(
            proposal_id=proposal.id, cadre_id__isnull=False
        ).count()
        await proposal.save(update_fields=["placed"])
        detail = f"beneficiary={beneficiary_id} cadre={cadre_id or 'none'}"
        await _record(proposal, "proposal.pair_chosen", actor=actor, now=now, detail=detail)


async def _sentence_by_hand(
    proposal: PairingProposal, beneficiary_id: int, cadre_id: int | None, *, now: datetime
) -> str:
    found = await candidates_of(regions=[proposal.region_code], locks=(), day=china_date(now))
    person = next((one for one in found.task.people if one.id == beneficiary_id), None)
    if person is None:
        raise EditRefused("该帮扶对象已不在可以结对的名单中，请重新计算")
    others = PairingProposalPair.filter(proposal_id=proposal.id, cadre_id=cadre_id)
    planned = await others.exclude(beneficiary_id=beneficiary_id).count()
    cadre = next((one for one in found.task.cadres if one.id == cadre_id), None)
    if cadre_id is not None:
        refusal = edit_refusal(person, cadre, planned=planned)
        if refusal is not None:
            raise EditRefused(refusal)
    loads = {cadre_id: planned + 1} if cadre_id is not None else {}
    return Sentences(found.task).of(person.by_hand(cadre_id), cadre_id, loads)


async def lock_pairs(
    *,
    scope: Scope,
    proposal_id: int,
    beneficiary_ids: Collection[int],
    locked: bool,
    actor: audit.Actor,
    now: datetime,
) -> int:
    """Keep some pairs as they are when the proposal is solved again, or let them go; return how many.

    Raises:
        ProposalNotFound, WrongState: as `choose_by_hand`.
    """
    async with in_transaction():
        proposal = await locked_proposal(proposal_id, scope=scope, allowed=(ProposalState.READY,))
        pairs = PairingProposalPair.filter(
            proposal_id=proposal.id, beneficiary_id__in=list(beneficiary_ids), decision=PairDecision.OPEN
        )
        changed = await pairs.update(locked=locked)
        detail = f"pairs={changed} locked={locked}"
        await _record(proposal, "proposal.pairs_locked", actor=actor, now=now, detail=detail)
    return int(changed)


async def solve_again(*, scope: Scope, proposal_id: int, actor: audit.Actor, now: datetime) -> None:
    """Have a proposal solved once more with the register of today; locked pairs stay.

    Raises:
        ProposalNotFound: it is of a county where the caller may not act.
        WrongState: it is not ready, or some of it was accepted already.
    """
    async with in_transaction():
        proposal = await locked_proposal(proposal_id, scope=scope, allowed=(ProposalState.READY,))
        settled = PairingProposalPair.filter(proposal_id=proposal.id).exclude(decision=PairDecision.OPEN)
        if await settled.exists():
            raise WrongState("方案已部分采纳，请先完成采纳，或者取消后重新生成")
        proposal.state, proposal.attempts = ProposalState.DRAFT, 0
        await proposal.save(update_fields=["state", "attempts"])
        await _record(proposal, "proposal.requested", actor=actor, now=now, detail="again")


async def cancel_proposal(*, scope: Scope, proposal_id: int, actor: audit.Actor, now: datetime) -> None:
    """Give a proposal up; what was accepted of it stays, the rest never happens. Twice changes nothing.

    Raises:
        ProposalNotFound: it is of a county where the caller may not act.
        WrongState: it is accepted.
    """
    async with in_transaction():
        allowed = (*OPEN_STATES, ProposalState.CANCELLED)
        proposal = await locked_proposal(proposal_id, scope=scope, allowed=allowed)
        if proposal.state is ProposalState.CANCELLED:
            return
        proposal.state, proposal.open_region = ProposalState.CANCELLED, None
        proposal.decided_by, proposal.decided_at = actor.id, now
        await proposal.save(update_fields=["state", "open_region", "decided_by", "decided_at"])
        await _record(proposal, "proposal.cancelled", actor=actor, now=now)


async def locked_proposal(
    proposal_id: int, *, scope: Scope, allowed: Sequence[ProposalState]
) -> PairingProposal:
    """Return a proposal whose row stays locked until the transaction of the caller ends.

    Raises:
        ProposalNotFound: it is of a county where the caller may not act.
        WrongState: it is in none of these states.
    """
    found = PairingProposal.filter(in_regions("region_code", scope.act), id=proposal_id)
    proposal = await found.select_for_update().get_or_none()
    if proposal is None:
        raise ProposalNotFound
    if proposal.state not in allowed:
        raise WrongState(f"方案{proposal.state.label}，不能进行此操作")
    return proposal


def _deed(proposal: PairingProposal, action: str, detail: str = "") -> audit.Deed:
    return audit.Deed(
        action=action,
        object_kind="pairing_proposal",
        object_id=proposal.id,
        region_code=proposal.region_code,
        detail=detail,
    )


async def _record(
    proposal: PairingProposal, action: str, *, actor: audit.Actor, now: datetime, detail: str = ""
) -> None:
    await audit.record_all(actor=actor, deeds=[_deed(proposal, action, detail)], now=now)
