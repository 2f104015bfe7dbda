"""The register (帮扶对象): a list, one person, and the card that binds a guardian's WeChat."""

from typing import Annotated

from fastapi import Form, Request, Response

from app.accounts.deps import EditorDep, RevealerDep, StaffDep
from app.accounts.enums import Permission
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.deps import ClockDep, SettingsDep
from app.core.pagination import PageQueryDep
from app.pairing.admin_api import pairing_history
from app.people import admin_api
from app.people.enums import GuardianRelation, RevealField
from app.people.queries import GuardianNotFound
from app.people.schemas import GuardianNew, IdNumberLookup, RevealRequest
from app.wechat.deps import WeChatDep

router = console_router()


@router.get("/beneficiaries")
async def beneficiaries(request: Request, caller: StaffDep, pages: PageQueryDep, clock: ClockDep) -> Response:
    """Show one page of the register, masked."""
    people = await admin_api.list_beneficiaries(caller, pages, clock)
    return page(request, "beneficiaries.html", caller=caller, people=people, cursor=pages.cursor)


@router.post("/beneficiaries/lookup")
async def look_up(body: Annotated[IdNumberLookup, Form()], caller: StaffDep, clock: ClockDep) -> Response:
    """Find somebody by the ID number, which never stands in an address."""
    found = await admin_api.look_up_beneficiary(body, caller, clock)
    return go_on(f"/console/beneficiaries/{found.id}")


@router.get("/beneficiaries/{beneficiary_id}")
async def beneficiary(request: Request, beneficiary_id: RowId, caller: StaffDep, clock: ClockDep) -> Response:
    """Show one person, masked, with guardians and everybody who ever accompanied him."""
    return page(
        request,
        "beneficiary.html",
        caller=caller,
        person=await admin_api.show_beneficiary(beneficiary_id, caller, clock),
        pairings=await pairing_history(beneficiary_id, caller, clock),
        relations=list(GuardianRelation),
        sealed=list(RevealField),
        may_reveal=caller.may(Permission.REVEAL),
    )


@router.post("/beneficiaries/{beneficiary_id}/reveal")
async def reveal(
    request: Request,
    beneficiary_id: RowId,
    body: Annotated[RevealRequest, Form()],
    caller: RevealerDep,
    clock: ClockDep,
) -> Response:
    """Show one fact in full, this once; who looked and why is in the trail."""
    return page(
        request,
        "revealed.html",
        caller=caller,
        fact=await admin_api.reveal(beneficiary_id, body, caller, clock),
        person=await admin_api.show_beneficiary(beneficiary_id, caller, clock),
    )


@router.post("/beneficiaries/{beneficiary_id}/guardians")
async def add_guardian(
    beneficiary_id: RowId, body: Annotated[GuardianNew, Form()], caller: EditorDep, clock: ClockDep
) -> Response:
    """Enter a guardian."""
    await admin_api.add_guardian(beneficiary_id, body, caller, clock)
    return go_on(f"/console/beneficiaries/{beneficiary_id}", done="guardian_added")


@router.post("/beneficiaries/{beneficiary_id}/guardians/{guardian_id}/binding-code")
async def binding_code(  # noqa: PLR0913 - whose, by whom, and what the application brings
    request: Request,
    beneficiary_id: RowId,
    guardian_id: RowId,
    *,
    caller: EditorDep,
    clock: ClockDep,
    wechat: WeChatDep,
    settings: SettingsDep,
) -> Response:
    """Make a new card and show it, this once; cards that nobody scanned stop working."""
    person = await admin_api.show_beneficiary(beneficiary_id, caller, clock)
    guardian = next((one for one in person.guardians if one.id == guardian_id), None)
    if guardian is None:
        raise GuardianNotFound
    return page(
        request,
        "binding_code.html",
        caller=caller,
        person=person,
        guardian=guardian,
        card=await admin_api.issue_binding_code(guardian_id, caller, clock, wechat),
        is_trial=not settings.is_production,
    )
