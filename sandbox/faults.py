"""Scripted trouble: what an API call meets instead of a good answer, for how long and how often."""

import random
from dataclasses import dataclass, field
from typing import Any, Literal

FaultKind = Literal["errcode", "html", "reset", "drop", "hang", "half", "latency"]

#: `errcode`, `html` and `reset` strike before the call is looked at; the others after it was carried out.
BEFORE: frozenset[FaultKind] = frozenset({"errcode", "html", "reset"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """One rule.

    `errcode` answer this errcode · `html` an HTML page with `status` · `reset` close the connection unheard ·
    `drop` carry the call out, then close without an answer · `hang` carry it out, answer after `seconds` ·
    `half` carry it out, send half of the answer · `latency` answer `seconds` later.
    `path` is an API path, or a beginning of one followed by `*`; `openid` narrows it to one recipient.
    `count` strikes at most, None for ever; `probability` with its own seeded generator.
    """

    kind: FaultKind
    path: str = "*"
    errcode: int = -1
    errmsg: str | None = None
    status: int = 502
    seconds: float = 0.0
    openid: str | None = None
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    struck: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    def strikes(self, path: str, openid: str) -> bool:
        """Whether this call meets the fault; counts it if so."""
        if self.openid not in (None, openid) or not self._fits(path):
            return False
        if self.count is not None and self.struck >= self.count:
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def _fits(self, path: str) -> bool:
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path

    def shown(self) -> dict[str, Any]:
        """The rule and how often it struck, as JSON."""
        names = (
            "kind",
            "path",
            "errcode",
            "status",
            "seconds",
            "openid",
            "count",
            "probability",
            "seed",
            "struck",
        )
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class FaultBook:
    """The rules in force, asked in order; the first that strikes decides."""

    rules: list[Fault] = field(default_factory=list)

    def strike(self, path: str, openid: str) -> Fault | None:
        """The fault this call meets, if any."""
        return next((rule for rule in self.rules if rule.strikes(path, openid)), None)
