"""Pairings (结对): the list, beginning one, ending it, handing it over."""

from typing import Annotated

from fastapi import Form, Query, Request, Response

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.pagination import MAX_LIMIT, PageQuery, PageQueryDep
from app.pairing import admin_api
from app.pairing.enums import EndReason
from app.pairing.queries import open_pairing_ids, pairing_in
from app.pairing.schemas import ChangeCadre, EndPairing, PairingAnswer, StartPairing
from app.people.admin_api import list_beneficiaries, list_cadres, show_beneficiary
from app.people.enums import BeneficiaryStatus, CadreStatus
from app.people.schemas import BeneficiaryItem, CadreAnswer

router = console_router()


@router.get("/pairings")
async def pairings(
    request: Request,
    caller: StaffDep,
    clock: ClockDep,
    pages: PageQueryDep,
    everything: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002 - a query flag
) -> Response:
    """Show the pairings of today, or past and planned ones too."""
    found = await admin_api.list_pairings(caller, clock, pages, in_force=not everything)
    return page(
        request, "pairings.html", caller=caller, found=found, everything=everything, cursor=pages.cursor
    )


@router.get("/pairings/new")
async def new_pairing(
    request: Request,
    caller: EditorDep,
    clock: ClockDep,
    beneficiary: RowId | None = None,
) -> Response:
    """Show the form for a pairing, for one person or for whoever waits for one."""
    if beneficiary is None:
        people, has_more = await _waiting(caller, clock)
    else:
        people, has_more = [await show_beneficiary(beneficiary, caller, clock)], False
    cadres, has_more_cadres = await _at_work(caller)
    return page(
        request,
        "pairing_new.html",
        caller=caller,
        people=people,
        cadres=cadres,
        chosen=beneficiary,
        limit=MAX_LIMIT,
        has_more=has_more or has_more_cadres,
        today=china_date(clock.now()),
    )


async def _waiting(caller: StaffCaller, clock: ClockDep) -> tuple[list[BeneficiaryItem], bool]:
    """Return who could be paired among the first 200 of the register, and whether there are more of them."""
    found = await list_beneficiaries(caller, PageQuery(limit=MAX_LIMIT), clock)
    paired = await open_pairing_ids(scope=caller.scope, beneficiary_ids=[one.id for one in found.items])
    waiting = [
        one
        for one in found.items
        if one.id not in paired
        and one.eligibility.eligible
        and one.status.code == BeneficiaryStatus.ACTIVE.value
    ]
    return waiting, found.next_cursor is not None


async def _at_work(caller: StaffCaller) -> tuple[list[CadreAnswer], bool]:
    found = await list_cadres(caller, PageQuery(limit=MAX_LIMIT))
    active = [one for one in found.items if one.status.code == CadreStatus.ACTIVE.value]
    return active, found.next_cursor is not None


@router.post("/pairings")
async def start(body: Annotated[StartPairing, Form()], caller: EditorDep, clock: ClockDep) -> Response:
    """Pair two persons."""
    started = await admin_api.start_pairing(body, caller, clock)
    return go_on(f"/console/pairings/{started.id}", done="paired")


@router.get("/pairings/{pairing_id}")
async def pairing(request: Request, pairing_id: RowId, caller: StaffDep, clock: ClockDep) -> Response:
    """Show one pairing with what can be done about it."""
    today = china_date(clock.now())
    line = await pairing_in(scope=caller.scope, pairing_id=pairing_id)
    cadres, has_more = await _at_work(caller)
    return page(
        request,
        "pairing.html",
        caller=caller,
        pairing=PairingAnswer.of(line, today=today),
        is_here=caller.scope.may_act_in(line.region_code),
        cadres=[one for one in cadres if one.id != line.cadre_id],
        has_more=has_more,
        limit=MAX_LIMIT,
        reasons=list(EndReason),
        today=today,
    )


@router.post("/pairings/{pairing_id}/end")
async def end(
    pairing_id: RowId, body: Annotated[EndPairing, Form()], caller: EditorDep, clock: ClockDep
) -> Response:
    """End a pairing."""
    await admin_api.end_pairing(pairing_id, body, caller, clock)
    return go_on(f"/console/pairings/{pairing_id}", done="pairing_ended")


@router.post("/pairings/{pairing_id}/change-cadre")
async def change_cadre(
    pairing_id: RowId, body: Annotated[ChangeCadre, Form()], caller: EditorDep, clock: ClockDep
) -> Response:
    """Hand a beneficiary over to another cadre."""
    new = await admin_api.change_cadre(pairing_id, body, caller, clock)
    return go_on(f"/console/pairings/{new.id}", done="cadre_changed")
