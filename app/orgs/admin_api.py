"""The tree for the console."""

from fastapi import APIRouter

from app.accounts.deps import StaffDep
from app.orgs import queries
from app.orgs.models import Org
from app.orgs.schemas import OrgAnswer

router = APIRouter(prefix="/admin/v1/orgs", tags=["orgs"])


@router.get("", response_model=list[OrgAnswer], summary="本级及下级残联")
async def list_orgs(caller: StaffDep) -> list[Org]:
    return await queries.orgs_in_count(scope=caller.scope)
