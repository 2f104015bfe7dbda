"""Failures that we expect and can explain; anything else is a bug and becomes a plain 500."""

from typing import ClassVar


class AppError(Exception):
    """One expected failure: an HTTP status, a dotted code for programs, a Chinese title for people.

    Args:
        detail: a sentence about this one case, shown beside the title.
        facts: further members of the problem document (RFC 9457), JSON values.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "请求有误"

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.facts = facts


class Invalid(AppError):
    """What was sent cannot be understood or used."""

    status = 422
    code = "invalid"
    title = "填写的内容有误"


class NotSignedIn(AppError):
    """Nobody we know is calling."""

    status = 401
    code = "not_signed_in"
    title = "请先登录"


class NotAllowed(AppError):
    """We know who is calling, and this is not theirs to do."""

    status = 403
    code = "not_allowed"
    title = "没有权限进行此操作"


class NotFound(AppError):
    """It does not exist, or lies in a region that the caller may not look into."""

    status = 404
    code = "not_found"
    title = "没有找到"


class Conflict(AppError):
    """It is possible in general, but not in the state things are in."""

    status = 409
    code = "conflict"
    title = "当前状态不允许此操作"


class TooLarge(AppError):
    """More was sent than this address takes."""

    status = 413
    code = "too_large"
    title = "上传的内容过大"


class TooMany(AppError):
    """Too often in too short a time."""

    status = 429
    code = "too_many"
    title = "操作过于频繁，请稍后再试"


class Unavailable(AppError):
    """Something that we depend on does not answer now."""

    status = 503
    code = "unavailable"
    title = "服务暂时不可用，请稍后再试"
