"""Scripted trouble: what an API call meets instead of a good answer, for how long and how often."""

import random
from dataclasses import dataclass, field
from typing import Any, Literal

FaultKind = Literal[
    "errcode",
    "token",
    "html",
    "reset",
    "stall",
    "drop",
    "hang",
    "latency",
    "half",
    "content_type",
    "string_errcode",
]

#: These strike before the call is looked at; the others after it was carried out.
BEFORE: frozenset[FaultKind] = frozenset({"errcode", "token", "html", "reset", "stall"})
_SHOWN = (
    "kind",
    "path",
    "errcode",
    "status",
    "seconds",
    "jitter_s",
    "openid",
    "count",
    "probability",
    "seed",
)


@dataclass(slots=True, kw_only=True)
class Fault:
    """One rule.

    Before the call is looked at: `errcode` answer this errcode · `token` the access token was replaced
    elsewhere, 40001 · `html` an HTML page with `status` (200 too) · `reset` close the connection unheard ·
    `stall` let it lie for `seconds`, carry it out only if the caller still waits.
    After it was carried out: `drop` close without an answer · `hang`, `latency` answer `seconds` later ·
    `half` send half of the answer · `content_type` send it as text/html · `string_errcode` send the errcode
    as text.
    Seconds get up to `jitter_s` more. `path` is an API path, or a beginning of one followed by `*`; `openid`
    narrows it to one recipient. `count` strikes at most, None for ever; `probability` and the jitter come
    from a generator of the rule's own, seeded.
    """

    kind: FaultKind
    path: str = "*"
    errcode: int = -1
    errmsg: str | None = None
    status: int = 502
    seconds: float = 0.0
    jitter_s: float = 0.0
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

    def wait_s(self) -> float:
        """How long to wait this time."""
        return self.seconds + (self._random.random() * self.jitter_s if self.jitter_s else 0.0)

    def _fits(self, path: str) -> bool:
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path

    def shown(self) -> dict[str, Any]:
        """The rule and how often it struck, as JSON."""
        return {**{name: getattr(self, name) for name in _SHOWN}, "struck": self.struck}


@dataclass(slots=True)
class FaultBook:
    """The rules in force, asked in order; the first that strikes decides."""

    rules: list[Fault] = field(default_factory=list)

    def strike(self, path: str, openid: str) -> Fault | None:
        """The fault this call meets, if any."""
        return next((rule for rule in self.rules if rule.strikes(path, openid)), None)


@dataclass(slots=True)
class Latency:
    """How long every answer takes: `seconds`, and up to `jitter_s` more from a seeded generator."""

    seconds: float = 0.0
    jitter_s: float = 0.0
    seed: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    def wait_s(self) -> float:
        """How long to wait this time."""
        return self.seconds + (self._random.random() * self.jitter_s if self.jitter_s else 0.0)
