"""Files that leave the system."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from app.accounts.deps import ExporterDep, FullExporterDep, StaffCaller
from app.core.clock import Clock, china_date
from app.core.deps import ClockDep
from app.stats import operations
from app.stats.schemas import ExportBody

router = APIRouter(prefix="/admin/v1/exports", tags=["exports"])

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/pairings.xlsx", summary="导出结对台账，证件号码和电话已遮挡", response_class=Response)
async def masked_ledger(
    caller: ExporterDep,
    clock: ClockDep,
    history: Annotated[bool, Query(description="另附已结束的结对")] = False,  # noqa: FBT002 - a query flag
) -> Response:
    return await _ledger(caller, clock, with_history=history, in_full=False, reason="")


@router.post(
    "/pairings.xlsx", summary="导出结对台账，证件号码和电话完整（须写用途，留痕）", response_class=Response
)
async def full_ledger(body: ExportBody, caller: FullExporterDep, clock: ClockDep) -> Response:
    return await _ledger(caller, clock, with_history=body.history, in_full=True, reason=body.reason)


async def _ledger(
    caller: StaffCaller, clock: Clock, *, with_history: bool, in_full: bool, reason: str
) -> Response:
    now = clock.now()
    content = await operations.export_ledger(
        scope=caller.scope,
        actor=caller.actor,
        org_code=caller.org_code,
        with_history=with_history,
        in_full=in_full,
        reason=reason,
        now=now,
    )
    name = quote(f"结对台账{china_date(now).isoformat()}.xlsx")
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{name}",
        # People's data: not even a proxy of the federation keeps it.
        "cache-control": "no-store",
    }
    return Response(content, media_type=_XLSX, headers=headers)
