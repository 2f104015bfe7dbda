"""How sending goes, for the console."""

from fastapi import APIRouter

from app.accounts.deps import StaffDep
from app.core.deps import ClockDep
from app.core.heartbeats import workers_alive
from app.messaging import queries
from app.messaging.schemas import FindingAnswer, HealthAnswer, QuotaAnswer

router = APIRouter(prefix="/admin/v1/messaging", tags=["messages"])

_MOST_FINDINGS = 100


@router.get("/health", summary="发送情况：有没有需要处理的问题")
async def show_health(caller: StaffDep, clock: ClockDep) -> HealthAnswer:
    now = clock.now()
    found = await queries.open_findings(scope=caller.scope, limit=_MOST_FINDINGS)
    return HealthAnswer.of(
        [FindingAnswer.of(finding, now=now) for finding in found],
        quotas=[QuotaAnswer.of(quota) for quota in await queries.quotas_today(now=now)],
        is_working=bool(await workers_alive(now=now)),
    )
