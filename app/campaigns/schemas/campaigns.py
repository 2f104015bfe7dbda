"""Answers about campaigns and festivals."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.campaigns.enums import CampaignKind, CampaignPhase, CampaignState, PolicyAudience
from app.campaigns.models import Campaign
from app.campaigns.notices import already_left, words_of
from app.campaigns.queries import AudienceCount, Progress, RegionCount, TrialMember
from app.campaigns.queries.concerning import FamilyNotice
from app.campaigns.rules import festival_keys, occasion_from
from app.campaigns.rules.pacing import Forecast, forecast_sentence
from app.core.bodies import AnswerBody
from app.core.clock import china_date
from app.festivals.enums import FestivalKey
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.rules.choosing import choice_sentence
from app.people.rules import mask_name


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
    held: Annotated[bool, Field(description="已试发，等待放行")]
    left: Annotated[str, Field(description="已经离开系统、不能收回的有多少")]
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
            held=progress.is_held,
            left=already_left(progress.by_state),
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
    canary: bool
    phase: CampaignPhase
    phase_label: str
    spread_minutes: int
    call_tasks: bool
    policy_key: str | None
    policy_audience: PolicyAudience | None
    policy_audience_label: str | None
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
            canary=campaign.canary,
            phase=campaign.phase,
            phase_label=campaign.phase.label,
            spread_minutes=campaign.spread_minutes,
            call_tasks=campaign.call_tasks,
            policy_key=campaign.policy_key or None,
            policy_audience=campaign.policy_audience if campaign.policy_key else None,
            policy_audience_label=campaign.policy_audience.label if campaign.policy_key else None,
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


class WhyAnswer(AnswerBody):
    """Why so many people get it this way, in words."""

    sentence: str
    people: int


class ChannelAnswer(AnswerBody):
    """How many people would get it by one way, and why by this one."""

    channel: Channel
    channel_label: str
    people: int
    why: list[WhyAnswer]

    @classmethod
    def list_of(cls, counts: Sequence[AudienceCount]) -> "list[ChannelAnswer]":
        """Describe the ways of an audience, the largest first."""
        found: dict[Channel, Counter[str]] = {}
        for one in counts:
            if one.reason is None:
                sentence = choice_sentence(one.choice, channel=one.channel)
                found.setdefault(one.channel, Counter())[sentence] += one.people
        answers = [
            cls(
                channel=channel,
                channel_label=channel.label,
                people=sum(sentences.values()),
                why=[WhyAnswer(sentence=text, people=people) for text, people in sentences.most_common()],
            )
            for channel, sentences in found.items()
        ]
        return sorted(answers, key=lambda one: (-one.people, one.channel))


class ReasonAnswer(AnswerBody):
    """How many cannot be reached, and why, in words."""

    reason: Reason
    reason_label: str
    people: int


class RegionAnswer(AnswerBody):
    """How many people of one region are meant, and how many of them can be reached."""

    region_code: str
    region_name: str
    people: int
    reachable: int


class ForecastAnswer(AnswerBody):
    """How long it will take at the present pace; the numbers are missing when nothing can be said."""

    sentence: str
    workers: int
    per_second: float
    done_at: datetime | None
    mark: datetime | None
    share_by_mark: float | None
    share_in_time: float | None

    @classmethod
    def of(
        cls,
        found: Forecast | None,
        *,
        workers: int,
        per_second: float,
        expires_at: datetime,
        now: datetime,
    ) -> "ForecastAnswer":
        """Describe a forecast in words and numbers."""
        return cls(
            sentence=forecast_sentence(found, workers=workers, expires_at=expires_at, now=now),
            workers=workers,
            per_second=per_second,
            done_at=found.done_at if found else None,
            mark=found.mark if found else None,
            share_by_mark=found.share_by_mark if found else None,
            share_in_time=found.share_in_time if found else None,
        )


class PreviewAnswer(AnswerBody):
    """Whom a campaign would reach if it started now, by which way, and how long that would take."""

    audience: int
    reachable: int
    channels: list[ChannelAnswer]
    unreachable: list[ReasonAnswer]
    regions: list[RegionAnswer]
    reads: Annotated[str, Field(description="收到的人在微信里看到的话，姓名是举例")]
    forecast: ForecastAnswer

    @classmethod
    def of(
        cls,
        campaign: Campaign,
        counts: Sequence[AudienceCount],
        *,
        regions: Sequence[RegionCount],
        forecast: ForecastAnswer,
        now: datetime,
    ) -> "PreviewAnswer":
        """Describe an audience."""
        reasons: Counter[Reason] = Counter()
        for one in counts:
            if one.reason is not None:
                reasons[one.reason] += one.people
        return cls(
            forecast=forecast,
            audience=sum(one.people for one in counts),
            reachable=sum(one.people for one in counts if one.reason is None),
            channels=ChannelAnswer.list_of(counts),
            regions=[RegionAnswer.model_validate(one) for one in regions],
            unreachable=[
                ReasonAnswer(reason=reason, reason_label=reason.label, people=people)
                for reason, people in sorted(reasons.items())
            ],
            reads=words_of(
                campaign.kind,
                title=campaign.title,
                text=campaign.text,
                occasion=occasion_from(campaign.festival, campaign.festival_on)
                if campaign.festival_on
                else None,
                on=china_date(max(campaign.send_at, now)),
            ),
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
    why: Annotated[str | None, Field(description="为什么收到这条通知")]
    at: datetime


class FamilyNoticeAnswer(AnswerBody):
    """What a family of the cadre's was sent, and what became of it; the guardian's name is masked."""

    id: int
    guardian: str
    title: str
    channel_label: str
    state: MessageState
    state_label: str
    reason_label: str | None
    at: datetime

    @classmethod
    def of(cls, notice: FamilyNotice) -> "FamilyNoticeAnswer":
        """Describe one notice."""
        return cls(
            id=notice.id,
            guardian=mask_name(notice.guardian_name),
            title=notice.title,
            channel_label=notice.channel.label,
            state=notice.state,
            state_label=notice.state.label,
            reason_label=notice.reason.label if notice.reason else None,
            at=notice.at,
        )


class TrialMemberAnswer(AnswerBody):
    """One colleague on the trial list; the name is masked."""

    cadre_id: int
    name: str
    unit: str
    active: bool

    @classmethod
    def of(cls, member: TrialMember) -> "TrialMemberAnswer":
        """Describe one colleague."""
        return cls(
            cadre_id=member.cadre_id,
            name=mask_name(member.name),
            unit=member.unit,
            active=member.is_active,
        )
