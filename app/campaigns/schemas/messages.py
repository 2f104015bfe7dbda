"""Answers about single messages, and about who did not get one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.campaigns.enums import OutcomeAct
from app.campaigns.models import OutcomeChange
from app.campaigns.notices import remedy
from app.campaigns.queries import Progress
from app.core.bodies import AnswerBody
from app.messaging.enums import MessageState, Reason, RecipientKind
from app.messaging.models import Message


class ChangeAnswer(AnswerBody):
    """What a named admin decided about one message, and what it had come to before."""

    act: OutcomeAct
    act_label: str
    state_label: str
    reason_label: str | None
    errcode: int | None
    attempts: int
    note: str
    decided_by: int
    decided_at: datetime

    @classmethod
    def of(cls, change: OutcomeChange) -> "ChangeAnswer":
        """Describe one decision."""
        return cls(
            act=change.act,
            act_label=change.act.label,
            state_label=change.state.label,
            reason_label=change.reason.label if change.reason else None,
            errcode=change.errcode,
            attempts=change.attempts,
            note=change.note,
            decided_by=change.decided_by,
            decided_at=change.decided_at,
        )


class MessageAnswer(AnswerBody):
    """One message of a campaign; the name is masked."""

    id: int
    recipient_kind: RecipientKind
    recipient_kind_label: str
    name: str
    region_code: str
    state: MessageState
    state_label: str
    reason: Reason | None
    reason_label: str | None
    errcode: int | None
    attempts: int
    sent_at: datetime | None
    settled_at: datetime | None
    changes: list[ChangeAnswer]

    @classmethod
    def of(
        cls, message: Message, *, masked_name: str, changes: Sequence[OutcomeChange] = ()
    ) -> "MessageAnswer":
        """Describe one message."""
        return cls(
            id=message.id,
            recipient_kind=message.recipient_kind,
            recipient_kind_label=message.recipient_kind.label,
            name=masked_name,
            region_code=message.region_code,
            state=message.state,
            state_label=message.state.label,
            reason=message.reason,
            reason_label=message.reason.label if message.reason else None,
            errcode=message.errcode,
            attempts=message.attempts,
            sent_at=message.sent_at,
            settled_at=message.settled_at,
            changes=[ChangeAnswer.of(change) for change in changes],
        )


class UnreachedAnswer(AnswerBody):
    """How many did not get it for one reason, and what can be done about them."""

    state: MessageState
    state_label: str
    reason: Reason
    reason_label: str
    count: int
    remedy: str

    @classmethod
    def list_of(cls, progress: Progress) -> "list[UnreachedAnswer]":
        """Describe who did not get a campaign, by state and reason."""
        found = [
            cls(
                state=one.state,
                state_label=one.state.label,
                reason=one.reason,
                reason_label=one.reason.label,
                count=one.count,
                remedy=remedy(one.reason),
            )
            for one in progress.counts
            if one.reason is not None and not one.state.is_open
        ]
        return sorted(found, key=lambda one: -one.count)


class RepeatableAnswer(AnswerBody):
    """How many messages may be sent again now, of those that did not arrive for one reason."""

    reason: Reason
    reason_label: str
    count: int

    @classmethod
    def list_of(cls, counts: Mapping[Reason, int]) -> "list[RepeatableAnswer]":
        """Describe what may be sent again, by reason."""
        return [
            cls(reason=reason, reason_label=reason.label, count=count) for reason, count in counts.items()
        ]


class RetryAnswer(AnswerBody):
    """How many messages wait again, by reason."""

    retried: int
    reasons: dict[Reason, int]
    left: Annotated[bool, Field(description="还有更多，同样的请求再发一次")]

    @classmethod
    def of(cls, counts: Mapping[Reason, int], *, left: bool) -> "RetryAnswer":
        """Describe what came of an order to send again."""
        return cls(retried=sum(counts.values()), reasons=dict(counts), left=left)
