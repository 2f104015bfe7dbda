"""Request and answer bodies."""

from datetime import date
from typing import Self

from pydantic import field_validator, model_validator

from app.contacts.enums import ContactChannel, ContactKind, ContactOutcome
from app.contacts.queries import (
    ContactLine,
    ContactRecord,
    Digest,
    OwnContact,
    OwnPairingProgress,
    UnitProgress,
)
from app.contacts.rules import UNDO_WITHIN, Tap, hint, is_at_risk
from app.core.bodies import AnswerBody, ClientId, Moment, Note, RequestBody, RowId
from app.core.clock import china_date
from app.people.rules import mask_name

# A nonsense year would overflow where moments are turned to UTC.
_YEARS = range(2000, 2101)


class RecordContact(RequestBody):
    """One tap: a pairing and nothing else. The phone chooses `client_id` once per tap."""

    client_id: ClientId
    pairing_id: RowId
    kind: ContactKind = ContactKind.CONTACT
    channel: ContactChannel | None = None
    outcome: ContactOutcome = ContactOutcome.REACHED_PERSON
    occurred_at: Moment | None = None
    note: Note | None = None

    @field_validator("occurred_at")
    @classmethod
    def _in_our_times(cls, moment: Moment | None) -> Moment | None:
        if moment is not None and moment.year not in _YEARS:
            raise ValueError("请检查联系时间的年份")
        return moment

    @model_validator(mode="after")
    def _a_visit_is_made_in_person(self) -> Self:
        if self.kind is ContactKind.VISIT and self.channel not in {None, ContactChannel.IN_PERSON}:
            raise ValueError("入户走访的方式只能是当面")
        return self

    def tap(self) -> Tap:
        """Return what the operation takes; an empty note is none."""
        return Tap(
            client_id=self.client_id,
            pairing_id=self.pairing_id,
            kind=self.kind,
            channel=self.channel,
            outcome=self.outcome,
            occurred_at=self.occurred_at,
            note=self.note or None,
        )


class ContactAnswer(AnswerBody):
    """One record; it may be undone until `undo_until`."""

    id: int
    client_id: str
    pairing_id: int
    kind: ContactKind
    kind_label: str
    channel: ContactChannel | None
    channel_label: str | None
    outcome: ContactOutcome
    outcome_label: str
    occurred_at: Moment
    occurred_on: date
    recorded_at: Moment
    is_late: bool
    note: str | None
    undo_until: Moment
    undone_at: Moment | None

    @classmethod
    def of(cls, record: ContactRecord) -> Self:
        """Show a record to the cadre who made it."""
        return cls(
            id=record.id,
            client_id=record.client_id,
            pairing_id=record.pairing_id,
            kind=record.kind,
            kind_label=record.kind.label,
            channel=record.channel,
            channel_label=record.channel.label if record.channel else None,
            outcome=record.outcome,
            outcome_label=record.outcome.label,
            occurred_at=record.occurred_at,
            occurred_on=record.occurred_on,
            recorded_at=record.recorded_at,
            is_late=record.is_late,
            note=record.note,
            undo_until=record.recorded_at + UNDO_WITHIN,
            undone_at=record.undone_at,
        )


class Person(AnswerBody):
    """Somebody as lists show him."""

    id: int
    name: str


class PersonName(AnswerBody):
    """A name as lists show it."""

    name: str


class OwnContactAnswer(ContactAnswer):
    """One record in the cadre's own list."""

    beneficiary: PersonName

    @classmethod
    def of_own(cls, own: OwnContact) -> Self:
        """Show a record with the masked name of whom it concerns."""
        shown = ContactAnswer.of(own.record).model_dump()
        return cls(**shown, beneficiary=PersonName(name=mask_name(own.beneficiary_name)))


class DoneOfDue(AnswerBody):
    """How often it happened this year, of how often it should."""

    done: int
    due: int


class OwnPairingAnswer(AnswerBody):
    """One of the cadre's people: what is done, what is owed, and one line that says what to do."""

    id: int
    beneficiary: Person
    started_on: date
    contacts: DoneOfDue
    visits: DoneOfDue
    last_contact_on: date | None
    next_due_on: date | None
    is_at_risk: bool
    is_mourning: bool
    hint: str

    @classmethod
    def of(cls, own: OwnPairingProgress, *, day: date) -> Self:
        """Show how one pairing stands on a day."""
        progress = own.progress
        return cls(
            id=own.pairing_id,
            beneficiary=Person(id=own.beneficiary_id, name=mask_name(own.beneficiary_name)),
            started_on=own.started_on,
            contacts=DoneOfDue(done=progress.contacts_done, due=progress.contacts_due),
            visits=DoneOfDue(done=progress.visits_done, due=progress.visits_due),
            last_contact_on=progress.last_contact_on,
            next_due_on=progress.next_due_on,
            is_at_risk=is_at_risk(progress, day=day),
            is_mourning=own.is_mourning,
            hint=hint(progress, day=day, is_mourning=own.is_mourning),
        )


class OwnPairings(AnswerBody):
    """The cadre's people, who is most likely to be forgotten first."""

    items: list[OwnPairingAnswer]


class ContactLineAnswer(AnswerBody):
    """One record for supervision: that it happened, not what was said."""

    id: int
    region_code: str
    pairing_id: int
    beneficiary: Person
    cadre: Person
    kind: ContactKind
    kind_label: str
    channel: ContactChannel | None
    outcome: ContactOutcome
    outcome_label: str
    occurred_on: date
    recorded_at: Moment
    is_late: bool
    is_undone: bool

    @classmethod
    def of(cls, line: ContactLine) -> Self:
        """Show a record, both names masked."""
        return cls(
            id=line.id,
            region_code=line.region_code,
            pairing_id=line.pairing_id,
            beneficiary=Person(id=line.beneficiary_id, name=mask_name(line.beneficiary_name)),
            cadre=Person(id=line.cadre_id, name=mask_name(line.cadre_name)),
            kind=line.kind,
            kind_label=line.kind.label,
            channel=line.channel,
            outcome=line.outcome,
            outcome_label=line.outcome.label,
            occurred_on=line.occurred_on,
            recorded_at=line.recorded_at,
            is_late=line.is_late,
            is_undone=line.undone_at is not None,
        )


class UnitProgressAnswer(AnswerBody):
    """One unit's numbers of this year; `at_risk` families wait longer than an even spread allows."""

    code: str
    name: str
    pairings: int
    contacts: DoneOfDue
    visits: DoneOfDue
    at_risk: int

    @classmethod
    def of(cls, unit: UnitProgress) -> Self:
        """Show one unit."""
        return cls(
            code=unit.code,
            name=unit.name,
            pairings=unit.pairings,
            contacts=DoneOfDue(done=unit.contacts_done, due=unit.contacts_due),
            visits=DoneOfDue(done=unit.visits_done, due=unit.visits_due),
            at_risk=unit.at_risk,
        )


class ProgressAnswer(AnswerBody):
    """Numbers by unit, in the order of division codes and in no other."""

    region: str
    year: int
    units: list[UnitProgressAnswer]


class DigestContactAnswer(AnswerBody):
    """One contact, without its note."""

    occurred_on: date
    kind_label: str
    channel_label: str | None
    outcome_label: str


class DigestNeedAnswer(AnswerBody):
    """One open need, without its words."""

    domain_label: str
    state_label: str
    department: str
    raised_on: date


class DigestAnswer(AnswerBody):
    """What a successor has to know of a family before he goes there."""

    id: int
    beneficiary_name: str
    predecessor: str
    changes_on: date
    state_label: str
    last_contacts: list[DigestContactAnswer]
    open_needs: list[DigestNeedAnswer]
    wished_language: str
    wished_sex_label: str | None
    customs: str
    cautions: str
    mourning: str | None

    @classmethod
    def of(cls, digest: Digest) -> Self:
        """Show it, the family's name masked, the colleague's whole."""
        wish, care, handover = digest.wish, digest.care, digest.line.handover
        return cls(
            id=handover.id,
            beneficiary_name=mask_name(digest.line.beneficiary_name),
            predecessor=digest.line.from_name,
            changes_on=handover.changes_on,
            state_label=handover.state.label,
            last_contacts=[
                DigestContactAnswer(
                    occurred_on=one.occurred_on,
                    kind_label=one.kind.label,
                    channel_label=one.channel.label if one.channel else None,
                    outcome_label=one.outcome.label,
                )
                for one in digest.contacts
            ],
            open_needs=[
                DigestNeedAnswer(
                    domain_label=one.domain.label,
                    state_label=one.state.label,
                    department=one.department,
                    raised_on=china_date(one.raised_at),
                )
                for one in digest.needs
            ],
            wished_language=wish.language if wish else "",
            wished_sex_label=wish.cadre_sex.label if wish and wish.cadre_sex else None,
            customs=(care.customs if care else None) or "",
            cautions=(care.cautions if care else None) or "",
            mourning="家中有丧事，节日不说祝福的话" if digest.is_mourning else None,
        )
