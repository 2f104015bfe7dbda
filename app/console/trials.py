"""The trial list (试发名单): colleagues who get the federation's campaigns first."""

from typing import Annotated

from fastapi import Form, Request, Response

from app.accounts.deps import EditorDep, StaffDep
from app.campaigns import admin_api
from app.campaigns.rules import MOST_ON_TRIAL_LIST
from app.campaigns.schemas import TrialListBody
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.deps import ClockDep
from app.core.pagination import MAX_LIMIT, PageQuery
from app.people.admin_api import list_cadres
from app.people.enums import CadreStatus

router = console_router()

_PATH = "/console/campaigns/trial-list"


@router.get("/campaigns/trial-list")
async def trial_list(request: Request, caller: StaffDep) -> Response:
    """Show who is on the list, and colleagues in office who are not."""
    members = await admin_api.show_trial_list(caller)
    listed = {member.cadre_id for member in members}
    found = await list_cadres(caller, PageQuery(limit=MAX_LIMIT), caller.org_code)
    others = [
        one
        for one in found.items
        if one.id not in listed
        and one.org_code == caller.org_code
        and one.status.code == CadreStatus.ACTIVE.value
    ]
    return page(
        request,
        "campaign_trials.html",
        caller=caller,
        members=members,
        others=others,
        most=MOST_ON_TRIAL_LIST,
    )


@router.post("/campaigns/trial-list/add")
async def add(cadre_id: Annotated[RowId, Form()], caller: EditorDep, clock: ClockDep) -> Response:
    """Put one colleague on the list."""
    members = await admin_api.show_trial_list(caller)
    await _save({member.cadre_id for member in members} | {cadre_id}, caller, clock)
    return go_on(_PATH, done="trial_list")


@router.post("/campaigns/trial-list/remove")
async def remove(cadre_id: Annotated[RowId, Form()], caller: EditorDep, clock: ClockDep) -> Response:
    """Take one colleague off the list."""
    members = await admin_api.show_trial_list(caller)
    await _save({member.cadre_id for member in members} - {cadre_id}, caller, clock)
    return go_on(_PATH, done="trial_list")


async def _save(cadre_ids: set[int], caller: EditorDep, clock: ClockDep) -> None:
    # One too many is refused by the operation, in words.
    body = TrialListBody.model_construct(cadre_ids=sorted(cadre_ids))
    await admin_api.set_trial_list(body, caller, clock)
