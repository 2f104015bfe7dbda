"""What families write (来信) and what they think of the work (意见), and the answers to them."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.accounts.rules import is_county
from app.console.failures import Problem, console_router, problem_of
from app.console.forms import body_of, errors_by_field, typed
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import Invalid
from app.core.pagination import PageQueryDep
from app.needs import admin_api, queries
from app.needs.schemas import Answer, InquiryAnswer, OpinionAnswer
from app.orgs.queries import orgs_in_count

router = console_router()


@router.get("/inquiries")
async def inquiries(
    request: Request,
    caller: StaffDep,
    clock: ClockDep,
    pages: PageQueryDep,
    *,
    everything: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """Show what families wrote and the service account could not answer, the oldest first."""
    found = await admin_api.list_inquiries(caller, clock, pages, waiting_only=not everything)
    return page(
        request, "inquiries.html", caller=caller, found=found, everything=everything, cursor=pages.cursor
    )


@router.get("/inquiries/{inquiry_id}")
async def inquiry(request: Request, inquiry_id: RowId, caller: StaffDep, clock: ClockDep) -> Response:
    """Show one letter and its answer, or the form for it."""
    return await _inquiry(request, inquiry_id, caller=caller, clock=clock)


@router.post("/inquiries/{inquiry_id}/answer")
async def answer_inquiry(request: Request, inquiry_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Answer a letter, or show the form again with what is wrong."""
    values = await typed(request, ("text",))
    try:
        await admin_api.answer_inquiry(inquiry_id, body_of(Answer, values), caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _inquiry(request, inquiry_id, caller=caller, clock=clock, values=values, problem=problem)
    return go_on(f"/console/inquiries/{inquiry_id}", done="inquiry_answered")


async def _inquiry(
    request: Request,
    inquiry_id: int,
    *,
    caller: StaffCaller,
    clock: ClockDep,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    found = await queries.inquiry_in(scope=caller.scope, inquiry_id=inquiry_id, today=china_date(clock.now()))
    names = await queries.guardian_names(scope=caller.scope, guardian_ids=[found.guardian_id])
    ways = await queries.ways_of_answers(scope=caller.scope, inquiries=[found])
    return page(
        request,
        "inquiry.html",
        caller=caller,
        status=problem.status if problem else 200,
        inquiry=InquiryAnswer.of(found, names, ways),
        values=values or {"text": ""},
        problem=problem,
        errors=errors_by_field(problem),
    )


@router.get("/opinions")
async def opinions(request: Request, caller: StaffDep, pages: PageQueryDep) -> Response:
    """Show what families think of the work of the federations below, without names."""
    return page(
        request,
        "opinions.html",
        caller=caller,
        found=await admin_api.list_opinions(caller, pages),
        places=await _places(caller),
        is_own_county=is_county(caller.org_code),
        cursor=pages.cursor,
    )


@router.get("/opinions/{opinion_id}")
async def opinion(request: Request, opinion_id: RowId, caller: StaffDep) -> Response:
    """Show one opinion and its answer, or the form for it."""
    return await _opinion(request, opinion_id, caller=caller)


@router.post("/opinions/{opinion_id}/answer")
async def answer_opinion(request: Request, opinion_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Answer an opinion, or show the form again with what is wrong."""
    values = await typed(request, ("text",))
    try:
        await admin_api.answer_opinion(opinion_id, body_of(Answer, values), caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem, _ = await problem_of(request, error)
        return await _opinion(request, opinion_id, caller=caller, values=values, problem=problem)
    return go_on(f"/console/opinions/{opinion_id}", done="opinion_answered")


async def _opinion(
    request: Request,
    opinion_id: int,
    *,
    caller: StaffCaller,
    values: Mapping[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    found = await queries.opinion_in(scope=caller.scope, opinion_id=opinion_id)
    return page(
        request,
        "opinion.html",
        caller=caller,
        status=problem.status if problem else 200,
        opinion=OpinionAnswer.of(found),
        places=await _places(caller),
        values=values or {"text": ""},
        problem=problem,
        errors=errors_by_field(problem),
    )


async def _places(caller: StaffCaller) -> dict[str, str]:
    return {one.code: one.name.removesuffix("残联") for one in await orgs_in_count(scope=caller.scope)}
