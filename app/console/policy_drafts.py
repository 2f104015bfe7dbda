"""The form in which a version of a policy is written; a mistake in a condition is shown at its place."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from app.accounts.deps import EditorDep, StaffCaller
from app.accounts.rules import region_prefix
from app.console.failures import FieldProblem, Problem, console_router, problem_of
from app.console.forms import body_of, errors_by_field, typed
from app.console.frame import go_on, page
from app.console.written import laid_out, line_of
from app.core.bodies import RowId
from app.core.deps import ClockDep
from app.core.errors import Invalid
from app.policies import admin_api, operations
from app.policies.enums import Access, Confidence, PolicyState
from app.policies.models import Policy
from app.policies.queries.library import policy_in
from app.policies.rules.authoring import read_document
from app.policies.rules.reading import condition_in_words
from app.policies.schemas.library import PolicyBody

router = console_router()

_PLAIN = (
    *("key", "name", "department", "access", "summary", "body", "apply_at"),
    *("source", "source_url", "checked_on", "confidence", "valid_from"),
)
_JSON = {"when": "谁可以享受", "received_when": "怎样算已经享受", "amounts": "金额"}
_LISTS = ("exclusive_with", "higher_of", "proofs")
_FIELDS = (*_PLAIN, *_JSON, *_LISTS, "act")
# A date that is left out means "not yet known", an empty one would be refused.
_LEFT_OUT_WHEN_EMPTY = {"valid_from", "checked_on", "source", "name", "key"}


@router.get("/policies/new")
async def new(request: Request, caller: EditorDep, like: RowId | None = None) -> Response:
    """Show an empty form, or one filled in with another version."""
    if like is None:
        return _form(request, caller, values={"access": Access.APPLICATION.value})
    model = await policy_in(scope=caller.scope, policy_id=like)
    values = _values_of(model) | {"valid_from": ""}
    if model.org_code != caller.org_code:
        # A federation below says only what differs; who is entitled is taken from above.
        values |= {"when": "", "received_when": "", "amounts": ""}
    return _form(request, caller, values=values)


@router.post("/policies")
async def create(request: Request, caller: EditorDep, clock: ClockDep) -> Response:
    """Keep a draft, or show the form again with what is wrong."""
    values = await typed(request, _FIELDS)
    try:
        body = _body(values)
        if values["act"] == "check":
            return _form(request, caller, values=values, checked=_checked(body, caller))
        policy = await admin_api.create_policy(body, caller, clock)
    except (Invalid, RequestValidationError) as error:
        return _form(request, caller, values=values, problem=await _placed(request, error, values))
    return go_on(f"/console/policies/{policy.id}", done="policy_drafted")


@router.get("/policies/{policy_id}/edit")
async def edit_form(request: Request, policy_id: RowId, caller: EditorDep) -> Response:
    """Show a version that nobody has published in the form."""
    policy = await _own_draft(policy_id, caller)
    return _form(request, caller, values=_values_of(policy), policy_id=policy_id)


@router.post("/policies/{policy_id}/edit")
async def edit(request: Request, policy_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Change a draft, or show the form again with what is wrong."""
    values = await typed(request, _FIELDS)
    try:
        body = _body(values)
        if values["act"] == "check":
            await _own_draft(policy_id, caller)
            return _form(request, caller, values=values, checked=_checked(body, caller), policy_id=policy_id)
        await admin_api.edit_policy(policy_id, body, caller, clock)
    except (Invalid, RequestValidationError) as error:
        problem = await _placed(request, error, values)
        return _form(request, caller, values=values, problem=problem, policy_id=policy_id)
    return go_on(f"/console/policies/{policy_id}", done="policy_drafted")


async def _own_draft(policy_id: int, caller: StaffCaller) -> Policy:
    policy = await policy_in(scope=caller.scope, policy_id=policy_id)
    if not caller.scope.may_act_in(policy.org_code):
        raise operations.NotOurs
    if policy.state not in {PolicyState.DRAFT, PolicyState.SUBMITTED}:
        raise operations.WrongState("发布以后不能修改，请起草新的版本")
    return policy


def _values_of(policy: Policy) -> dict[str, str]:
    rules: Mapping[str, Any] = json.loads(policy.rules)
    return {
        "key": policy.policy_key,
        "name": policy.name,
        "department": policy.department,
        "access": policy.access.value,
        "summary": policy.summary,
        "body": policy.body,
        "apply_at": policy.apply_at,
        "source": policy.source,
        "source_url": policy.source_url,
        "checked_on": str(policy.checked_on),
        "confidence": policy.confidence.value,
        "valid_from": str(policy.valid_from),
        "proofs": "\n".join(json.loads(policy.proofs)),
        "exclusive_with": "\n".join(rules.get("exclusive_with") or ()),
        "higher_of": "\n".join(rules.get("higher_of") or ()),
    } | {name: laid_out(_written(rules[name])) if rules.get(name) else "" for name in _JSON}


def _written(value: Any) -> Any:
    """Return rows of amounts without what says nothing, conditions as they are."""
    if not isinstance(value, list):
        return value
    return [
        {name: one for name, one in row.items() if one is not None and one != "" and one is not False}
        for row in value
    ]


def _body(values: Mapping[str, str]) -> PolicyBody:
    """Read the form; raises RequestValidationError as a body of the API would."""
    given: dict[str, Any] = {
        name: values[name] for name in _PLAIN if values[name] or name not in _LEFT_OUT_WHEN_EMPTY
    }
    given |= {name: [line.strip() for line in values[name].splitlines() if line.strip()] for name in _LISTS}
    broken = []
    for name in _JSON:
        if values[name].strip():
            try:
                given[name] = json.loads(values[name])
            except json.JSONDecodeError as error:
                broken.append({"loc": (name,), "type": "value_error", "msg": _broken(error)})
            except RecursionError:
                broken.append({"loc": (name,), "type": "value_error", "msg": "套得太深，请拆开写"})
    if broken:
        raise RequestValidationError(broken)
    return body_of(PolicyBody, given)


def _broken(error: json.JSONDecodeError) -> str:
    return (
        f"第{error.lineno}行第{error.colno}个字附近写法不对：请检查引号、逗号、括号是否成对，"
        "标点是否用了英文半角"
    )


def _checked(body: PolicyBody, caller: StaffCaller) -> list[str]:
    """Return the conditions in words; raises RulesWrong as saving would."""
    document, faults = read_document(body.written(), region_prefix=region_prefix(caller.org_code))
    if faults:
        errors = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
        raise operations.RulesWrong(errors=errors)
    if document.when is None:
        return ["没有写条件：沿用上级的条件，只补充这里写的内容。"]
    return list(condition_in_words(document.when).lines())


async def _placed(request: Request, error: Exception, values: Mapping[str, str]) -> Problem:
    """Return what is wrong; what stands in JSON is told with the line in which it stands."""
    problem, _ = await problem_of(request, error)
    errors = [_with_line(one, values) for one in problem.errors]
    return problem.model_copy(update={"errors": errors, "detail": None if errors else problem.detail})


def _with_line(error: FieldProblem, values: Mapping[str, str]) -> FieldProblem:
    name, *path = error.pointer.strip("/").split("/")
    if name not in _JSON or (not path and error.detail.startswith("第")):
        return error
    text = values[name]
    number = line_of(text, path)
    excerpt = text.split("\n")[number - 1].strip()[:60]
    return FieldProblem(pointer=f"/{name}", detail=f"第{number}行“{excerpt}”：{error.detail}")


def _form(
    request: Request,
    caller: StaffCaller,
    *,
    values: Mapping[str, str],
    problem: Problem | None = None,
    checked: list[str] | None = None,
    policy_id: int | None = None,
) -> Response:
    return page(
        request,
        "policy_form.html",
        caller=caller,
        status=problem.status if problem else 200,
        problem=problem,
        errors=errors_by_field(problem),
        values=dict.fromkeys(_FIELDS, "") | dict(values),
        checked=checked,
        accesses=list(Access),
        confidences=list(Confidence),
        policy_id=policy_id,
    )
