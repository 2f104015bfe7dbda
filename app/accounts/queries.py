"""Finding out who calls."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from tortoise.expressions import Q

from app.accounts.models import Staff, StaffGrant
from app.accounts.rules import Scope, is_county
from app.core import sql
from app.core.crypto import hash_token

# Far above what one person can look after; a bound all the same.
MOST_GRANTS = 50


def in_regions(field: str, prefixes: Sequence[str]) -> Q:
    """Return the filter that keeps rows whose region code begins with one of these prefixes.

    No scope: this is how a scope reaches a query. No prefix at all matches nothing.
    """
    if not prefixes:
        return Q(pk=None)
    if "" in prefixes:
        return Q()
    return Q(*[Q(**{f"{field}__startswith": prefix}) for prefix in prefixes], join_type=Q.OR)


def in_regions_or_of_own_cadres(*, scope: Scope, region: str, org: str) -> Q:
    """Return the filter that keeps what concerns people of the caller's regions or people of his own cadres.

    City and province see the people of their own cadres; a county's cadres have people nowhere else.

    Args:
        scope: who asks.
        region: field with the region code of the people.
        org: field with the federation of the cadre.
    """
    here = in_regions(region, scope.find)
    own = [code for code in scope.find if not is_county(code)]
    return Q(here, in_regions(org, own), join_type=Q.OR) if own else here


async def mini_caller_row(*, token: str, now: datetime) -> dict[str, object] | None:
    """Return identity_id, openid, cadre_id and guardian_id of a signed-in phone, or None.

    No scope: it finds out whose scope counts. One statement, since every tap pays for it.
    """
    rows = await sql.fetch(
        "SELECT i.id AS identity_id, i.openid, i.cadre_id, i.guardian_id"
        " FROM mini_session s JOIN wechat_identity i ON i.id = s.identity_id"
        " WHERE s.token_hash = %s AND s.expires_at > %s",
        (hash_token(token), now),
    )
    return rows[0] if rows else None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """One signed-in browser, whose it is, and what was granted to him: federation, role and last day each."""

    session_id: int
    last_used_at: datetime
    expires_at: datetime
    staff_id: int
    username: str
    display_name: str
    org_code: str
    grants: tuple[tuple[str, str, date], ...]


async def staff_session(*, token: str) -> SignedIn | None:
    """Return the session of a signed-in browser with its member of staff, unless his account is closed.

    No scope: it finds out whose scope counts. One statement, since every click pays for it; what is granted
    and taken back therefore holds from the next click.
    """
    rows = await sql.fetch(
        "SELECT s.id, s.last_used_at, s.expires_at, t.id AS staff_id, t.username, t.display_name,"
        " t.org_code, g.org_code AS granted_org, g.role, g.expires_on"
        " FROM staff_session s JOIN staff t ON t.id = s.staff_id"
        " LEFT JOIN staff_grant g ON g.staff_id = t.id AND g.revoked_at IS NULL"
        " WHERE s.token_hash = %s AND t.is_active = %s ORDER BY g.id",
        (hash_token(token), True),
    )
    if not rows:
        return None
    first = rows[0]
    return SignedIn(
        session_id=first["id"],
        last_used_at=cast("datetime", sql.moment_of(first["last_used_at"])),
        expires_at=cast("datetime", sql.moment_of(first["expires_at"])),
        staff_id=first["staff_id"],
        username=first["username"],
        display_name=first["display_name"],
        org_code=first["org_code"],
        grants=tuple(
            (row["granted_org"], row["role"], cast("date", sql.day_of(row["expires_on"])))
            for row in rows
            if row["role"] is not None
        ),
    )


async def grants_of(*, staff_id: int) -> tuple[tuple[str, str, date], ...]:
    """Return federation, role and last day of what was granted to somebody and not taken back.

    No scope: signing in comes before any scope.
    """
    found = StaffGrant.filter(staff_id=staff_id, revoked_at=None).order_by("id").limit(MOST_GRANTS)
    return tuple(await found.values_list("org_code", "role", "expires_on"))


async def staff_named(*, username: str) -> Staff | None:
    """Return a member of staff by the name he signs in with.

    No scope: signing in comes before any scope.
    """
    return await Staff.get_or_none(username=username)


async def staff_names(*, staff_ids: Collection[int]) -> dict[int, str]:
    """Return how members of staff are called in the console, by id.

    No scope: who wrote or approved something is told to whoever may see that thing.
    """
    found = Staff.filter(id__in=list(staff_ids)).order_by("id").limit(len(staff_ids) or 1)
    return dict(await found.values_list("id", "display_name"))
