"""The last resort for one person, asked for a whole chunk once its texts are known and before any intent.

Each message enters itself into its person's ledger row and only then looks who else is there, so that of two
workers at once at least one sees the other.
"""

# ruff: noqa: S608 - only marks and words of this file are put into statements, values are bound

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tortoise.transactions import in_transaction

from app.core import sql
from app.core.clock import china_date
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.notices import DueMessage
from app.messaging.rules.fuses import (
    MOST_ENTRIES,
    SAME_TEXT_DAYS,
    Entry,
    Suspicion,
    entries_of,
    is_counted,
    still_kept,
    suspicions,
)

# Longer than any single entry, shorter than any two.
_ONE_ENTRY = 46
# These have not reached anybody, and those that still may will come by here once more.
_NOT_LEFT = frozenset(
    {
        MessageState.QUEUED,
        MessageState.SUPPRESSED,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
        MessageState.FAILED,
    }
)


@dataclass(slots=True)
class Fused:
    """Which messages must not leave now.

    Args:
        refused: message id to the reason.
        later: the same words are on their way to this person; how that ends is soon known.
    """

    refused: dict[int, Reason] = field(default_factory=dict)
    later: set[int] = field(default_factory=set)


async def pass_fuses(*, messages: Mapping[int, tuple[DueMessage, str]], now: datetime) -> Fused:
    """Enter claimed messages into the ledgers of their persons, and return which of them must not leave.

    Nobody gets more than a few messages a day, urgent ones aside, nor the same words twice within a week,
    nor more mass messages a month than WeChat delivers; answers to what he wrote are never held back.

    Args:
        messages: id to the message and the digest of its words.
        now: when.
    """
    today = china_date(now)
    day = today.toordinal()
    people: dict[str, list[tuple[DueMessage, Entry]]] = {}
    for message, digest in messages.values():
        if is_counted(message.channel):
            entry = Entry(day, message.id, digest, message.channel is Channel.MASS_SEND)
            person = f"{message.recipient_kind.value}:{message.recipient_id}"
            people.setdefault(person, []).append((message, entry))
    if not people:
        return Fused()

    async def unit() -> Fused:
        async with in_transaction():
            await _enter({person: [entry for _, entry in own] for person, own in people.items()}, today=today)
            rows = await _with_others(list(people))
            doubts = _doubts(people, rows)
            left, leaving = await _that_left(doubts)
            fused = _judge(doubts, left, leaving)
            gone = {one for found in doubts.values() for doubt in found for one in doubt.message_ids} - left
            out = gone | set(fused.refused) | fused.later
            await _rewrite(
                {p: entries for p, entries in rows.items() if _is_untidy(entries, out)}, out, today
            )
        return fused

    return await sql.retrying(unit)


def _quoted(person: str) -> str:
    """Return the name of a ledger row as it stands in a statement: a word of ours and a number."""
    return f"'{person}'"


async def _enter(people: Mapping[str, Sequence[Entry]], *, today: date) -> None:
    # Whatever is older than a week is let go by the way, unless a mass message is among it.
    if sql.is_sqlite():
        known = (
            "ON CONFLICT (person) DO UPDATE SET entries = CASE WHEN person_ledger.newest_on < %s"
            " AND person_ledger.entries NOT LIKE %s THEN excluded.entries"
            " ELSE person_ledger.entries || excluded.entries END, newest_on = excluded.newest_on"
        )
    else:
        known = (
            "ON DUPLICATE KEY UPDATE entries = CASE WHEN newest_on < %s AND entries NOT LIKE %s"
            " THEN VALUES(entries) ELSE CONCAT(entries, VALUES(entries)) END, newest_on = VALUES(newest_on)"
        )
    day = today.isoformat()
    # Entries are numbers and hexadecimal digits of ours: binding thousands would cost.
    rows = [
        f"({_quoted(person)}, '{''.join([entry.text for entry in people[person]])}', '{day}')"
        # In the same order everywhere, so that two workers do not wait for each other.
        for person in sorted(people)
    ]
    await sql.execute(
        f"INSERT INTO person_ledger (person, entries, newest_on) VALUES {', '.join(rows)} {known}",
        ((today - timedelta(days=SAME_TEXT_DAYS)).isoformat(), "%m;%"),
    )


async def _with_others(people: Sequence[str]) -> dict[str, list[Entry]]:
    """Return the rows of those who were sent something else, as one text of JSON."""
    collect = "json_group_object" if sql.is_sqlite() else "JSON_OBJECTAGG"
    found = await sql.fetch(
        f"SELECT {collect}(person, entries) AS page FROM person_ledger"
        f" WHERE person IN ({', '.join([_quoted(person) for person in people])}) AND LENGTH(entries) > %s",
        (_ONE_ENTRY,),
    )
    page: dict[str, str] = json.loads(found[0]["page"] or "{}")
    return {person: entries_of(entries) for person, entries in page.items()}


def _doubts(
    people: Mapping[str, Sequence[tuple[DueMessage, Entry]]], rows: Mapping[str, Sequence[Entry]]
) -> dict[int, list[Suspicion]]:
    doubts = {
        message.id: suspicions(
            entry,
            entries,
            channel=message.channel,
            urgent=message.urgent,
            in_campaign=message.campaign_id is not None,
        )
        for person, entries in rows.items()
        for message, entry in people[person]
    }
    return {message_id: found for message_id, found in doubts.items() if found}


async def _that_left(doubts: Mapping[int, Sequence[Suspicion]]) -> tuple[set[int], set[int]]:
    """Return which of the messages in question left or may have left, and which are leaving just now."""
    ids = sorted({one for found in doubts.values() for doubt in found for one in doubt.message_ids})
    if not ids:
        return set(), set()
    rows = await sql.fetch(
        f"SELECT id, state FROM message WHERE id IN ({', '.join(map(str, ids))}) ORDER BY id LIMIT %s",
        (len(ids),),
    )
    states = {row["id"]: MessageState(row["state"]) for row in rows}
    # Of one that is not there any more nobody can say that it did not leave.
    left = {one for one in ids if states.get(one) not in _NOT_LEFT}
    return left, {one for one in left if states.get(one) is MessageState.SENDING}


def _judge(
    doubts: Mapping[int, Sequence[Suspicion]], left: Collection[int], leaving: Collection[int]
) -> Fused:
    fused = Fused()
    blocked: set[int] = set()
    for message_id, found in sorted(doubts.items()):
        # Of two in one chunk the first may go, and only then the second meets it.
        reached = set(left) - blocked
        held = next((doubt for doubt in found if doubt.holds(reached)), None)
        if held is None:
            continue
        blocked.add(message_id)
        if held.reason is Reason.SAME_TEXT and held.message_ids.intersection(reached) <= set(leaving):
            fused.later.add(message_id)
        else:
            fused.refused[message_id] = held.reason
    return fused


def _is_untidy(entries: Sequence[Entry], out: Collection[int]) -> bool:
    return len(entries) > MOST_ENTRIES or any(entry.message_id in out for entry in entries)


async def _rewrite(rows: Mapping[str, Sequence[Entry]], out: Collection[int], today: date) -> None:
    """Write rows anew without what did not leave; they are locked."""
    if not rows:
        return
    known = (
        "ON CONFLICT (person) DO UPDATE SET entries = excluded.entries"
        if sql.is_sqlite()
        else "ON DUPLICATE KEY UPDATE entries = VALUES(entries)"
    )
    values = [
        value
        for person, entries in sorted(rows.items())
        for value in (
            person,
            "".join(one.text for one in still_kept(entries, today=today.toordinal(), without=out)),
            today.isoformat(),
        )
    ]
    await sql.execute(
        "INSERT INTO person_ledger (person, entries, newest_on)"
        f" VALUES {', '.join(['(%s, %s, %s)'] * len(rows))} {known}",
        values,
    )
