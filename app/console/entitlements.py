"""What people are entitled to and do not get (应享未享): numbers for all levels, lists for a county."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError

from app.accounts.deps import EditorDep, StaffDep
from app.accounts.rules import is_county
from app.console.failures import console_router, problem_of
from app.console.forms import body_of, typed
from app.console.frame import go_on, page
from app.core.bodies import RegionCode, RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import Invalid
from app.core.pagination import PageQueryDep
from app.orgs.queries import org_in_count
from app.policies import admin_api
from app.policies.enums import Step, Verdict
from app.policies.queries.entitlements import family_in
from app.policies.queries.library import published_names
from app.policies.schemas.entitlements import FamilyAnswer, StepBody, UnitCountAnswer
from app.policies.schemas.library import PolicyKey

router = console_router()

_NUMBERS = ("gaps", "applied", "to_verify", "received", "higher_chosen")
# What somebody looks for, and the rows that it is.
LISTS: dict[str, tuple[str, Verdict, Step | None]] = {
    "gaps": ("应享未享", Verdict.GAP, None),
    "applied": ("已申请，等待办理", Verdict.GAP, Step.APPLIED),
    "to_verify": ("待核实", Verdict.TO_VERIFY, None),
    "received": ("应享已享", Verdict.RECEIVED, None),
    "refused": ("本人不愿申请", Verdict.GAP, Step.REFUSED),
    "higher_chosen": ("择高未选", Verdict.HIGHER_CHOSEN, None),
}
ListName = Annotated[str, Query(pattern=f"^({'|'.join(LISTS)})$")]


@router.get("/entitlements")
async def numbers(
    request: Request,
    caller: StaffDep,
    region: RegionCode | None = None,
    policy: Annotated[PolicyKey | None, Query()] = None,
) -> Response:
    """Show how many people stand how: by policy, or of one policy by place."""
    where = region or caller.org_code
    counted = await admin_api.count_entitlements(caller, where, policy)
    return page(
        request,
        "entitlements.html",
        caller=caller,
        org=await org_in_count(scope=caller.scope, code=where),
        region=where,
        policy=policy,
        units=counted.units if policy else _by_policy(counted.units),
        names=await published_names(region_code=where),
        is_own_county=is_county(caller.org_code),
        progress=await admin_api.show_progress(caller),
    )


def _by_policy(units: Sequence[UnitCountAnswer]) -> list[UnitCountAnswer]:
    """Return the numbers of all units together, policy by policy."""
    found: dict[str, UnitCountAnswer] = {}
    for unit in units:
        known = found.get(unit.policy)
        if known is None:
            found[unit.policy] = unit
        else:
            sums = {name: getattr(known, name) + getattr(unit, name) for name in _NUMBERS}
            found[unit.policy] = known.model_copy(update=sums)
    return [found[key] for key in sorted(found)]


@router.get("/entitlements/people")
async def people(
    request: Request,
    caller: StaffDep,
    pages: PageQueryDep,
    clock: ClockDep,
    *,
    which: ListName = "gaps",
    policy: Annotated[PolicyKey | None, Query()] = None,
) -> Response:
    """Show the people behind a number of the own county, names masked, with the step that is missing."""
    label, verdict, step = LISTS[which]
    found = await admin_api.list_entitlements(caller, pages, clock, policy=policy, verdict=verdict, step=step)
    return page(
        request,
        "entitlement_people.html",
        caller=caller,
        found=found,
        which=which,
        label=label,
        lists={name: shown for name, (shown, *_) in LISTS.items()},
        policy=policy,
        names=await published_names(region_code=caller.org_code),
        cursor=pages.cursor,
    )


@router.get("/beneficiaries/{beneficiary_id}/policies")
async def person(request: Request, beneficiary_id: RowId, caller: StaffDep, clock: ClockDep) -> Response:
    """Show what each policy means for one person, why, and what to ask him."""
    return await _person(request, beneficiary_id, caller=caller, clock=clock)


@router.post("/beneficiaries/{beneficiary_id}/policies/{entitlement_id}")
async def mark(
    request: Request, beneficiary_id: RowId, entitlement_id: RowId, caller: EditorDep, clock: ClockDep
) -> Response:
    """Note what came of one entitlement, or show the page again with what is wrong."""
    values = await typed(request, ("step", "reason"))
    try:
        body = body_of(StepBody, {name: value for name, value in values.items() if value})
        await admin_api.mark_entitlement(entitlement_id, body, caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        wrong = {"problem": problem, "wrong_id": entitlement_id, "values": values}
        return await _person(request, beneficiary_id, caller=caller, clock=clock, **wrong)
    return go_on(f"/console/beneficiaries/{beneficiary_id}/policies", done="step_marked")


async def _person(
    request: Request, beneficiary_id: int, *, caller: StaffDep, clock: ClockDep, **wrong: object
) -> Response:
    day = china_date(clock.now())
    family = await family_in(scope=caller.scope, beneficiary_id=beneficiary_id, day=day)
    nothing = {"problem": None, "wrong_id": None, "values": {"step": "", "reason": ""}}
    return page(
        request,
        "beneficiary_policies.html",
        caller=caller,
        status=Invalid.status if wrong else 200,
        family=FamilyAnswer.of(family, day=day),
        steps=list(Step),
        **nothing | wrong,
    )
