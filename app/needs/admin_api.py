"""Needs for the console: what is unmet where, and a county's own cases; opinions for the level above."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.deps import EditorDep, StaffDep
from app.core.bodies import RegionCode, RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep
from app.needs import operations, queries
from app.needs.enums import NeedDomain, NeedState, Speaker
from app.needs.schemas import (
    Answer,
    InquiryAnswer,
    NeedAnswer,
    NeedStepAnswer,
    NeedStory,
    OpinionAnswer,
    TakeStep,
    UnitNeedsAnswer,
    UnmetNeeds,
)

router = APIRouter(prefix="/admin/v1", tags=["needs"])


@router.get("/needs", summary="本地区的诉求，先登记的在前")
async def list_needs(
    caller: StaffDep,
    clock: ClockDep,
    page: PageQueryDep,
    state: Annotated[NeedState | None, Query(description="只看这个状态")] = None,
    domain: Annotated[NeedDomain | None, Query(description="只看这一类")] = None,
    *,
    open_only: bool = False,
) -> Page[NeedAnswer]:
    found, next_cursor = await queries.needs_in(
        scope=caller.scope,
        page=page,
        today=china_date(clock.now()),
        state=state,
        domain=domain,
        open_only=open_only,
    )
    names = await queries.names_of(scope=caller.scope, needs=found)
    return Page(items=[NeedAnswer.of(need, names) for need in found], next_cursor=next_cursor)


@router.get("/needs/unmet", summary="各县（市、区）各类诉求还有多少没有解决")
async def unmet_needs(
    caller: StaffDep,
    clock: ClockDep,
    region: Annotated[RegionCode | None, Query(description="行政区划代码，默认本级")] = None,
) -> UnmetNeeds:
    where = region or caller.org_code
    units = await queries.needs_by_unit(scope=caller.scope, region=where, now=clock.now())
    return UnmetNeeds(region=where, items=[UnitNeedsAnswer.of(unit) for unit in units])


@router.get("/needs/{need_id}", summary="一条诉求和它的办理过程")
async def one_need(need_id: RowId, caller: StaffDep, clock: ClockDep) -> NeedStory:
    today = china_date(clock.now())
    need = await queries.need_in(scope=caller.scope, need_id=need_id, today=today)
    steps = await queries.steps_of(scope=caller.scope, need_id=need_id, today=today)
    names = await queries.names_of(scope=caller.scope, needs=[need])
    return NeedStory(need=NeedAnswer.of(need, names), steps=[NeedStepAnswer.of(step) for step in steps])


@router.post("/needs/{need_id}/steps", summary="办理一步：补充、转部门、答复、说明原因后结束")
async def take_step(need_id: RowId, body: TakeStep, caller: EditorDep, clock: ClockDep) -> NeedAnswer:
    now = clock.now()
    need = await queries.need_in(scope=caller.scope, need_id=need_id, today=china_date(now))
    need = await operations.take_step(
        need=need, speaker=Speaker.STAFF, speaker_id=caller.staff_id, step=body.step(), now=now
    )
    names = await queries.names_of(scope=caller.scope, needs=[need])
    return NeedAnswer.of(need, names)


@router.get("/inquiries", summary="本地区家庭发来的留言，先到的在前")
async def list_inquiries(
    caller: StaffDep, clock: ClockDep, page: PageQueryDep, *, waiting_only: bool = True
) -> Page[InquiryAnswer]:
    found, next_cursor = await queries.inquiries_in(
        scope=caller.scope, page=page, today=china_date(clock.now()), waiting_only=waiting_only
    )
    names = await queries.guardian_names(scope=caller.scope, guardian_ids=[one.guardian_id for one in found])
    ways = await queries.ways_of_answers(scope=caller.scope, inquiries=found)
    return Page(items=[InquiryAnswer.of(one, names, ways) for one in found], next_cursor=next_cursor)


@router.post("/inquiries/{inquiry_id}/answer", summary="回复一条留言")
async def answer_inquiry(
    inquiry_id: RowId, body: Answer, caller: EditorDep, clock: ClockDep
) -> InquiryAnswer:
    now = clock.now()
    inquiry = await queries.inquiry_in(scope=caller.scope, inquiry_id=inquiry_id, today=china_date(now))
    inquiry = await operations.answer_inquiry(
        inquiry=inquiry, speaker=Speaker.STAFF, speaker_id=caller.staff_id, answer=body.text, now=now
    )
    names = await queries.guardian_names(scope=caller.scope, guardian_ids=[inquiry.guardian_id])
    ways = await queries.ways_of_answers(scope=caller.scope, inquiries=[inquiry])
    return InquiryAnswer.of(inquiry, names, ways)


@router.get("/opinions", summary="对下一级残联工作的意见建议，先到的在前")
async def list_opinions(caller: StaffDep, page: PageQueryDep) -> Page[OpinionAnswer]:
    found, next_cursor = await queries.opinions_in(scope=caller.scope, page=page)
    return Page(items=[OpinionAnswer.of(one) for one in found], next_cursor=next_cursor)


@router.post("/opinions/{opinion_id}/answer", summary="答复一条意见")
async def answer_opinion(
    opinion_id: RowId, body: Answer, caller: EditorDep, clock: ClockDep
) -> OpinionAnswer:
    opinion = await queries.opinion_in(scope=caller.scope, opinion_id=opinion_id)
    opinion = await operations.answer_opinion(
        opinion=opinion, actor=caller.actor, answer=body.text, now=clock.now()
    )
    return OpinionAnswer.of(opinion)
