"""Request and answer bodies."""

from datetime import date
from typing import Self

from app.core.bodies import AnswerBody, RequestBody, RowId
from app.pairing.enums import EndReason
from app.pairing.queries import PairingLine
from app.pairing.rules import Period, rotation_due_on
from app.people.rules import mask_name


class StartPairing(RequestBody):
    """Whom, with whom, and from which day; today if none is given."""

    beneficiary_id: RowId
    cadre_id: RowId
    started_on: date | None = None


class EndPairing(RequestBody):
    """From which day on it no longer holds (today if none is given), and why."""

    ended_on: date | None = None
    reason: EndReason


class ChangeCadre(RequestBody):
    """To whom, from which day (today if none is given), and why."""

    cadre_id: RowId
    on: date | None = None
    reason: EndReason = EndReason.ROTATION


class PairedBeneficiary(AnswerBody):
    """A beneficiary as lists show him."""

    id: int
    name: str


class PairedCadre(AnswerBody):
    """A cadre as lists show him."""

    id: int
    name: str
    org_code: str
    unit: str


class PairingAnswer(AnswerBody):
    """One pairing; `ended_on` is its first day without the cadre."""

    id: int
    region_code: str
    beneficiary: PairedBeneficiary
    cadre: PairedCadre
    started_on: date
    ended_on: date | None
    end_reason: EndReason | None
    end_reason_label: str | None
    in_force: bool
    rotation_due_on: date

    @classmethod
    def of(cls, line: PairingLine, *, today: date) -> Self:
        """Show a pairing as it stands on a day, both names masked."""
        return cls(
            id=line.id,
            region_code=line.region_code,
            beneficiary=PairedBeneficiary(id=line.beneficiary_id, name=mask_name(line.beneficiary_name)),
            cadre=PairedCadre(
                id=line.cadre_id,
                name=mask_name(line.cadre_name),
                org_code=line.cadre_org_code,
                unit=line.cadre_unit,
            ),
            started_on=line.started_on,
            ended_on=line.ended_on,
            end_reason=line.end_reason,
            end_reason_label=line.end_reason.label if line.end_reason else None,
            in_force=Period(line.started_on, line.ended_on).covers(today),
            rotation_due_on=rotation_due_on(line.started_on),
        )
