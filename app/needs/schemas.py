"""Request and answer bodies."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import StringConstraints

from app.core.bodies import AnswerBody, ClientId, Moment, RequestBody, RowId
from app.needs.enums import (
    AnswerWay,
    InquiryKind,
    InquiryState,
    NeedAct,
    NeedDomain,
    NeedState,
    OpinionState,
    Speaker,
)
from app.needs.models import Inquiry, Need, NeedStep, Opinion
from app.needs.queries import UnitNeeds
from app.needs.rules import Step
from app.people.rules import mask_name

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Department = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class RaiseNeed(RequestBody):
    """A need: a cadre names the pairing, a guardian the person when he looks after several."""

    client_id: ClientId
    pairing_id: RowId | None = None
    beneficiary_id: RowId | None = None
    domain: NeedDomain = NeedDomain.OTHER
    text: Words | None = None


class TakeStep(RequestBody):
    """One step with a need."""

    act: NeedAct
    text: Words | None = None
    department: Department | None = None

    def step(self) -> Step:
        """Return what the operation takes."""
        return Step(act=self.act, text=self.text, department=self.department)


class Answer(RequestBody):
    """What is answered to a family."""

    text: Words


class NeedAnswer(AnswerBody):
    """One need and how far it is."""

    id: int
    beneficiary_id: int
    beneficiary: str
    domain: NeedDomain
    domain_label: str
    state: NeedState
    state_label: str
    is_open: bool
    text: str | None
    department: str
    raised_by: Speaker
    raised_by_label: str
    raised_at: Moment
    last_step_at: Moment
    settled_at: Moment | None

    @classmethod
    def of(cls, need: Need, names: Mapping[int, str]) -> Self:
        """Show one need with the masked name of whose it is."""
        return cls(
            id=need.id,
            beneficiary_id=need.beneficiary_id,
            beneficiary=mask_name(names.get(need.beneficiary_id, "")),
            domain=need.domain,
            domain_label=need.domain.label,
            state=need.state,
            state_label=need.state.label,
            is_open=need.state.is_open,
            text=need.text,
            department=need.department,
            raised_by=need.raised_by,
            raised_by_label=need.raised_by.label,
            raised_at=need.raised_at,
            last_step_at=need.last_step_at,
            settled_at=need.settled_at,
        )


class NeedStepAnswer(AnswerBody):
    """One step of the history."""

    act: NeedAct
    act_label: str
    speaker: Speaker
    speaker_label: str
    text: str | None
    department: str
    at: Moment

    @classmethod
    def of(cls, step: NeedStep) -> Self:
        """Show one step: what kind of person took it, and no name."""
        return cls(
            act=step.act,
            act_label=step.act.label,
            speaker=step.speaker,
            speaker_label=step.speaker.label,
            text=step.text,
            department=step.department,
            at=step.at,
        )


class NeedStory(AnswerBody):
    """One need with its history."""

    need: NeedAnswer
    steps: list[NeedStepAnswer]


class UnitNeedsAnswer(AnswerBody):
    """Numbers of one county and one field."""

    region_code: str
    domain: NeedDomain
    domain_label: str
    open: int
    stuck: int
    settled: int

    @classmethod
    def of(cls, unit: UnitNeeds) -> Self:
        """Show one line."""
        return cls(
            region_code=unit.region_code,
            domain=unit.domain,
            domain_label=unit.domain.label,
            open=unit.open,
            stuck=unit.stuck,
            settled=unit.settled,
        )


class UnmetNeeds(AnswerBody):
    """Unmet need by county and field, in the order of division codes; `stuck`: nothing for 30 days."""

    region: str
    items: list[UnitNeedsAnswer]


class InquiryAnswer(AnswerBody):
    """What a family wrote, and what was answered."""

    id: int
    guardian: str
    kind: InquiryKind
    kind_label: str
    state: InquiryState
    state_label: str
    text: str | None
    asked_at: Moment
    answer: str | None
    answered_by_label: str | None
    answered_at: Moment | None
    way: AnswerWay | None
    way_label: str | None

    @classmethod
    def of(cls, inquiry: Inquiry, names: Mapping[int, str], ways: Mapping[int, AnswerWay]) -> Self:
        """Show one inquiry with the masked name of who wrote it, and how its answer reaches him."""
        way = ways.get(inquiry.id)
        return cls(
            id=inquiry.id,
            guardian=mask_name(names.get(inquiry.guardian_id, "")),
            kind=inquiry.kind,
            kind_label=inquiry.kind.label,
            state=inquiry.state,
            state_label=inquiry.state.label,
            text=inquiry.text,
            asked_at=inquiry.asked_at,
            answer=inquiry.answer,
            answered_by_label=inquiry.answered_by.label if inquiry.answered_by else None,
            answered_at=inquiry.answered_at,
            way=way,
            way_label=way.label if way else None,
        )


class OpinionAnswer(AnswerBody):
    """What a family thinks of the work; who it was is not told."""

    id: int
    region_code: str
    state: OpinionState
    state_label: str
    text: str
    given_at: Moment
    answer: str | None
    answered_at: Moment | None

    @classmethod
    def of(cls, opinion: Opinion) -> Self:
        """Show one opinion without a name."""
        return cls(
            id=opinion.id,
            region_code=opinion.region_code,
            state=opinion.state,
            state_label=opinion.state.label,
            text=opinion.text,
            given_at=opinion.given_at,
            answer=opinion.answer,
            answered_at=opinion.answered_at,
        )
