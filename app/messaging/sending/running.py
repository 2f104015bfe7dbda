"""One run of the sender: claiming, writing texts, intents, lanes and settling, each ahead of the next."""

import asyncio
import math
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from app.core.clock import Clock
from app.core.settings import SendSettings
from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Purpose
from app.messaging.notices import DueMessage, Prepared, Writer
from app.messaging.operations import Outcome, Pace
from app.messaging.rules import is_quiet
from app.messaging.sending.line import Line
from app.messaging.sending.preparing import Written, prepare_chunk
from app.messaging.sending.roads import most_begun, most_in_doubt, most_unwritten
from app.messaging.sending.trying import Trier

# The worker wants to hear from its loops now and then; between two runs nothing is lost.
RUN_SECONDS = 20.0
_GATHER_SECONDS = 0.04
_MOST_AT_ONCE = 500
# While one waits for the database, or for its turn on a slow road, the other goes on.
_BEGINNERS = 2


class OnStop(Protocol):
    """Told when a campaign must not go on; campaigns stand above messages."""

    async def __call__(self, *, campaign_id: int, reason: str, now: datetime) -> object:
        """Pause this campaign and keep the reason for its admins."""
        ...


# A message, its text, and the monotonic moment just before its intent was written.
_Begun = tuple[DueMessage, Prepared, float]


@dataclass(slots=True)
class Run:
    """Everything that one run of the sender shares.

    Args:
        clock: tells the moment.
        settings: how many, how fast, how long a lease.
        writers: who writes the texts of which purpose.
        trier: sends one message.
        on_stop: told of campaigns that must not go on.
        tally: counts what tries came to.
        pace: whose turn it is, remembered from run to run.
    """

    clock: Clock
    settings: SendSettings
    writers: Mapping[Purpose, Writer]
    trier: Trier
    on_stop: OnStop
    tally: Counter[MessageState]
    pace: Pace
    claimed: int = 0
    stopping: bool = False
    _failure: Exception | None = None
    _deadline: float = 0.0
    _busy: set[str] = field(default_factory=set)
    _batches: "asyncio.Queue[list[Written] | None]" = field(init=False)
    _ready: Line[_Begun] = field(default_factory=Line)
    # One claim after the other, so that each sees whose turn it is.
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _in_doubt: int = 0
    _most_begun: int = field(init=False)
    _most_in_doubt: int = field(init=False)
    _unwritten: int = 0
    _most_unwritten: int = field(init=False)
    _outcomes: list[Outcome] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _lanes_done: bool = False

    def __post_init__(self) -> None:
        self._deadline = time.monotonic() + RUN_SECONDS
        self._most_begun = most_begun(self.settings.concurrency)
        # Two chunks and a half with their texts: what waits longer is older news when it leaves.
        self._batches = asyncio.Queue(maxsize=max(2, 5 * self.settings.chunk // (2 * self._most_begun)))
        self._most_in_doubt = most_in_doubt(self.settings.concurrency)
        self._most_unwritten = most_unwritten(self.settings.concurrency)

    async def finish(self) -> int:
        """Send until nothing is due, the time is over or `stopping` is set; return how many were claimed.

        Raises:
            Exception: the first failure of the database, after everything in flight was written down.
        """
        first = await self._next_chunk()
        if first is None:
            return 0
        async with asyncio.TaskGroup() as group:
            settling = group.create_task(self._settle())
            async with asyncio.TaskGroup() as senders:
                for _ in range(self.settings.concurrency):
                    senders.create_task(self._lane())
                async with asyncio.TaskGroup() as beginners:
                    for _ in range(_BEGINNERS):
                        beginners.create_task(self._begin())
                    async with asyncio.TaskGroup() as feeders:
                        feeders.create_task(self._guarded(lambda: self._feed(first)))
                        # With much to do, one claims while the other has texts written.
                        if self.claimed >= self.settings.chunk:
                            feeders.create_task(self._guarded(lambda: self._feed([])))
                    for _ in range(_BEGINNERS):
                        await self._batches.put(None)
                self._ready.close()
            self._lanes_done = True
            self._news.set()
            await settling
        if self._failure is not None:
            raise self._failure
        return self.claimed

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Keep a failure for later: what is in flight must be written down before anything ends."""
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - raised again by `finish`
            self._failure = self._failure or error
            self.stopping = True

    async def _feed(self, chunk: list[Written]) -> None:
        while True:
            for batch in self._grouped(chunk):
                await self._batches.put(batch)
            if self.stopping or time.monotonic() > self._deadline:
                return
            following = await self._next_chunk()
            if following is None:
                return
            chunk = following

    async def _next_chunk(self) -> list[Written] | None:
        """Claim one chunk, put aside what must not leave, and return the rest with its texts.

        None when nothing is due.
        """
        async with self._claiming:
            now = self.clock.now()
            messages = await self._claim(now)
        self.claimed += len(messages)
        if not messages:
            return None
        return await prepare_chunk(messages, writers=self.writers, busy=self._busy, now=now)

    async def _claim(self, now: datetime) -> list[DueMessage]:
        roads = {channel: road for channel, road in self.trier.roads.items() if road.is_open(now)}
        if not roads:
            return []
        # No more than leave well within the lease, however slow the road is just now.
        pace = min(road.rate for road in roads.values()) * self.settings.lease_seconds / 6
        return await operations.claim(
            limit=min(self.settings.chunk, max(1, math.ceil(pace))),
            token=secrets.token_hex(16),
            now=now,
            lease_seconds=self.settings.lease_seconds,
            channels=list(roads),
            urgent_only=is_quiet(now),
            pace=self.pace,
        )

    def _grouped(self, chunk: Sequence[Written]) -> list[list[Written]]:
        """Cut a chunk into groups of one channel each, as large as one intent may be."""
        by_channel: dict[Channel, list[Written]] = defaultdict(list)
        for pair in chunk:
            by_channel[pair[0].channel].append(pair)
        groups = []
        for channel, pairs in by_channel.items():
            size = self.trier.roads[channel].batch
            groups += [pairs[start : start + size] for start in range(0, len(pairs), size)]
        return groups

    async def _begin(self) -> None:
        while (batch := await self._batches.get()) is not None:
            # What comes after a failure of the database is only taken out of the way: its leases pass.
            if self._failure is None:
                await self._guarded(partial(self._begin_batch, batch))

    async def _begin_batch(self, batch: list[Written]) -> None:
        messages = [message for message, _ in batch]
        if self.stopping:
            await operations.give_back(messages=messages, next_at=self.clock.now())
            return
        await self.trier.roads[messages[0].channel].turn(len(messages))
        while not self._has_room(len(messages)):
            self._room.clear()
            await self._room.wait()
        self._in_doubt += len(messages)
        self._unwritten += len(messages)
        begun_at = time.monotonic()
        begun = await operations.begin(
            messages=messages, now=self.clock.now(), lease_seconds=self.settings.lease_seconds
        )
        if len(begun) < len(messages):
            batch = self._without_lost(batch, begun={message.id for message in begun})
        self._ready.extend([(message, text, begun_at) for message, text in batch])

    def _without_lost(self, batch: list[Written], *, begun: set[int]) -> list[Written]:
        """Let go of the messages that may not leave after all, and return the others."""
        for message, _ in batch:
            if message.id not in begun:
                self._busy.discard(message.person)
                self._unwritten -= 1
                self._leave()
        return [pair for pair in batch if pair[0].id in begun]

    async def _lane(self) -> None:
        while (begun := await self._ready.take()) is not None:
            message, text, begun_at = begun
            outcome = await self.trier.attempt(message, text, begun_at=begun_at, stopping=self.stopping)
            self._outcomes.append(outcome)
            self._leave()
            self._news.set()

    def _has_room(self, count: int) -> bool:
        return (
            self._in_doubt + count <= self._most_in_doubt and self._unwritten + count <= self._most_unwritten
        )

    def _leave(self) -> None:
        """Note that one message is no longer in doubt, and wake who waits once a whole group has room."""
        self._in_doubt -= 1
        if self._has_room(self._most_begun):
            self._room.set()

    async def _settle(self) -> None:
        while not (self._lanes_done and not self._outcomes):
            await self._news.wait()
            if not self._lanes_done:
                await asyncio.sleep(_GATHER_SECONDS)
            self._news.clear()
            while self._outcomes:
                outcomes, self._outcomes = self._outcomes[:_MOST_AT_ONCE], self._outcomes[_MOST_AT_ONCE:]
                await operations.settle(outcomes=outcomes, now=self.clock.now())
                self._unwritten -= len(outcomes)
                if self._has_room(self._most_begun):
                    self._room.set()
                self._busy.difference_update(one.message.person for one in outcomes)
                self.tally.update([one.fate.state for one in outcomes])
            for campaign_id, reason in self.trier.take_stops().items():
                await self.on_stop(campaign_id=campaign_id, reason=reason, now=self.clock.now())
