"""What a caller may touch, decided from role and federation alone."""

from dataclasses import dataclass
from typing import Self

from app.accounts.enums import MiniRole, Permission, StaffRole

_PROVINCE_TAIL = "0000"
_CITY_TAIL = "00"
_CODE_DIGITS = 6

PERMISSIONS: dict[StaffRole, frozenset[Permission]] = {
    StaffRole.ADMIN: frozenset(Permission),
    StaffRole.CLERK: frozenset({Permission.READ, Permission.EDIT}),
    StaffRole.AUDITOR: frozenset({Permission.READ}),
}


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


def scope_of_staff(*, org_code: str) -> Scope:
    """Return where a member of staff may act, find and count.

    City and province see numbers of everything below them, and names only where they act themselves:
    among their own cadres and the people paired with them (product rule 2).
    """
    return Scope(act=(org_code,), find=(org_code,), count=(region_prefix(org_code),))


def mini_role(*, cadre_id: int | None, guardian_id: int | None) -> MiniRole:
    """Return what somebody is to us who opens the mini program, by whom his phone is bound to."""
    if cadre_id is not None:
        return MiniRole.CADRE
    return MiniRole.GUARDIAN if guardian_id is not None else MiniRole.UNBOUND


def may(role: StaffRole, permission: Permission) -> bool:
    """Tell whether a role includes a permission."""
    return permission in PERMISSIONS[role]
