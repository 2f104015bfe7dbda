"""Request and answer bodies. Answers are masked, and every code stands beside its 中文 label."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import StringConstraints

from app.accounts.enums import MiniRole
from app.accounts.schemas import OneUseCode
from app.core.bodies import AnswerBody, Moment, RegionCode, RequestBody
from app.core.labels import Labelled
from app.people.enums import (
    CadreRank,
    CertificateStatus,
    ConsentChannel,
    ConsentPurpose,
    GuardianReach,
    GuardianRelation,
    MuteReason,
    Relief,
    Residence,
    RevealField,
)
from app.people.models import Beneficiary, Cadre, Consent, Guardianship
from app.people.notices import signed_text
from app.people.rules import mask_address, mask_id_number, mask_name, mask_phone

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Typed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class PhoneCode(RequestBody):
    """The one-use code of the button 手机号快速验证."""

    code: OneUseCode


class BeneficiaryNew(RequestBody):
    """A beneficiary as a clerk types him; birthday, sex, category and grade follow from the two numbers."""

    region_code: RegionCode
    name: Name
    id_number: Typed
    certificate: Typed
    relief: Relief
    residence: Residence
    town: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    household_code: Typed | None = None
    certificate_status: CertificateStatus = CertificateStatus.VALID
    several_disabled_in_household: bool = False
    kept_by_elderly: bool = False
    phone: Typed | None = None
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None


class CadreNew(RequestBody):
    """A cadre as a clerk types him."""

    org_code: RegionCode
    name: Name
    phone: Typed
    rank: CadreRank = CadreRank.OTHER
    unit: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""
    post: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""


class GuardianNew(RequestBody):
    """A guardian as a clerk types him."""

    name: Name
    phone: Typed | None = None
    relation: GuardianRelation


class IdNumberLookup(RequestBody):
    """An ID number, in a body because addresses end up in logs."""

    id_number: Typed


class RevealRequest(RequestBody):
    """Which fact is to be shown in full, and why."""

    field: RevealField
    reason: Reason


class LabelAnswer(AnswerBody):
    """One word of a closed list, for programs and for people."""

    code: str
    label: str

    @classmethod
    def of(cls, word: Labelled) -> Self:
        return cls(code=word.value, label=word.label)

    @classmethod
    def all_of(cls, words: Iterable[Labelled]) -> list[Self]:
        return [cls.of(word) for word in words]


class EligibilityAnswer(AnswerBody):
    """Whether a person belongs to the scheme; `reasons` say why not, or what is not known yet."""

    eligible: bool
    undecided: bool
    reasons: list[LabelAnswer]


class BeneficiaryItem(AnswerBody):
    """A beneficiary in a list. It leaves out the category: 精神残疾 is nobody's business there."""

    id: int
    region_code: str
    town: str
    name: str
    id_number: str
    phone: str | None
    age: int
    sex: LabelAnswer
    grade: int
    relief: LabelAnswer
    residence: LabelAnswer
    status: LabelAnswer
    eligibility: EligibilityAnswer
    priority: list[LabelAnswer]

    @classmethod
    def of(cls, person: Beneficiary, *, today: date) -> Self:
        return cls.model_validate(_item_facts(person, today=today))


class GuardianAnswer(AnswerBody):
    """Who looks after a beneficiary."""

    id: int
    name: str
    phone: str | None
    relation: LabelAnswer
    muted: bool
    reach: LabelAnswer

    @classmethod
    def of(cls, guardianship: Guardianship, *, reach: GuardianReach) -> Self:
        guardian = guardianship.guardian
        return cls(
            id=guardian.id,
            name=mask_name(guardian.name),
            phone=mask_phone(guardian.phone) if guardian.phone else None,
            relation=LabelAnswer.of(guardianship.relation),
            muted=guardian.muted_at is not None,
            reach=LabelAnswer.of(reach),
        )


class BeneficiaryAnswer(BeneficiaryItem):
    """One beneficiary, opened by somebody who acts for him."""

    certificate: str
    certificate_status: LabelAnswer
    category: LabelAnswer
    address: str | None
    several_disabled_in_household: bool
    kept_by_elderly: bool
    muted_until: date | None
    mute_reason: LabelAnswer | None
    guardians: list[GuardianAnswer]

    @classmethod
    def with_guardians(
        cls,
        person: Beneficiary,
        *,
        guardianships: Sequence[Guardianship],
        reach: Mapping[int, GuardianReach],
        today: date,
    ) -> Self:
        return cls.model_validate(
            {
                **_item_facts(person, today=today),
                "certificate": mask_id_number(person.certificate),
                "certificate_status": LabelAnswer.of(person.certificate_status),
                "category": LabelAnswer.of(person.category),
                "address": mask_address(person.address) if person.address else None,
                "several_disabled_in_household": person.several_disabled_in_household,
                "kept_by_elderly": person.kept_by_elderly,
                "muted_until": person.muted_until,
                "mute_reason": _mute_reason(person),
                "guardians": [
                    GuardianAnswer.of(guardianship, reach=reach[guardianship.guardian_id])
                    for guardianship in guardianships
                ],
            }
        )


class ConsentRequest(RequestBody):
    """What a guardian agreed to or takes back, and how we know."""

    purpose: ConsentPurpose
    channel: ConsentChannel
    evidence: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]


class ConsentAnswer(AnswerBody):
    """A consent in force, and the words that were agreed to."""

    id: int
    purpose: ConsentPurpose
    purpose_label: str
    channel: ConsentChannel
    channel_label: str
    text: str
    granted_at: datetime

    @classmethod
    def of(cls, consent: Consent) -> Self:
        """Describe one consent."""
        purpose, channel = ConsentPurpose(consent.purpose), ConsentChannel(consent.channel)
        return cls(
            id=consent.id,
            purpose=purpose,
            purpose_label=purpose.label,
            channel=channel,
            channel_label=channel.label,
            text=signed_text(purpose, channel) or "",
            granted_at=consent.granted_at,
        )


class MuteRequest(RequestBody):
    """Leave a family in peace on festivals; without a day, for a year."""

    reason: MuteReason = MuteReason.BEREAVEMENT
    until: date | None = None


class MuteAnswer(AnswerBody):
    """Whether a family is left in peace on festivals, why and until when."""

    name: str
    muted_until: date | None
    reason: LabelAnswer | None

    @classmethod
    def of(cls, person: Beneficiary) -> Self:
        return cls(
            name=mask_name(person.name),
            muted_until=person.muted_until,
            reason=_mute_reason(person),
        )


class CadreAnswer(AnswerBody):
    """One cadre."""

    id: int
    org_code: str
    unit: str
    post: str
    name: str
    phone: str
    rank: LabelAnswer
    status: LabelAnswer

    @classmethod
    def of(cls, cadre: Cadre) -> Self:
        return cls(
            id=cadre.id,
            org_code=cadre.org_code,
            unit=cadre.unit,
            post=cadre.post,
            name=mask_name(cadre.name),
            phone=mask_phone(cadre.phone),
            rank=LabelAnswer.of(cadre.rank),
            status=LabelAnswer.of(cadre.status),
        )


class RevealAnswer(AnswerBody):
    """One fact in full."""

    field: RevealField
    field_label: str
    value: str


class GuardianCreated(AnswerBody):
    """The guardian that was entered, or was known already and now looks after one more."""

    id: int
    name: str


class BindingCodeAnswer(AnswerBody):
    """A card for a guardian: draw `qr_image`, print `card_text` beside it; it cannot be shown again."""

    code: str
    scene: str
    qr_url: str
    qr_image: str
    card_text: str
    expires_at: Moment


class MeAnswer(AnswerBody):
    """Who holds this phone; his own name is not masked for him. `hint` says what to do next, if anything."""

    role: MiniRole
    role_label: str
    name: str | None = None
    org_code: str | None = None
    unit: str | None = None
    phone: str | None = None
    hint: str | None = None


def _mute_reason(person: Beneficiary) -> LabelAnswer | None:
    return LabelAnswer.of(MuteReason(person.mute_reason)) if person.mute_reason else None


def _item_facts(person: Beneficiary, *, today: date) -> dict[str, object]:
    judged = person.eligibility()
    return {
        "id": person.id,
        "region_code": person.region_code,
        "town": person.town,
        "name": mask_name(person.name),
        "id_number": mask_id_number(person.id_number),
        "phone": mask_phone(person.phone) if person.phone else None,
        "age": person.age(day=today),
        "sex": LabelAnswer.of(person.sex),
        "grade": person.grade,
        "relief": LabelAnswer.of(person.relief),
        "residence": LabelAnswer.of(person.residence),
        "status": LabelAnswer.of(person.status),
        "eligibility": EligibilityAnswer(
            eligible=judged.eligible,
            undecided=judged.undecided,
            reasons=LabelAnswer.all_of((*judged.failed, *judged.missing)),
        ),
        "priority": LabelAnswer.all_of(person.priority(day=today)),
    }
