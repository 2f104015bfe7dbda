"""Bodies of what policies mean for people. Names are masked, and every code stands beside its 中文 label."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import StringConstraints

from app.core.bodies import AnswerBody, Moment, Note, RequestBody, RowId
from app.people.rules import mask_name
from app.people.schemas import LabelAnswer
from app.policies.enums import Step
from app.policies.queries.entitlements import EntitlementLine, Family, RoundProgress, UnitCount
from app.policies.rules.facts import FACTS, Answer
from app.policies.rules.wording import (
    missing_sentence,
    source_in_words,
    turning_in_words,
    verdict_sentence,
)


class FactBody(RequestBody):
    """An answer to one question about one person: true, false, a word or a list of words."""

    beneficiary_id: RowId
    fact: Annotated[str, StringConstraints(max_length=40)]
    value: Any
    evidence: Note | None = None

    def answer(self) -> Answer:
        """Return what the operation takes."""
        return Answer(key=self.fact, value=self.value, evidence=self.evidence)


class StepBody(RequestBody):
    """What came of it; 不适用 needs a reason."""

    step: Step
    reason: Note | None = None


class QuestionAnswer(AnswerBody):
    """One thing to ask."""

    fact: str
    question: str
    kind: LabelAnswer
    choices: list[LabelAnswer]

    @classmethod
    def of(cls, key: str) -> Self:
        fact = FACTS[key]
        return cls(
            fact=key,
            question=fact.question,
            kind=LabelAnswer.of(fact.kind),
            choices=[LabelAnswer(code=word, label=label) for word, label in fact.choices.items()],
        )


class EntitlementAnswer(AnswerBody):
    """What one policy means for one person; it is advice, and `why` says on what it rests."""

    id: int | None
    policy: str
    name: str
    department: str
    summary: str
    verdict: LabelAnswer
    step: LabelAnswer | None
    sentence: str
    why: list[str]
    missing: str
    amount: str
    bring: list[str]
    apply_at: str
    source: str

    @classmethod
    def of(cls, line: EntitlementLine, *, day: date) -> Self:
        return cls.model_validate(_line_facts(line, day=day))


class EntitlementItem(EntitlementAnswer):
    """One row of a county's list."""

    beneficiary_id: int
    beneficiary_name: str
    region_code: str

    @classmethod
    def of(cls, line: EntitlementLine, *, day: date) -> Self:
        return cls.model_validate(
            {
                **_line_facts(line, day=day),
                "beneficiary_id": line.beneficiary_id,
                "beneficiary_name": mask_name(line.beneficiary_name),
                "region_code": line.region_code,
            }
        )


def _line_facts(line: EntitlementLine, *, day: date) -> dict[str, object]:
    sentence = verdict_sentence(line.verdict, name=line.name, step=line.step)
    return {
        "id": line.id or None,
        "policy": line.key,
        "name": line.name,
        "department": line.text.department,
        "summary": line.text.summary,
        "verdict": LabelAnswer.of(line.verdict),
        "step": LabelAnswer.of(line.step) if line.step else None,
        "sentence": f"{sentence}另一项是“{line.rival_name}”。" if line.rival_name else sentence,
        "why": list(line.because),
        "missing": missing_sentence(line.missing),
        "amount": line.amount,
        "bring": list(line.text.proofs),
        "apply_at": line.text.apply_at,
        "source": source_in_words(line.text.source, checked_on=line.text.checked_on, day=day),
    }


class FamilyAnswer(AnswerBody):
    """One person, what policies mean for him, what to ask, and a birthday that changes something."""

    beneficiary_id: int
    name: str
    questions: list[QuestionAnswer]
    soon: str | None
    items: list[EntitlementAnswer]

    @classmethod
    def of(cls, family: Family, *, day: date) -> Self:
        return cls(
            beneficiary_id=family.beneficiary_id,
            name=mask_name(family.name),
            questions=[QuestionAnswer.of(key) for key in family.questions],
            soon=turning_in_words(family.turning) if family.turning else None,
            items=[EntitlementAnswer.of(line, day=day) for line in family.lines],
        )


class Families(AnswerBody):
    """People of one cadre or guardian. What is said is advice (个人信息保护法 24 条)."""

    items: list[FamilyAnswer]
    note: str = "以下提示由系统按已知情况推算，仅供参考，以主管部门审核为准。"


class UnitCountAnswer(AnswerBody):
    """How many people of one unit stand how with one policy."""

    code: str
    name: str
    policy: str
    gaps: int
    applied: int
    to_verify: int
    received: int
    higher_chosen: int

    @classmethod
    def of(cls, unit: UnitCount) -> Self:
        return cls(
            code=unit.code,
            name=unit.name,
            policy=unit.key,
            gaps=unit.gaps,
            applied=unit.applied,
            to_verify=unit.to_verify,
            received=unit.received,
            higher_chosen=unit.higher_chosen,
        )


class CountsAnswer(AnswerBody):
    """Numbers by unit in the order of division codes, and by policy; never by person."""

    region: str
    units: list[UnitCountAnswer]


class ProgressAnswer(AnswerBody):
    """How far the judging of the register has come; `position` of `last_id`."""

    is_whole: bool
    people: int
    changed: int
    position: int
    last_id: int
    started_at: Moment
    finished_at: Moment | None

    @classmethod
    def of(cls, progress: RoundProgress) -> Self:
        return cls(
            is_whole=progress.is_whole,
            people=progress.people,
            changed=progress.changed,
            position=progress.position,
            last_id=progress.last_id,
            started_at=progress.started_at,
            finished_at=progress.finished_at,
        )
