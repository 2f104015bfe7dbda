"""Who takes part in the scheme (参与情况): numbers for all levels, and own cadres who have nobody yet."""

from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.console.failures import Problem, console_router, problem_of
from app.console.forms import body_of, errors_by_field, typed
from app.console.frame import go_on, page
from app.core.bodies import RegionCode, RowId
from app.core.deps import ClockDep
from app.core.errors import Invalid
from app.orgs.queries import org_in_count
from app.pairing.admin_api import participation as admin_api
from app.pairing.enums import Participation
from app.pairing.schemas import ParticipationBody
from app.people.queries import cadre_in
from app.people.schemas import CadreAnswer

router = console_router()

# What somebody says of a cadre, and what the API calls it.
_CHOICES: Mapping[str, tuple[str, bool | None]] = {
    "yes": ("参加", True),
    "no": ("不参加", False),
    "rank": ("按职务，不另外登记", None),
}


@router.get("/participation")
async def participation(
    request: Request, caller: StaffDep, clock: ClockDep, region: RegionCode | None = None
) -> Response:
    """Show how many cadres take part where, and the own ones who take part and have nobody."""
    where = region or caller.org_code
    return page(
        request,
        "participation.html",
        caller=caller,
        org=await org_in_count(scope=caller.scope, code=where),
        region=where,
        counted=await admin_api.counts(caller, clock, where),
        without=await admin_api.without(caller, clock),
        parts=list(Participation),
    )


@router.get("/participation/{cadre_id}")
async def form(request: Request, cadre_id: RowId, caller: EditorDep) -> Response:
    """Show the form in which it is said whether a cadre takes part."""
    return await _form(request, cadre_id, caller=caller)


@router.post("/participation/{cadre_id}")
async def say(request: Request, cadre_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Say whether a cadre takes part, or show the form again with what is wrong."""
    values = await typed(request, ("part", "reason"))
    try:
        await admin_api.set_participation(cadre_id, _body(values), caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _form(request, cadre_id, caller=caller, values=values, problem=problem)
    return go_on("/console/participation", done="part_said")


def _body(values: Mapping[str, str]) -> ParticipationBody:
    if values["part"] not in _CHOICES:
        raise RequestValidationError([{"loc": ("part",), "type": "enum", "msg": "不是可选的值"}])
    _, takes_part = _CHOICES[values["part"]]
    return body_of(ParticipationBody, {"takes_part": takes_part, "reason": values["reason"]})


async def _form(
    request: Request,
    cadre_id: int,
    *,
    caller: StaffCaller,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    errors = errors_by_field(problem)
    if problem and not errors:
        errors = {"reason": [problem.detail or problem.title]}
    return page(
        request,
        "participation_form.html",
        caller=caller,
        status=problem.status if problem else 200,
        cadre=CadreAnswer.of(await cadre_in(scope=caller.scope, cadre_id=cadre_id)),
        choices={name: label for name, (label, _) in _CHOICES.items()},
        values=values or {"part": "", "reason": ""},
        errors=errors,
    )
