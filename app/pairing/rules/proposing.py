"""A proposal as people see it: each pair with its sentence, changes by hand, and what accepting comes to."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.pairing.enums import EndReason, PairDecision, PairingOutcome
from app.pairing.rules.costs import CadreChoice, PersonChoice, serves
from app.pairing.rules.matching import Task, may_pair, solve
from app.pairing.rules.periods import (
    Family,
    KnownPairing,
    PairingFacts,
    Period,
    WantedPairing,
    capacity_sentence,
    end_refusal,
    judge_pairings,
    most_at_once,
)
from app.pairing.rules.sentences import left_over_sentence, pair_sentence
from app.people.enums import CadreStatus


@dataclass(frozen=True, slots=True)
class ProposedPair:
    """Whom a person is to have, None for nobody, and why."""

    beneficiary_id: int
    cadre_id: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """All pairs in the order of the people's ids, and what they cost on all levels together."""

    pairs: Sequence[ProposedPair]
    cost: int


def propose(task: Task) -> Proposed:
    """Return the best pairs with one sentence each.

    Raises:
        TaskTooLarge, NotSolved: as `solve`.
    """
    plan = solve(task)
    loads = Counter(cadre_id for cadre_id in plan.pairs.values() if cadre_id is not None)
    tell = Sentences(task)
    people = sorted(task.people, key=lambda person: person.id)
    pairs = [
        ProposedPair(person.id, plan.pairs[person.id], tell.of(person, plan.pairs[person.id], loads))
        for person in people
    ]
    return Proposed(pairs=pairs, cost=plan.cost)


class Sentences:
    """Writes the sentence of any pair of one task."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._cadres = {cadre.id: cadre for cadre in task.cadres}
        self._of_county: dict[str, frozenset[int]] = {}

    def of(self, person: PersonChoice, cadre_id: int | None, loads: Mapping[int, int]) -> str:
        """Return why a person has this cadre or nobody.

        Args:
            person: who.
            cadre_id: whom he has.
            loads: how many people of this task each cadre has.
        """
        cadre = self._cadres.get(cadre_id or 0)
        if cadre is None:
            here = self._serving(person.place.code)
            return left_over_sentence(person, allowed=len(here - person.barred.keys()), in_region=len(here))
        families = cadre.other_load + loads.get(cadre.id, 0)
        return pair_sentence(person, cadre, families=families, geography=self._task.geography)

    def _serving(self, county: str) -> frozenset[int]:
        if county not in self._of_county:
            self._of_county[county] = frozenset(
                cadre.id for cadre in self._task.cadres if cadre.takes_new and serves(cadre, county=county)
            )
        return self._of_county[county]


def edit_refusal(person: PersonChoice, cadre: CadreChoice | None, *, planned: int) -> str | None:
    """Return why a cadre cannot be chosen by hand, None when he can.

    Args:
        person: for whom.
        cadre: the chosen one, None if he does not take part.
        planned: how many other people of the task he is to have.
    """
    if cadre is None:
        return "该干部不在可以参加结对的名单中"
    if cadre.id in person.barred:
        return f"该干部需要回避：{person.barred[cadre.id]}"
    if not may_pair(person, cadre):
        return "该干部不能联系这个县（市、区）的帮扶对象，或者不再新结对"
    families = cadre.other_load + planned
    if families >= cadre.capacity:
        return f"该干部已安排{families}户，上限为{cadre.capacity}户"
    return None


def end_reason_for(person: PersonChoice, present: CadreStatus | None) -> EndReason:
    """Return why the present pairing would end when another cadre takes over (官方方案 四(三))."""
    if present is CadreStatus.RETIRED:
        return EndReason.RETIRED
    if present is CadreStatus.LEFT:
        return EndReason.LEFT
    if person.present_cadre_id in person.barred:
        return EndReason.FAMILY_WISH
    return EndReason.ROTATION if person.is_due else EndReason.POST_CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedChange:
    """One pair of a proposal as it was when it was made."""

    beneficiary_id: int
    cadre_id: int | None
    present_cadre_id: int | None


@dataclass(frozen=True, slots=True)
class ChangeVerdict:
    """What accepting one pair comes to."""

    decision: PairDecision
    sentence: str = ""


_KEPT = ChangeVerdict(PairDecision.KEPT)
_APPLIED = ChangeVerdict(PairDecision.APPLIED)
_NOBODY = ChangeVerdict(PairDecision.NOBODY)


def judge_changes(
    changes: Sequence[ProposedChange],
    *,
    facts: PairingFacts,
    on: date,
    today: date,
    leaving: Collection[int] = (),
) -> tuple[ChangeVerdict, ...]:
    """Return what accepting each pair from a day on comes to, in the same order.

    What somebody changed since the proposal was made is refused with its reason. Whoever is left over keeps
    the pairing he has: nothing ends unless somebody takes over. A cadre gets no more families than he takes;
    those that leave him on the same day make room.

    Args:
        changes: the pairs.
        facts: everything about them as it stands.
        on: the first day of what is new.
        today: the day.
        leaving: other beneficiaries whom the same proposal is about to take from their cadres.
    """
    cadres = {number: replace(cadre, capacity=None) for number, cadre in facts.cadres.items()}
    boundless = PairingFacts(facts.beneficiaries, cadres, facts.pairings)
    verdicts = [_judge_change(change, facts=boundless, on=on, today=today) for change in changes]
    others = set(leaving).difference(change.beneficiary_id for change in changes)
    full = _too_many(changes, verdicts, facts=facts, on=on, today=today, leaving=others)
    return tuple(full.get(place, verdict) for place, verdict in enumerate(verdicts))


def _too_many(
    changes: Sequence[ProposedChange],
    verdicts: Sequence[ChangeVerdict],
    *,
    facts: PairingFacts,
    on: date,
    today: date,
    leaving: Collection[int],
) -> dict[int, ChangeVerdict]:
    """Return the refusals of those for whom their cadre has no room, by place in the list.

    A refusal keeps a family where it is, which may be the room that another one needs: again, until nothing
    changes.
    """
    refused: dict[int, ChangeVerdict] = {}
    while True:
        applied = {
            place: change
            for place, change in enumerate(changes)
            if verdicts[place] is _APPLIED and place not in refused
        }
        moving = {*leaving, *(change.beneficiary_id for change in applied.values())}
        coming: dict[int, list[int]] = {}
        for place, change in applied.items():
            coming.setdefault(change.cadre_id or 0, []).append(place)
        before = len(refused)
        for cadre_id, places in coming.items():
            cadre = facts.cadres[cadre_id]
            if cadre.capacity is None:
                continue
            stay = most_at_once(_after(cadre.families, moving, on=on), since=max(on, today))
            sentence = capacity_sentence(families=max(stay, cadre.capacity), capacity=cadre.capacity)
            for place in places[max(cadre.capacity - stay, 0) :]:
                refused[place] = ChangeVerdict(PairDecision.REFUSED, sentence)
        if len(refused) == before:
            return refused


def _after(families: Sequence[Family], moving: Collection[int], *, on: date) -> list[Period]:
    return [
        Period(family.period.started_on, on)
        if family.beneficiary_id in moving and family.period.ended_on is None
        else family.period
        for family in families
    ]


def _judge_change(change: ProposedChange, *, facts: PairingFacts, on: date, today: date) -> ChangeVerdict:
    known = facts.pairings.get(change.beneficiary_id, ())
    standing = next((pairing for pairing in known if pairing.period.ended_on is None), None)
    if change.cadre_id is None:
        return _NOBODY
    if (standing.cadre_id if standing else None) != change.present_cadre_id:
        return ChangeVerdict(PairDecision.REFUSED, "结对关系在方案生成之后有变化，请重新生成方案")
    if change.cadre_id == change.present_cadre_id:
        return _KEPT
    if standing is not None:
        refusal = end_refusal(standing.period, ended_on=on, today=today)
        if refusal is not None:
            return ChangeVerdict(PairDecision.REFUSED, refusal)
    after = [_ended(pairing, on=on) if pairing is standing else pairing for pairing in known]
    then = PairingFacts(facts.beneficiaries, facts.cadres, {change.beneficiary_id: after})
    wanted = WantedPairing(change.beneficiary_id, change.cadre_id, on)
    (verdict,) = judge_pairings([wanted], facts=then, today=today)
    if verdict.outcome is PairingOutcome.REFUSED:
        return ChangeVerdict(PairDecision.REFUSED, verdict.sentence)
    return _APPLIED if verdict.outcome is PairingOutcome.STARTS else _KEPT


def _ended(pairing: KnownPairing, *, on: date) -> KnownPairing:
    return KnownPairing(pairing.cadre_id, Period(pairing.period.started_on, on))
