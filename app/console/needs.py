"""Needs (诉求): what is unmet, one need with its history, and the next step."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.accounts.rules import is_county
from app.console.failures import Problem, console_router, problem_of
from app.console.forms import body_of, errors_by_field, typed
from app.console.frame import go_on, page
from app.core.bodies import RegionCode, RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import Invalid
from app.core.pagination import PageQuery, PageQueryDep
from app.needs import admin_api, operations, queries
from app.needs.enums import NeedAct, NeedState, Speaker
from app.needs.models import Need
from app.needs.rules import may_take, state_after
from app.needs.schemas import NeedAnswer, NeedStory, TakeStep
from app.orgs.queries import org_in_count, orgs_in_count

router = console_router()

_STUCK_SHOWN = 20
_FIELDS = ("act", "text", "department", "seen")


@router.get("/needs")
async def needs(
    request: Request,
    caller: StaffDep,
    clock: ClockDep,
    pages: PageQueryDep,
    state: Annotated[NeedState | None, Query()] = None,
    *,
    everything: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """Show the needs of the own county, those first with which nothing happened for a month."""
    now = clock.now()
    found, next_cursor = await queries.needs_in(
        scope=caller.scope,
        page=pages,
        today=china_date(now),
        state=state,
        open_only=not everything and state is None,
    )
    is_first = not (pages.cursor or state or everything)
    few = PageQuery(limit=_STUCK_SHOWN)
    stuck, more = (
        await queries.stuck_needs_in(scope=caller.scope, page=few, now=now) if is_first else ([], None)
    )
    return page(
        request,
        "needs.html",
        caller=caller,
        found=await _answers(found, caller),
        next_cursor=next_cursor,
        stuck=await _answers(stuck, caller),
        more=more,
        state=state,
        everything=everything,
        states=list(NeedState),
        cursor=pages.cursor,
        is_own_county=is_county(caller.org_code),
    )


@router.get("/needs/stuck")
async def stuck_needs(request: Request, caller: StaffDep, clock: ClockDep, pages: PageQueryDep) -> Response:
    """Show all needs with which nothing happened for a month."""
    found, next_cursor = await queries.stuck_needs_in(scope=caller.scope, page=pages, now=clock.now())
    return page(
        request,
        "needs_stuck.html",
        caller=caller,
        found=await _answers(found, caller),
        next_cursor=next_cursor,
        cursor=pages.cursor,
    )


async def _answers(found: list[Need], caller: StaffCaller) -> list[NeedAnswer]:
    names = await queries.names_of(scope=caller.scope, needs=found)
    return [NeedAnswer.of(one, names) for one in found]


@router.get("/needs/numbers")
async def numbers(
    request: Request, caller: StaffDep, clock: ClockDep, region: RegionCode | None = None
) -> Response:
    """Show how many needs of which field are open where."""
    where = region or caller.org_code
    org = await org_in_count(scope=caller.scope, code=where)
    unmet = await admin_api.unmet_needs(caller, clock, where)
    return page(
        request,
        "needs_numbers.html",
        caller=caller,
        org=org,
        region=where,
        units=unmet.items,
        places={one.code: one.name.removesuffix("残联") for one in await orgs_in_count(scope=caller.scope)},
    )


@router.get("/needs/{need_id}")
async def need(request: Request, need_id: RowId, caller: StaffDep, clock: ClockDep) -> Response:
    """Show one need, what happened so far, and what can be done now."""
    return await _need(request, await admin_api.one_need(need_id, caller, clock), caller=caller)


@router.post("/needs/{need_id}/steps")
async def take_step(request: Request, need_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Take a step with a need as the page showed it, or show the form again with what is missing."""
    now = clock.now()
    values = await typed(request, _FIELDS)
    row = await queries.need_in(scope=caller.scope, need_id=need_id, today=china_date(now))
    try:
        given = {name: value for name, value in values.items() if value and name != "seen"}
        step = body_of(TakeStep, given).step()
        row.last_step_at = _moment(values["seen"]) or row.last_step_at
        await operations.take_step(
            need=row, speaker=Speaker.STAFF, speaker_id=caller.staff_id, step=step, now=now
        )
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        story = await admin_api.one_need(need_id, caller, clock)
        return await _need(request, story, caller=caller, values=values, problem=problem)
    return go_on(f"/console/needs/{need_id}", done="need_step")


def _moment(text: str) -> datetime | None:
    """Return when the last step was taken that the page showed; somebody else may have taken one since."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


async def _need(
    request: Request,
    story: NeedStory,
    *,
    caller: StaffCaller,
    values: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    return page(
        request,
        "need.html",
        caller=caller,
        status=problem.status if problem else 200,
        need=story.need,
        steps=story.steps,
        acts=[act for act in NeedAct if may_take(Speaker.STAFF, act) and state_after(story.need.state, act)],
        values=dict.fromkeys(_FIELDS, "") | (values or {}),
        problem=problem,
        errors=errors_by_field(problem),
    )
