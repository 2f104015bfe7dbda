"""Request and answer bodies."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from app.core.bodies import AnswerBody, RequestBody
from app.core.models import InvariantFinding
from app.messaging.enums import Channel, Invariant, MessageState, Purpose, Reason, SubscriptionAnswer
from app.messaging.models import Message, Quota
from app.messaging.notices import ADVICE, NOBODY_SENDS, quota_sentence, state_words
from app.messaging.rules import MAX_ANSWERS

# Ending the messages of a large campaign takes the workers a while, and nobody has to do anything about it.
_ENDING = timedelta(minutes=15)

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
            state_label=state_words(message.state, message.channel),
            reason=message.reason,
            reason_label=message.reason.label if message.reason else None,
            at=message.sent_at or message.settled_at or message.created_at,
        )


class FindingAnswer(AnswerBody):
    """One thing about messages that does not add up."""

    check: Invariant
    sentence: str
    campaign_id: int | None
    needs_action: bool
    first_seen: datetime
    last_seen: datetime

    @classmethod
    def of(cls, finding: InvariantFinding, *, now: datetime) -> "FindingAnswer":
        """Describe one finding in words."""
        check = Invariant(finding.name)
        is_ending = check is Invariant.STILL_OPEN and now - finding.first_seen < _ENDING
        kind, _, number = finding.subject.partition(":")
        return cls(
            check=check,
            sentence=f"{check.label}（{finding.detail}）。{ADVICE[check]}",
            campaign_id=int(number) if kind == "campaign" else None,
            needs_action=check.needs_action and not is_ending,
            first_seen=finding.first_seen,
            last_seen=finding.last_seen,
        )


class QuotaAnswer(AnswerBody):
    """How much of what WeChat takes from us today or this month is used."""

    channel: Channel
    channel_label: str
    template_id: Annotated[str, Field(description="空：整个账号")]
    period: str
    allowed: int
    used: int
    is_closed: Annotated[bool, Field(description="微信已告知用完，等到下一个周期")]
    sentence: str

    @classmethod
    def of(cls, quota: Quota) -> "QuotaAnswer":
        """Describe one quota in words."""
        return cls(
            channel=quota.channel,
            channel_label=quota.channel.label,
            template_id=quota.subject,
            period=quota.period,
            allowed=quota.allowed,
            used=quota.used,
            is_closed=quota.closed,
            sentence=quota_sentence(
                channel=quota.channel,
                template_id=quota.subject,
                period=quota.period,
                allowed=quota.allowed,
                used=quota.used,
                is_closed=quota.closed,
            ),
        )


class HealthAnswer(AnswerBody):
    """How sending goes; `needs_action` counts what somebody has to look into."""

    summary: str
    is_working: bool
    needs_action: int
    sentences: list[str]
    findings: list[FindingAnswer]
    quotas: list[QuotaAnswer]

    @classmethod
    def of(
        cls, findings: Sequence[FindingAnswer], *, quotas: Sequence[QuotaAnswer], is_working: bool
    ) -> "HealthAnswer":
        """Sum up.

        Args:
            findings: what sweeps found, as far as the caller may see it.
            quotas: of today and of this month.
            is_working: whether any worker lives.
        """
        urgent = [finding for finding in findings if finding.needs_action]
        needs_action = len(urgent) + (not is_working)
        return cls(
            summary=f"有{needs_action}条需要处理" if needs_action else "一切正常",
            is_working=is_working,
            needs_action=needs_action,
            sentences=[*([] if is_working else [NOBODY_SENDS]), *(one.sentence for one in findings)],
            findings=list(findings),
            quotas=list(quotas),
        )
