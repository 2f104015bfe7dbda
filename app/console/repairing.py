"""Re-pairing a whole unit or a cadre (成批调整): previewed family by family, then all or none."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData

from app.accounts.deps import EditorDep, StaffCaller
from app.console.failures import Problem, console_router, problem_of
from app.console.forms import body_of
from app.console.frame import go_on, page
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import AppError
from app.core.pagination import MAX_LIMIT, PageQuery
from app.pairing.admin_api import participation, repairing
from app.pairing.enums import EndReason
from app.pairing.schemas import MoveAnswer, RepairBody, RepairPreviewBody
from app.people.admin_api import list_cadres
from app.people.enums import CadreStatus

router = console_router()

_BETWEEN = ":"


@router.get("/repairing")
async def form(request: Request, caller: EditorDep, clock: ClockDep) -> Response:
    """Show the form: whose families, and to whom."""
    return await _form(request, caller=caller, clock=clock)


@router.post("/repairing/preview")
async def preview(request: Request, caller: EditorDep, clock: ClockDep) -> Response:
    """Show family by family who would take over, and what stands in the way."""
    typed = await request.form()
    given = {
        "unit": typed.get("unit") or "",
        "cadre_ids": [one for one in typed.getlist("cadre_ids") if one],
        "receiver_ids": [one for one in typed.getlist("receiver_ids") if one],
    } | ({"on": typed["on"]} if typed.get("on") else {})
    try:
        body = body_of(RepairPreviewBody, given)
        lines = await repairing.preview(body, caller, clock)
    except (AppError, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _form(request, caller=caller, clock=clock, problem=problem)
    return _preview(request, lines, caller=caller, on=str(body.on or china_date(clock.now())))


@router.post("/repairing")
async def repair(request: Request, caller: EditorDep, clock: ClockDep) -> Response:
    """Carry out the rows that the preview showed, all or none."""
    body = body_of(RepairBody, _rows(await request.form()))
    await repairing.repair(body, caller, clock)
    return go_on("/console/pairings", done="repaired")


def _rows(typed: FormData) -> Mapping[str, Any]:
    moves = [str(one).partition(_BETWEEN) for one in typed.getlist("moves")]
    return {
        "moves": [{"pairing_id": pairing_id, "cadre_id": cadre_id} for pairing_id, _, cadre_id in moves],
        "reason": typed.get("reason") or "",
    } | ({"on": typed["on"]} if typed.get("on") else {})


def _preview(request: Request, lines: Sequence[MoveAnswer], *, caller: StaffCaller, on: str) -> Response:
    return page(
        request,
        "repairing_preview.html",
        caller=caller,
        lines=lines,
        doable=[one for one in lines if one.can_be_done],
        reasons=list(EndReason),
        on=on,
    )


async def _form(
    request: Request, *, caller: StaffCaller, clock: ClockDep, problem: Problem | None = None
) -> Response:
    counted = await participation.counts(caller, clock)
    found = await list_cadres(caller, PageQuery(limit=MAX_LIMIT))
    return page(
        request,
        "repairing.html",
        caller=caller,
        status=problem.status if problem else 200,
        problem=problem,
        units=[one.name for one in counted.own_units if one.name],
        cadres=found.items,
        receivers=[one for one in found.items if one.status.code == CadreStatus.ACTIVE.value],
        has_more=found.next_cursor is not None,
        limit=MAX_LIMIT,
        today=china_date(clock.now()),
    )
