"""Answer bodies of binding by six digits."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from app.core.bodies import AnswerBody, Moment
from app.people.operations import IssuedPin
from app.people.rules import mask_name


class PinAnswer(AnswerBody):
    """Six digits for one guardian, shown this once, as they are read out: 482 913."""

    guardian_id: int
    guardian: str
    relation_label: str
    pin: str = Field(repr=False)
    spoken: str = Field(repr=False)
    expires_at: Moment


class Pins(AnswerBody):
    """Six digits for each guardian of the family."""

    items: list[PinAnswer]

    @classmethod
    def of(cls, issued: Sequence[IssuedPin]) -> Self:
        """Show them with the masked name of who types which."""
        return cls(
            items=[
                PinAnswer(
                    guardian_id=one.guardian.id,
                    guardian=mask_name(one.guardian.name),
                    relation_label=one.guardianship.relation.label,
                    pin=one.pin,
                    spoken=f"{one.pin[:3]} {one.pin[3:]}",
                    expires_at=one.expires_at,
                )
                for one in issued
            ]
        )
