"""Inside WeChat: what a notice says in full."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.accounts.deps import MiniDep
from app.campaigns import queries
from app.campaigns.schemas import OwnNoticeAnswer
from app.core.errors import NotFound
from app.messaging.enums import RecipientKind
from app.messaging.queries import own_message

router = APIRouter(prefix="/mini/v1/notices", tags=["messages"])


class NoticeNotFound(NotFound):
    code = "campaigns.notice_not_found"
    title = "没有找到这条通知"


@router.get("/{message_id}", summary="通知全文")
async def read_notice(
    message_id: Annotated[int, Path(ge=1, le=2**63 - 1)], caller: MiniDep
) -> OwnNoticeAnswer:
    cadre_id, guardian_id = caller.scope.cadre_id, caller.scope.guardian_id
    kind = RecipientKind.CADRE if cadre_id is not None else RecipientKind.GUARDIAN
    message = await own_message(kind=kind, recipient_id=cadre_id or guardian_id or 0, message_id=message_id)
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
        at=message.sent_at or message.settled_at or message.created_at,
    )
