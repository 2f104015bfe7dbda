"""Template messages that WeChat holds for review (40252): later it delivers them itself, or blocks them.

Source: the answer in community thread 000a48b104408833b6c34b0ad61400: do not send again, the platform pushes
it itself if it passes.
"""

import heapq
import itertools
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.clock import Clock
from sandbox.ledger import Ledger
from sandbox.limits import LimitBook, Review
from sandbox.receipts import Receipt, Receipts

_BLOCKED_KEPT = 10_000

Verdict = Literal["scripted", "deliver", "block"]


@dataclass(slots=True)
class Held:
    """One message under review: what the ledger will say of it, its receipt, and what was decided."""

    facts: dict[str, Any]
    receipt: Receipt | None
    passes: bool


@dataclass(frozen=True, slots=True)
class Blocked:
    """One template message that WeChat kept back, as wxa/sec/queryblocktmplmsg lists it."""

    id: int
    template_id: str
    openid: str
    data: dict[str, str]
    at: float


@dataclass(slots=True)
class Reviews:
    """Messages that wait for their review, by the moment it ends, and those that were kept back."""

    clock: Clock
    ledger: Ledger
    limits: LimitBook
    receipts: Receipts
    blocked: deque[Blocked] = field(default_factory=lambda: deque(maxlen=_BLOCKED_KEPT))
    passed: int = 0
    _waiting: list[tuple[float, int, Held]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _dice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - repeatable
    _review: Review | None = None

    def holds(self) -> Review | None:
        """The review that the next message goes to, if it goes to one."""
        review = self.limits.rules.review
        if review is None:
            return None
        if review is not self._review:
            self._review, self._dice = review, random.Random(review.seed)  # noqa: S311 - repeatable
        return review if self._dice.random() < review.share else None

    def hold(self, review: Review, facts: dict[str, Any], receipt: Receipt | None, *, now: float) -> None:
        """Keep one message back until its review ends."""
        due = float("inf") if review.after_s is None else now + review.after_s
        held = Held(facts, receipt, passes=self._dice.random() < review.passes)
        heapq.heappush(self._waiting, (due, next(self._numbers), held))

    def block(self, template_id: str, openid: str, data: dict[str, str], *, now: float) -> None:
        """Keep one message back for good."""
        self.blocked.append(Blocked(next(self._numbers), template_id, openid, data, now))

    @property
    def waiting(self) -> int:
        """How many messages are under review."""
        return len(self._waiting)

    def end_due(self) -> None:
        """End the reviews whose moment has come."""
        now = self.clock.now()
        while self._waiting and self._waiting[0][0] <= now:
            self._end(heapq.heappop(self._waiting)[2], passes=None)

    def release(self, count: int | None, *, verdict: Verdict) -> int:
        """End reviews now, the earliest due first; returns how many."""
        ending = min(count or len(self._waiting), len(self._waiting))
        for _ in range(ending):
            held = heapq.heappop(self._waiting)[2]
            self._end(held, passes=None if verdict == "scripted" else verdict == "deliver")
        return ending

    def _end(self, held: Held, *, passes: bool | None) -> None:
        facts = held.facts
        if held.passes if passes is None else passes:
            self.passed += 1
            self.ledger.append("delivered", **facts, after_review=True)
            if held.receipt is not None:
                self.receipts.take([held.receipt])
            return
        self.ledger.append("blocked", **facts)
        self.block(facts["template_id"], facts["openid"], facts["data"], now=self.clock.now())
