"""Who calls, for routes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Annotated, cast

from fastapi import Depends, Request

from app.accounts import operations, queries
from app.accounts.enums import MiniRole, Permission
from app.accounts.rules import Held, Role, Scope, held_on, mini_role, scope_of
from app.audit.enums import ActorKind
from app.audit.operations import Actor
from app.core.clock import china_date
from app.core.deps import ClockDep, SettingsDep
from app.core.errors import NotAllowed, NotSignedIn

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOUCH_EVERY = timedelta(minutes=1)
# What one customer of a provider holds; he could use another address of it for every try.
_IPV6_OF_ONE = 64


class CadresOnly(NotAllowed):
    code = "accounts.cadres_only"
    title = "只有已绑定的帮扶干部可以使用"


class ForeignPage(NotAllowed):
    code = "accounts.foreign_page"
    title = "请求不是从本系统页面发出的"


def session_cookie_name(*, is_production: bool) -> str:
    """Return the cookie's name; only over TLS can it carry the strict prefix."""
    return "__Host-lianxin" if is_production else "lianxin"


@dataclass(frozen=True, kw_only=True)
class MiniCaller:
    """Whoever holds a phone that is signed in."""

    identity_id: int
    openid: str
    role: MiniRole
    scope: Scope

    @property
    def actor(self) -> Actor:
        """Return how the audit trail names him."""
        if self.scope.cadre_id is not None:
            return Actor(kind=ActorKind.CADRE, id=self.scope.cadre_id)
        return Actor(kind=ActorKind.GUARDIAN, id=self.scope.guardian_id)


@dataclass(frozen=True, kw_only=True)
class CadreCaller(MiniCaller):
    """A cadre, bound by the phone number in the roster."""

    cadre_id: int


@dataclass(frozen=True, kw_only=True)
class StaffCaller:
    """A member of a federation's staff.

    Args:
        staff_id: who he is.
        username: how he signs in.
        display_name: how he is called.
        org_code: the federation for which he works here.
        held: what is granted to him, in force.
        scope: where those of his grants reach that include what the route asks for.
    """

    staff_id: int
    username: str
    display_name: str
    org_code: str
    held: tuple[Held, ...]
    scope: Scope

    @property
    def role(self) -> Role:
        """Return the role by which he is called."""
        at_home = (one.role for one in self.held if one.org_code == self.org_code)
        return next(at_home, self.held[0].role)

    def may(self, permission: Permission) -> bool:
        """Tell whether any of his grants includes a permission."""
        return any(one.may(permission) for one in self.held)

    def by(self, *permissions: Permission) -> "StaffCaller":
        """Return him as far as the grants reach that include all of these permissions, and no farther.

        An admin of one county who audits another one approves nothing there.
        """
        able = [one for one in self.held if all(one.may(permission) for permission in permissions)]
        if not able:
            raise NotAllowed(f"需要“{'、'.join(permission.label for permission in permissions)}”权限")
        at_home = any(one.org_code == self.org_code for one in able)
        org_code = self.org_code if at_home else able[0].org_code
        return replace(self, org_code=org_code, scope=scope_of(able))

    @property
    def actor(self) -> Actor:
        """Return how the audit trail names him."""
        return Actor(kind=ActorKind.STAFF, id=self.staff_id)


def bearer_token(request: Request) -> str | None:
    """Return the token of the Authorization header, if there is one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def came_from(request: Request) -> str:
    """Return the network address of the caller: of IPv4 the address, of IPv6 the /64 around it.

    Behind a reverse proxy it is the proxy's, for everybody, unless `trusted_proxy` names it.
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or IPv6Network((int(address), _IPV6_OF_ONE), strict=False))


async def _mini_caller(request: Request, clock: ClockDep) -> MiniCaller:
    token = bearer_token(request)
    row = await queries.mini_caller_row(token=token, now=clock.now()) if token else None
    if row is None:
        raise NotSignedIn
    cadre_id = cast("int | None", row["cadre_id"])
    guardian_id = cast("int | None", row["guardian_id"])
    return MiniCaller(
        identity_id=cast("int", row["identity_id"]),
        openid=cast("str", row["openid"]),
        role=mini_role(cadre_id=cadre_id, guardian_id=guardian_id),
        scope=Scope(cadre_id=cadre_id, guardian_id=guardian_id),
    )


async def _cadre_caller(caller: Annotated[MiniCaller, Depends(_mini_caller)]) -> CadreCaller:
    if caller.scope.cadre_id is None:
        raise CadresOnly
    return CadreCaller(
        identity_id=caller.identity_id,
        openid=caller.openid,
        role=caller.role,
        scope=caller.scope,
        cadre_id=caller.scope.cadre_id,
    )


async def _staff_caller(request: Request, clock: ClockDep, settings: SettingsDep) -> StaffCaller:
    token = bearer_token(request)
    if token is None:
        token = request.cookies.get(session_cookie_name(is_production=settings.is_production))
        refuse_foreign_page(request)
    session = await queries.staff_session(token=token) if token else None
    now = clock.now()
    if session is None or session.expires_at <= now:
        raise NotSignedIn
    if session.last_used_at + operations.STAFF_SESSION_IDLE <= now:
        raise NotSignedIn("长时间没有操作，请重新登录")
    if session.last_used_at + _TOUCH_EVERY <= now:
        await operations.touch_staff_session(session_id=session.session_id, now=now)
    held = held_on(session.grants, day=china_date(now))
    if not held:
        raise operations.no_power(session.grants)
    return StaffCaller(
        staff_id=session.staff_id,
        username=session.username,
        display_name=session.display_name,
        org_code=session.org_code,
        held=held,
        scope=scope_of(held),
    )


def refuse_foreign_page(request: Request) -> None:
    """Refuse a change that another site's page sends with our cookie.

    Raises:
        ForeignPage: the browser says that the request began elsewhere.
    """
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForeignPage
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise ForeignPage


def staff_who_may(*permissions: Permission) -> Callable[[StaffCaller], Awaitable[StaffCaller]]:
    """Return the dependency that lets in only staff to whom permissions are granted, as far as they are."""

    async def allowed(caller: Annotated[StaffCaller, Depends(_staff_caller)]) -> StaffCaller:
        return caller.by(*permissions)

    return allowed


MiniDep = Annotated[MiniCaller, Depends(_mini_caller)]
CadreDep = Annotated[CadreCaller, Depends(_cadre_caller)]
StaffDep = Annotated[StaffCaller, Depends(staff_who_may(Permission.READ))]
EditorDep = Annotated[StaffCaller, Depends(staff_who_may(Permission.EDIT))]
ApproverDep = Annotated[StaffCaller, Depends(staff_who_may(Permission.APPROVE))]
RevealerDep = Annotated[StaffCaller, Depends(staff_who_may(Permission.REVEAL))]
# Whoever takes a file with people in it out of the system.
ExporterDep = Annotated[StaffCaller, Depends(staff_who_may(Permission.EXPORT))]
# The same, with nothing masked in it.
FullExporterDep = Annotated[StaffCaller, Depends(staff_who_may(Permission.EXPORT, Permission.REVEAL))]
