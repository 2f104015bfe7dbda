"""What a cadre takes over and hands over, and what he has to mind with a family."""

from fastapi import APIRouter

from app.accounts.deps import CadreDep
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep
from app.pairing import operations
from app.pairing.queries import own_pairing_on
from app.pairing.queries.handovers import care_of, own_handovers, own_news
from app.pairing.schemas import (
    CareAnswer,
    CareBody,
    DeclineBody,
    NewsAnswer,
    OwnHandoverAnswer,
    OwnHandovers,
)

router = APIRouter(prefix="/mini/v1", tags=["hand-overs"])


@router.get("/handovers", summary="请我接任的和我要交接的，日期近的在前")
async def list_own_handovers(caller: CadreDep, clock: ClockDep) -> OwnHandovers:
    today = china_date(clock.now())
    lines = await own_handovers(scope=caller.scope, today=today)
    items = [OwnHandoverAnswer.of(line, cadre_id=caller.cadre_id, today=today) for line in lines]
    return OwnHandovers(items=items)


@router.post("/handovers/{handover_id}/accept", status_code=204, summary="同意接任")
async def accept(handover_id: RowId, caller: CadreDep, clock: ClockDep) -> None:
    await operations.accept_handover(
        scope=caller.scope, handover_id=handover_id, actor=caller.actor, now=clock.now()
    )


@router.post("/handovers/{handover_id}/decline", status_code=204, summary="不同意接任，并说明原因")
async def decline(handover_id: RowId, body: DeclineBody, caller: CadreDep, clock: ClockDep) -> None:
    await operations.decline_handover(
        scope=caller.scope, handover_id=handover_id, reason=body.reason, actor=caller.actor, now=clock.now()
    )


@router.get("/pairing-notices", summary="结对方面的消息，最近的在前")
async def list_news(caller: CadreDep, page: PageQueryDep) -> Page[NewsAnswer]:
    lines, next_cursor = await own_news(scope=caller.scope, page=page)
    return Page(items=[NewsAnswer.of(line) for line in lines], next_cursor=next_cursor)


@router.get("/pairings/{pairing_id}/care", summary="这一家的风俗禁忌和注意事项")
async def show_care(pairing_id: RowId, caller: CadreDep, clock: ClockDep) -> CareAnswer:
    pairing = await own_pairing_on(scope=caller.scope, pairing_id=pairing_id, on=china_date(clock.now()))
    return CareAnswer.of(await care_of(beneficiary_id=pairing.beneficiary_id))


@router.put("/pairings/{pairing_id}/care", summary="登记这一家的风俗禁忌和注意事项")
async def set_care(pairing_id: RowId, body: CareBody, caller: CadreDep, clock: ClockDep) -> CareAnswer:
    care = await operations.set_own_care(
        scope=caller.scope,
        pairing_id=pairing_id,
        customs=body.customs,
        cautions=body.cautions,
        actor=caller.actor,
        now=clock.now(),
    )
    return CareAnswer.of(care)
