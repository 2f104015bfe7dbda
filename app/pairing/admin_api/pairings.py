"""Pairings for the console."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.deps import EditorDep, StaffCaller, StaffDep
from app.core.bodies import RowId
from app.core.clock import Clock, china_date
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep
from app.pairing import operations, queries
from app.pairing.schemas import ChangeCadre, EndPairing, PairingAnswer, StartPairing

router = APIRouter(prefix="/admin/v1", tags=["pairings"])


@router.get("/pairings", summary="结对名单")
async def list_pairings(
    caller: StaffDep,
    clock: ClockDep,
    page: PageQueryDep,
    in_force: Annotated[bool, Query(description="只看当前有效的结对")] = False,  # noqa: FBT002 - a query flag
    cadre_id: Annotated[RowId | None, Query(description="只看这名帮扶干部的")] = None,
) -> Page[PairingAnswer]:
    today = china_date(clock.now())
    lines, next_cursor = await queries.pairings_in(
        scope=caller.scope, page=page, in_force_on=today if in_force else None, cadre_id=cadre_id
    )
    return Page(items=[PairingAnswer.of(line, today=today) for line in lines], next_cursor=next_cursor)


@router.post("/pairings", status_code=201, summary="结对")
async def start_pairing(body: StartPairing, caller: EditorDep, clock: ClockDep) -> PairingAnswer:
    now = clock.now()
    pairing_id = await operations.start_pairing(
        scope=caller.scope,
        beneficiary_id=body.beneficiary_id,
        cadre_id=body.cadre_id,
        started_on=body.started_on or china_date(now),
        actor=caller.actor,
        now=now,
    )
    return await _answer(pairing_id, caller, clock)


@router.post("/pairings/{pairing_id}/end", summary="结束结对")
async def end_pairing(
    pairing_id: RowId, body: EndPairing, caller: EditorDep, clock: ClockDep
) -> PairingAnswer:
    now = clock.now()
    await operations.end_pairing(
        scope=caller.scope,
        pairing_id=pairing_id,
        ended_on=body.ended_on or china_date(now),
        reason=body.reason,
        actor=caller.actor,
        now=now,
    )
    return await _answer(pairing_id, caller, clock)


@router.post("/pairings/{pairing_id}/change-cadre", status_code=201, summary="更换帮扶干部")
async def change_cadre(
    pairing_id: RowId, body: ChangeCadre, caller: EditorDep, clock: ClockDep
) -> PairingAnswer:
    now = clock.now()
    new_id = await operations.change_cadre(
        scope=caller.scope,
        pairing_id=pairing_id,
        cadre_id=body.cadre_id,
        on=body.on or china_date(now),
        reason=body.reason,
        actor=caller.actor,
        now=now,
    )
    return await _answer(new_id, caller, clock)


@router.get("/beneficiaries/{beneficiary_id}/pairings", summary="一名帮扶对象的结对历史")
async def pairing_history(beneficiary_id: RowId, caller: StaffDep, clock: ClockDep) -> list[PairingAnswer]:
    today = china_date(clock.now())
    lines = await queries.pairing_history(scope=caller.scope, beneficiary_id=beneficiary_id)
    return [PairingAnswer.of(line, today=today) for line in lines]


async def _answer(pairing_id: int, caller: StaffCaller, clock: Clock) -> PairingAnswer:
    line = await queries.pairing_in(scope=caller.scope, pairing_id=pairing_id)
    return PairingAnswer.of(line, today=china_date(clock.now()))
