"""Reading the tree."""

from app.accounts.queries import in_regions
from app.accounts.rules import Scope
from app.core.errors import NotFound
from app.orgs.models import Org

_WHOLE_TREE = 5000


async def orgs_in_count(*, scope: Scope) -> list[Org]:
    """Return the federations whose numbers the caller may see, by division code."""
    return await Org.filter(in_regions("code", scope.count)).order_by("code").limit(_WHOLE_TREE)


async def org_in_count(*, scope: Scope, code: str) -> Org:
    """Return one federation whose numbers the caller may see; raises NotFound for any other."""
    org = await Org.filter(in_regions("code", scope.count)).get_or_none(code=code)
    if org is None:
        raise NotFound
    return org
