"""All policies of one day: which of them hold in a region, ready to be judged by."""

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.policies.enums import Step
from app.policies.rules.authoring import PolicyText, Version, in_force, joined, joined_text
from app.policies.rules.facts import Facts
from app.policies.rules.judging import Judgement, Library, PolicyRule
from app.policies.rules.likeness import Likeness
from app.policies.rules.questions import questions_for

# Beyond so many kinds of persons it forgets and begins anew, so that memory stays bounded.
_MOST_KINDS = 20_000


@dataclass(frozen=True, slots=True)
class Findings:
    """What is worth saying to all persons of one kind, and what to ask them."""

    judgements: tuple[Judgement, ...]
    questions: tuple[str, ...]
    digest: str

    @classmethod
    def of(cls, judged: Sequence[Judgement], *, steps: dict[str, Step]) -> "Findings":
        """Keep what is worth saying, with a digest of all that is written of it."""
        said = tuple(sorted((one for one in judged if one.is_worth_saying), key=lambda one: one.rule.key))
        written = [
            (one.rule.policy_id, one.verdict, one.missing, one.because, one.rival, steps.get(one.rule.key))
            for one in said
        ]
        digest = hashlib.sha256(repr(written).encode()).hexdigest()[:24]
        return cls(said, questions_for(said), digest)


class _Part:
    """Policies that are bound to each other and to no others: what they mean hangs on few facts."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._likeness = Likeness(library)
        self._judged: dict[Hashable, tuple[Judgement, ...]] = {}

    def judge(self, facts: Facts, *, steps: dict[str, Step], day: date) -> tuple[Judgement, ...]:
        mark = self._likeness.mark(facts, steps=steps)
        judged = self._judged.get(mark)
        if judged is None:
            if len(self._judged) >= _MOST_KINDS:
                self._judged.clear()
            judged = self._judged[mark] = self._library.judge(facts, steps=steps, day=day)
        return judged


class RegionShelf:
    """The policies that hold in one region, or in several where the same hold."""

    def __init__(self, levels: Sequence[tuple[Version, ...]], *, found: dict[Hashable, Findings]) -> None:
        rules = {of_key[-1].key: joined(of_key) for of_key in levels}
        self.rules: dict[str, PolicyRule] = {key: rule for key, rule in rules.items() if rule is not None}
        self.texts: dict[str, PolicyText] = {
            of_key[-1].key: joined_text(of_key) for of_key in levels if of_key[-1].key in self.rules
        }
        self.library = Library(list(self.rules.values()))
        self._likeness = Likeness(self.library)
        self._parts = [_Part(part) for part in self.library.parts()]
        self._content = tuple(version.policy_id for of_key in levels for version in of_key)
        self._found = found

    def findings(self, facts: Facts, *, steps: dict[str, Step], day: date) -> Findings:
        """Return what the policies mean for one person, judged once for all who are like him."""
        mark = self._content, self._likeness.mark(facts, steps=steps)
        found = self._found.get(mark)
        if found is None:
            if len(self._found) >= _MOST_KINDS:
                self._found.clear()
            judged = [one for part in self._parts for one in part.judge(facts, steps=steps, day=day)]
            found = self._found[mark] = Findings.of(judged, steps=steps)
        return found


class Shelf:
    """The policies of one day, by region."""

    def __init__(self, versions: Iterable[Version], *, day: date) -> None:
        self.day = day
        self._versions = tuple(sorted(versions, key=lambda one: one.policy_id))
        self._by_region: dict[str, RegionShelf] = {}
        self._by_content: dict[tuple[int, ...], RegionShelf] = {}
        self._found: dict[Hashable, Findings] = {}

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was ever published."""
        return not self._versions

    @property
    def fingerprint(self) -> str:
        """Return what changes when another policy comes into force or goes, and with the day."""
        facts = [str(self.day), *(f"{one.policy_id}{one.is_withdrawn}" for one in self._begun())]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]

    def _begun(self) -> list[Version]:
        return [version for version in self._versions if version.valid_from <= self.day]

    def of_region(self, region: str) -> RegionShelf:
        """Return the policies that hold in a region."""
        known = self._by_region.get(region)
        if known is not None:
            return known
        levels = in_force(self._versions, region=region, day=self.day)
        content = tuple(version.policy_id for of_key in levels for version in of_key)
        shelf = self._by_content.get(content)
        if shelf is None:
            shelf = self._by_content[content] = RegionShelf(levels, found=self._found)
        self._by_region[region] = shelf
        return shelf
