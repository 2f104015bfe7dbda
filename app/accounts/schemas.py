"""Request and answer bodies."""

from datetime import date
from typing import Annotated

from pydantic import StringConstraints

from app.accounts.enums import MiniRole
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
    """Who is signed in; `token` only right after signing in.

    `expires_on` is the last day of what is granted to him; `is_due` from thirty days before.
    """

    username: str
    display_name: str
    role: str
    role_label: str
    org_code: str
    expires_on: date
    is_due: bool
    token: str | None = None
