"""Proposals of pairs (结对方案): asking for one, its progress, every pair with its reason, accepting it."""

from datetime import date
from typing import Annotated

from fastapi import Form, Query, Request, Response

from app.accounts.deps import ApproverDep, EditorDep, StaffCaller, StaffDep
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import BusDep, ClockDep
from app.core.pagination import MAX_LIMIT, PageQuery, PageQueryDep
from app.orgs.queries import orgs_in_count
from app.pairing.admin_api import proposals as admin_api
from app.pairing.enums import PairDecision, ProposalState
from app.pairing.schemas import AcceptBody, ChooseBody, LockBody, PairAnswer
from app.people.admin_api import list_cadres, show_beneficiary
from app.people.enums import CadreStatus

router = console_router()

_AT_WORK = {ProposalState.DRAFT, ProposalState.RUNNING}


@router.get("/proposals")
async def proposals(request: Request, caller: StaffDep, pages: PageQueryDep) -> Response:
    """Show the proposals in numbers, the latest first."""
    return page(
        request,
        "proposals.html",
        caller=caller,
        found=await admin_api.list_proposals(caller, pages),
        places=await _places(caller),
        cursor=pages.cursor,
    )


async def _places(caller: StaffCaller) -> dict[str, str]:
    return {one.code: one.name.removesuffix("残联") for one in await orgs_in_count(scope=caller.scope)}


@router.post("/proposals")
async def ask(caller: EditorDep, clock: ClockDep, bus: BusDep) -> Response:
    """Ask for a proposal for each of the own counties."""
    made = await admin_api.request_proposals(caller, clock, bus)
    path = f"/console/proposals/{made[0].id}" if len(made) == 1 else "/console/proposals"
    return go_on(path, done="proposal_asked")


@router.get("/proposals/{proposal_id}")
async def proposal(
    request: Request,
    proposal_id: RowId,
    caller: StaffDep,
    pages: PageQueryDep,
    clock: ClockDep,
    decision: Annotated[PairDecision | None, Query()] = None,
) -> Response:
    """Show one proposal: how far it is, and to its county every pair with its reason."""
    shown = await admin_api.one_proposal(proposal_id, caller)
    is_ours = caller.scope.may_act_in(shown.region_code)
    is_at_work = shown.state in _AT_WORK
    pairs, next_cursor = list[PairAnswer](), None
    if is_ours and not is_at_work:
        found = await admin_api.list_pairs(proposal_id, caller, pages, decision)
        pairs, next_cursor = found.items, found.next_cursor
    return page(
        request,
        "proposal.html",
        caller=caller,
        proposal=shown,
        place=(await _places(caller)).get(shown.region_code, shown.region_code),
        is_ours=is_ours,
        is_at_work=is_at_work,
        is_ready=shown.state is ProposalState.READY,
        may_cancel=shown.state in {*_AT_WORK, ProposalState.READY, ProposalState.FAILED},
        pairs=pairs,
        next_cursor=next_cursor,
        decisions=list(PairDecision),
        decision=decision,
        cursor=pages.cursor,
        today=china_date(clock.now()),
    )


@router.get("/proposals/{proposal_id}/pairs/{beneficiary_id}")
async def choose_form(
    request: Request, proposal_id: RowId, beneficiary_id: RowId, caller: EditorDep, clock: ClockDep
) -> Response:
    """Show the form by which one person's cadre is decided by hand."""
    person = await show_beneficiary(beneficiary_id, caller, clock)
    found = await list_cadres(caller, PageQuery(limit=MAX_LIMIT))
    return page(
        request,
        "proposal_choose.html",
        caller=caller,
        proposal=await admin_api.one_proposal(proposal_id, caller),
        person=person,
        cadres=[one for one in found.items if one.status.code == CadreStatus.ACTIVE.value],
        has_more=found.next_cursor is not None,
        limit=MAX_LIMIT,
    )


@router.post("/proposals/{proposal_id}/pairs/{beneficiary_id}")
async def choose(
    proposal_id: RowId,
    beneficiary_id: RowId,
    caller: EditorDep,
    clock: ClockDep,
    cadre_id: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Decide one person's cadre by hand; 0 leaves him without."""
    body = ChooseBody(cadre_id=cadre_id or None)
    await admin_api.choose(proposal_id, beneficiary_id, body, caller, clock)
    return go_on(f"/console/proposals/{proposal_id}", done="proposal_chosen")


@router.post("/proposals/{proposal_id}/lock")
async def lock(
    proposal_id: RowId, body: Annotated[LockBody, Form()], caller: EditorDep, clock: ClockDep
) -> Response:
    """Keep some pairs when it is solved again, or no longer."""
    await admin_api.lock(proposal_id, body, caller, clock)
    return go_on(
        f"/console/proposals/{proposal_id}", done="proposal_locked" if body.locked else "proposal_freed"
    )


@router.post("/proposals/{proposal_id}/solve-again")
async def solve_again(proposal_id: RowId, caller: EditorDep, clock: ClockDep, bus: BusDep) -> Response:
    """Solve it again, locked pairs stay."""
    await admin_api.solve_again(proposal_id, caller, clock, bus)
    return go_on(f"/console/proposals/{proposal_id}", done="proposal_asked")


@router.post("/proposals/{proposal_id}/accept")
async def accept(
    proposal_id: RowId, caller: ApproverDep, clock: ClockDep, on: Annotated[date | None, Form()] = None
) -> Response:
    """Carry it out from a day on; what changed meanwhile is left out and told."""
    await admin_api.accept(proposal_id, AcceptBody(on=on), caller, clock)
    return go_on(f"/console/proposals/{proposal_id}", done="proposal_accepted")


@router.post("/proposals/{proposal_id}/cancel")
async def cancel(proposal_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Give it up."""
    await admin_api.cancel(proposal_id, caller, clock)
    return go_on(f"/console/proposals/{proposal_id}", done="proposal_cancelled")
