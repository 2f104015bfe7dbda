"""What a row of the roster of beneficiaries says about a guardian (监护人), and what that changes."""

from dataclasses import dataclass

from app.people.enums import GuardianRelation


@dataclass(frozen=True, slots=True, repr=False)
class GuardianEntry:
    """The guardian whom a row names; None is what it leaves open."""

    name: str
    phone: str | None
    relation: GuardianRelation | None


@dataclass(frozen=True, slots=True, repr=False)
class RegisteredGuardian:
    """A guardian whom a registered person has; the phone is known by its blind index only."""

    id: int
    guardianship_id: int
    name: str
    phone_index: str | None
    relation: GuardianRelation


@dataclass(frozen=True, slots=True)
class GuardianStep:
    """What a row changes about a guardian: `known` is None when he has to be added."""

    entry: GuardianEntry
    known: RegisteredGuardian | None
    new_phone: bool
    new_relation: bool


def guardian_step(
    entry: GuardianEntry | None, *, phone_index: str | None, guardians: tuple[RegisteredGuardian, ...]
) -> GuardianStep | None:
    """Return what a row changes about a person's guardians, or None; a roster never takes one away.

    Args:
        entry: whom the row names.
        phone_index: the blind index of the phone that it names.
        guardians: whom the person has.
    """
    if entry is None:
        return None
    known = same_guardian(entry, phone_index=phone_index, guardians=guardians)
    if known is None:
        return GuardianStep(entry=entry, known=None, new_phone=False, new_relation=False)
    step = GuardianStep(
        entry=entry,
        known=known,
        new_phone=phone_index is not None and phone_index != known.phone_index,
        new_relation=entry.relation is not None and entry.relation is not known.relation,
    )
    return step if step.new_phone or step.new_relation else None


def same_guardian(
    entry: GuardianEntry, *, phone_index: str | None, guardians: tuple[RegisteredGuardian, ...]
) -> RegisteredGuardian | None:
    """Return whom of a person's guardians a row names: name and phone, or else the name."""
    namesakes = [guardian for guardian in guardians if guardian.name == entry.name]
    exact = [guardian for guardian in namesakes if guardian.phone_index == phone_index]
    return next(iter([*exact, *namesakes]), None)
