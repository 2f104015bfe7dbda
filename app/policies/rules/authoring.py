"""What an author writes about one version of a policy, checked; versions of several levels as one rule."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.policies.enums import Access, Confidence, Period
from app.policies.rules.amounts import AmountRow
from app.policies.rules.expressions import Condition, Fault, parse_condition
from app.policies.rules.judging import PolicyRule

# A standard that nobody has looked up for so long may have changed.
STALE_AFTER_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version as somebody wrote it.

    Args:
        key: of the policy, the same in all versions and at all levels.
        rules: `when`, `received_when`, `exclusive_with`, `higher_of`, `amounts`; without `when` the version
            supplements that of the federation above.
        valid_from: from which day it takes the place of the version before, None: from its publication.
    """

    key: str
    name: str
    department: str
    access: Access
    summary: str
    body: str
    rules: Mapping[str, Any]
    proofs: tuple[str, ...]
    apply_at: str
    source: str
    source_url: str
    checked_on: date
    confidence: Confidence
    valid_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The rules of one version; without `when` it supplements the version of the federation above."""

    when: Condition | None = None
    received_when: Condition | None = None
    exclusive_with: frozenset[str] = frozenset()
    higher_of: frozenset[str] = frozenset()
    amounts: tuple[AmountRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """What people read about a policy."""

    department: str = ""
    summary: str = ""
    body: str = ""
    proofs: tuple[str, ...] = ()
    apply_at: str = ""
    source: str = ""
    checked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One published version, with what the engine needs of it."""

    policy_id: int
    key: str
    name: str
    region_prefix: str
    number: int
    valid_from: date
    access: Access
    is_withdrawn: bool
    document: Document
    text: PolicyText


def read_document(written: Mapping[str, Any], *, region_prefix: str) -> tuple[Document, list[Fault]]:
    """Return the rules that somebody wrote, and every fault in them; they count only without faults.

    Args:
        written: `when`, `received_when`, `exclusive_with`, `higher_of`, `amounts`, as JSON holds them.
        region_prefix: of the author's federation: amounts are set for it and what lies below.
    """
    faults: list[Fault] = []

    def condition(name: str) -> Condition | None:
        inner = written.get(name)
        return None if inner is None else parse_condition(inner, pointer=f"/{name}", faults=faults)

    document = Document(
        when=condition("when"),
        received_when=condition("received_when"),
        exclusive_with=frozenset(written.get("exclusive_with", ())),
        higher_of=frozenset(written.get("higher_of", ())),
        amounts=tuple(
            _amount(one, pointer=f"/amounts/{number}", region_prefix=region_prefix, faults=faults)
            for number, one in enumerate(written.get("amounts", ()))
        ),
    )
    return document, faults


def _amount(one: Mapping[str, Any], *, pointer: str, region_prefix: str, faults: list[Fault]) -> AmountRow:
    region = one.get("region", "")
    valid_from, valid_to = _day(one.get("from")), _day(one.get("to"))
    if not region.startswith(region_prefix):
        faults.append(Fault(f"{pointer}/region", f"只能设置本级及下级地区（{region_prefix}开头）的标准"))
    if valid_from and valid_to and valid_to < valid_from:
        faults.append(Fault(f"{pointer}/to", "结束日期早于开始日期"))
    if one.get("cny") is None and one.get("percent") is None and not one.get("note"):
        faults.append(Fault(pointer, "金额（cny）、比例（percent）、说明（note）至少写一项"))
    written_when = one.get("when")
    return AmountRow(
        region=region,
        valid_from=valid_from,
        valid_to=valid_to,
        per=Period(one.get("per") or Period.ONCE),
        cny=one.get("cny"),
        percent=one.get("percent"),
        note=one.get("note") or "",
        when=None
        if written_when is None
        else parse_condition(written_when, pointer=f"{pointer}/when", faults=faults),
        is_example=bool(one.get("example")),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def in_force(versions: Iterable[Version], *, region: str, day: date) -> list[tuple[Version, ...]]:
    """Return the versions that hold in a region on a day: per policy one of each level, widest region first.

    Of one level the latest that has begun holds; where that was withdrawn, none of the level holds.
    """
    latest: dict[tuple[str, str], Version] = {}
    for version in versions:
        if not region.startswith(version.region_prefix) or version.valid_from > day:
            continue
        place = version.key, version.region_prefix
        known = latest.get(place)
        if known is None or (version.valid_from, version.number) > (known.valid_from, known.number):
            latest[place] = version
    levels: dict[str, list[Version]] = {}
    for version in sorted(latest.values(), key=lambda one: (one.key, len(one.region_prefix))):
        if not version.is_withdrawn:
            levels.setdefault(version.key, []).append(version)
    return [tuple(of_key) for of_key in levels.values()]


def joined(levels: Sequence[Version]) -> PolicyRule | None:
    """Return the versions of one policy at several levels as one rule; the nearest says what it says.

    What the nearest leaves out is taken from above. None where nobody says who is entitled.
    """
    documents = [version.document for version in levels]
    when = next((document.when for document in reversed(documents) if document.when), None)
    if when is None:
        return None
    nearest = levels[-1]
    received = next((one.received_when for one in reversed(documents) if one.received_when), None)
    return PolicyRule(
        key=nearest.key,
        policy_id=nearest.policy_id,
        name=nearest.name,
        when=when,
        received_when=received,
        exclusive_with=frozenset().union(*(document.exclusive_with for document in documents)),
        higher_of=frozenset().union(*(document.higher_of for document in documents)),
        amounts=tuple(row for document in documents for row in document.amounts),
        access=nearest.access,
    )


def joined_text(levels: Sequence[Version]) -> PolicyText:
    """Return what people read about one policy at several levels: the nearest text that is not empty."""
    texts = [version.text for version in reversed(levels)]
    return PolicyText(
        department=next((text.department for text in texts if text.department), ""),
        summary=next((text.summary for text in texts if text.summary), ""),
        body=next((text.body for text in texts if text.body), ""),
        proofs=next((text.proofs for text in texts if text.proofs), ()),
        apply_at=next((text.apply_at for text in texts if text.apply_at), ""),
        source=texts[0].source,
        checked_on=texts[0].checked_on,
    )
