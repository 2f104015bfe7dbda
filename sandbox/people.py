"""The people with a phone: who they are to each account, whom they follow, what they agreed to receive."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from sandbox.config import Account, AccountKey, Person


@dataclass(slots=True, kw_only=True)
class User:
    """One person. `openids` differ per account, `unionid` joins them; `follows` is the service account."""

    id: str
    name: str
    phone: str
    unionid: str
    openids: dict[AccountKey, str]
    follows: bool = False
    followed_at: float = 0.0
    scene: str = ""

    def shown(self) -> dict[str, object]:
        """The person as JSON for tests and the page."""
        return {
            "id": self.id,
            "name": self.name,
            "phone": self.phone,
            "unionid": self.unionid,
            "openids": dict(self.openids),
            "follows": self.follows,
        }


def openid_for(appid: str, user_id: str) -> str:
    """A 28-letter openid that stays the same whenever this person meets this account."""
    digest = sha256(f"{appid}|{user_id}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27].replace("=", "")


@dataclass(slots=True)
class People:
    """Everybody, found by id or by any of their openids."""

    accounts: Mapping[AccountKey, Account]
    by_id: dict[str, User] = field(default_factory=dict)
    by_openid: dict[str, tuple[User, AccountKey]] = field(default_factory=dict)

    def add(self, person: Person) -> User:
        """Give somebody a phone.

        Raises:
            ValueError: the id or an openid is taken.
        """
        openids: dict[AccountKey, str] = {
            key: person.openids.get(key) or openid_for(account.appid, person.id)
            for key, account in self.accounts.items()
        }
        if person.id in self.by_id or any(openid in self.by_openid for openid in openids.values()):
            raise ValueError(f"{person.id} is here already")
        user = User(
            id=person.id,
            name=person.name,
            phone=person.phone,
            unionid=openid_for("unionid", person.id),
            openids=openids,
        )
        self.by_id[user.id] = user
        for key, openid in openids.items():
            self.by_openid[openid] = (user, key)
        return user

    def find(self, reference: str) -> User | None:
        """Somebody by id or by any openid."""
        known = self.by_id.get(reference)
        if known is None and reference in self.by_openid:
            known = self.by_openid[reference][0]
        return known

    def with_openid(self, openid: object, account: AccountKey) -> User | None:
        """The person behind an openid of this account; another account's openid is nobody."""
        found = self.by_openid.get(openid) if isinstance(openid, str) else None
        return found[0] if found and found[1] == account else None

    def __iter__(self) -> Iterator[User]:
        return iter(self.by_id.values())

    def clear(self) -> None:
        """Nobody is left."""
        self.by_id.clear()
        self.by_openid.clear()
