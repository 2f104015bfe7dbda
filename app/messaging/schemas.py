"""Request and answer bodies."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.core.bodies import AnswerBody, RequestBody
from app.messaging.enums import MessageState, Purpose, Reason, SubscriptionAnswer
from app.messaging.models import Message
from app.messaging.rules import MAX_ANSWERS

TemplateId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class SubscriptionAnswers(RequestBody):
    """What wx.requestSubscribeMessage answered, template by template."""

    results: Annotated[dict[TemplateId, SubscriptionAnswer], Field(max_length=MAX_ANSWERS)]


class CreditsAnswer(AnswerBody):
    """How many reminders can still be sent, by template."""

    remaining: dict[str, int]


class NoticeAnswer(AnswerBody):
    """One message that was meant for the caller."""

    id: int
    purpose: Purpose
    purpose_label: str
    state: MessageState
    state_label: str
    reason: Reason | None
    reason_label: str | None
    at: datetime

    @classmethod
    def of(cls, message: Message) -> "NoticeAnswer":
        """Describe one message."""
        return cls(
            id=message.id,
            purpose=message.purpose,
            purpose_label=message.purpose.label,
            state=message.state,
            state_label=message.state.label,
            reason=message.reason,
            reason_label=message.reason.label if message.reason else None,
            at=message.sent_at or message.settled_at or message.created_at,
        )
