"""What a caller may touch, decided from what was granted to him alone."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any, Self

from app.accounts.enums import MiniRole, Permission, Reach

_PROVINCE_TAIL = "0000"
_CITY_TAIL = "00"
_CODE_DIGITS = 6

LONGEST_GRANT = timedelta(days=366)
# Whoever grants is reminded so long before.
DUE_WITHIN = timedelta(days=30)


def region_prefix(org_code: str) -> str:
    """Return the leading digits that all division codes below a federation share: 37, 3701 or 370102."""
    if org_code.endswith(_PROVINCE_TAIL):
        return org_code[:2]
    if org_code.endswith(_CITY_TAIL):
        return org_code[:4]
    return org_code


def is_county(org_code: str) -> bool:
    """Tell whether a division code is a county's, where families are registered and paired."""
    return not org_code.endswith(_CITY_TAIL)


def org_code_of(prefix: str) -> str:
    """Return the division code whose region all codes with this prefix make up: 3701 is 370100."""
    return prefix.ljust(_CODE_DIGITS, "0")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The regions of one caller, as prefixes of division codes, and who he is if a cadre or guardian calls.

    Args:
        act: where he may change things.
        find: where he may see people, one by one and masked.
        count: where he may see numbers.
        cadre_id: set when a cadre calls; his own pairings only.
        guardian_id: set when a guardian calls; his own families only.
    """

    act: tuple[str, ...] = ()
    find: tuple[str, ...] = ()
    count: tuple[str, ...] = ()
    cadre_id: int | None = None
    guardian_id: int | None = None

    @classmethod
    def everywhere(cls) -> Self:
        """Return the scope of the service itself, for workers and the command line."""
        return cls(act=("",), find=("",), count=("",))

    def may_act_in(self, region_code: str) -> bool:
        """Tell whether the caller may change things of this region."""
        return region_code.startswith(self.act)

    def may_count_in(self, region_code: str) -> bool:
        """Tell whether the caller may see numbers of this region, given by code or by prefix."""
        return region_code.startswith(self.count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What one role may do, and how far it reaches (`data/roles.toml`)."""

    key: str
    label: str
    permissions: frozenset[Permission]
    act: Reach
    find: Reach
    count: Reach


@cache
def roles() -> Mapping[str, Role]:
    """Return the roles that came with this release, by key."""
    return roles_of(
        tomllib.loads(resources.files("app.accounts").joinpath("data/roles.toml").read_text(encoding="utf-8"))
    )


def roles_of(written: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Role]:
    """Return roles read from plain data.

    Raises:
        ValueError: a permission or a reach is none, or no label is given.
    """
    return {
        key: Role(
            key=key,
            label=str(one["label"]),
            permissions=frozenset(Permission(name) for name in one["permissions"]),
            act=Reach(one["act"]),
            find=Reach(one["find"]),
            count=Reach(one["count"]),
        )
        for key, one in written.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One grant as its holder has it: this role, for this federation, through this day."""

    org_code: str
    role: Role
    expires_on: date

    def may(self, permission: Permission) -> bool:
        """Tell whether it includes a permission."""
        return permission in self.role.permissions


def held_on(rows: Iterable[tuple[str, str, date]], *, day: date) -> tuple[Held, ...]:
    """Return which grants are in force on a day; a role that no longer exists gives nothing.

    Args:
        rows: federation, key of the role, last day of each grant that was not taken back.
        day: in the province.
    """
    return tuple(
        Held(org_code=org_code, role=roles()[key], expires_on=expires_on)
        for org_code, key, expires_on in rows
        if key in roles() and day <= expires_on
    )


def scope_of(held: Sequence[Held]) -> Scope:
    """Return where these grants together let somebody act, find and count."""
    return Scope(
        act=_prefixes((one.org_code, one.role.act) for one in held),
        find=_prefixes((one.org_code, one.role.find) for one in held),
        count=_prefixes((one.org_code, one.role.count) for one in held),
    )


def _prefixes(reaches: Iterable[tuple[str, Reach]]) -> tuple[str, ...]:
    found = {
        code if reach is Reach.OWN else region_prefix(code)
        for code, reach in reaches
        if reach is not Reach.NONE
    }
    return tuple(sorted(found))


def scope_of_staff(*, org_code: str) -> Scope:
    """Return where an admin, a clerk or an auditor of a federation may act, find and count.

    City and province see numbers of everything below them, and names only where they act themselves:
    among their own cadres and the people paired with them (product rule 2).
    """
    return Scope(act=(org_code,), find=(org_code,), count=(region_prefix(org_code),))


def longest_for(*, today: date) -> date:
    """Return the last day that a grant given or confirmed today may have: each year it is looked at again."""
    return today + LONGEST_GRANT


def mini_role(*, cadre_id: int | None, guardian_id: int | None) -> MiniRole:
    """Return what somebody is to us who opens the mini program, by whom his phone is bound to."""
    if cadre_id is not None:
        return MiniRole.CADRE
    return MiniRole.GUARDIAN if guardian_id is not None else MiniRole.UNBOUND
