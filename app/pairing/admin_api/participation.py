"""Who takes part in the scheme, for the console (官方方案 一(二), 二, 四(三))."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.deps import EditorDep, StaffDep
from app.core.bodies import RegionCode, RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.pairing import operations
from app.pairing.queries.participation import (
    cadres_without,
    participation_by_org,
    participation_by_unit,
)
from app.pairing.schemas import (
    CadreWithoutAnswer,
    ParticipationAnswer,
    ParticipationBody,
    UnitCounts,
    UnitWithout,
)

router = APIRouter(prefix="/admin/v1/cadres", tags=["participation"])


@router.get("/participation", summary="参加联系帮扶的干部人数，按行政区划代码排列，不排名")
async def counts(
    caller: StaffDep,
    clock: ClockDep,
    region: Annotated[RegionCode | None, Query(description="行政区划代码，缺省为本级")] = None,
) -> ParticipationAnswer:
    day = china_date(clock.now())
    orgs = await participation_by_org(scope=caller.scope, region=region or caller.org_code, day=day)
    units = await participation_by_unit(scope=caller.scope, day=day)
    return ParticipationAnswer(
        federations=[UnitCounts.of(one) for one in orgs], own_units=[UnitCounts.of(one) for one in units]
    )


@router.get("/participation/without", summary="本单位应联系而还没有帮扶对象的干部，按单位排列")
async def without(caller: StaffDep, clock: ClockDep) -> list[UnitWithout]:
    found = await cadres_without(scope=caller.scope, day=china_date(clock.now()))
    return [
        UnitWithout(unit=unit, org_code=org_code, cadres=[CadreWithoutAnswer.of(one) for one in cadres])
        for (org_code, unit), cadres in groupby(found, key=lambda one: (one.org_code, one.unit))
    ]


@router.post("/{cadre_id}/participation", status_code=204, summary="登记干部是否参加，不参加的写明原因")
async def set_participation(
    cadre_id: RowId, body: ParticipationBody, caller: EditorDep, clock: ClockDep
) -> Response:
    await operations.set_participation(
        scope=caller.scope,
        cadre_id=cadre_id,
        takes_part=body.takes_part,
        reason=body.reason,
        actor=caller.actor,
        now=clock.now(),
    )
    return Response(status_code=204)
