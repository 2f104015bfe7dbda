"""One-use codes of the mini program: wx.login and the phone number button, five minutes each."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Literal

from sandbox.errors import RefusedCall
from sandbox.people import User

CodeKind = Literal["login", "phone"]

_LIFE_S = 300.0
_KEPT = 10_000


@dataclass(slots=True)
class _Code:
    user: User
    kind: CodeKind
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class Codes:
    """Codes given out; the oldest are forgotten beyond a fixed number."""

    known: dict[str, _Code] = field(default_factory=dict)

    def make(self, user: User, kind: CodeKind, *, now: float) -> str:
        """A new code for this person."""
        text = secrets.token_hex(16)
        self.known[text] = _Code(user, kind, now + _LIFE_S)
        while len(self.known) > _KEPT:
            self.known.pop(next(iter(self.known)))
        return text

    def redeem(self, text: object, kind: CodeKind, *, now: float, openid: str | None = None) -> User:
        """Use a code up, and say whose it was.

        Raises:
            RefusedCall: 40029 unknown, expired, of the other kind or bound to another openid; 40163 used.
        """
        code = self.known.get(text) if isinstance(text, str) else None
        if code is None or code.kind != kind or code.expires_at <= now:
            raise RefusedCall(40029)
        if code.used:
            raise RefusedCall(40163)
        if openid is not None and code.user.openids.get("mini") != openid:
            raise RefusedCall(40029)
        code.used = True
        return code.user

    @staticmethod
    def session_key() -> str:
        """A fresh session key, 16 bytes in base64."""
        return base64.b64encode(secrets.token_bytes(16)).decode()
