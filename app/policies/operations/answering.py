"""What families, cadres and the county find out: answers to questions, and what came of an application."""

import json
from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core import sql
from app.core.clock import china_date
from app.core.errors import Invalid
from app.policies.enums import Step
from app.policies.models import Entitlement, PersonFact, PolicyStep
from app.policies.operations.recomputing import judge_one, lock_person
from app.policies.queries.entitlements import entitlement_in
from app.policies.queries.persons import refuse_stranger
from app.policies.rules.facts import FACTS, Answer, answer_fault


class FactUnknown(Invalid):
    code = "policies.fact_unknown"
    title = "没有这个问题"


class AnswerWrong(Invalid):
    code = "policies.answer_wrong"
    title = "回答的内容有误"


class ReasonMissing(Invalid):
    code = "policies.reason_missing"
    title = "请写明为什么不适用"


async def answer_fact(
    *, scope: Scope, actor: audit.Actor, beneficiary_id: int, answer: Answer, now: datetime
) -> None:
    """Keep what a cadre or guardian says about one of his own people, and judge that person anew.

    The latest answer counts; the trail tells that there was one before, and who gave it.

    Args:
        scope: whose people.
        actor: who says it.
        beneficiary_id: of whom.
        answer: what he says.
        now: when.

    Raises:
        BeneficiaryNotFound: it is none of his people.
        FactUnknown, AnswerWrong: nobody asks for it, or this is no answer to it.
    """
    await refuse_stranger(scope=scope, beneficiary_id=beneficiary_id, day=china_date(now))
    fact = FACTS.get(answer.key)
    if fact is None:
        raise FactUnknown
    fault = answer_fault(fact, answer.value)
    if fault:
        raise AnswerWrong(fault)

    async def unit() -> None:
        async with in_transaction():
            await lock_person(beneficiary_id=beneficiary_id)
            await _keep(answer, beneficiary_id=beneficiary_id, actor=actor, now=now)
            await audit.record(
                actor=actor, action="policy.fact_answered", object_kind="beneficiary",
                object_id=beneficiary_id, now=now, detail=f"fact:{fact.key}",
            )  # fmt: skip
            await judge_one(beneficiary_id=beneficiary_id, now=now)

    await sql.retrying(unit)


async def _keep(answer: Answer, *, beneficiary_id: int, actor: audit.Actor, now: datetime) -> None:
    known = await PersonFact.get_or_none(beneficiary_id=beneficiary_id, fact=answer.key)
    said = known or PersonFact(beneficiary_id=beneficiary_id, fact=answer.key)
    said.value = json.dumps(answer.value, ensure_ascii=False)
    said.said_by, said.said_by_id, said.said_at = actor.kind, actor.id, now
    await said.update_from_dict({"evidence": answer.evidence or None}).save()


async def mark_step(
    *,
    scope: Scope,
    actor: audit.Actor,
    entitlement_id: int,
    step: Step,
    reason: str | None,
    now: datetime,
) -> None:
    """Note what came of one entitlement: applied for, received, refused, or not applicable after all.

    The latest word counts. What is received is 应享已享, also for policies that exclude each other.

    Raises:
        EntitlementNotFound: it is of none of the caller's people.
        ReasonMissing: 不适用 needs a reason, so that the engine's mistakes can be mended.
    """
    found = await entitlement_in(scope=scope, entitlement_id=entitlement_id, day=china_date(now))
    if step is Step.NOT_APPLICABLE and not reason:
        raise ReasonMissing

    async def unit() -> None:
        async with in_transaction():
            await lock_person(beneficiary_id=found.beneficiary_id)
            await _keep_step(found, step, actor=actor, reason=reason, now=now)
            await audit.record(
                actor=actor, action="policy.step_marked", object_kind="beneficiary",
                object_id=found.beneficiary_id, now=now, region_code=found.region_code,
                detail=f"policy:{found.policy_key} step:{step.value}",
            )  # fmt: skip
            await judge_one(beneficiary_id=found.beneficiary_id, now=now)

    await sql.retrying(unit)


async def _keep_step(
    found: Entitlement, step: Step, *, actor: audit.Actor, reason: str | None, now: datetime
) -> None:
    place = {"beneficiary_id": found.beneficiary_id, "policy_key": found.policy_key}
    said = await PolicyStep.get_or_none(**place) or PolicyStep(**place)
    said.step, said.said_by, said.said_by_id, said.said_at = step, actor.kind, actor.id, now
    await said.update_from_dict({"reason": reason or None}).save()
