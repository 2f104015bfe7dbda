"""Bodies of hand-overs, of closing, and of what to mind with a family."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.core.bodies import AnswerBody, Moment, RequestBody, RowId
from app.core.clock import china_date
from app.pairing.enums import EndReason, HandoverState, PairingNews
from app.pairing.models import PairingCare
from app.pairing.notices import news_sentence
from app.pairing.queries.handovers import HandoverLine, NewsLine, Waiting, plan_of
from app.pairing.queries.repairing import MOST_AT_ONCE
from app.pairing.rules.handing_over import (
    LONGEST_OVERLAP_DAYS,
    USUAL_OVERLAP_DAYS,
    is_in_overlap,
    overlap_end,
    undo_refusal,
)
from app.people.enums import BeneficiaryStatus, CadreStatus
from app.people.rules import mask_name

LONGEST_CARE = 200
CareWords = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_CARE)]
DeclineReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class HandoverItem(RequestBody):
    """Which pairing, to whom."""

    pairing_id: RowId
    cadre_id: RowId


class HandoverPreviewBody(RequestBody):
    """Some pairings, each to its cadre, or everything that one cadre has to another; and from which day."""

    items: Annotated[list[HandoverItem], Field(max_length=MOST_AT_ONCE)] = Field(default_factory=list)
    from_cadre_id: RowId | None = None
    cadre_id: RowId | None = None
    changes_on: date

    @model_validator(mode="after")
    def _names_one_of_both(self) -> Self:
        whole = self.from_cadre_id is not None and self.cadre_id is not None
        half = (self.from_cadre_id is None) != (self.cadre_id is None)
        if half or whole == bool(self.items):
            raise ValueError("请逐条填写结对和接任干部，或者填写原干部和接任干部")
        if len({item.pairing_id for item in self.items}) < len(self.items):
            raise ValueError("同一条结对只能写一次")
        return self


class HandoverBody(HandoverPreviewBody):
    """What is planned, why, how many days the predecessor still helps, and whether he is not wanted again."""

    overlap_days: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_DAYS)] = USUAL_OVERLAP_DAYS
    reason: EndReason
    bar_predecessor: bool = False


class HandoversPlanned(AnswerBody):
    """The plans that were written."""

    ids: list[int]


class HandoverAnswer(AnswerBody):
    """One planned hand-over; `undo_refusal` says why it cannot be undone any more, null when it can."""

    id: int
    region_code: str
    beneficiary_id: int
    beneficiary_name: str
    pairing_id: int
    new_pairing_id: int
    from_cadre_id: int
    from_cadre_name: str
    to_cadre_id: int
    to_cadre_name: str
    changes_on: date
    overlap_until: date
    reason: EndReason
    reason_label: str
    state: HandoverState
    state_label: str
    has_changed: bool
    decline_reason: str | None
    planned_at: Moment
    settled: bool
    undo_refusal: str | None

    @classmethod
    def of(cls, line: HandoverLine, *, now: Moment) -> Self:
        """Show a hand-over as it stands, all names masked; `overlap_until` is the first day after."""
        one, plan = line.handover, plan_of(line.handover)
        stands = one.state in {HandoverState.PLANNED, HandoverState.ACCEPTED}
        return cls(
            id=one.id,
            region_code=one.region_code,
            beneficiary_id=one.beneficiary_id,
            beneficiary_name=mask_name(line.beneficiary_name),
            pairing_id=one.pairing_id,
            new_pairing_id=one.new_pairing_id,
            from_cadre_id=one.from_cadre_id,
            from_cadre_name=mask_name(line.from_name),
            to_cadre_id=one.to_cadre_id,
            to_cadre_name=mask_name(line.to_name),
            changes_on=one.changes_on,
            overlap_until=overlap_end(plan),
            reason=one.reason,
            reason_label=one.reason.label,
            state=one.state,
            state_label=one.state.label,
            has_changed=stands and one.changes_on <= china_date(now),
            decline_reason=one.decline_reason,
            planned_at=one.planned_at,
            settled=one.settled_at is not None,
            undo_refusal=undo_refusal(plan, now=now),
        )


class OwnHandoverAnswer(AnswerBody):
    """What a cadre takes over or hands over; contacts are recorded under `pairing_id`, his own."""

    id: int
    takes_over: bool
    beneficiary_name: str
    pairing_id: int
    other_cadre_name: str
    changes_on: date
    in_overlap: bool
    state: HandoverState
    state_label: str

    @classmethod
    def of(cls, line: HandoverLine, *, cadre_id: int, today: date) -> Self:
        """Show one to the successor or the predecessor; colleagues see each other's whole names."""
        one = line.handover
        takes_over = one.to_cadre_id == cadre_id
        return cls(
            id=one.id,
            takes_over=takes_over,
            beneficiary_name=mask_name(line.beneficiary_name),
            pairing_id=one.new_pairing_id if takes_over else one.pairing_id,
            other_cadre_name=line.from_name if takes_over else line.to_name,
            changes_on=one.changes_on,
            in_overlap=is_in_overlap(plan_of(one), day=today),
            state=one.state,
            state_label=one.state.label,
        )


class OwnHandovers(AnswerBody):
    """What a cadre takes over and hands over."""

    items: list[OwnHandoverAnswer]


class DeclineBody(RequestBody):
    """Why the successor does not take over."""

    reason: DeclineReason


class CareBody(RequestBody):
    """Customs and taboos, and what to mind or not to do; empty for nothing."""

    customs: CareWords = ""
    cautions: CareWords = ""


class CareAnswer(AnswerBody):
    """What to mind with a family."""

    customs: str
    cautions: str

    @classmethod
    def of(cls, care: PairingCare | None) -> Self:
        """Show what is known, empty where nobody said anything."""
        if care is None:
            return cls(customs="", cautions="")
        return cls(customs=care.customs or "", cautions=care.cautions or "")


class CadreStatusBody(RequestBody):
    """Whether the cadre is at his post; `goes_on`: retired, and keeps his families."""

    status: CadreStatus
    goes_on: bool = False


class StatusBody(RequestBody):
    """What the person is from now on, and since when (today if none is given)."""

    status: BeneficiaryStatus
    on: date | None = None


class StatusAnswer(AnswerBody):
    """What the person is, and until when festivals leave the family in peace."""

    id: int
    status: BeneficiaryStatus
    status_label: str
    muted_until: date | None


class WaitingAnswer(AnswerBody):
    """A person who should be accompanied and has nobody."""

    id: int
    region_code: str
    town: str
    name: str
    begins_on: date | None
    last_cadre_until: date | None
    last_reason_label: str | None

    @classmethod
    def of(cls, one: Waiting) -> Self:
        """Show him, the name masked; `begins_on` when somebody is arranged for later."""
        return cls(
            id=one.id,
            region_code=one.region_code,
            town=one.town,
            name=mask_name(one.name),
            begins_on=one.begins_on,
            last_cadre_until=one.last_cadre_until,
            last_reason_label=one.last_reason.label if one.last_reason else None,
        )


class NewsAnswer(AnswerBody):
    """One thing that a cadre is told about one of his families."""

    id: int
    news: PairingNews
    news_label: str
    text: str
    at: Moment

    @classmethod
    def of(cls, line: NewsLine) -> Self:
        """Show it in words, the name masked."""
        text = news_sentence(line.news, name=mask_name(line.name), day=line.on_day)
        return cls(id=line.id, news=line.news, news_label=line.news.label, text=text, at=line.at)
