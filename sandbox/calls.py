"""One API call as the handlers see it, and the checks all of them share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.config import Account, AccountKey
from sandbox.errors import RefusedCall
from sandbox.people import User
from sandbox.receipts import Receipt
from sandbox.world import World

Answer = dict[str, Any]


@dataclass(slots=True)
class Call:
    """Method, path, query, JSON body, caller; `effects` go into the ledger, `receipts` follow the answer."""

    world: World
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    now: float
    caller: Account | None = None
    effects: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """The account whose token came with the call."""
        if self.caller is None:
            raise RefusedCall(41001)
        return self.caller

    @property
    def openid(self) -> str:
        """The person the call is about, for the ledger; empty when it is about nobody."""
        value = self.body.get("touser") or self.body.get("openid") or self.query.get("openid") or ""
        return value if isinstance(value, str) else ""

    def recipient(self) -> User:
        """The person in `touser`.

        Raises:
            RefusedCall: 40003 when nobody of this account has that openid.
        """
        user = self.world.people.with_openid(self.body.get("touser"), self.account.key)
        if user is None:
            raise RefusedCall(40003)
        return user

    def afterwards(self, receipt: Receipt) -> None:
        """Push this receipt once the call is answered; it is kept only where somebody listens."""
        if self.account.push_url:
            self.receipts.append(receipt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How an API path is called: the method, the accounts that may, and whether a token is needed.

    `one_at_a_time` marks the APIs where two calls for one person may not overlap, when that limit is on.
    """

    method: str
    handler: Callable[[Call], Answer]
    accounts: tuple[AccountKey, ...] = ("mini", "official")
    needs_token: bool = True
    one_at_a_time: bool = False
