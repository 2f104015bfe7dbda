"""Handing the families of a whole unit, or of some cadres, to others in one go (官方方案 四(三))."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.pairing.enums import PairDecision
from app.pairing.rules.costs import CadreChoice, PersonChoice
from app.pairing.rules.matching import Task
from app.pairing.rules.periods import PairingFacts
from app.pairing.rules.proposing import ChangeVerdict, ProposedChange, judge_changes


@dataclass(frozen=True, slots=True)
class Receiver:
    """A cadre who takes families over: how many he has, and how many he takes; None where nobody said."""

    id: int
    families: int
    capacity: int | None = None


def spread(
    beneficiary_ids: Sequence[int],
    receivers: Sequence[Receiver],
    *,
    barred: Mapping[int, Collection[int]],
) -> dict[int, int | None]:
    """Return who takes each family over, None where nobody has room: always whoever has the fewest families.

    Args:
        beneficiary_ids: the families, in the order in which they are handed out.
        receivers: among whom; equal ones in the order given.
        barred: by family the cadres who must not be theirs.
    """
    families = {receiver.id: receiver.families for receiver in receivers}
    found: dict[int, int | None] = {}
    for person in beneficiary_ids:
        free = [
            receiver
            for receiver in receivers
            if receiver.id not in barred.get(person, ())
            and (receiver.capacity is None or families[receiver.id] < receiver.capacity)
        ]
        chosen = min(free, key=lambda receiver: families[receiver.id], default=None)
        found[person] = chosen.id if chosen else None
        if chosen:
            families[chosen.id] += 1
    return found


def repairing_task(task: Task, *, beneficiary_ids: Collection[int], leaving: Collection[int]) -> Task:
    """Return the part of a county's task that finds new cadres for some people, all others left as they are.

    Args:
        task: the whole county's.
        beneficiary_ids: for whom.
        leaving: the cadres from whom families are taken; they get none.
    """
    staying = [person for person in task.people if person.id not in beneficiary_ids]
    here: dict[int | None, int] = {}
    for person in staying:
        here[person.present_cadre_id] = here.get(person.present_cadre_id, 0) + 1
    cadres = [_with_load(cadre, here.get(cadre.id, 0)) for cadre in task.cadres if cadre.id not in leaving]
    people = [_unpaired(person) for person in task.people if person.id in beneficiary_ids]
    return Task(people=people, cadres=cadres, geography=task.geography)


def _with_load(cadre: CadreChoice, families: int) -> CadreChoice:
    return CadreChoice(
        id=cadre.id,
        org_code=cadre.org_code,
        places=cadre.places,
        sex=cadre.sex,
        languages=cadre.languages,
        capacity=cadre.capacity,
        other_load=cadre.other_load + families,
        takes_new=cadre.takes_new,
    )


def _unpaired(person: PersonChoice) -> PersonChoice:
    return PersonChoice(
        id=person.id,
        place=person.place,
        rank=person.rank,
        wished_sex=person.wished_sex,
        wished_language=person.wished_language,
        barred=person.barred,
    )


def judge_moves(
    changes: Sequence[ProposedChange],
    *,
    facts: PairingFacts,
    barred: Mapping[int, Mapping[int, str]],
    on: date,
    today: date,
) -> tuple[ChangeVerdict, ...]:
    """Return what handing each family over comes to, in the same order; who must not meet is refused.

    Args:
        changes: who takes over from whom.
        facts: everything about them as it stands.
        barred: by family, by cadre, why they must not be paired.
        on: the first day of what is new.
        today: the day.
    """
    reasons = [barred.get(change.beneficiary_id, {}).get(change.cadre_id or 0) for change in changes]
    allowed = [change for change, reason in zip(changes, reasons, strict=True) if reason is None]
    verdicts = iter(judge_changes(allowed, facts=facts, on=on, today=today))
    return tuple(
        next(verdicts) if reason is None else ChangeVerdict(PairDecision.REFUSED, f"该干部需要回避：{reason}")
        for reason in reasons
    )
