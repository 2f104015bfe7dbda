"""Every failure leaves as RFC 9457 `application/problem+json` with a dotted code and a Chinese title."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from tortoise.exceptions import DBConnectionError, OperationalError

from app.core import sql
from app.core.errors import AppError, NotFound, Unavailable

log = structlog.get_logger()

# What pydantic found, in words that a clerk understands.
_SENTENCES: Mapping[str, str] = {
    "missing": "必填，不能为空",
    "extra_forbidden": "不认识的字段，请删除",
    "string_too_short": "内容太短",
    "string_too_long": "内容太长",
    "string_pattern_mismatch": "格式不正确",
    "string_type": "应为文字",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "bool_parsing": "应为是或否",
    "enum": "不是可选的值",
    "literal_error": "不是可选的值",
    "date_from_datetime_parsing": "日期格式应为 2026-01-31",
    "date_parsing": "日期格式应为 2026-01-31",
    "datetime_parsing": "时间格式应为 2026-01-31T08:00:00+08:00",
    "datetime_from_date_parsing": "时间格式应为 2026-01-31T08:00:00+08:00",
    "timezone_aware": "时间要写明时区，例如 +08:00",
    "greater_than_equal": "数值太小",
    "less_than_equal": "数值太大",
    "too_long": "项目太多",
    "too_short": "项目太少",
    "json_invalid": "不是有效的 JSON",
}
# A body of nothing but unknown fields would be answered five times as long as it came.
_MOST_FIELD_ERRORS = 20
_RETRY_AFTER_SECONDS = 5
_TITLES = {404: "没有找到", 405: "此地址不支持这种请求方法", 413: "上传的内容过大", 415: "不支持的内容类型"}


def problem(status: int, code: str, title: str, **members: object) -> JSONResponse:
    """Build one problem document; `members` are added as they are."""
    body = {"type": f"/problems/{code}", "title": title, "status": status, "code": code, **members}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def of_error(error: AppError) -> JSONResponse:
    """Render a known failure."""
    members: dict[str, object] = dict(error.facts)
    if error.detail:
        members["detail"] = error.detail
    answer = problem(error.status, error.code, error.title, **members)
    if "retry_after" in error.facts:
        answer.headers["Retry-After"] = str(error.facts["retry_after"])
    return answer


def of_bug(*, request_id: str) -> JSONResponse:
    """Render a failure that nobody foresaw: a number that stands in the log too, and nothing else."""
    return problem(500, "unexpected", "系统出错了，请把编号告诉管理员", request_id=request_id)


def install(app: FastAPI) -> None:
    """Make `app` answer known failures as problem documents; RequestLayer answers all others."""

    @app.exception_handler(AppError)
    async def _known(_: Request, error: AppError) -> JSONResponse:
        return of_error(error)

    @app.exception_handler(DBConnectionError)
    @app.exception_handler(OperationalError)
    async def _database(_: Request, error: DBConnectionError | OperationalError) -> JSONResponse:
        if not sql.is_passing(error):
            raise error
        log.warning("http.database_away", error=type(error).__name__)
        return of_error(Unavailable(retry_after=_RETRY_AFTER_SECONDS))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, "invalid_request", "填写的内容有误", errors=_field_errors(error.errors()))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == NotFound.status:
            return problem(404, NotFound.code, NotFound.title)
        title = _TITLES.get(error.status_code, "请求有误")
        return problem(error.status_code, f"http_{error.status_code}", title)


def _field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    found = []
    for error in errors[:_MOST_FIELD_ERRORS]:
        place = error["loc"][1:] if error["loc"][:1] in {("body",), ("query",), ("path",)} else error["loc"]
        own_words = str(error["msg"]).removeprefix("Value error, ")
        sentence = (
            own_words if error["type"] == "value_error" else _SENTENCES.get(error["type"], "格式不正确")
        )
        found.append({"pointer": "/" + "/".join(map(str, place)), "detail": sentence})
    return found
