"""Policies in the mini program: what a cadre can help with, and what concerns a guardian's family."""

from fastapi import APIRouter

from app.accounts.deps import CadreDep, MiniDep
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import NotAllowed
from app.policies import operations
from app.policies.queries import entitlements
from app.policies.schemas.entitlements import FactBody, Families, FamilyAnswer, StepBody

router = APIRouter(prefix="/mini/v1", tags=["policies"])


class BoundPhonesOnly(NotAllowed):
    code = "policies.bound_phones_only"
    title = "请先绑定帮扶干部或监护人"


@router.get("/entitlements", summary="我的帮扶对象可能应享未享的政策")
async def own_entitlements(caller: CadreDep, clock: ClockDep) -> Families:
    day = china_date(clock.now())
    families = await entitlements.own_entitlements(scope=caller.scope, day=day)
    return Families(items=[FamilyAnswer.of(family, day=day) for family in families])


@router.post("/entitlements/{entitlement_id}/mark", summary="记下办理情况：已申请、已享受、不愿申请、不适用")
async def mark_entitlement(
    entitlement_id: RowId, body: StepBody, caller: CadreDep, clock: ClockDep
) -> Families:
    now = clock.now()
    await operations.mark_step(
        scope=caller.scope,
        actor=caller.actor,
        entitlement_id=entitlement_id,
        step=body.step,
        reason=body.reason,
        now=now,
    )
    return await own_entitlements(caller, clock)


@router.post("/facts", summary="回答关于一个人的一个问题，帮扶干部或监护人都可以")
async def answer_fact(body: FactBody, caller: MiniDep, clock: ClockDep) -> Families:
    if caller.scope.cadre_id is None and caller.scope.guardian_id is None:
        raise BoundPhonesOnly
    now = clock.now()
    await operations.answer_fact(
        scope=caller.scope,
        actor=caller.actor,
        beneficiary_id=body.beneficiary_id,
        answer=body.answer(),
        now=now,
    )
    return await _families(caller, clock)


@router.get("/my-policies", summary="与我家有关的政策，以及为什么")
async def my_policies(caller: MiniDep, clock: ClockDep) -> Families:
    if caller.scope.guardian_id is None:
        raise BoundPhonesOnly("只有已绑定的监护人可以查看")
    return await _families(caller, clock)


async def _families(caller: MiniDep, clock: ClockDep) -> Families:
    day = china_date(clock.now())
    find = entitlements.own_entitlements if caller.scope.cadre_id is not None else entitlements.own_policies
    families = await find(scope=caller.scope, day=day)
    return Families(items=[FamilyAnswer.of(family, day=day) for family in families])
