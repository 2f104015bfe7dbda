"""The first page: what waits, how sending goes, how the year goes, which festivals come."""

from fastapi import Request, Response

from app.accounts.deps import StaffCaller, StaffDep
from app.campaigns.admin_api import list_campaigns, list_festivals
from app.campaigns.enums import CampaignState
from app.console.failures import console_router
from app.console.frame import page
from app.contacts.admin_api import progress
from app.core.bodies import RegionCode
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.pagination import PageQuery
from app.messaging.admin_api import show_health
from app.needs.admin_api import list_inquiries
from app.orgs.queries import org_in_count
from app.policies.admin_api import list_policies
from app.policies.enums import PolicyState
from app.policies.schemas.library import PolicyItem
from app.rosters.admin_api import list_imports
from app.rosters.enums import RosterState

router = console_router()

_WAITING = 20
_RECENT_UPLOADS = 50
_OCCASIONS = 4


@router.get("/home")
async def home(
    request: Request,
    caller: StaffDep,
    clock: ClockDep,
    region: RegionCode | None = None,
) -> Response:
    """Show what waits, and the numbers of a region, one's own if none is named."""
    submitted = await list_campaigns(caller, PageQuery(limit=_WAITING), state=CampaignState.SUBMITTED)
    uploads = await list_imports(caller, PageQuery(limit=_RECENT_UPLOADS))
    return page(
        request,
        "home.html",
        caller=caller,
        today=china_date(clock.now()),
        org=await org_in_count(scope=caller.scope, code=region or caller.org_code),
        submitted=submitted.items,
        held=(await list_campaigns(caller, PageQuery(limit=_WAITING), held=True)).items,
        policies=await _waiting_policies(caller, clock),
        letters=(await list_inquiries(caller, clock, PageQuery(limit=_WAITING), waiting_only=True)).items,
        unconfirmed=[one for one in uploads.items if one.state is RosterState.CHECKED],
        numbers=await progress(caller, clock, region),
        sending=await show_health(caller, clock),
        occasions=(await list_festivals(caller, clock))[:_OCCASIONS],
    )


async def _waiting_policies(caller: StaffCaller, clock: ClockDep) -> list[PolicyItem]:
    """Return what a second admin of the own federation has to read; that of others is not shown before."""
    found = await list_policies(caller, PageQuery(limit=_WAITING), clock, state=PolicyState.SUBMITTED)
    return found.items
