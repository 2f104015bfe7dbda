"""Request and answer bodies."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from app.core.bodies import AnswerBody, Moment, RegionCode, RequestBody, RowId
from app.pairing.enums import BarReason, EndReason, PairDecision, Participation, ProposalState
from app.pairing.models import PairingProposal
from app.pairing.queries import PairingLine
from app.pairing.queries.participation import CadreWithout, UnitParticipation
from app.pairing.queries.proposals import PairLine
from app.pairing.queries.repairing import MOST_AT_ONCE, MoveLine
from app.pairing.rules import Period, rotation_due_on
from app.pairing.rules.costs import LARGEST_CAPACITY
from app.pairing.rules.participation import LONGEST_EXCUSE
from app.people.enums import Sex
from app.people.rules import mask_name

Town = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Language = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Excuse = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_EXCUSE)]
_LOCKED_AT_ONCE = 200


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


class CadreTermsBody(RequestBody):
    """Where a cadre works and lives, what he speaks, with how many families; what is left out is unknown."""

    work_county: RegionCode | None = None
    work_town: Town = ""
    home_county: RegionCode | None = None
    home_town: Town = ""
    sex: Sex | None = None
    languages: list[Language] = Field(default_factory=list, max_length=5)
    capacity: Annotated[int, Field(ge=0, le=LARGEST_CAPACITY)] | None = None
    takes_part: bool | None = None
    excuse: Excuse = ""
    leads_unit: bool | None = None


class WishBody(RequestBody):
    """Whom a family wishes for; what is left out it does not mind."""

    cadre_sex: Sex | None = None
    language: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""


class BarBody(RequestBody):
    """Why a cadre and a person must not be paired; null takes it back."""

    beneficiary_id: RowId
    cadre_id: RowId
    reason: BarReason | None


class ChooseBody(RequestBody):
    """Whom the person is to have; null leaves him without."""

    cadre_id: RowId | None


class LockBody(RequestBody):
    """Whose pairs stay when the proposal is solved again, or no longer do."""

    beneficiary_ids: Annotated[list[RowId], Field(min_length=1, max_length=_LOCKED_AT_ONCE)]
    locked: bool = True


class AcceptBody(RequestBody):
    """From which day on; today if none is given."""

    on: date | None = None


class ProposalAnswer(AnswerBody):
    """One proposal in numbers; `blocks_solved` of `blocks` is how far its whole request is."""

    id: int
    batch: int
    region_code: str
    state: ProposalState
    state_label: str
    requested_at: Moment
    people: int
    placed: int
    cost: int | None
    solved_at: Moment | None
    decided_at: Moment | None
    decisions: dict[PairDecision, int]
    blocks_solved: int
    blocks: int

    @classmethod
    def of(
        cls, proposal: PairingProposal, *, decisions: Mapping[PairDecision, int], blocks: tuple[int, int]
    ) -> Self:
        """Show a proposal without anybody's name."""
        return cls(
            id=proposal.id,
            batch=proposal.batch,
            region_code=proposal.region_code,
            state=proposal.state,
            state_label=proposal.state.label,
            requested_at=proposal.requested_at,
            people=proposal.people,
            placed=proposal.placed,
            cost=proposal.cost,
            solved_at=proposal.solved_at,
            decided_at=proposal.decided_at,
            decisions=dict(decisions),
            blocks_solved=blocks[0],
            blocks=blocks[1],
        )


class ProposedCadre(AnswerBody):
    """A cadre as a proposal shows him."""

    id: int
    name: str
    unit: str


class PairAnswer(AnswerBody):
    """One proposed pair: who, with whom, why, and what became of it."""

    beneficiary: PairedBeneficiary
    cadre: ProposedCadre | None
    present_cadre_id: int | None
    present_cadre_name: str | None
    sentence: str
    locked: bool
    decision: PairDecision
    decision_label: str
    refusal: str

    @classmethod
    def of(cls, line: PairLine) -> Self:
        """Show a pair, all names masked."""
        cadre = None
        if line.cadre_id is not None:
            name, unit = mask_name(line.cadre_name or ""), line.cadre_unit or ""
            cadre = ProposedCadre(id=line.cadre_id, name=name, unit=unit)
        return cls(
            beneficiary=PairedBeneficiary(id=line.beneficiary_id, name=mask_name(line.beneficiary_name)),
            cadre=cadre,
            present_cadre_id=line.present_cadre_id,
            present_cadre_name=mask_name(line.present_cadre_name) if line.present_cadre_name else None,
            sentence=line.sentence,
            locked=line.locked,
            decision=line.decision,
            decision_label=line.decision.label,
            refusal=line.refusal,
        )


class ParticipationBody(RequestBody):
    """Whether a cadre takes part, null to leave it to his rank; why not, where he does not."""

    takes_part: bool | None
    reason: Excuse = ""


class UnitCounts(AnswerBody):
    """How many cadres of a federation or unit have which part, and how many have nobody yet."""

    org_code: str
    name: str
    taking_part: int
    without: int
    by_part: dict[Participation, int]

    @classmethod
    def of(cls, unit: UnitParticipation) -> Self:
        """Show the numbers of a unit, no part left out."""
        return cls(
            org_code=unit.org_code,
            name=unit.name,
            taking_part=unit.counts.taking_part,
            without=unit.counts.without,
            by_part={part: unit.counts.by_part.get(part, 0) for part in Participation},
        )


class ParticipationAnswer(AnswerBody):
    """The numbers of the federations of a region by division code, and of the units of one's own by name."""

    federations: list[UnitCounts]
    own_units: list[UnitCounts]


class CadreWithoutAnswer(AnswerBody):
    """A cadre who takes part and has nobody; `sentence` tells why he takes part."""

    id: int
    name: str
    post: str
    part: Participation
    part_label: str
    sentence: str

    @classmethod
    def of(cls, cadre: CadreWithout) -> Self:
        """Show a cadre, the name masked."""
        return cls(
            id=cadre.id,
            name=mask_name(cadre.name),
            post=cadre.post,
            part=cadre.part,
            part_label=cadre.part.label,
            sentence=cadre.sentence,
        )


class UnitWithout(AnswerBody):
    """The cadres of one unit who take part and have nobody."""

    unit: str
    org_code: str
    cadres: list[CadreWithoutAnswer]


class RepairPreviewBody(RequestBody):
    """Whose families, by unit or by cadres, and to whom; nobody named: the best, as in a proposal."""

    unit: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    cadre_ids: Annotated[list[RowId], Field(max_length=_LOCKED_AT_ONCE)] = Field(default_factory=list)
    receiver_ids: Annotated[list[RowId], Field(max_length=_LOCKED_AT_ONCE)] = Field(default_factory=list)
    on: date | None = None

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        if bool(self.unit) == bool(self.cadre_ids):
            raise ValueError("请选择一个单位，或者若干干部")
        return self


class MoveBody(RequestBody):
    """Who takes over from the cadre of an open pairing."""

    pairing_id: RowId
    cadre_id: RowId


class RepairBody(RequestBody):
    """The rows of a preview that are to be carried out, from which day (today if none is given), and why."""

    moves: Annotated[list[MoveBody], Field(min_length=1, max_length=MOST_AT_ONCE)]
    on: date | None = None
    reason: EndReason

    @field_validator("moves")
    @classmethod
    def _each_once(cls, moves: list[MoveBody]) -> list[MoveBody]:
        if len({move.pairing_id for move in moves}) < len(moves):
            raise ValueError("同一条结对出现了两次")
        return moves


class RepairDone(AnswerBody):
    """How many families were handed over."""

    changed: int


class MoveAnswer(AnswerBody):
    """One family of a preview: who has it, who is to have it, and what that comes to."""

    pairing_id: int
    beneficiary: PairedBeneficiary
    present_cadre_id: int
    present_cadre_name: str
    cadre_id: int | None
    cadre_name: str
    can_be_done: bool
    sentence: str

    @classmethod
    def of(cls, line: MoveLine) -> Self:
        """Show a row, all names masked."""
        known = line.pairing
        return cls(
            pairing_id=known.id,
            beneficiary=PairedBeneficiary(id=known.beneficiary_id, name=mask_name(known.beneficiary_name)),
            present_cadre_id=known.cadre_id,
            present_cadre_name=mask_name(known.cadre_name),
            cadre_id=line.cadre_id,
            cadre_name=mask_name(line.cadre_name),
            can_be_done=line.decision is PairDecision.APPLIED,
            sentence=line.sentence,
        )
