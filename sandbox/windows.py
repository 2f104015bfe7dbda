"""When a customer-service message may be sent: a few, shortly after the person did something.

Source: /doc/service/api/customer/message/api_sendcustommessage: a message from the user opens 5 messages for
48 hours; a menu click, a follow and a scan open 3 for one minute each; entering the mini program's customer
session opens 2 for one minute.
"""

from dataclasses import dataclass, field
from typing import Literal

from sandbox.errors import RefusedCall

WindowKind = Literal["message", "click", "follow", "scan", "session"]

_RULES: dict[WindowKind, tuple[int, float]] = {
    "message": (5, 48 * 3600.0),
    "click": (3, 60.0),
    "follow": (3, 60.0),
    "scan": (3, 60.0),
    "session": (2, 60.0),
}


@dataclass(slots=True)
class _Window:
    left: int
    closes_at: float


@dataclass(slots=True)
class Windows:
    """Open windows per openid and what opened them; the same act again renews its own window only."""

    opened: dict[str, dict[WindowKind, _Window]] = field(default_factory=dict)

    def open(self, openid: str, kind: WindowKind, *, now: float) -> None:
        """The person did something that lets us write."""
        messages, seconds = _RULES[kind]
        self.opened.setdefault(openid, {})[kind] = _Window(messages, now + seconds)

    def close(self, openid: str) -> None:
        """The person left; nothing may be written any more."""
        self.opened.pop(openid, None)

    def use(self, openid: str, *, now: float) -> None:
        """Take one message, from the window that closes first.

        Raises:
            RefusedCall: 45015 no window is open, 45047 the open ones are used up.
        """
        living = [window for window in self.opened.get(openid, {}).values() if window.closes_at > now]
        if not living:
            raise RefusedCall(45015)
        usable = [window for window in living if window.left > 0]
        if not usable:
            raise RefusedCall(45047)
        min(usable, key=lambda window: window.closes_at).left -= 1
