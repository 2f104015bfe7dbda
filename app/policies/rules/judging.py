"""What each policy means for one person, by what is known of him: pure, three-valued, and advice only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.policies.enums import Access, Step, Verdict
from app.policies.rules.amounts import AmountRow, Worth, worth_of
from app.policies.rules.expressions import Condition
from app.policies.rules.facts import FACTS, Facts, fact_order
from app.policies.rules.logic import compiled, deciding_facts, missing_facts

_NOTHING = Worth()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """What the engine needs of one policy in force.

    Args:
        key: the policy, in all its versions and at all levels.
        policy_id: the version that holds here.
        name: what it is called.
        when: who is entitled.
        received_when: known facts that say he receives it already, None: only a record says so.
        exclusive_with: keys of policies beside which it is not paid: whoever receives one, gets no other.
        higher_of: keys of policies of which only the highest is paid (择高).
        amounts: what it pays, by region and day.
        access: whether it must be applied for.
    """

    key: str
    policy_id: int
    name: str
    when: Condition
    received_when: Condition | None = None
    exclusive_with: frozenset[str] = frozenset()
    higher_of: frozenset[str] = frozenset()
    amounts: tuple[AmountRow, ...] = ()
    access: Access = Access.APPLICATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one policy means for one person.

    Args:
        rule: the policy.
        verdict: what it means.
        missing: keys of the facts on which an open verdict hangs.
        because: keys of the facts that decide it.
        rival: key of the policy that stands in its way or is higher.
        worth: what it pays him a year.
    """

    rule: PolicyRule
    verdict: Verdict
    missing: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    rival: str = ""
    worth: Worth = _NOTHING

    @property
    def is_worth_saying(self) -> bool:
        """Return whether anybody has to be told.

        Nothing is said of what somebody is not entitled to, of what he has without applying for it, and of
        what only a wish or an emergency of his would bring up.
        """
        if self.verdict is Verdict.NOT_ELIGIBLE or self.rule.access is not Access.APPLICATION:
            return False
        return not any(FACTS[key].on_occasion for key in self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """One policy before its rivals are looked at; `entitled` and `received` may be open."""

    rule: PolicyRule
    entitled: bool | None
    received: bool | None
    missing: frozenset[str]
    worth: Worth
    blocked_by: str = ""

    @property
    def is_out(self) -> bool:
        return bool(self.blocked_by) or (self.entitled is False and self.received is False)

    @property
    def is_certain(self) -> bool:
        """Return whether he receives it, or is known to be entitled to it and not to receive it."""
        return self.received is True or (
            not self.blocked_by and self.entitled is True and self.received is False and not self.missing
        )

    @property
    def lowest(self) -> tuple[int, int, str]:
        return self.worth.low, self.received is True, self.rule.key

    @property
    def highest(self) -> tuple[int, int, str]:
        return self.worth.high, self.received is not False, self.rule.key


class Library:
    """The policies that hold in one region on one day, ready to judge persons by them."""

    def __init__(self, rules: Sequence[PolicyRule]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: rule.key))
        self._exclusive = _both_ways(self.rules, lambda rule: rule.exclusive_with)
        self._higher = _both_ways(self.rules, lambda rule: rule.higher_of)

    def judge(self, facts: Facts, *, steps: Mapping[str, Step], day: date) -> tuple[Judgement, ...]:
        """Return what each policy means for one person, in the order of keys.

        More facts make an open verdict a decided one and never turn a decided one round: a rival that might
        still win keeps a verdict open.

        Args:
            facts: what is known of him, his region among it.
            steps: what was said about him and a policy, by its key.
            day: for amounts.
        """
        found = {rule.key: _standing(rule, facts, steps=steps, day=day) for rule in self.rules}
        after = {key: self._excluded(one, found, facts) for key, one in found.items()}
        return tuple(self._judged(one, after, facts) for one in after.values())

    def parts(self) -> list["Library"]:
        """Return the smallest libraries that together judge as this one: what is bound stays together."""
        left = {rule.key: rule for rule in self.rules}
        found = []
        while left:
            bound, keys = [next(iter(left))], []
            while bound:
                key = bound.pop()
                if key in left and key not in keys:
                    keys.append(key)
                    bound += (*self._exclusive[key], *self._higher[key])
            found.append(Library([left.pop(key) for key in keys]))
        return found

    def _excluded(self, one: _Standing, found: Mapping[str, _Standing], facts: Facts) -> _Standing:
        """Put a policy out beside which he receives another, or leave it open while that is not known."""
        if one.received is not False or one.is_out:
            return one
        others = [found[key] for key in self._exclusive[one.rule.key]]
        blocking = next((other for other in others if other.received is True), None)
        if blocking is not None:
            return replace(one, blocked_by=blocking.rule.key)
        unknown = [other for other in others if other.received is None]
        missing = one.missing.union(*(_missing_receipt(other.rule, facts) for other in unknown))
        return replace(one, missing=missing)

    def _judged(self, one: _Standing, found: Mapping[str, _Standing], facts: Facts) -> Judgement:
        rule = one.rule
        if one.received is True:
            because = deciding_facts(rule.received_when, facts) if rule.received_when else ()
            return Judgement(rule=rule, verdict=Verdict.RECEIVED, because=because, worth=one.worth)
        because = () if one.blocked_by else deciding_facts(rule.when, facts)
        if one.is_out:
            return Judgement(rule=rule, verdict=Verdict.NOT_ELIGIBLE, because=because, rival=one.blocked_by)
        if not one.is_certain:
            return _open(one, one.missing, because=because)
        return self._against_rivals(one, found, because=because)

    def _against_rivals(
        self, one: _Standing, found: Mapping[str, _Standing], *, because: tuple[str, ...]
    ) -> Judgement:
        """Judge what he is known to be entitled to beside policies of which only the highest is paid."""
        rivals = [found[key] for key in self._higher[one.rule.key] if not found[key].is_out]
        winner = next((other for other in rivals if other.is_certain and other.lowest > one.highest), None)
        may_win = [other for other in rivals if other.highest > one.lowest]
        if winner is None and may_win:
            missing = one.worth.missing.union(*(other.missing | other.worth.missing for other in may_win))
            return _open(one, missing, because=because, rival=may_win[0].rule.key)
        return Judgement(
            rule=one.rule,
            verdict=Verdict.GAP if winner is None else Verdict.HIGHER_CHOSEN,
            because=because,
            rival="" if winner is None else winner.rule.key,
            worth=one.worth,
        )


def _both_ways(
    rules: Sequence[PolicyRule], named: Callable[[PolicyRule], frozenset[str]]
) -> dict[str, tuple[str, ...]]:
    """Return by key which other policies are bound to it: whoever names one is named back."""
    known = {rule.key for rule in rules}
    bound: dict[str, set[str]] = {key: set() for key in known}
    for rule in rules:
        for other in named(rule) & known - {rule.key}:
            bound[rule.key].add(other)
            bound[other].add(rule.key)
    return {key: tuple(sorted(others)) for key, others in bound.items()}


def _standing(rule: PolicyRule, facts: Facts, *, steps: Mapping[str, Step], day: date) -> _Standing:
    entitled = compiled(rule.when)(facts)
    received: bool | None = steps.get(rule.key) is Step.RECEIVED
    if not received and rule.received_when is not None:
        received = compiled(rule.received_when)(facts)
    missing = missing_facts(rule.when, facts)
    if received is None:
        missing |= _missing_receipt(rule, facts)
    return _Standing(
        rule=rule,
        entitled=entitled,
        received=received,
        missing=frozenset() if received else missing,
        worth=worth_of(rule.amounts, facts=facts, day=day) if rule.amounts else _NOTHING,
    )


def _missing_receipt(rule: PolicyRule, facts: Facts) -> frozenset[str]:
    return missing_facts(rule.received_when, facts) if rule.received_when else frozenset()


def _open(one: _Standing, missing: frozenset[str], *, because: tuple[str, ...], rival: str = "") -> Judgement:
    return Judgement(
        rule=one.rule,
        verdict=Verdict.TO_VERIFY,
        missing=tuple(sorted(missing, key=fact_order)),
        because=because,
        rival=rival,
        worth=one.worth,
    )
