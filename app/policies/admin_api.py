"""Policies and what follows from them, for the console."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.deps import ApproverDep, EditorDep, StaffCaller, StaffDep
from app.core.bodies import RegionCode, RowId
from app.core.clock import china_date
from app.core.deps import BusDep, ClockDep
from app.core.pagination import Page, PageQueryDep
from app.core.queue import Topic
from app.policies import operations
from app.policies.enums import PolicyState, Step, Verdict
from app.policies.operations import Author
from app.policies.queries import entitlements, library
from app.policies.rules.facts import FACTS
from app.policies.schemas.entitlements import (
    CountsAnswer,
    EntitlementItem,
    ProgressAnswer,
    StepBody,
    UnitCountAnswer,
)
from app.policies.schemas.library import (
    FactAnswer,
    PolicyAnswer,
    PolicyBody,
    PolicyItem,
    PolicyKey,
    PublishBody,
    RulesBody,
    ValidationAnswer,
    WithdrawBody,
)

router = APIRouter(prefix="/admin/v1", tags=["policies"])


def _author(caller: StaffCaller) -> Author:
    return Author(staff_id=caller.staff_id, org_code=caller.org_code, scope=caller.scope, actor=caller.actor)


@router.get("/policies", summary="适用于本级的政策和本级起草的政策")
async def list_policies(
    caller: StaffDep,
    page: PageQueryDep,
    clock: ClockDep,
    state: PolicyState | None = None,
    key: Annotated[PolicyKey | None, Query(description="只看这条政策的各个版本")] = None,
) -> Page[PolicyItem]:
    found, next_cursor = await library.policies_in(scope=caller.scope, page=page, state=state, key=key)
    day = china_date(clock.now())
    return Page(items=[PolicyItem.of(policy, day=day) for policy in found], next_cursor=next_cursor)


@router.get("/policies/facts", summary="条件中可以使用的信息、可选的值和比较方式")
async def list_facts(_: StaffDep) -> list[FactAnswer]:
    return [FactAnswer.of(fact) for fact in FACTS.values()]


@router.post("/policies/validate", summary="检查条件写得对不对，不保存")
async def validate_rules(body: RulesBody, caller: EditorDep) -> ValidationAnswer:
    return ValidationAnswer.of(operations.faults_in(rules=body.written(), org_code=caller.org_code))


@router.post("/policies/examples", status_code=201, summary="载入27项示例政策，都是草稿")
async def plant_examples(caller: EditorDep, clock: ClockDep) -> list[PolicyItem]:
    now = clock.now()
    planted = await operations.plant_examples(author=_author(caller), now=now)
    return [PolicyItem.of(policy, day=china_date(now)) for policy in planted]


@router.post("/policies", status_code=201, summary="起草政策或它的新版本")
async def create_policy(body: PolicyBody, caller: EditorDep, clock: ClockDep) -> PolicyAnswer:
    now = clock.now()
    policy = await operations.create_draft(draft=body.draft(), author=_author(caller), now=now)
    return PolicyAnswer.of(policy, day=china_date(now))


@router.get("/policies/{policy_id}", summary="一条政策的一个版本")
async def show_policy(policy_id: RowId, caller: StaffDep, clock: ClockDep) -> PolicyAnswer:
    policy = await library.policy_in(scope=caller.scope, policy_id=policy_id)
    return PolicyAnswer.of(policy, day=china_date(clock.now()))


@router.put("/policies/{policy_id}", summary="修改未发布的政策，修改后需要重新提交")
async def edit_policy(policy_id: RowId, body: PolicyBody, caller: EditorDep, clock: ClockDep) -> PolicyAnswer:
    now = clock.now()
    policy = await operations.edit_draft(
        policy_id=policy_id, draft=body.draft(), author=_author(caller), now=now
    )
    return PolicyAnswer.of(policy, day=china_date(now))


@router.post("/policies/{policy_id}/submit", summary="提交，由另一名管理员发布")
async def submit_policy(policy_id: RowId, caller: EditorDep, clock: ClockDep) -> PolicyAnswer:
    now = clock.now()
    policy = await operations.submit(policy_id=policy_id, author=_author(caller), now=now)
    return PolicyAnswer.of(policy, day=china_date(now))


@router.post("/policies/{policy_id}/publish", summary="发布别人起草的政策，发布后不能修改")
async def publish_policy(
    policy_id: RowId, body: PublishBody, caller: ApproverDep, clock: ClockDep, bus: BusDep
) -> PolicyAnswer:
    now = clock.now()
    policy = await operations.publish(
        policy_id=policy_id, seen_hash=body.content_hash, author=_author(caller), now=now
    )
    await bus.ring(Topic.ENTITLEMENTS)
    return PolicyAnswer.of(policy, day=china_date(now))


@router.post("/policies/{policy_id}/withdraw", summary="撤回已发布的政策")
async def withdraw_policy(
    policy_id: RowId, body: WithdrawBody, caller: ApproverDep, clock: ClockDep, bus: BusDep
) -> PolicyAnswer:
    now = clock.now()
    policy = await operations.withdraw(
        policy_id=policy_id, reason=body.reason, author=_author(caller), now=now
    )
    await bus.ring(Topic.ENTITLEMENTS)
    return PolicyAnswer.of(policy, day=china_date(now))


@router.get("/entitlements", summary="应享未享清单：哪条政策、缺哪一步")
async def list_entitlements(
    caller: StaffDep,
    page: PageQueryDep,
    clock: ClockDep,
    *,
    policy: Annotated[PolicyKey | None, Query(description="只看这条政策")] = None,
    verdict: Verdict = Verdict.GAP,
    step: Annotated[Step | None, Query(description="只看办理到这一步的")] = None,
) -> Page[EntitlementItem]:
    day = china_date(clock.now())
    lines, next_cursor = await entitlements.entitlements_in(
        scope=caller.scope, page=page, day=day, key=policy, verdict=verdict, step=step
    )
    return Page(items=[EntitlementItem.of(line, day=day) for line in lines], next_cursor=next_cursor)


@router.get("/entitlements/counts", summary="各地各政策的应享未享、待核实、已享人数")
async def count_entitlements(
    caller: StaffDep,
    region: Annotated[RegionCode | None, Query(description="行政区划代码，默认本级")] = None,
    policy: Annotated[PolicyKey | None, Query(description="只看这条政策")] = None,
) -> CountsAnswer:
    units = await entitlements.counts_by_unit(
        scope=caller.scope, region=region or caller.org_code, key=policy
    )
    return CountsAnswer(region=region or caller.org_code, units=[UnitCountAnswer.of(unit) for unit in units])


@router.get("/entitlements/progress", summary="推算进行到哪里")
async def show_progress(_: StaffDep) -> ProgressAnswer | None:
    progress = await entitlements.round_progress()
    return ProgressAnswer.of(progress) if progress else None


@router.post("/entitlements/{entitlement_id}/mark", summary="县里核实后记下办理情况")
async def mark_entitlement(
    entitlement_id: RowId, body: StepBody, caller: EditorDep, clock: ClockDep
) -> dict[str, str]:
    await operations.mark_step(
        scope=caller.scope,
        actor=caller.actor,
        entitlement_id=entitlement_id,
        step=body.step,
        reason=body.reason,
        now=clock.now(),
    )
    return {"step": body.step.value, "step_label": body.step.label}
