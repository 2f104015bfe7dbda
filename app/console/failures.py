"""Failures as pages: the same statuses and sentences as the problem documents, in a form people can read."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.console.frame import HOME, SECTIONS, SIGN_IN, go_on, own_path, page
from app.core.errors import NotSignedIn

# Under `no-referrer`, which the API sends, browsers name no origin with a form and it would be refused.
PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
}
_FIELDS: Mapping[str, str] = {
    "username": "用户名",
    "password": "密码",
    "kind": "类型",
    "file": "文件",
    "title": "标题",
    "text": "正文",
    "region_code": "地区",
    "festival": "节日",
    "festival_on": "节日",
    "send_at": "发送时间",
    "id_number": "身份证号",
    "name": "姓名",
    "phone": "手机号",
    "relation": "关系",
    "beneficiary_id": "帮扶对象",
    "cadre_id": "帮扶干部",
    "started_on": "开始日期",
    "ended_on": "结束日期",
    "on": "日期",
    "reason": "原因",
    "field": "哪一项",
    "key": "政策代码",
    "department": "部门",
    "summary": "大白话",
    "body": "全文",
    "proofs": "材料",
    "apply_at": "到哪里办",
    "when": "条件",
    "received_when": "怎样算已经享受",
    "amounts": "金额",
    "exclusive_with": "不能同时享受",
    "higher_of": "择高",
    "source": "依据",
    "source_url": "文件网址",
    "checked_on": "核对日期",
    "valid_from": "执行日期",
    "step": "办理情况",
    "act": "怎样办理",
    "evidence": "依据",
    "until": "到哪天",
}

Handler = Callable[[Request, Exception], Awaitable[Response]]


class FieldProblem(BaseModel):
    """What is wrong with one field of a form."""

    pointer: str
    detail: str

    @property
    def sentence(self) -> str:
        """Return it with the label that the form shows."""
        name = self.pointer.strip("/").partition("/")[0]
        return f"{_FIELDS[name]}：{self.detail}" if name in _FIELDS else self.detail


class Problem(BaseModel):
    """A problem document, read back."""

    status: int
    title: str
    detail: str | None = None
    errors: list[FieldProblem] = []
    request_id: str = ""


async def problem_of(request: Request, error: Exception) -> tuple[Problem, Response]:
    """Return what the application answers to programs for this failure, read and as it is."""
    handlers: Mapping[type[Exception], Handler] = request.app.exception_handlers
    handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    answer = await handler(request, error)
    return Problem.model_validate_json(bytes(answer.body)), answer


class ConsoleRoute(APIRoute):
    """A route whose failures are pages, and which sends whoever is not signed in to the sign-in page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of FastAPI with this around it."""
        answered = super().get_route_handler()

        async def as_page(request: Request) -> Response:
            try:
                response = await answered(request)
            except NotSignedIn as error:
                response = _to_sign_in(request, error)
            except Exception as error:  # noqa: BLE001 - the application's own handler logs what is unknown
                response = await _failure_page(request, error)
            response.headers.update(PAGE_HEADERS)
            return response

        return as_page


def console_router() -> APIRouter:
    """Return an empty router for pages."""
    return APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)


def _to_sign_in(request: Request, error: NotSignedIn) -> Response:
    is_lost = request.method != "GET"
    done = "session_over" if is_lost or error.detail else ""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = {} if is_lost or own_path(asked) == HOME else {"next": asked}
    return go_on(SIGN_IN, done=done, **query)


async def _failure_page(request: Request, error: Exception) -> Response:
    problem, answer = await problem_of(request, error)
    shown = page(request, "failure.html", status=answer.status_code, problem=problem, back=_back(request))
    if "retry-after" in answer.headers:
        shown.headers["retry-after"] = answer.headers["retry-after"]
    return shown


def _back(request: Request) -> str:
    """Return where the person came from, or the list to which the failed page belongs."""
    came_from = urlsplit(request.headers.get("referer", ""))
    path = own_path(came_from.path, otherwise="")
    if path and came_from.netloc == request.headers.get("host") and path != request.url.path:
        return path
    section = request.url.path.removeprefix("/console/").partition("/")[0]
    return f"/console/{section}" if section in SECTIONS else HOME
