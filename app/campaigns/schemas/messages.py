"""Answers about single messages, and about who did not get one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.campaigns.enums import OutcomeAct
from app.campaigns.models import OutcomeChange
from app.campaigns.notices import remedy
from app.campaigns.queries import ChannelCount, Progress
from app.core.bodies import AnswerBody
from app.messaging.enums import Channel, MessageState, Reason, RecipientKind
from app.messaging.models import Message
from app.messaging.notices import state_words
from app.messaging.rules.choosing import choice_sentence

# What may have reached somebody.
LEFT_US = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.HELD, MessageState.UNKNOWN})


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
    channel: Channel
    channel_label: str
    choice: Annotated[str, Field(description="为什么用这种方式；没有可说的时候为空")]
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
            channel=message.channel,
            channel_label=message.channel.label,
            choice=_choice(message),
            state=message.state,
            state_label=state_words(message.state, message.channel),
            reason=message.reason,
            reason_label=message.reason.label if message.reason else None,
            errcode=message.errcode,
            attempts=message.attempts,
            sent_at=message.sent_at,
            settled_at=message.settled_at,
            changes=[ChangeAnswer.of(change) for change in changes],
        )


def _choice(message: Message) -> str:
    """Return why a message travels as it does, nothing for somebody who is not written to at all."""
    if message.state is MessageState.SUPPRESSED and not message.choice:
        return ""
    return choice_sentence(message.choice, channel=message.channel)


class ChannelProgressAnswer(AnswerBody):
    """Where the messages of one way are."""

    channel: Channel
    channel_label: str
    planned: int
    open: int
    sent: Annotated[int, Field(description="已发出、已送达、微信审核中或结果未知")]
    not_sent: Annotated[int, Field(description="没有发出或没有送达")]

    @classmethod
    def list_of(cls, counts: Sequence[ChannelCount]) -> "list[ChannelProgressAnswer]":
        """Describe the ways of a campaign, the one with most messages first."""
        answers = []
        for channel in Channel:
            of_it = [one for one in counts if one.channel is channel]
            planned = sum(one.count for one in of_it)
            still_open = sum(one.count for one in of_it if one.state.is_open)
            left = sum(one.count for one in of_it if one.state in LEFT_US)
            if planned:
                answers.append(
                    cls(
                        channel=channel,
                        channel_label=channel.label,
                        planned=planned,
                        open=still_open,
                        sent=left,
                        not_sent=planned - still_open - left,
                    )
                )
        return sorted(answers, key=lambda one: (-one.planned, one.channel))


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
