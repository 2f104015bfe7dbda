"""Bodies of rotations and of wishes to stay."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from app.core.bodies import AnswerBody, RequestBody, RowId
from app.pairing.enums import FamilyNews, RotationState, WishSide
from app.pairing.queries.rotations import RotationLine
from app.pairing.rules.rotation import LONGEST_HORIZON, Month, RotationPreview, month_from, month_name
from app.people.rules import mask_name

MonthWord = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
RotationReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]


class PlanRotationsBody(RequestBody):
    """For how many months, from the first one that leaves time to tell everybody."""

    months: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = LONGEST_HORIZON


class RotationsPlanned(AnswerBody):
    """How many rotations got their month."""

    planned: int


class MonthAnswer(AnswerBody):
    """What one month carries: planned already, and what a plan would add."""

    month: str
    standing: int
    added: int


class RotationPreviewAnswer(AnswerBody):
    """What planning comes to; `share` is the most that a month carries, `sentence` says why it is so much."""

    months: list[MonthAnswer]
    population: int
    share: int
    even_share: int
    later: int
    sentence: str

    @classmethod
    def of(cls, preview: RotationPreview) -> Self:
        """Show a preview in numbers."""
        return cls(
            months=[
                MonthAnswer(month=month_name(one.month), standing=one.standing, added=one.added)
                for one in preview.months
            ],
            population=preview.population,
            share=preview.share,
            even_share=preview.even_share,
            later=preview.later,
            sentence=_sentence(preview),
        )


def _sentence(preview: RotationPreview) -> str:
    if preview.share <= preview.even_share:
        return f"每月最多轮换{preview.share}户。"
    return (
        f"每月最多轮换{preview.share}户。平均本应是{preview.even_share}户，"
        "因为许多结对是在同几个月开始的；以后每轮会逐渐分散。"
    )


class PostponeBody(RequestBody):
    """To which month, and why."""

    month: MonthWord
    reason: RotationReason

    @property
    def to(self) -> Month:
        """Return the month as it is counted."""
        return month_from(self.month)


class CancelRotationBody(RequestBody):
    """Why this round is left out."""

    reason: RotationReason


class SuccessorBody(RequestBody):
    """Who takes over; null leaves it to the best pairs."""

    cadre_id: RowId | None


class StayWishBody(RequestBody):
    """Whose wish, and what it is: true to stay together, false to change, null takes it back."""

    side: WishSide
    stays: bool | None


class RotationAnswer(AnswerBody):
    """One rotation; wishes are those of this round, null when nobody was heard."""

    id: int
    region_code: str
    pairing_id: int
    beneficiary_id: int
    beneficiary_name: str
    cadre_id: int
    cadre_name: str
    to_cadre_id: int | None
    to_cadre_name: str | None
    changes_on: date
    state: RotationState
    state_label: str
    family_stays: bool | None
    cadre_stays: bool | None
    family: FamilyNews
    family_label: str
    note: str

    @classmethod
    def of(cls, line: RotationLine) -> Self:
        """Show a rotation, all names masked."""
        return cls(
            id=line.id,
            region_code=line.region_code,
            pairing_id=line.pairing_id,
            beneficiary_id=line.beneficiary_id,
            beneficiary_name=mask_name(line.beneficiary_name),
            cadre_id=line.cadre_id,
            cadre_name=mask_name(line.cadre_name),
            to_cadre_id=line.to_cadre_id,
            to_cadre_name=mask_name(line.to_cadre_name) if line.to_cadre_name else None,
            changes_on=line.changes_on,
            state=line.state,
            state_label=line.state.label,
            family_stays=line.wishes.family,
            cadre_stays=line.wishes.cadre,
            family=line.family,
            family_label=line.family.label,
            note=line.note,
        )


class OwnRotationAnswer(AnswerBody):
    """One of a cadre's families that is to pass on; colleagues see each other's whole names."""

    id: int
    pairing_id: int
    beneficiary_name: str
    to_cadre_name: str | None
    changes_on: date
    state: RotationState
    state_label: str
    family_stays: bool | None
    cadre_stays: bool | None
    tell_family: bool

    @classmethod
    def of(cls, line: RotationLine) -> Self:
        """Show it to the cadre; `tell_family`: somebody takes over, and the family does not know it yet."""
        return cls(
            id=line.id,
            pairing_id=line.pairing_id,
            beneficiary_name=mask_name(line.beneficiary_name),
            # Until it is announced, another one may be found.
            to_cadre_name=line.to_cadre_name if line.state is RotationState.ANNOUNCED else None,
            changes_on=line.changes_on,
            state=line.state,
            state_label=line.state.label,
            family_stays=line.wishes.family,
            cadre_stays=line.wishes.cadre,
            tell_family=line.family is FamilyNews.WAITING,
        )


class OwnRotations(AnswerBody):
    """Which of a cadre's families are to pass on."""

    items: list[OwnRotationAnswer]
