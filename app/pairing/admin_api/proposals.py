"""Proposals of pairs for the console, and what is known about cadres' places and families' wishes."""

from fastapi import APIRouter, Response

from app.accounts.deps import ApproverDep, EditorDep, StaffCaller, StaffDep
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import BusDep, ClockDep
from app.core.pagination import Page, PageQueryDep
from app.core.queue import Topic
from app.pairing import operations
from app.pairing.enums import PairDecision
from app.pairing.models import PairingProposal
from app.pairing.queries.proposals import blocks_of, decisions_of, pairs_in, proposal_in, proposals_in
from app.pairing.schemas import (
    AcceptBody,
    BarBody,
    CadreTermsBody,
    ChooseBody,
    LockBody,
    PairAnswer,
    ProposalAnswer,
    WishBody,
)

router = APIRouter(prefix="/admin/v1/pairings", tags=["pairing proposals"])


@router.post("/proposals", status_code=201, summary="生成结对方案")
async def request_proposals(caller: EditorDep, clock: ClockDep, bus: BusDep) -> list[ProposalAnswer]:
    made = await operations.request_proposals(scope=caller.scope, actor=caller.actor, now=clock.now())
    await bus.ring(Topic.PROPOSALS)
    return await _answers(made)


@router.get("/proposals", summary="结对方案，最近的在前")
async def list_proposals(caller: StaffDep, page: PageQueryDep) -> Page[ProposalAnswer]:
    found, next_cursor = await proposals_in(scope=caller.scope, page=page)
    return Page(items=await _answers(found), next_cursor=next_cursor)


@router.get("/proposals/{proposal_id}", summary="一份结对方案的进度和结果")
async def one_proposal(proposal_id: RowId, caller: StaffDep) -> ProposalAnswer:
    return await _answer(proposal_id, caller)


@router.get("/proposals/{proposal_id}/pairs", summary="方案中的每一对和理由")
async def list_pairs(
    proposal_id: RowId, caller: StaffDep, page: PageQueryDep, decision: PairDecision | None = None
) -> Page[PairAnswer]:
    lines, next_cursor = await pairs_in(
        scope=caller.scope, proposal_id=proposal_id, page=page, decision=decision
    )
    return Page(items=[PairAnswer.of(line) for line in lines], next_cursor=next_cursor)


@router.put("/proposals/{proposal_id}/pairs/{beneficiary_id}", summary="人工指定一名帮扶对象的干部")
async def choose(
    proposal_id: RowId, beneficiary_id: RowId, body: ChooseBody, caller: EditorDep, clock: ClockDep
) -> ProposalAnswer:
    await operations.choose_by_hand(
        scope=caller.scope,
        proposal_id=proposal_id,
        beneficiary_id=beneficiary_id,
        cadre_id=body.cadre_id,
        actor=caller.actor,
        now=clock.now(),
    )
    return await _answer(proposal_id, caller)


@router.post("/proposals/{proposal_id}/lock", summary="锁定若干对，重新计算时不变")
async def lock(proposal_id: RowId, body: LockBody, caller: EditorDep, clock: ClockDep) -> ProposalAnswer:
    await operations.lock_pairs(
        scope=caller.scope,
        proposal_id=proposal_id,
        beneficiary_ids=body.beneficiary_ids,
        locked=body.locked,
        actor=caller.actor,
        now=clock.now(),
    )
    return await _answer(proposal_id, caller)


@router.post("/proposals/{proposal_id}/solve-again", summary="重新计算，锁定的不变")
async def solve_again(proposal_id: RowId, caller: EditorDep, clock: ClockDep, bus: BusDep) -> ProposalAnswer:
    await operations.solve_again(
        scope=caller.scope, proposal_id=proposal_id, actor=caller.actor, now=clock.now()
    )
    await bus.ring(Topic.PROPOSALS)
    return await _answer(proposal_id, caller)


@router.post("/proposals/{proposal_id}/accept", summary="采纳方案")
async def accept(
    proposal_id: RowId, body: AcceptBody, caller: ApproverDep, clock: ClockDep
) -> ProposalAnswer:
    now = clock.now()
    await operations.accept(
        scope=caller.scope,
        proposal_id=proposal_id,
        on=body.on or china_date(now),
        actor=caller.actor,
        now=now,
    )
    return await _answer(proposal_id, caller)


@router.post("/proposals/{proposal_id}/cancel", summary="取消方案")
async def cancel(proposal_id: RowId, caller: EditorDep, clock: ClockDep) -> ProposalAnswer:
    await operations.cancel_proposal(
        scope=caller.scope, proposal_id=proposal_id, actor=caller.actor, now=clock.now()
    )
    return await _answer(proposal_id, caller)


@router.put("/terms/{cadre_id}", status_code=204, summary="登记干部的工作地、居住地、语言和户数上限")
async def set_terms(cadre_id: RowId, body: CadreTermsBody, caller: EditorDep, clock: ClockDep) -> Response:
    terms = operations.Terms(
        work_county=body.work_county or "",
        work_town=body.work_town,
        home_county=body.home_county or "",
        home_town=body.home_town,
        sex=body.sex,
        languages=tuple(body.languages),
        capacity=body.capacity,
        takes_part=body.takes_part,
        excuse=body.excuse,
        leads_unit=body.leads_unit,
    )
    await operations.set_cadre_terms(
        scope=caller.scope, cadre_id=cadre_id, terms=terms, actor=caller.actor, now=clock.now()
    )
    return Response(status_code=204)


@router.put("/wishes/{beneficiary_id}", status_code=204, summary="登记家庭希望由怎样的干部联系")
async def set_wish(beneficiary_id: RowId, body: WishBody, caller: EditorDep, clock: ClockDep) -> Response:
    await operations.set_wish(
        scope=caller.scope,
        beneficiary_id=beneficiary_id,
        cadre_sex=body.cadre_sex,
        language=body.language,
        actor=caller.actor,
        now=clock.now(),
    )
    return Response(status_code=204)


@router.put("/bars", status_code=204, summary="登记或撤销回避关系")
async def set_bar(body: BarBody, caller: EditorDep, clock: ClockDep) -> Response:
    await operations.bar_pair(
        scope=caller.scope,
        beneficiary_id=body.beneficiary_id,
        cadre_id=body.cadre_id,
        reason=body.reason,
        actor=caller.actor,
        now=clock.now(),
    )
    return Response(status_code=204)


async def _answer(proposal_id: int, caller: StaffCaller) -> ProposalAnswer:
    (answer,) = await _answers([await proposal_in(scope=caller.scope, proposal_id=proposal_id)])
    return answer


async def _answers(proposals: list[PairingProposal]) -> list[ProposalAnswer]:
    decisions = await decisions_of(proposal_ids=[one.id for one in proposals])
    # One statement for each request on the page.
    blocks = {batch: await blocks_of(batch=batch) for batch in sorted({one.batch for one in proposals})}
    return [
        ProposalAnswer.of(one, decisions=decisions[one.id], blocks=blocks[one.batch]) for one in proposals
    ]
