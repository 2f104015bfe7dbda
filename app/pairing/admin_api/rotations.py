"""Rotation (两年调整) for the console: seen by month, planned, put off, cancelled."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.core.bodies import RowId
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep
from app.pairing import operations
from app.pairing.enums import RotationState
from app.pairing.queries.rotations import rotation_in, rotations_in
from app.pairing.rules.rotation import LONGEST_HORIZON, month_from
from app.pairing.schemas import (
    CancelRotationBody,
    MonthWord,
    PlanRotationsBody,
    PostponeBody,
    RotationAnswer,
    RotationPreviewAnswer,
    RotationsPlanned,
    StayWishBody,
    SuccessorBody,
)

router = APIRouter(prefix="/admin/v1", tags=["rotations"])


@router.get("/rotations/preview", summary="预览轮换：每个月轮换多少户")
async def preview(
    caller: EditorDep,
    clock: ClockDep,
    months: Annotated[int, Query(ge=1, le=LONGEST_HORIZON, description="几个月")] = LONGEST_HORIZON,
) -> RotationPreviewAnswer:
    found = await operations.preview_rotations(scope=caller.scope, months=months, now=clock.now())
    return RotationPreviewAnswer.of(found)


@router.post("/rotations", status_code=201, summary="排定今后几个月的轮换，已排的不动")
async def plan(body: PlanRotationsBody, caller: EditorDep, clock: ClockDep) -> RotationsPlanned:
    planned = await operations.plan_rotations(
        scope=caller.scope, months=body.months, actor=caller.actor, now=clock.now()
    )
    return RotationsPlanned(planned=planned)


@router.get("/rotations", summary="轮换名单")
async def list_rotations(
    caller: StaffDep,
    page: PageQueryDep,
    state: RotationState | None = None,
    month: Annotated[MonthWord | None, Query(description="只看这个月的，例如2026-01")] = None,
) -> Page[RotationAnswer]:
    lines, next_cursor = await rotations_in(
        scope=caller.scope, page=page, state=state, month=month_from(month) if month else None
    )
    return Page(items=[RotationAnswer.of(line) for line in lines], next_cursor=next_cursor)


@router.post("/rotations/{rotation_id}/postpone", summary="改到另一个月，并写明原因")
async def postpone(
    rotation_id: RowId, body: PostponeBody, caller: EditorDep, clock: ClockDep
) -> RotationAnswer:
    await operations.postpone_rotation(
        scope=caller.scope,
        rotation_id=rotation_id,
        month=body.to,
        reason=body.reason,
        actor=caller.actor,
        now=clock.now(),
    )
    return await _answer(rotation_id, caller)


@router.post("/rotations/{rotation_id}/cancel", summary="本轮不轮换，并写明原因；两年后再排")
async def cancel(
    rotation_id: RowId, body: CancelRotationBody, caller: EditorDep, clock: ClockDep
) -> RotationAnswer:
    await operations.cancel_rotation(
        scope=caller.scope,
        rotation_id=rotation_id,
        reason=body.reason,
        actor=caller.actor,
        now=clock.now(),
    )
    return await _answer(rotation_id, caller)


@router.put("/rotations/{rotation_id}/successor", summary="人工指定接任干部；不指定的由系统推荐")
async def choose_successor(
    rotation_id: RowId, body: SuccessorBody, caller: EditorDep, clock: ClockDep
) -> RotationAnswer:
    await operations.choose_successor(
        scope=caller.scope,
        rotation_id=rotation_id,
        cadre_id=body.cadre_id,
        actor=caller.actor,
        now=clock.now(),
    )
    return await _answer(rotation_id, caller)


@router.put("/pairings/{pairing_id}/stay-wish", status_code=204, summary="登记家庭或干部是否愿意继续结对")
async def note_stay_wish(
    pairing_id: RowId, body: StayWishBody, caller: EditorDep, clock: ClockDep
) -> Response:
    await operations.note_stay_wish(
        scope=caller.scope,
        pairing_id=pairing_id,
        side=body.side,
        stays=body.stays,
        actor=caller.actor,
        now=clock.now(),
    )
    return Response(status_code=204)


async def _answer(rotation_id: int, caller: StaffCaller) -> RotationAnswer:
    return RotationAnswer.of(await rotation_in(scope=caller.scope, rotation_id=rotation_id))
