"""What cadres and guardians do about needs in the mini program."""

from collections.abc import Sequence

from fastapi import APIRouter, Response

from app.accounts.deps import CadreDep, MiniCaller, MiniDep
from app.accounts.rules import Scope
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import Invalid, NotAllowed
from app.core.pagination import Page, PageQueryDep
from app.needs import operations, queries
from app.needs.enums import Speaker
from app.needs.models import Need
from app.needs.schemas import (
    Answer,
    InquiryAnswer,
    NeedAnswer,
    NeedStepAnswer,
    NeedStory,
    RaiseNeed,
    TakeStep,
)
from app.pairing.queries import own_pairing_on

router = APIRouter(prefix="/mini/v1", tags=["needs"])


class NobodyKnown(NotAllowed):
    code = "needs.nobody_known"
    title = "请先绑定，才能登记诉求"


class WhoseNeed(Invalid):
    code = "needs.whose_need"
    title = "请选择这是谁的诉求"


def _speaker(caller: MiniCaller) -> tuple[Speaker, int]:
    if caller.scope.cadre_id is not None:
        return Speaker.CADRE, caller.scope.cadre_id
    if caller.scope.guardian_id is not None:
        return Speaker.GUARDIAN, caller.scope.guardian_id
    raise NobodyKnown


async def _shown(found: Sequence[Need], *, scope: Scope) -> list[NeedAnswer]:
    names = await queries.names_of(scope=scope, needs=found)
    return [NeedAnswer.of(need, names) for need in found]


@router.post("/needs", status_code=201, summary="登记一条诉求；同一条重复提交返回同一条，状态为200")
async def raise_need(body: RaiseNeed, caller: MiniDep, clock: ClockDep, response: Response) -> NeedAnswer:
    now = clock.now()
    speaker, speaker_id = _speaker(caller)
    if speaker is Speaker.CADRE:
        if body.pairing_id is None:
            raise WhoseNeed
        pairing = await own_pairing_on(scope=caller.scope, pairing_id=body.pairing_id, on=china_date(now))
        beneficiary_id = pairing.beneficiary_id
    else:
        beneficiary_id = _own(await queries.own_families(scope=caller.scope), body.beneficiary_id)
    wish = operations.Wish(
        client_id=body.client_id, beneficiary_id=beneficiary_id, domain=body.domain, text=body.text
    )
    raised = await operations.raise_need(speaker=speaker, speaker_id=speaker_id, wish=wish, now=now)
    if not raised.is_new:
        response.status_code = 200
    return (await _shown([raised.need], scope=caller.scope))[0]


def _own(families: list[int], wanted: int | None) -> int:
    """Return whose need it is: the one he names, or the only one he looks after (一户多残 must choose)."""
    if wanted is None and len(families) == 1:
        return families[0]
    if wanted not in families or wanted is None:
        raise WhoseNeed
    return wanted


@router.get("/needs", summary="我家或我的帮扶对象的诉求，先登记的在前")
async def own_needs(
    caller: MiniDep, clock: ClockDep, page: PageQueryDep, *, open_only: bool = False
) -> Page[NeedAnswer]:
    found, next_cursor = await queries.needs_in(
        scope=caller.scope, page=page, today=china_date(clock.now()), open_only=open_only
    )
    return Page(items=await _shown(found, scope=caller.scope), next_cursor=next_cursor)


@router.get("/needs/{need_id}", summary="一条诉求和它的办理过程")
async def own_need(need_id: RowId, caller: MiniDep, clock: ClockDep) -> NeedStory:
    today = china_date(clock.now())
    need = await queries.need_in(scope=caller.scope, need_id=need_id, today=today)
    steps = await queries.steps_of(scope=caller.scope, need_id=need_id, today=today)
    return NeedStory(
        need=(await _shown([need], scope=caller.scope))[0], steps=[NeedStepAnswer.of(one) for one in steps]
    )


@router.post("/needs/{need_id}/steps", summary="办理一步：补充、转部门、答复、确认解决等")
async def take_step(need_id: RowId, body: TakeStep, caller: MiniDep, clock: ClockDep) -> NeedAnswer:
    now = clock.now()
    speaker, speaker_id = _speaker(caller)
    need = await queries.need_in(scope=caller.scope, need_id=need_id, today=china_date(now))
    need = await operations.take_step(
        need=need, speaker=speaker, speaker_id=speaker_id, step=body.step(), now=now
    )
    return (await _shown([need], scope=caller.scope))[0]


@router.get("/inquiries", summary="我的帮扶对象家里发来、等待回复的留言")
async def own_inquiries(
    caller: CadreDep, clock: ClockDep, page: PageQueryDep, *, waiting_only: bool = True
) -> Page[InquiryAnswer]:
    found, next_cursor = await queries.inquiries_in(
        scope=caller.scope, page=page, today=china_date(clock.now()), waiting_only=waiting_only
    )
    names = await queries.guardian_names(scope=caller.scope, guardian_ids=[one.guardian_id for one in found])
    ways = await queries.ways_of_answers(scope=caller.scope, inquiries=found)
    return Page(items=[InquiryAnswer.of(one, names, ways) for one in found], next_cursor=next_cursor)


@router.post("/inquiries/{inquiry_id}/answer", summary="回复一条留言")
async def answer_inquiry(inquiry_id: RowId, body: Answer, caller: CadreDep, clock: ClockDep) -> InquiryAnswer:
    now = clock.now()
    inquiry = await queries.inquiry_in(scope=caller.scope, inquiry_id=inquiry_id, today=china_date(now))
    inquiry = await operations.answer_inquiry(
        inquiry=inquiry, speaker=Speaker.CADRE, speaker_id=caller.cadre_id, answer=body.text, now=now
    )
    names = await queries.guardian_names(scope=caller.scope, guardian_ids=[inquiry.guardian_id])
    ways = await queries.ways_of_answers(scope=caller.scope, inquiries=[inquiry])
    return InquiryAnswer.of(inquiry, names, ways)
