"""Inside WeChat: what somebody agreed to receive, and what was sent to him."""

from fastapi import APIRouter

from app.accounts.deps import MiniDep
from app.core.deps import ClockDep, SettingsDep
from app.core.pagination import Page, PageQueryDep
from app.messaging import operations, queries
from app.messaging.schemas import CreditsAnswer, NoticeAnswer, SubscriptionAnswers

router = APIRouter(prefix="/mini/v1", tags=["messages"])


@router.post("/subscriptions", summary="订阅消息授权结果")
async def note_subscriptions(
    body: SubscriptionAnswers, caller: MiniDep, clock: ClockDep, settings: SettingsDep
) -> CreditsAnswer:
    # A phone with an older mini program may still ask for a template that is no longer used.
    ours = {settings.wechat.templates.festival_reminder}
    answers = {template_id: answer for template_id, answer in body.results.items() if template_id in ours}
    await operations.grant_credits(openid=caller.openid, answers=answers, now=clock.now())
    left = await queries.credits_left(openid=caller.openid, template_ids=sorted(ours))
    return CreditsAnswer(remaining={template_id: left.get(template_id, 0) for template_id in sorted(ours)})


@router.get("/notices", summary="发给我的消息")
async def list_notices(caller: MiniDep, page: PageQueryDep) -> Page[NoticeAnswer]:
    found = await queries.own_messages(scope=caller.scope, before_id=page.cursor, limit=page.limit + 1)
    items = [NoticeAnswer.of(message) for message in found[: page.limit]]
    return Page(items=items, next_cursor=items[-1].id if len(found) > page.limit else None)
