"""Bodies of policies. Every code stands beside its 中文 label."""

import json
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from app.core.bodies import AnswerBody, Moment, RequestBody
from app.people.schemas import LabelAnswer
from app.policies.enums import Access, Confidence, Period
from app.policies.models import Policy
from app.policies.rules.authoring import Draft
from app.policies.rules.expressions import OPERATORS, Fault
from app.policies.rules.facts import Fact
from app.policies.rules.wording import is_stale

PolicyKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
RegionPrefix = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]([0-9]{2}){0,2}$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Keys = Annotated[list[PolicyKey], Field(max_length=20)]


class AmountBody(RequestBody):
    """What is paid in one region from one day until another; `when` is a condition."""

    region: RegionPrefix
    valid_from: Annotated[date | None, Field(alias="from")] = None
    valid_to: Annotated[date | None, Field(alias="to")] = None
    per: Period = Period.ONCE
    cny: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    note: Line = ""
    when: Any = None
    example: bool = False


class RulesBody(RequestBody):
    """Who is entitled and what it pays; conditions are JSON, read and checked by the engine."""

    when: Any = None
    received_when: Any = None
    exclusive_with: Keys = Field(default_factory=list)
    higher_of: Keys = Field(default_factory=list)
    amounts: Annotated[list[AmountBody], Field(max_length=300)] = Field(default_factory=list)

    def written(self) -> dict[str, Any]:
        """Return the rules as they are kept."""
        names = set(RulesBody.model_fields)
        return self.model_dump(mode="json", by_alias=True, include=names)


class PolicyBody(RulesBody):
    """One version as an author writes it; without `when` it supplements that of the federation above."""

    key: PolicyKey
    name: Word
    department: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""
    access: Access = Access.APPLICATION
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    body: Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)] = ""
    proofs: Annotated[list[Word], Field(max_length=20)] = Field(default_factory=list)
    apply_at: Line = ""
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=300)]
    source_url: Annotated[str, StringConstraints(max_length=300, pattern=r"^(https?://\S+)?$")] = ""
    checked_on: date
    confidence: Confidence = Confidence.OFFICIAL
    valid_from: date | None = None

    def draft(self) -> Draft:
        """Return what the operations take."""
        return Draft(
            key=self.key,
            name=self.name,
            department=self.department,
            access=self.access,
            summary=self.summary,
            body=self.body,
            rules=self.written(),
            proofs=tuple(self.proofs),
            apply_at=self.apply_at,
            source=self.source,
            source_url=self.source_url,
            checked_on=self.checked_on,
            confidence=self.confidence,
            valid_from=self.valid_from,
        )


class PublishBody(RequestBody):
    """What he read who publishes."""

    content_hash: Annotated[str, StringConstraints(min_length=64, max_length=64)]


class WithdrawBody(RequestBody):
    """Why it ends."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class FaultAnswer(AnswerBody):
    """One thing that is wrong, and where it stands."""

    pointer: str
    detail: str


class ValidationAnswer(AnswerBody):
    """Whether rules can be read."""

    ok: bool
    errors: list[FaultAnswer]

    @classmethod
    def of(cls, faults: list[Fault]) -> Self:
        return cls(
            ok=not faults,
            errors=[FaultAnswer(pointer=fault.pointer, detail=fault.detail) for fault in faults],
        )


class PolicyItem(AnswerBody):
    """One version of a policy in a list."""

    id: int
    key: str
    org_code: str
    version: int
    name: str
    department: str
    summary: str
    access: LabelAnswer
    state: LabelAnswer
    confidence: LabelAnswer
    valid_from: date
    checked_on: date
    is_stale: bool

    @classmethod
    def of(cls, policy: Policy, *, day: date) -> Self:
        return cls.model_validate(_policy_facts(policy, day=day))


class PolicyAnswer(PolicyItem):
    """One version, whole; `content_hash` is what its publisher confirms."""

    body: str
    rules: dict[str, Any]
    proofs: list[str]
    apply_at: str
    source: str
    source_url: str
    content_hash: str
    author_id: int | None
    publisher_id: int | None
    published_at: Moment | None
    withdrawn_at: Moment | None
    withdrawal_reason: str

    @classmethod
    def of(cls, policy: Policy, *, day: date) -> Self:
        return cls.model_validate(
            {
                **_policy_facts(policy, day=day),
                "body": policy.body,
                "rules": json.loads(policy.rules),
                "proofs": json.loads(policy.proofs),
                "apply_at": policy.apply_at,
                "source": policy.source,
                "source_url": policy.source_url,
                "content_hash": policy.content_hash,
                "author_id": policy.author_id,
                "publisher_id": policy.publisher_id,
                "published_at": policy.published_at,
                "withdrawn_at": policy.withdrawn_at,
                "withdrawal_reason": policy.withdrawal_reason,
            }
        )


def _policy_facts(policy: Policy, *, day: date) -> dict[str, object]:
    return {
        "id": policy.id,
        "key": policy.policy_key,
        "org_code": policy.org_code,
        "version": policy.version,
        "name": policy.name,
        "department": policy.department,
        "summary": policy.summary,
        "access": LabelAnswer.of(policy.access),
        "state": LabelAnswer.of(policy.state),
        "confidence": LabelAnswer.of(policy.confidence),
        "valid_from": policy.valid_from,
        "checked_on": policy.checked_on,
        "is_stale": is_stale(policy.checked_on, day=day),
    }


class FactAnswer(AnswerBody):
    """One thing that conditions may name; a family can be asked for it if it has a question."""

    key: str
    label: str
    kind: LabelAnswer
    choices: list[LabelAnswer]
    operators: list[LabelAnswer]
    question: str | None

    @classmethod
    def of(cls, fact: Fact) -> Self:
        return cls(
            key=fact.key,
            label=fact.label,
            kind=LabelAnswer.of(fact.kind),
            choices=[LabelAnswer(code=word, label=label) for word, label in fact.choices.items()],
            operators=LabelAnswer.all_of(OPERATORS[fact.kind]),
            question=fact.question or None,
        )
