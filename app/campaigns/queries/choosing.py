"""The SQL of the choice between ways, from the same table as the pure rule (`messaging.rules.choosing`)."""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core import sql
from app.messaging.enums import Channel, Purpose, Reason
from app.messaging.rules.choosing import (
    LACKING,
    MAIN_CHANNEL,
    OPEN_ROAD,
    Fact,
    Roads,
    Way,
    ordered,
    passed_over,
)

# These two know the person by a number or a name of his own, not by an openid.
_AWAY = frozenset({Channel.SMS, Channel.CALL_TASK})
_NOBODY = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT with its values.

    Its rows have recipient_id, region_code, channel, openid, template_id, consent, choice, amount, reason.
    """

    text: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everybody of an audience with what is known of him.

    Args:
        select: has id, region_code, openid, amount and what the conditions name, each as `f.…`.
        values: of the SELECT.
        hindrances: why somebody is not written to by any way, in this order, each with its condition.
        facts: the condition for each fact, never NULL.
        consents: the SQL for what a message by each way rests on; conditions and these speak of `f`.
    """

    select: str
    values: tuple[Any, ...]
    hindrances: Sequence[tuple[Reason, str]]
    facts: Mapping[Fact, str]
    consents: Mapping[Channel, str]


def concat(*parts: str) -> str:
    """Return the SQL that joins texts.

    No scope: it reads nothing.
    """
    if len(parts) == 1:
        return parts[0]
    return " || ".join(parts) if sql.is_sqlite() else f"CONCAT({', '.join(parts)})"


def chosen(source: Source, *, purpose: Purpose, roads: Roads, templates: Mapping[Channel, str]) -> Statement:
    """Return the statement that chooses a way for everybody of a source, as `choose` does for one person.

    No scope: it reads nothing but the source.

    Args:
        source: the people.
        purpose: what the messages are for.
        roads: how the ways stand.
        templates: template of each way that has one.
    """
    ways, main = ordered(purpose, roads), MAIN_CHANNEL[purpose]
    numbers = list(enumerate(ways, start=1))
    channel = _by_pick({number: f"'{way.channel.value}'" for number, way in numbers}, f"'{main.value}'")
    template = _by_pick({number: "%s" for number, _ in numbers}, "%s")
    consent = _by_pick({number: source.consents[way.channel] for number, way in numbers}, "''")
    away = _by_pick({number: "NULL" for number, way in numbers if way.channel in _AWAY}, "f.openid")
    choice = _choice(source, purpose, roads, ways)
    text = (
        f"SELECT f.id AS recipient_id, f.region_code, f.amount, {channel} AS channel, {away} AS openid,"
        f" {template} AS template_id, {consent} AS consent, {choice} AS choice,"
        f" {_reason(source, purpose, roads)} AS reason"
        f" FROM (SELECT f.*, {_pick(source, ways)} AS pick FROM ({source.select}) f) f"
    )
    named = [templates.get(one, "") for one in (*[way.channel for way in ways], main)]
    return Statement(text, (*named, *source.values))


def _by_pick(by_number: Mapping[int, str], otherwise: str) -> str:
    cases = "".join(f" WHEN {number} THEN {value}" for number, value in by_number.items())
    return f"CASE f.pick{cases} ELSE {otherwise} END" if cases else otherwise


def _pick(source: Source, ways: Sequence[Way]) -> str:
    """Return the SQL for the number of the way; below zero for a hindrance, zero when no way fits."""
    hindered = "".join(
        f" WHEN {condition} THEN {-number}"
        for number, (_, condition) in enumerate(source.hindrances, start=1)
    )
    fitting = "".join(
        f" WHEN {' AND '.join(source.facts[need] for need in way.needs)} THEN {number}"
        for number, way in enumerate(ways, start=1)
    )
    return f"CASE{hindered}{fitting} ELSE {_NOBODY} END" if hindered or fitting else str(_NOBODY)


def _choice(source: Source, purpose: Purpose, roads: Roads, ways: Sequence[Way]) -> str:
    texts = {number: _passed(source, purpose, roads, way.channel) for number, way in enumerate(ways, start=1)}
    nobody = _passed(source, purpose, roads, None)
    return f"CASE WHEN f.pick < 0 THEN '' ELSE {_by_pick(texts, nobody)} END"


def _passed(source: Source, purpose: Purpose, roads: Roads, channel: Channel | None) -> str:
    """Return the SQL for the ways that were passed over for this one, each with its reason."""
    parts: list[str] = []
    for way in passed_over(purpose, channel):
        parts += [f"'{',' if parts else ''}{way.channel.value}:'", _why_not(source, way, roads)]
    return concat(*parts) if parts else "''"


def _why_not(source: Source, way: Way, roads: Roads) -> str:
    closed = roads.get(way.channel, OPEN_ROAD).closed
    if closed is not None:
        return f"'{closed.value}'"
    missing = "".join(f" WHEN NOT {source.facts[need]} THEN '{LACKING[need].value}'" for need in way.needs)
    return f"CASE{missing} ELSE '{Reason.TOO_SLOW.value}' END"


def _reason(source: Source, purpose: Purpose, roads: Roads) -> str:
    hindered = "".join(
        f" WHEN f.pick = {-number} THEN '{reason.value}'"
        for number, (reason, _) in enumerate(source.hindrances, start=1)
    )
    main = next(way for way in passed_over(purpose, None) if way.channel is MAIN_CHANNEL[purpose])
    return f"CASE WHEN f.pick > 0 THEN NULL{hindered} ELSE {_why_not(source, main, roads)} END"
