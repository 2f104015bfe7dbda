"""Request and answer bodies."""

from typing import Annotated

from pydantic import StringConstraints

from app.accounts.enums import MiniRole, StaffRole
from app.core.bodies import AnswerBody, RequestBody

OneUseCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]


class MiniSignIn(RequestBody):
    """The one-use code of `wx.login`."""

    code: OneUseCode


class MiniSessionAnswer(AnswerBody):
    """The bearer token, and what the caller is to us."""

    token: str
    role: MiniRole
    role_label: str
    expires_in: int


class StaffSignIn(RequestBody):
    """Name and password."""

    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class StaffSessionAnswer(AnswerBody):
    """Who is signed in; `token` only right after signing in."""

    username: str
    display_name: str
    role: StaffRole
    role_label: str
    org_code: str
    token: str | None = None
