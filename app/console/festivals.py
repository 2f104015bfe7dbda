"""Festivals (节日): which come next, and which are reminded of by themselves every year."""

from typing import Annotated

from fastapi import Form, Request, Response

from app.accounts.deps import ApproverDep, EditorDep, StaffDep
from app.accounts.queries import staff_names
from app.campaigns import admin_api
from app.campaigns.schemas import AutomaticBody
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.deps import ClockDep, SettingsDep
from app.festivals.enums import FestivalKey

router = console_router()


@router.get("/festivals")
async def festivals(request: Request, caller: StaffDep, clock: ClockDep) -> Response:
    """Show the next festivals and who wants them automatic."""
    occasions = await admin_api.list_festivals(caller, clock)
    marked = [one for occasion in occasions for one in occasion.festivals if one.marked_by is not None]
    names = await staff_names(staff_ids={one.marked_by for one in marked if one.marked_by is not None})
    return page(request, "festivals.html", caller=caller, occasions=occasions, names=names)


@router.post("/festivals/{key}/automatic")
async def mark(
    key: FestivalKey,
    body: Annotated[AutomaticBody, Form()],
    caller: EditorDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> Response:
    """Mark a festival as automatic, or take the mark away."""
    await admin_api.mark_automatic(key, body, caller, clock, settings)
    return go_on("/console/festivals", done="marked" if body.enabled else "unmarked")


@router.post("/festivals/{key}/automatic/confirm")
async def confirm(key: FestivalKey, caller: ApproverDep, clock: ClockDep) -> Response:
    """Confirm, as the second admin, that a festival is automatic."""
    await admin_api.confirm_automatic(key, caller, clock)
    return go_on("/console/festivals", done="automatic_confirmed")
