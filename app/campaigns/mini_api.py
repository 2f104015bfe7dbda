"""Inside WeChat: what a notice says in full, and the calls that cadres are asked to make."""

from fastapi import APIRouter

from app.accounts.deps import CadreDep, MiniDep
from app.accounts.rules import Scope, org_code_of
from app.campaigns import queries
from app.campaigns.models import Campaign
from app.campaigns.notices import why_concerned
from app.campaigns.operations.calling import report_own_call
from app.campaigns.queries.calling import own_calls
from app.campaigns.queries.concerning import concerned_names, family_notices
from app.campaigns.schemas import OwnNoticeAnswer
from app.campaigns.schemas.calls import CallDoneAnswer, CallReportBody, OwnCallAnswer
from app.campaigns.schemas.campaigns import FamilyNoticeAnswer
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import NotFound
from app.core.pagination import Page, PageQueryDep
from app.messaging.queries import own_message
from app.people.rules import mask_name
from app.policies.queries.library import published_names

router = APIRouter(prefix="/mini/v1", tags=["messages"])


class NoticeNotFound(NotFound):
    code = "campaigns.notice_not_found"
    title = "没有找到这条通知"


@router.get("/notices/{message_id}", summary="通知全文")
async def read_notice(message_id: RowId, caller: MiniDep) -> OwnNoticeAnswer:
    message = await own_message(scope=caller.scope, message_id=message_id)
    if message is None or message.campaign_id is None:
        raise NoticeNotFound
    found = await queries.campaigns_by_id(campaign_ids=[message.campaign_id])
    if message.campaign_id not in found:
        raise NoticeNotFound
    campaign = found[message.campaign_id]
    return OwnNoticeAnswer(
        id=message.id,
        title=campaign.title,
        text=campaign.text,
        why=await _why(campaign, caller.scope) if caller.scope.guardian_id is not None else None,
        at=message.sent_at or message.settled_at or message.created_at,
    )


async def _why(campaign: Campaign, scope: Scope) -> str | None:
    if not campaign.policy_key:
        return None
    policies = await published_names(region_code=org_code_of(campaign.region_prefix))
    names = await concerned_names(scope=scope, campaign=campaign)
    return why_concerned(
        audience=campaign.policy_audience,
        policy=policies.get(campaign.policy_key, campaign.title),
        masked_names=[mask_name(name) for name in names],
    )


@router.get("/families/notices", summary="我的帮扶对象家里收到过哪些通知，最近的在前")
async def list_family_notices(
    caller: CadreDep, page: PageQueryDep, clock: ClockDep
) -> Page[FamilyNoticeAnswer]:
    found, next_cursor = await family_notices(scope=caller.scope, page=page, today=china_date(clock.now()))
    return Page(items=[FamilyNoticeAnswer.of(one) for one in found], next_cursor=next_cursor)


@router.get("/call-tasks", summary="请我打电话的任务，最早的在前")
async def list_call_tasks(caller: CadreDep, page: PageQueryDep, clock: ClockDep) -> Page[OwnCallAnswer]:
    found, next_cursor = await own_calls(scope=caller.scope, page=page, now=clock.now())
    return Page(items=[OwnCallAnswer.of(call) for call in found], next_cursor=next_cursor)


@router.post("/call-tasks/{message_id}/done", summary="登记一次电话的结果")
async def report_call_task(
    message_id: RowId, body: CallReportBody, caller: CadreDep, clock: ClockDep
) -> CallDoneAnswer:
    now = clock.now()
    done = await report_own_call(
        scope=caller.scope,
        message_id=message_id,
        client_id=body.client_id or f"{body.outcome.value}-{caller.cadre_id}-{china_date(now)}",
        outcome=body.outcome,
        records_contact=body.record_contact,
        now=now,
    )
    return CallDoneAnswer.of(done)
