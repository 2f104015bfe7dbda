"""Request and answer bodies."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from app.campaigns.enums import CampaignKind, CampaignState
from app.campaigns.models import Campaign
from app.campaigns.queries import Progress, ReasonCount
from app.campaigns.rules import Draft, festival_keys
from app.core.bodies import AnswerBody, Moment, RequestBody
from app.festivals.enums import FestivalKey
from app.messaging.enums import MessageState, Reason, RecipientKind
from app.messaging.models import Message

OrgCode = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CampaignBody(RequestBody):
    """What somebody composes; what is left out gets the usual value."""

    kind: CampaignKind
    title: Title
    text: Text = ""
    region_code: Annotated[OrgCode | None, Field(description="行政区划代码，默认本级")] = None
    festival: FestivalKey | None = None
    festival_on: date | None = None
    send_at: Moment | None = None
    expires_at: Moment | None = None
    urgent: bool = False

    def draft(self, *, own_org: str) -> Draft:
        """Return the draft, for the caller's own region unless another is named."""
        return Draft(**self.model_dump(exclude={"region_code"}), region_code=self.region_code or own_org)


class ApprovalBody(RequestBody):
    """The content hash of what the approver read."""

    content_hash: Hash


class PauseBody(RequestBody):
    """Why it is paused."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


class AutomaticBody(RequestBody):
    """Whether the federation wants a reminder every year."""

    enabled: bool = True


class CountAnswer(AnswerBody):
    """How many messages are in one state, and why."""

    state: MessageState
    state_label: str
    reason: Reason | None
    reason_label: str | None
    count: int


class ProgressAnswer(AnswerBody):
    """Where the messages are; planned = final + open at every moment."""

    planned: int
    open: int
    final: int
    done: bool
    counts: list[CountAnswer]

    @classmethod
    def of(cls, progress: Progress) -> "ProgressAnswer":
        """Describe the progress of one campaign."""
        counts = [
            CountAnswer(
                state=one.state,
                state_label=one.state.label,
                reason=one.reason,
                reason_label=one.reason.label if one.reason else None,
                count=one.count,
            )
            for one in progress.counts
        ]
        return cls(
            planned=progress.planned,
            open=progress.open,
            final=progress.final,
            done=progress.is_done,
            counts=counts,
        )


class CampaignAnswer(AnswerBody):
    """One campaign, with its progress when it has begun."""

    id: int
    kind: CampaignKind
    kind_label: str
    org_code: str
    region_prefix: str
    title: str
    text: str
    festivals: list[str]
    festival_on: date | None
    urgent: bool
    send_at: datetime
    expires_at: datetime
    state: CampaignState
    state_label: str
    pause_reason: str
    author_id: int
    approver_id: int | None
    content_hash: str
    automatic: bool
    created_at: datetime
    progress: ProgressAnswer

    @classmethod
    def of(cls, campaign: Campaign, progress: Progress) -> "CampaignAnswer":
        """Describe one campaign."""
        return cls(
            id=campaign.id,
            kind=campaign.kind,
            kind_label=campaign.kind.label,
            org_code=campaign.org_code,
            region_prefix=campaign.region_prefix,
            title=campaign.title,
            text=campaign.text,
            festivals=[key.label for key in festival_keys(campaign.festival)],
            festival_on=campaign.festival_on,
            urgent=campaign.urgent,
            send_at=campaign.send_at,
            expires_at=campaign.expires_at,
            state=campaign.state,
            state_label=campaign.state.label,
            pause_reason=campaign.pause_reason,
            author_id=campaign.author_id,
            approver_id=campaign.approver_id,
            content_hash=campaign.content_hash,
            automatic=campaign.slot is not None,
            created_at=campaign.created_at,
            progress=ProgressAnswer.of(progress),
        )


class ReasonAnswer(AnswerBody):
    """How many cannot be reached, and why, in words."""

    reason: Reason
    reason_label: str
    people: int


class PreviewAnswer(AnswerBody):
    """Whom a campaign would reach if it started now."""

    audience: int
    reachable: int
    unreachable: list[ReasonAnswer]

    @classmethod
    def of(cls, counts: list[ReasonCount]) -> "PreviewAnswer":
        """Describe an audience."""
        return cls(
            audience=sum(one.people for one in counts),
            reachable=sum(one.people for one in counts if one.reason is None),
            unreachable=[
                ReasonAnswer(reason=one.reason, reason_label=one.reason.label, people=one.people)
                for one in counts
                if one.reason is not None
            ],
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
    sent_at: datetime | None
    settled_at: datetime | None

    @classmethod
    def of(cls, message: Message, *, masked_name: str) -> "MessageAnswer":
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
            sent_at=message.sent_at,
            settled_at=message.settled_at,
        )


class AutomaticAnswer(AnswerBody):
    """Whether a federation is reminded of one festival every year."""

    festival: FestivalKey
    label: str
    marked: bool
    confirmed: bool
    marked_by: int | None
    confirmed_by: int | None


class OccasionAnswer(AnswerBody):
    """One coming day with everything that falls on it."""

    on: date
    label: str
    mourning: bool
    festivals: list[AutomaticAnswer]


class OwnNoticeAnswer(AnswerBody):
    """One notice, read in full by whom it was for."""

    id: int
    title: str
    text: str
    at: datetime
