"""Finding out who calls."""

from collections.abc import Collection, Sequence
from datetime import datetime

from tortoise.expressions import Q

from app.accounts.models import Staff, StaffSession
from app.accounts.rules import Scope, is_county
from app.core import sql
from app.core.crypto import hash_token


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


async def staff_session(*, token: str) -> StaffSession | None:
    """Return the session of a signed-in browser with its member of staff.

    No scope: it finds out whose scope counts.
    """
    return await StaffSession.get_or_none(token_hash=hash_token(token)).prefetch_related("staff")


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
