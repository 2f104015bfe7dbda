"""Access tokens, both kinds, with the rules that bite: overlap, expiry, quotas, isolation.

Source: getAccessToken and getStableAccessToken pages. A token of cgi-bin/token dies five minutes after the
next one is fetched; stable_token answers the same token until its last five minutes.
"""

import secrets
from dataclasses import dataclass, field

from sandbox.clock import china_day
from sandbox.config import Account
from sandbox.errors import RefusedCall

LIFE_S = 7200.0
OVERLAP_S = 300.0
_PLAIN_PER_DAY = 2000
_FORCED_PER_DAY = 20
_FORCED_GAP_S = 30.0
_SHORTEST = 20
_KEPT = 4096


@dataclass(slots=True)
class _Token:
    text: str
    account: Account
    expires_at: float
    killed: bool = False


@dataclass(slots=True)
class Tokens:
    """Every token given out, and the current one per account and kind."""

    known: dict[str, _Token] = field(default_factory=dict)
    current: dict[tuple[str, str], _Token] = field(default_factory=dict)
    used: dict[tuple[str, str, str], int] = field(default_factory=dict)
    forced_at: dict[str, float] = field(default_factory=dict)

    def plain(self, account: Account, *, now: float) -> dict[str, object]:
        """Answer GET cgi-bin/token: always a new token, the one before lives five minutes more."""
        self._count(account, "plain", now=now, limit=_PLAIN_PER_DAY)
        before = self.current.get((account.appid, "plain"))
        if before is not None:
            before.expires_at = min(before.expires_at, now + OVERLAP_S)
        return _answer(self._issue(account, "plain", now=now), now=now)

    def stable(self, account: Account, *, force: bool, now: float) -> dict[str, object]:
        """Answer POST cgi-bin/stable_token: the same token until its last five minutes."""
        current = self.current.get((account.appid, "stable"))
        if force and abs(now - self.forced_at.get(account.appid, -_FORCED_GAP_S)) >= _FORCED_GAP_S:
            self._count(account, "forced", now=now, limit=_FORCED_PER_DAY)
            self.forced_at[account.appid] = now
            if current is not None:
                current.killed = True
            current = None
        if current is None or current.killed or current.expires_at - now <= OVERLAP_S:
            current = self._issue(account, "stable", now=now)
        return _answer(current, now=now)

    def account(self, text: str, *, now: float) -> Account:
        """The account a token speaks for.

        Raises:
            RefusedCall: 41001 without a token, 40014 for text that is no token, 40001 for an unknown or
                replaced one, 42001 for an expired one.
        """
        token = self.known.get(text)
        if token is None:
            raise RefusedCall(_code_for_unknown(text))
        if token.killed:
            raise RefusedCall(40001)
        if token.expires_at <= now:
            raise RefusedCall(42001)
        return token.account

    def expire(self, account: Account | None, *, now: float) -> int:
        """End every living token of one account, or of all; returns how many were alive."""
        alive = self._alive(account, now=now)
        for token in alive:
            token.expires_at = now
        return len(alive)

    def kill(self, text: str) -> None:
        """Replace one token out of band, as another user of the same secret does: 40001 from now on."""
        token = self.known.get(text)
        if token is not None:
            token.killed = True

    def kill_all(self, account: Account | None, *, now: float) -> int:
        """Replace every living token of one account, or of all; returns how many were alive."""
        alive = self._alive(account, now=now)
        for token in alive:
            token.killed = True
        return len(alive)

    def _alive(self, account: Account | None, *, now: float) -> list[_Token]:
        return [
            token
            for token in self.known.values()
            if token.expires_at > now and not token.killed and account in (None, token.account)
        ]

    def _issue(self, account: Account, kind: str, *, now: float) -> _Token:
        token = _Token(f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(96)}", account, now + LIFE_S)
        self.known[token.text] = token
        self.current[account.appid, kind] = token
        while len(self.known) > _KEPT:
            self.known.pop(next(iter(self.known)))
        return token

    def _count(self, account: Account, kind: str, *, now: float, limit: int) -> None:
        key = (account.appid, kind, china_day(now))
        if self.used.get(key, 0) >= limit:
            raise RefusedCall(45009)
        self.used[key] = self.used.get(key, 0) + 1


def _code_for_unknown(text: str) -> int:
    if not text:
        return 41001
    well_formed = len(text) >= _SHORTEST and text.replace("_", "").replace("-", "").isalnum()
    return 40001 if well_formed else 40014


def _answer(token: _Token, *, now: float) -> dict[str, object]:
    return {"access_token": token.text, "expires_in": int(token.expires_at - now)}
