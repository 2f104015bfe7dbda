"""Contacts for the console: that they happened, and how many are owed, by unit and never by person."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.deps import StaffDep
from app.contacts import queries
from app.contacts.schemas import ContactLineAnswer, ProgressAnswer, UnitProgressAnswer
from app.core.bodies import RegionCode, RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep

router = APIRouter(prefix="/admin/v1/contacts", tags=["contacts"])


@router.get("", summary="联系记录，最近的在前")
async def list_contacts(
    caller: StaffDep,
    page: PageQueryDep,
    pairing_id: Annotated[RowId | None, Query(description="只看这条结对的")] = None,
) -> Page[ContactLineAnswer]:
    lines, next_cursor = await queries.contacts_in(scope=caller.scope, page=page, pairing_id=pairing_id)
    return Page(items=[ContactLineAnswer.of(line) for line in lines], next_cursor=next_cursor)


@router.get("/progress", summary="今年各单位的联系和走访完成情况")
async def progress(
    caller: StaffDep,
    clock: ClockDep,
    region: Annotated[RegionCode | None, Query(description="行政区划代码，默认本级")] = None,
) -> ProgressAnswer:
    today = china_date(clock.now())
    units = await queries.progress_by_unit(scope=caller.scope, region=region or caller.org_code, day=today)
    return ProgressAnswer(
        region=region or caller.org_code,
        year=today.year,
        units=[UnitProgressAnswer.of(unit) for unit in units],
    )
