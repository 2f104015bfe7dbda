"""What is done with a claimed chunk before anything leaves: a last look at each message, and its text."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog

from app.core.clock import china_date
from app.messaging import operations
from app.messaging.enums import Purpose, Reason
from app.messaging.notices import Decision, DueMessage, Postpone, Prepared, Suppress, Writer
from app.messaging.rules import may_repeat
from app.messaging.rules.fuses import digest_of
from app.messaging.rules.quotas import Period

log = structlog.get_logger()

# WeChat refuses two sends to one person at the same moment (43108).
_BUSY_WAIT = timedelta(seconds=5)
_WRITER_BROKEN_WAIT = timedelta(minutes=1)

# The same words are on their way to him: soon they have arrived, or have not.
_SAME_TEXT_WAIT = timedelta(minutes=1)
# What is over by itself once the day or the month is.
_AFTER: Mapping[Reason, Period] = {Reason.DAILY_CAP: Period.DAY, Reason.MONTH_QUOTA: Period.MONTH}

Written = tuple[DueMessage, Prepared]


@dataclass(slots=True)
class _Sorted:
    """Where the messages of one chunk go."""

    wanted: list[DueMessage] = field(default_factory=list)
    aside: dict[Reason, list[DueMessage]] = field(default_factory=lambda: defaultdict(list))
    back: dict[datetime, list[DueMessage]] = field(default_factory=lambda: defaultdict(list))

    def put_aside(self, message: DueMessage, reason: Reason) -> None:
        """Do not send a message, for this reason; an earlier try may have arrived all the same."""
        self.aside[reason if message.first_tried_at is None else Reason.UNANSWERED].append(message)


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
    found = _Sorted()
    for message in messages:
        _sort(message, found, busy=busy, now=now)
    decided = await decisions(found.wanted, writers=writers, now=now)
    chunk: list[Written] = []
    for message in found.wanted:
        decision = decided.get(message.id)
        if isinstance(decision, Prepared):
            chunk.append((message, decision))
            continue
        busy.discard(message.person)
        if isinstance(decision, Suppress):
            found.put_aside(message, decision.reason)
        else:
            found.back[now + _wait(decision)].append(message)
    chunk = await _allowed(chunk, found, busy=busy, now=now)
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
    now: datetime,
) -> None:
    """Decide what can be decided without the owner of the text."""
    if now >= message.expires_at or not may_repeat(
        message.channel, first_tried_at=message.first_tried_at, now=now
    ):
        found.put_aside(message, Reason.TOO_LATE)
    elif message.person in busy:
        found.back[now + _BUSY_WAIT].append(message)
    else:
        busy.add(message.person)
        found.wanted.append(message)


async def _allowed(
    chunk: Sequence[Written], found: _Sorted, *, busy: set[str], now: datetime
) -> list[Written]:
    """Return what the fuses of the persons let through."""
    today = china_date(now)
    fused = await operations.pass_fuses(messages=_digests(chunk, today=today), now=now)
    for message, _ in chunk:
        reason = fused.refused.get(message.id)
        if message.id in fused.later:
            found.back[now + _SAME_TEXT_WAIT].append(message)
        elif reason is not None:
            until = _AFTER[reason].next_morning(today) if reason in _AFTER else message.expires_at
            if until < message.expires_at:
                found.back[until].append(message)
            else:
                found.put_aside(message, reason)
        else:
            continue
        busy.discard(message.person)
    return [pair for pair in chunk if pair[0].id not in fused.refused and pair[0].id not in fused.later]


def _digests(chunk: Sequence[Written], *, today: date) -> dict[int, tuple[DueMessage, str]]:
    """Return each message with the digest of its words, which are mostly one text for a whole campaign."""
    known: dict[tuple[int, Purpose, str], str] = {}
    digests: dict[int, tuple[DueMessage, str]] = {}
    for message, text in chunk:
        key = (id(text), message.purpose, message.template_id)
        if key not in known:
            known[key] = digest_of(
                purpose=message.purpose,
                template_id=message.template_id,
                fields=text.fields,
                text=text.text,
                today=today,
            )
        digests[message.id] = (message, known[key])
    return digests


def _wait(decision: Decision | None) -> timedelta:
    return timedelta(seconds=decision.seconds) if isinstance(decision, Postpone) else _WRITER_BROKEN_WAIT


async def decisions(
    messages: Sequence[DueMessage], *, writers: Mapping[Purpose, Writer], now: datetime
) -> dict[int, Decision]:
    """Ask the owners of the texts what each message says, or why it must not leave; some may not answer."""
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
