"""How an answer reaches the family: as 客服消息 while WeChat allows it, else at the guardian's next message.

WeChat lets us write for 48 hours after somebody wrote to us (api_sendcustommessage). An answer that comes
later, or does not get through, waits in its row, so that it is never lost.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind
from app.messaging.models import Message, ServiceWindow
from app.messaging.notices import Decision, DueMessage, Prepared, Suppress
from app.needs.models import Inquiry
from app.needs.notices import reply_text
from app.people.models import Guardian


async def let_answer_leave(inquiry: Inquiry, *, now: datetime) -> int | None:
    """Queue the message that carries an answer, and return its id; None when WeChat allows none.

    Joins the transaction of the caller. An answer to his own words is no notice, so that it leaves although
    the guardian had stopped notices before he asked; if he stopped them afterwards, it waits for him.
    """
    guardian = await Guardian.get(id=inquiry.guardian_id)
    follower = await WeChatIdentity.filter(
        app=WeChatApp.OFFICIAL, guardian_id=guardian.id, follows=True
    ).first()
    if follower is None or _stopped_since(guardian, inquiry):
        return None
    windows = ServiceWindow.filter(openid=follower.openid, remaining__gt=0, closes_at__gt=now)
    window = await windows.order_by("-closes_at").first()
    if window is None:
        return None
    message = await Message.create(
        dedup_key=f"reply:{inquiry.id}",
        purpose=Purpose.REPLY,
        channel=Channel.CUSTOMER_SERVICE,
        recipient_kind=RecipientKind.GUARDIAN,
        recipient_id=guardian.id,
        region_code=inquiry.region_code,
        org_code=inquiry.region_code,
        openid=follower.openid,
        template_id="",
        # What he asked is what he agreed to hear.
        consent=f"inquiry:{inquiry.id}",
        subject_id=inquiry.id,
        urgent=True,
        state=MessageState.QUEUED,
        next_at=now,
        expires_at=window.closes_at,
        created_at=now,
    )
    return int(message.id)


async def mark_told(*, inquiry_id: int, now: datetime) -> bool:
    """Write down that the guardian is told an answer now, and return False if he was told before.

    Joins the transaction of the caller, who hands the words over.
    """
    async with in_transaction():
        return bool(await Inquiry.filter(id=inquiry_id, told_at=None).update(told_at=now))


class ReplyWriter:
    """Writes the answers of persons, as long as who asked is still there to read them."""

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        """Return the words of each answer, or why it is not sent; it then waits for his next message."""
        del now  # an answer does not age: its window is watched by the sender
        subjects = dict(
            await Message.filter(id__in=[one.id for one in messages]).values_list("id", "subject_id")
        )
        inquiries = {one.id: one for one in await Inquiry.filter(id__in=sorted(subjects.values()))}
        people = sorted({one.recipient_id for one in messages})
        guardians = {one.id: one for one in await Guardian.filter(id__in=people)}
        followers = set(
            await WeChatIdentity.filter(
                app=WeChatApp.OFFICIAL, guardian_id__in=people, follows=True
            ).values_list("openid", "guardian_id")
        )
        return {
            one.id: _decision(
                inquiries[subjects[one.id]],
                guardians[one.recipient_id],
                is_there=(one.openid, one.recipient_id) in followers,
            )
            for one in messages
        }


def _decision(inquiry: Inquiry, guardian: Guardian, *, is_there: bool) -> Decision:
    if not is_there:
        return Suppress(reason=Reason.NOT_BOUND)
    if _stopped_since(guardian, inquiry):
        return Suppress(reason=Reason.MUTED)
    return Prepared(text=reply_text(asked=inquiry.text, answer=inquiry.answer or ""))


def _stopped_since(guardian: Guardian, inquiry: Inquiry) -> bool:
    return guardian.muted_at is not None and guardian.muted_at > inquiry.asked_at
