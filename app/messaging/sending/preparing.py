"""What is done with a claimed chunk before anything leaves: a last look at each message, and its text."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from app.messaging import operations
from app.messaging.enums import Purpose, Reason, RecipientKind
from app.messaging.notices import Decision, DueMessage, Postpone, Prepared, Suppress, Writer
from app.messaging.queries import sent_today
from app.messaging.rules import DAILY_CAP, may_repeat, next_morning

log = structlog.get_logger()

# WeChat refuses two sends to one person at the same moment (43108).
_BUSY_WAIT = timedelta(seconds=5)
_WRITER_BROKEN_WAIT = timedelta(minutes=1)

Written = tuple[DueMessage, Prepared]


@dataclass(slots=True)
class _Sorted:
    """Where the messages of one chunk go."""

    wanted: list[DueMessage] = field(default_factory=list)
    aside: dict[Reason, list[DueMessage]] = field(default_factory=lambda: defaultdict(list))
    back: dict[datetime, list[DueMessage]] = field(default_factory=lambda: defaultdict(list))


async def prepare_chunk(
    messages: Sequence[DueMessage], *, writers: Mapping[Purpose, Writer], busy: set[str], now: datetime
) -> list[Written]:
    """Return the messages that may leave, with their texts; settle or give back the others.

    Args:
        messages: of one claim.
        writers: who writes the texts of which purpose.
        busy: persons that a message is on its way to; those of the answer are added.
        now: the moment of the claim.
    """
    sent = await sent_today(messages=messages, now=now)
    found = _Sorted()
    for message in messages:
        _sort(message, found, busy=busy, sent=sent, now=now)
    decided = await _decisions(found.wanted, writers=writers, now=now)
    chunk: list[Written] = []
    for message in found.wanted:
        decision = decided.get(message.id)
        if isinstance(decision, Prepared):
            chunk.append((message, decision))
            continue
        busy.discard(message.person)
        if isinstance(decision, Suppress):
            found.aside[decision.reason].append(message)
        else:
            found.back[now + _wait(decision)].append(message)
    await operations.set_aside(messages=found.aside, now=now)
    # Few moments: a pause, a broken writer, tomorrow.
    for next_at, group in found.back.items():
        await operations.give_back(messages=group, next_at=next_at)
    return chunk


def _sort(
    message: DueMessage,
    found: _Sorted,
    *,
    busy: set[str],
    sent: dict[tuple[RecipientKind, int], int],
    now: datetime,
) -> None:
    """Decide what can be decided without the owner of the text."""
    key = (message.recipient_kind, message.recipient_id)
    if now >= message.expires_at or not may_repeat(
        message.channel, first_tried_at=message.first_tried_at, now=now
    ):
        reason = Reason.TOO_LATE if message.first_tried_at is None else Reason.UNANSWERED
        found.aside[reason].append(message)
    elif message.person in busy:
        found.back[now + _BUSY_WAIT].append(message)
    elif sent.get(key, 0) >= DAILY_CAP and not message.urgent:
        tomorrow = next_morning(now)
        if tomorrow < message.expires_at:
            found.back[tomorrow].append(message)
        else:
            found.aside[Reason.DAILY_CAP].append(message)
    else:
        busy.add(message.person)
        found.wanted.append(message)


def _wait(decision: Decision | None) -> timedelta:
    return timedelta(seconds=decision.seconds) if isinstance(decision, Postpone) else _WRITER_BROKEN_WAIT


async def _decisions(
    messages: Sequence[DueMessage], *, writers: Mapping[Purpose, Writer], now: datetime
) -> dict[int, Decision]:
    by_purpose: dict[Purpose, list[DueMessage]] = defaultdict(list)
    for message in messages:
        by_purpose[message.purpose].append(message)
    decided: dict[int, Decision] = {}
    for purpose, group in by_purpose.items():
        try:
            decided.update(await writers[purpose].prepare(group, now=now))
        except Exception:
            # One broken writer must not hold up the others; its messages come back in a minute.
            log.exception("messaging.writer.failed", purpose=purpose.value)
    return decided
