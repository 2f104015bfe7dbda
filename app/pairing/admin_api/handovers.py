"""Hand-overs, closing, and who has nobody, for the console."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.core.bodies import RowId
from app.core.clock import Clock, china_date
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep
from app.pairing import operations
from app.pairing.enums import HandoverState
from app.pairing.operations import Move
from app.pairing.queries.handovers import care_of, handover_in, handovers_in, waiting_in
from app.pairing.queries.repairing import open_pairings_of
from app.pairing.schemas import (
    CadreStatusBody,
    CareAnswer,
    CareBody,
    HandoverAnswer,
    HandoverBody,
    HandoverPreviewBody,
    HandoversPlanned,
    MoveAnswer,
    StatusAnswer,
    StatusBody,
    WaitingAnswer,
)
from app.people.queries import beneficiary_in
from app.people.schemas import CadreAnswer

router = APIRouter(prefix="/admin/v1", tags=["hand-overs"])


@router.post("/handovers/preview", summary="预览交接：谁、交给谁、从哪天起，逐户说明能不能办")
async def preview(body: HandoverPreviewBody, caller: EditorDep, clock: ClockDep) -> list[MoveAnswer]:
    lines = await operations.preview_handovers(
        scope=caller.scope,
        moves=await _moves(body, caller),
        changes_on=body.changes_on,
        now=clock.now(),
    )
    return [MoveAnswer.of(line) for line in lines]


@router.post("/handovers", status_code=201, summary="安排交接，全部办理或全部不办理")
async def plan(body: HandoverBody, caller: EditorDep, clock: ClockDep) -> HandoversPlanned:
    ids = await operations.plan_handovers(
        scope=caller.scope,
        moves=await _moves(body, caller),
        changes_on=body.changes_on,
        overlap_days=body.overlap_days,
        reason=body.reason,
        bars=body.bar_predecessor,
        actor=caller.actor,
        now=clock.now(),
    )
    return HandoversPlanned(ids=ids)


async def _moves(body: HandoverPreviewBody, caller: StaffCaller) -> list[Move]:
    if body.from_cadre_id is None or body.cadre_id is None:
        return [Move(pairing_id=item.pairing_id, cadre_id=item.cadre_id) for item in body.items]
    # Whatever changes between this look and the plan is refused there.
    found = await open_pairings_of(scope=caller.scope, unit="", cadre_ids=[body.from_cadre_id])
    return [Move(pairing_id=pairing.id, cadre_id=body.cadre_id) for pairing in found]


@router.get("/handovers", summary="交接名单；attention=true 只看不同意的和到期没有答复的")
async def list_handovers(
    caller: StaffDep,
    clock: ClockDep,
    page: PageQueryDep,
    state: HandoverState | None = None,
    attention: Annotated[bool, Query(description="只看需要处理的")] = False,  # noqa: FBT002 - a query flag
) -> Page[HandoverAnswer]:
    now = clock.now()
    lines, next_cursor = await handovers_in(
        scope=caller.scope, page=page, today=china_date(now), state=state, attention_only=attention
    )
    return Page(items=[HandoverAnswer.of(line, now=now) for line in lines], next_cursor=next_cursor)


@router.get("/handovers/{handover_id}", summary="一次交接")
async def show_handover(handover_id: RowId, caller: StaffDep, clock: ClockDep) -> HandoverAnswer:
    return await _answer(handover_id, caller, clock)


@router.post("/handovers/{handover_id}/undo", summary="撤销交接，恢复原结对")
async def undo(handover_id: RowId, caller: EditorDep, clock: ClockDep) -> HandoverAnswer:
    await operations.undo_handover(
        scope=caller.scope, handover_id=handover_id, actor=caller.actor, now=clock.now()
    )
    return await _answer(handover_id, caller, clock)


@router.post("/handovers/{handover_id}/settle", summary="不同意或没有答复的交接已处理，维持现状")
async def settle(handover_id: RowId, caller: EditorDep, clock: ClockDep) -> HandoverAnswer:
    await operations.settle_handover(
        scope=caller.scope, handover_id=handover_id, actor=caller.actor, now=clock.now()
    )
    return await _answer(handover_id, caller, clock)


async def _answer(handover_id: int, caller: StaffCaller, clock: Clock) -> HandoverAnswer:
    line = await handover_in(scope=caller.scope, handover_id=handover_id)
    return HandoverAnswer.of(line, now=clock.now())


@router.get("/pairings/waiting", summary="应当帮扶而今天没有帮扶干部的人")
async def waiting(
    caller: StaffDep,
    clock: ClockDep,
    page: PageQueryDep,
    on: Annotated[date | None, Query(description="哪一天，默认今天")] = None,
) -> Page[WaitingAnswer]:
    found, next_cursor = await waiting_in(scope=caller.scope, page=page, day=on or china_date(clock.now()))
    return Page(items=[WaitingAnswer.of(one) for one in found], next_cursor=next_cursor)


@router.post("/cadres/{cadre_id}/status", summary="变更帮扶干部在岗状态；还有帮扶对象的须先安排交接")
async def change_cadre_status(
    cadre_id: RowId, body: CadreStatusBody, caller: EditorDep, clock: ClockDep
) -> CadreAnswer:
    cadre = await operations.change_cadre_status(
        scope=caller.scope,
        cadre_id=cadre_id,
        status=body.status,
        goes_on=body.goes_on,
        actor=caller.actor,
        now=clock.now(),
    )
    return CadreAnswer.of(cadre)


@router.post("/beneficiaries/{beneficiary_id}/status", summary="帮扶对象去世、迁出、不再符合条件或恢复在册")
async def note_status(
    beneficiary_id: RowId, body: StatusBody, caller: EditorDep, clock: ClockDep
) -> StatusAnswer:
    now = clock.now()
    await operations.note_status(
        scope=caller.scope,
        beneficiary_id=beneficiary_id,
        status=body.status,
        on=body.on or china_date(now),
        actor=caller.actor,
        now=now,
    )
    person = await beneficiary_in(scope=caller.scope, beneficiary_id=beneficiary_id)
    return StatusAnswer(
        id=person.id, status=person.status, status_label=person.status.label, muted_until=person.muted_until
    )


@router.get("/beneficiaries/{beneficiary_id}/care", summary="风俗禁忌和注意事项")
async def show_care(beneficiary_id: RowId, caller: StaffDep) -> CareAnswer:
    person = await beneficiary_in(scope=caller.scope, beneficiary_id=beneficiary_id)
    return CareAnswer.of(await care_of(beneficiary_id=person.id))


@router.put("/beneficiaries/{beneficiary_id}/care", summary="登记风俗禁忌和注意事项")
async def set_care(beneficiary_id: RowId, body: CareBody, caller: EditorDep, clock: ClockDep) -> CareAnswer:
    care = await operations.set_care(
        scope=caller.scope,
        beneficiary_id=beneficiary_id,
        customs=body.customs,
        cautions=body.cautions,
        actor=caller.actor,
        now=clock.now(),
    )
    return CareAnswer.of(care)
