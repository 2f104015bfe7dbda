"""How much WeChat lets through: quotas of a day, rates, how often one person, forbidden words, review.

Everything but the published day quotas is off until a script switches it on. Counters go by periods of the
sandbox's clock: moving it into another day, minute or month meets that period's own counters.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.clock import china_day_number
from sandbox.config import Account
from sandbox.errors import RefusedCall

_DAYS_KEPT = 400
_INSTANTS_KEPT = 120
_MINUTE_S = 60
MASS_PATH = "/cgi-bin/message/mass/send"
_SEND_PATHS = {
    "/cgi-bin/message/subscribe/send",
    "/cgi-bin/message/subscribe/bizsend",
    "/cgi-bin/message/template/send",
}
#: 接口调用频次限制说明 (doc/service Message_Management/API_Call_Limits), calls per account and day.
_PUBLISHED = {
    MASS_PATH: 100,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/menu/create": 1_000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1_000,
    "/cgi-bin/user/info": 5_000_000,
}
_UNPUBLISHED = 10_000_000

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Review(BaseModel):
    """Template messages held for review (40252): the share, and what becomes of them `after_s` later.

    `passes` is the share of held messages that WeChat then delivers itself; the others are blocked. With
    `after_s` None they wait until a script releases them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: Share
    passes: Share = 1.0
    after_s: float | None = Field(default=60.0, ge=0)
    seed: int = 0


class Limits(BaseModel):
    """The limits in force. Maps are by API path or template id; "*" stands for every path that is not named.

    `daily` calls an account's API takes in a China day (45009) · `per_second`, `per_minute` calls it takes in
    one (`rate_errcode`: 45011, or -1 as under mass sending) · `per_openid` messages to one person in
    `per_openid_s` seconds (43117) · `overlap` refuses a send while another to the same person is under way
    (43108) · `template_daily` messages of one template in a day (45009) · `words` nobody may send (45168, for
    a template message 40249) · `review` holds messages back (40252) · `mass_monthly` mass messages one person
    gets in a month · `mass_account_monthly` mass messages of the account in a month (45028) ·
    `mass_retry_gap_s` how soon the same clientmsgid is too soon (45066).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily: dict[str, Count] = {}
    per_second: dict[str, Count] = {}
    per_minute: dict[str, Count] = {MASS_PATH: 60}
    rate_errcode: Literal[45011, -1] = 45011
    per_openid: int | None = Field(default=None, ge=0)
    per_openid_s: float = Field(default=86_400.0, gt=0)
    overlap: bool = False
    template_daily: dict[str, Count] = {}
    words: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    review: Review | None = None
    mass_monthly: int = Field(default=4, ge=0)
    mass_account_monthly: int | None = Field(default=None, ge=0)
    mass_retry_gap_s: float = Field(default=0.0, ge=0)


@dataclass(slots=True)
class Periods:
    """Counters of a period, be it a second, a day or a month; beyond `kept` the first met are forgotten."""

    kept: int
    counts: dict[Any, dict[Any, int]] = field(default_factory=dict)

    def of(self, period: object) -> dict[Any, int]:
        """The counters of one period, to read and to change."""
        found = self.counts.get(period)
        if found is None:
            found = self.counts[period] = {}
            if len(self.counts) > self.kept:
                del self.counts[next(iter(self.counts))]
        return found


@dataclass(slots=True)
class LimitBook:
    """The limits in force, and what was counted against them."""

    rules: Limits = field(default_factory=Limits)
    _days: Periods = field(default_factory=lambda: Periods(_DAYS_KEPT))
    _instants: Periods = field(default_factory=lambda: Periods(_INSTANTS_KEPT))
    _persons: Periods = field(default_factory=lambda: Periods(_INSTANTS_KEPT))
    _templates: Periods = field(default_factory=lambda: Periods(_DAYS_KEPT))

    def change(self, changes: Mapping[str, Any]) -> Limits:
        """Put some limits in force, leaving the others and what was counted.

        Raises:
            pydantic.ValidationError: a limit is unknown or out of range.
        """
        self.rules = Limits.model_validate({**self.rules.model_dump(), **changes})
        return self.rules

    def count_call(self, account: Account, path: str, *, now: float) -> None:
        """Count one call of an API; what is refused here counts for nothing.

        Raises:
            RefusedCall: 45009 the day's quota is used up, 45011 or -1 too many in this second or minute.
        """
        day = self._days.of(china_day_number(now))
        key = (account.appid, path)
        used = day.get(key, 0)
        if used >= self.daily_limit(account, path):
            raise RefusedCall(45009)
        if self.rules.per_second or self.rules.per_minute:
            self._count_rates(account, path, now=now)
        day[key] = used + 1

    def used_today(self, account: Account, path: str, *, now: float) -> int:
        """Calls of an API that were let through today."""
        return self._days.of(china_day_number(now)).get((account.appid, path), 0)

    def daily_limit(self, account: Account, path: str) -> int:
        """Calls of this API in one day: scripted, else the account's own quota or the published one."""
        scripted = _for_path(self.rules.daily, path)
        if scripted is not None:
            return scripted
        return account.daily_quota if path in _SEND_PATHS else _PUBLISHED.get(path, _UNPUBLISHED)

    def rates(self, path: str) -> Iterator[tuple[int, int]]:
        """The rates in force for an API: (calls, seconds)."""
        for seconds, limits in ((1, self.rules.per_second), (_MINUTE_S, self.rules.per_minute)):
            limit = _for_path(limits, path)
            if limit is not None:
                yield limit, seconds

    def count_message(self, openid: str, template_id: str, *, now: float) -> None:
        """Count one message to a person, with everything else about it in order.

        Raises:
            RefusedCall: 43117 too many to this person, 45009 the template's day is used up.
        """
        if self.rules.per_openid is None and not self.rules.template_daily:
            return
        person = self._persons.of(int(now // self.rules.per_openid_s))
        day = self._templates.of(china_day_number(now))
        sent, used = person.get(openid, 0), day.get(template_id, 0)
        if self.rules.per_openid is not None and sent >= self.rules.per_openid:
            raise RefusedCall(43117)
        if used >= self.rules.template_daily.get(template_id, used + 1):
            raise RefusedCall(45009)
        person[openid], day[template_id] = sent + 1, used + 1

    def forbidden(self, texts: Iterable[str]) -> bool:
        """Whether one of these texts holds a word nobody may send."""
        words = self.rules.words
        return bool(words) and any(word in text for text in texts for word in words)

    def _count_rates(self, account: Account, path: str, *, now: float) -> None:
        slots = []
        for limit, seconds in self.rates(path):
            slot = self._instants.of((seconds, int(now // seconds)))
            if slot.get((account.appid, path), 0) >= limit:
                raise RefusedCall(self.rules.rate_errcode)
            slots.append(slot)
        for slot in slots:
            slot[account.appid, path] = slot.get((account.appid, path), 0) + 1


def _for_path(limits: Mapping[str, int], path: str) -> int | None:
    return limits.get(path, limits.get("*")) if limits else None
