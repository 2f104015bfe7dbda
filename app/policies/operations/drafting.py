"""Writing policies, and the second admin who answers for what is published."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from app.accounts.rules import Scope, region_prefix
from app.audit import operations as audit
from app.core.clock import china_date
from app.core.errors import Conflict, Invalid, NotAllowed
from app.policies.enums import PolicyState
from app.policies.models import Policy
from app.policies.queries.library import policy_in
from app.policies.rules.authoring import Draft, read_document
from app.policies.rules.expressions import Fault

log = structlog.get_logger()


class RulesWrong(Invalid):
    """The rules cannot be read; `errors` names each place and says what is wrong there."""

    code = "policies.rules_wrong"
    title = "政策条件有误，请按提示修改"


class NotOurs(NotAllowed):
    code = "policies.not_ours"
    title = "这是其他残联的政策，不能修改"


class WrongState(Conflict):
    code = "policies.wrong_state"
    title = "政策当前的状态不允许此操作"


class OwnDraft(Conflict):
    code = "policies.own_draft"
    title = "不能发布自己起草的政策，请由另一名管理员发布"


class ContentChanged(Conflict):
    code = "policies.content_changed"
    title = "您看到的内容之后又有改动，请刷新页面，重新核对后再发布"


class VersionTaken(Conflict):
    code = "policies.version_taken"
    title = "同一时间有人起草了这条政策的同一版本，请刷新后重试"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who acts on policies; the service itself has no `staff_id`."""

    staff_id: int | None
    org_code: str
    scope: Scope
    actor: audit.Actor


def faults_in(*, rules: Mapping[str, Any], org_code: str) -> list[Fault]:
    """Return what is wrong with the rules of a draft of a federation, each with its place; empty if nothing.

    No transaction: nothing is written.
    """
    return read_document(rules, region_prefix=region_prefix(org_code))[1]


async def create_draft(*, draft: Draft, author: Author, now: datetime) -> Policy:
    """Write down a version that nobody has published yet; its number follows the last one of the policy.

    Raises:
        RulesWrong: the rules cannot be read.
        VersionTaken: somebody wrote the same version at the same moment.
    """
    columns = _columns(draft, org_code=author.org_code, now=now)
    try:
        async with in_transaction():
            last = (
                await Policy.filter(policy_key=draft.key, org_code=author.org_code)
                .order_by("-version")
                .first()
            )
            policy = await Policy.create(
                policy_key=draft.key,
                org_code=author.org_code,
                version=last.version + 1 if last else 1,
                region_prefix=region_prefix(author.org_code),
                state=PolicyState.DRAFT,
                author_id=author.staff_id,
                created_at=now,
                **columns,
            )
            await _record(policy, action="policy.created", actor=author.actor, now=now)
    except IntegrityError as error:
        raise VersionTaken from error
    return policy


async def edit_draft(*, policy_id: int, draft: Draft, author: Author, now: datetime) -> Policy:
    """Change a version that is not published; it is a draft again, and whoever changed it is its author.

    Raises:
        PolicyNotFound, NotOurs, WrongState: there is none, of another federation, or published already.
        RulesWrong: the rules cannot be read, or the key is another one.
    """
    async with in_transaction():
        policy = await _locked(
            policy_id, author=author, allowed=(PolicyState.DRAFT, PolicyState.SUBMITTED), act="修改"
        )
        if policy.policy_key != draft.key:
            raise RulesWrong("政策代码不能改变，请另起草一条", errors=[])
        columns = _columns(draft, org_code=policy.org_code, now=now)
        author_now = {"state": PolicyState.DRAFT, "author_id": author.staff_id, "content_hash": ""}
        await policy.update_from_dict({**columns, **author_now}).save()
        await _record(policy, action="policy.edited", actor=author.actor, now=now)
    return policy


async def submit(*, policy_id: int, author: Author, now: datetime) -> Policy:
    """Hand a draft over for publication, bound to the content it has.

    Raises:
        PolicyNotFound, NotOurs, WrongState: there is none, of another federation, or it is no draft.
    """
    async with in_transaction():
        policy = await _locked(policy_id, author=author, allowed=(PolicyState.DRAFT,), act="提交")
        policy.state, policy.content_hash = PolicyState.SUBMITTED, hash_of(policy)
        await policy.save(update_fields=["state", "content_hash"])
        await _record(
            policy, action="policy.submitted", actor=author.actor, now=now, detail=policy.content_hash
        )
    return policy


async def publish(*, policy_id: int, seen_hash: str, author: Author, now: datetime) -> Policy:
    """Publish a submitted version as the second admin; it is never changed after that.

    From its first day, at the earliest today, it takes the place of the version before.

    Args:
        policy_id: which one.
        seen_hash: the content hash of what he read.
        author: who publishes.
        now: when.

    Raises:
        PolicyNotFound, NotOurs, WrongState: there is none, of another federation, or nobody submitted it.
        OwnDraft: he wrote it himself (四眼原则).
        ContentChanged: what he read is not what would be published.
    """
    async with in_transaction():
        policy = await _locked(policy_id, author=author, allowed=(PolicyState.SUBMITTED,), act="发布")
        if policy.author_id is not None and policy.author_id == author.staff_id:
            raise OwnDraft
        if not seen_hash == policy.content_hash == hash_of(policy):
            raise ContentChanged
        policy.state, policy.publisher_id, policy.published_at = PolicyState.PUBLISHED, author.staff_id, now
        policy.valid_from = max(policy.valid_from, china_date(now))
        await policy.save(update_fields=["state", "publisher_id", "published_at", "valid_from"])
        await _record(policy, action="policy.published", actor=author.actor, now=now, detail=seen_hash)
    log.info("policies.published", policy_id=policy.id)
    return policy


async def withdraw(*, policy_id: int, reason: str, author: Author, now: datetime) -> Policy:
    """Withdraw a published version at once; the version before does not come back.

    Raises:
        PolicyNotFound, NotOurs, WrongState: there is none, of another federation, or it is not published.
    """
    async with in_transaction():
        policy = await _locked(policy_id, author=author, allowed=(PolicyState.PUBLISHED,), act="撤回")
        policy.state, policy.withdrawn_at, policy.withdrawal_reason = PolicyState.WITHDRAWN, now, reason
        await policy.save(update_fields=["state", "withdrawn_at", "withdrawal_reason"])
        await _record(policy, action="policy.withdrawn", actor=author.actor, now=now)
    log.info("policies.withdrawn", policy_id=policy.id)
    return policy


def hash_of(policy: Policy) -> str:
    """Return what binds a publication to the content of a version."""
    content = [
        policy.policy_key, policy.name, policy.department, policy.access.value, policy.summary, policy.body,
        policy.rules, policy.proofs, policy.apply_at, policy.source, policy.source_url,
        policy.checked_on.isoformat(), policy.confidence.value, policy.valid_from.isoformat(),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _columns(draft: Draft, *, org_code: str, now: datetime) -> dict[str, Any]:
    faults = faults_in(rules=draft.rules, org_code=org_code)
    if faults:
        errors = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
        raise RulesWrong(faults[0].detail, errors=errors)
    return {
        "name": draft.name,
        "department": draft.department,
        "access": draft.access,
        "summary": draft.summary,
        "body": draft.body,
        "rules": json.dumps(dict(draft.rules), ensure_ascii=False),
        "proofs": json.dumps(list(draft.proofs), ensure_ascii=False),
        "apply_at": draft.apply_at,
        "source": draft.source,
        "source_url": draft.source_url,
        "checked_on": draft.checked_on,
        "confidence": draft.confidence,
        "valid_from": draft.valid_from or china_date(now),
    }


async def _locked(policy_id: int, *, author: Author, allowed: tuple[PolicyState, ...], act: str) -> Policy:
    policy = await policy_in(scope=author.scope, policy_id=policy_id)
    if not author.scope.may_act_in(policy.org_code):
        raise NotOurs
    policy = await Policy.select_for_update().get(id=policy.id)
    if policy.state not in allowed:
        published = "，请起草新的版本" if policy.state is PolicyState.PUBLISHED and act == "修改" else ""
        raise WrongState(f"政策现在是“{policy.state.label}”，不能{act}{published}")
    return policy


async def _record(
    policy: Policy, *, action: str, actor: audit.Actor, now: datetime, detail: str = ""
) -> None:
    await audit.record(
        actor=actor,
        action=action,
        object_kind="policy",
        object_id=policy.id,
        now=now,
        region_code=policy.org_code,
        detail=detail,
    )
