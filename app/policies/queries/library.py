"""Reading policies: public texts once published; drafts are seen by the federation that writes them."""

import json
from collections.abc import Collection, Hashable
from datetime import date
from functools import lru_cache
from typing import Any

from tortoise.expressions import Q

from app.accounts.queries import in_regions
from app.accounts.rules import Scope, region_prefix
from app.core.clock import china_date
from app.core.errors import NotFound
from app.core.pagination import PageQuery, cut
from app.policies.enums import PolicyState
from app.policies.models import Policy
from app.policies.rules.authoring import Document, PolicyText, Version, read_document
from app.policies.rules.shelf import Shelf

_LEVEL_DIGITS = (2, 4, 6)
_WHOLE_LIBRARY = 20_000
# One for the whole register and some for the regions of those who ask; the same versions mean the same.
_MOST_SHELVES = 8
_shelves: dict[Hashable, Shelf] = {}
_ONCE_PUBLISHED = (PolicyState.PUBLISHED, PolicyState.WITHDRAWN)


class PolicyNotFound(NotFound):
    code = "policies.not_found"
    title = "没有找到这条政策"


def _visible(scope: Scope) -> Q:
    """Keep what the caller's own federation writes, and what is published above, here and below it."""
    above = {prefix[:digits] for prefix in scope.count for digits in _LEVEL_DIGITS if digits <= len(prefix)}
    around = Q(in_regions("org_code", scope.count), Q(region_prefix__in=sorted(above)), join_type=Q.OR)
    published = Q(around, Q(state__in=_ONCE_PUBLISHED))
    return Q(in_regions("org_code", scope.act), published, join_type=Q.OR)


async def policies_in(
    *, scope: Scope, page: PageQuery, state: PolicyState | None = None, key: str | None = None
) -> tuple[list[Policy], int | None]:
    """Return one page of versions of policies, oldest entry first, and where the next page begins.

    Args:
        scope: who asks: what applies in his regions, and the drafts of his own federation.
        page: where to go on and how many.
        state: keep those in this state.
        key: keep the versions of this policy.
    """
    found = Policy.filter(_visible(scope), id__gt=page.cursor)
    if state is not None:
        found = found.filter(state=state)
    if key is not None:
        found = found.filter(policy_key=key)
    return cut(await found.order_by("id").limit(page.limit + 1), page=page)


async def policy_in(*, scope: Scope, policy_id: int) -> Policy:
    """Return one version; raises PolicyNotFound for one that the caller may not see."""
    policy = await Policy.filter(_visible(scope)).get_or_none(id=policy_id)
    if policy is None:
        raise PolicyNotFound
    return policy


async def version_before(*, scope: Scope, policy: Policy) -> Policy | None:
    """Return the version of the same federation before this one, None before the first.

    Args:
        scope: who asks.
        policy: found within his scope.
    """
    earlier = Policy.filter(
        _visible(scope), policy_key=policy.policy_key, org_code=policy.org_code, version__lt=policy.version
    )
    return await earlier.order_by("-version").first()


async def published_names(*, region_code: str) -> dict[str, str]:
    """Return what the policies are called that are published for a region, above it or below it, by key.

    No scope: what is published is for everybody. In the order of their keys.
    """
    found = await (
        Policy.filter(state=PolicyState.PUBLISHED)
        .order_by("policy_key", "valid_from", "id")
        .limit(_WHOLE_LIBRARY)
        .values_list("policy_key", "region_prefix", "name")
    )
    own = region_prefix(region_code)
    # Of several versions the latest one names it.
    return {key: name for key, prefix, name in found if own.startswith(prefix) or prefix.startswith(own)}


async def shelf_of(*, day: date, regions: Collection[str] | None = None) -> Shelf:
    """Return the policies of a day.

    No scope: what is published is for everybody to whom it applies.

    Args:
        day: those that have begun by then.
        regions: only what may apply in these regions; None takes all there are.
    """
    found = Policy.filter(state__in=_ONCE_PUBLISHED, valid_from__lte=day)
    if regions is not None:
        prefixes = {region[:digits] for region in regions for digits in _LEVEL_DIGITS}
        found = found.filter(region_prefix__in=sorted(prefixes))
    rows = await found.order_by("id").limit(_WHOLE_LIBRARY)
    counted = [row for row in rows if not _was_never_in_force(row)]
    content = (day, *((row.id, row.state) for row in counted))
    shelf = _shelves.get(content)
    if shelf is None:
        if len(_shelves) >= _MOST_SHELVES:
            _shelves.clear()
        shelf = _shelves[content] = Shelf([version_of(row) for row in counted], day=day)
    return shelf


def _was_never_in_force(policy: Policy) -> bool:
    return policy.withdrawn_at is not None and china_date(policy.withdrawn_at) < policy.valid_from


def version_of(policy: Policy) -> Version:
    """Return a stored version as the engine reads it.

    No scope: it reads nothing.
    """
    return Version(
        policy_id=policy.id,
        key=policy.policy_key,
        name=policy.name,
        region_prefix=policy.region_prefix,
        number=policy.version,
        valid_from=policy.valid_from,
        access=policy.access,
        is_withdrawn=policy.state is PolicyState.WITHDRAWN,
        document=_document(policy.rules, policy.region_prefix),
        text=PolicyText(
            department=policy.department,
            summary=policy.summary,
            body=policy.body,
            proofs=tuple(json.loads(policy.proofs)),
            apply_at=policy.apply_at,
            source=policy.source,
            checked_on=policy.checked_on,
        ),
    )


# A published version never changes, so neither does what its text says.
@lru_cache(maxsize=4096)
def _document(text: str, region_prefix: str) -> Document:
    written: dict[str, Any] = json.loads(text)
    return read_document(written, region_prefix=region_prefix)[0]
