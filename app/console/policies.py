"""The library of policies (政策库): the list, one version, and what a second admin answers for."""

import json
from typing import Annotated

from fastapi import Form, Query, Request, Response

from app.accounts.deps import ApproverDep, EditorDep, StaffCaller, StaffDep
from app.accounts.enums import Permission
from app.accounts.queries import staff_names
from app.accounts.rules import is_county, region_prefix
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import BusDep, ClockDep
from app.core.pagination import MAX_LIMIT, PageQuery, PageQueryDep
from app.policies import admin_api
from app.policies.enums import PolicyState
from app.policies.models import Policy
from app.policies.queries.library import policies_in, policy_in, published_names, version_before
from app.policies.rules.authoring import read_document
from app.policies.rules.reading import Said, amount_as_read, condition_in_words
from app.policies.schemas.library import PolicyAnswer, PolicyKey, PublishBody, WithdrawBody

router = console_router()


def level_of(org_code: str, *, own: str) -> str:
    """Return whose policy it is, in a word, as somebody of one federation reads it."""
    if org_code == own:
        return "本级"
    if is_county(org_code):
        return "县级"
    return "省级" if org_code.endswith("0000") else "市级"


@router.get("/policies")
async def policies(
    request: Request,
    caller: StaffDep,
    clock: ClockDep,
    pages: PageQueryDep,
    state: Annotated[PolicyState | None, Query()] = None,
) -> Response:
    """Show the versions of policies that apply here, and the drafts of the own federation."""
    found = await admin_api.list_policies(caller, pages, clock, state=state)
    return page(
        request,
        "policies.html",
        caller=caller,
        found=found,
        states=list(PolicyState),
        state=state,
        cursor=pages.cursor,
        levels={one.org_code: level_of(one.org_code, own=caller.org_code) for one in found.items},
    )


@router.post("/policies/examples")
async def plant(caller: EditorDep, clock: ClockDep) -> Response:
    """Put in the example measures that are not there yet."""
    planted = await admin_api.plant_examples(caller, clock)
    return go_on("/console/policies", done="examples_planted" if planted else "examples_known")


@router.get("/policies/facts")
async def facts(request: Request, caller: StaffDep) -> Response:
    """Show what conditions may name."""
    return page(request, "policy_facts.html", caller=caller, facts=await admin_api.list_facts(caller))


@router.get("/policies/{policy_id}")
async def policy(request: Request, policy_id: RowId, caller: StaffDep, clock: ClockDep) -> Response:
    """Show one version in words, what differs from the one before, and what can be done now."""
    row = await policy_in(scope=caller.scope, policy_id=policy_id)
    shown = PolicyAnswer.of(row, day=china_date(clock.now()))
    before = await version_before(scope=caller.scope, policy=row)
    others, _ = await policies_in(scope=caller.scope, page=PageQuery(limit=MAX_LIMIT), key=row.policy_key)
    names = await published_names(region_code=caller.org_code)
    return page(
        request,
        "policy.html",
        caller=caller,
        policy=shown,
        level=level_of(row.org_code, own=caller.org_code),
        reading=Reading(row),
        before=before,
        differences=differences(Reading(before), Reading(row)) if before else [],
        others=[(one, level_of(one.org_code, own=caller.org_code)) for one in others if one.id != row.id],
        names=names,
        people=await staff_names(staff_ids={one for one in (row.author_id, row.publisher_id) if one}),
        acts=_acts(row, caller),
    )


class Reading:
    """One version as people read it.

    Args:
        policy: as it is kept.
    """

    def __init__(self, policy: Policy) -> None:
        document, _ = read_document(json.loads(policy.rules), region_prefix=policy.region_prefix)
        self.policy = policy
        self.proofs: list[str] = json.loads(policy.proofs)
        self.when: Said | None = condition_in_words(document.when) if document.when else None
        received = document.received_when
        self.received_when: Said | None = condition_in_words(received) if received else None
        self.exclusive_with = sorted(document.exclusive_with)
        self.higher_of = sorted(document.higher_of)
        self.amounts = [amount_as_read(row) for row in document.amounts]

    def texts(self) -> dict[str, str]:
        """Return every part as text, by its label."""
        one = self.policy
        amounts = [
            f"{row.region} {row.time} {row.amount}"
            + (f"（{'；'.join(row.meant_for.lines())}）" if row.meant_for else "")
            for row in self.amounts
        ]
        return {
            "名称": one.name,
            "主管部门": one.department,
            "怎样享受": one.access.label,
            "大白话": one.summary,
            "全文": one.body,
            "谁可以享受": "\n".join(self.when.lines()) if self.when else "",
            "怎样算已经享受": "\n".join(self.received_when.lines()) if self.received_when else "",
            "不能同时享受": "、".join(self.exclusive_with),
            "只能选高的": "、".join(self.higher_of),
            "金额": "\n".join(amounts),
            "带什么材料": "\n".join(self.proofs),
            "到哪里办": one.apply_at,
            "依据": one.source,
            "网址": one.source_url,
            "把握": one.confidence.label,
        }


def differences(before: Reading, after: Reading) -> list[tuple[str, str, str]]:
    """Return label, old and new text of every part in which two versions differ."""
    old, new = before.texts(), after.texts()
    return [(label, old[label], text) for label, text in new.items() if old[label] != text]


def _acts(row: Policy, caller: StaffCaller) -> set[str]:
    """Return what the caller may do with a version in its state; the operations decide in the end."""
    acts: set[str] = set()
    if caller.may(Permission.EDIT):
        acts.add("renew")
        if caller.scope.may_act_in(row.org_code):
            acts |= {
                PolicyState.DRAFT: {"edit", "submit"},
                PolicyState.SUBMITTED: {"edit"},
            }.get(row.state, set())
    if caller.may(Permission.APPROVE) and caller.scope.may_act_in(row.org_code):
        if row.state is PolicyState.SUBMITTED and row.author_id != caller.staff_id:
            acts.add("publish")
        if row.state is PolicyState.PUBLISHED:
            acts.add("withdraw")
    is_notifiable = row.state is PolicyState.PUBLISHED and row.region_prefix in {
        region_prefix(caller.org_code)[:digits] for digits in (2, 4, 6)
    }
    return acts | ({"notify"} if is_notifiable and caller.may(Permission.EDIT) else set())


@router.get("/policies/key/{key}")
async def latest(key: PolicyKey, caller: StaffDep) -> Response:
    """Lead to the version of a policy that was published last, among those nearest to the caller."""
    found, _ = await policies_in(
        scope=caller.scope, page=PageQuery(limit=MAX_LIMIT), state=PolicyState.PUBLISHED, key=key
    )
    own = [one for one in found if caller.org_code.startswith(one.region_prefix)] or found
    nearest = max(own, key=lambda one: (len(one.region_prefix), one.id), default=None)
    return go_on(f"/console/policies/{nearest.id}" if nearest else "/console/policies")


@router.post("/policies/{policy_id}/submit")
async def submit(policy_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Hand a draft over for publication."""
    await admin_api.submit_policy(policy_id, caller, clock)
    return go_on(f"/console/policies/{policy_id}", done="policy_submitted")


@router.post("/policies/{policy_id}/publish")
async def publish(
    policy_id: RowId, body: Annotated[PublishBody, Form()], caller: ApproverDep, clock: ClockDep, bus: BusDep
) -> Response:
    """Publish what the page showed."""
    await admin_api.publish_policy(policy_id, body, caller, clock, bus)
    return go_on(f"/console/policies/{policy_id}", done="policy_published")


@router.post("/policies/{policy_id}/withdraw")
async def withdraw(
    policy_id: RowId, body: Annotated[WithdrawBody, Form()], caller: ApproverDep, clock: ClockDep, bus: BusDep
) -> Response:
    """Withdraw a published version."""
    await admin_api.withdraw_policy(policy_id, body, caller, clock, bus)
    return go_on(f"/console/policies/{policy_id}", done="policy_withdrawn")
