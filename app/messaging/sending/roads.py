"""The roads to WeChat, one for each of our accounts: their pace, and whether they are open."""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from app.messaging.enums import Channel
from app.messaging.rules import MICRO_BATCH

log = structlog.get_logger()

_SLOWEST = 1.0
_SPEED_UP = 1.01
_SLOW_DOWN_EVERY_SECONDS = 1.0
_MISSES_UNTIL_CLOSED = 20
_MISSED_WAIT = timedelta(seconds=15)
# One intent covers what leaves within a quarter of a second: a crash leaves no more than that in doubt.
_INTENT_SECONDS = 0.25
_LARGEST_INTENT = 100


def most_in_doubt(in_flight: int) -> int:
    """Return how many messages may have begun without an answer.

    A few more than are in flight, so that a lane finds its next message without waiting for an intent.
    """
    return in_flight + MICRO_BATCH * (2 + in_flight // 100)


def most_unwritten(in_flight: int) -> int:
    """Return how many messages may have begun without their end on a row: a crash leaves no more unknown.

    Answers that wait to be written down count too, however slow the database is; as many may wait as fly.
    """
    return most_in_doubt(in_flight) + in_flight


def most_begun(in_flight: int) -> int:
    """Return how many messages one intent covers at most: with many in flight more, and no more in doubt."""
    ahead = most_in_doubt(in_flight) - in_flight
    return max(MICRO_BATCH, min(in_flight // 2, ahead, _LARGEST_INTENT))


class Road:
    """One account of ours at WeChat.

    Args:
        channel: what travels on it.
        rate_per_second: the full pace, messages a second.
        most_begun: how many messages one intent covers at most.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        *,
        channel: Channel,
        rate_per_second: float,
        most_begun: int = MICRO_BATCH,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._most_begun = most_begun
        self._full_rate = rate_per_second
        self._rate = rate_per_second
        self._monotonic = monotonic
        self._next_turn = 0.0
        self._slowed_at = -math.inf
        self._closed_until: datetime | None = None
        self._misses = 0

    @property
    def rate(self) -> float:
        """Messages a second at this moment."""
        return self._rate

    @property
    def batch(self) -> int:
        """How many messages one intent should cover at this pace."""
        return max(1, min(self._most_begun, math.ceil(self._rate * _INTENT_SECONDS)))

    @property
    def was_closed(self) -> bool:
        """Whether it was ever closed, so that one has to ask whether it is open."""
        return self._closed_until is not None

    def is_open(self, now: datetime) -> bool:
        """Tell whether messages may leave on it."""
        return self._closed_until is None or now >= self._closed_until

    def close(self, *, until: datetime, errcode: int | None, sentence: str) -> None:
        """Let nothing leave on it for a while; whoever operates the service has to know why."""
        if self._closed_until is None or until > self._closed_until:
            log.error(
                "messaging.account.stopped",
                channel=self._channel.value,
                errcode=errcode,
                sentence=sentence,
                until=until.isoformat(),
            )
            self._closed_until = until

    async def turn(self, count: int) -> None:
        """Wait until so many messages may leave at the present pace."""
        now = self._monotonic()
        turn = max(now, self._next_turn)
        self._next_turn = turn + count / self._rate
        if turn > now:
            await asyncio.sleep(turn - now)

    def arrived(self) -> None:
        """Note that WeChat took a message: the pace grows back by and by."""
        self._misses = 0
        if self._rate < self._full_rate:
            self._rate = min(self._full_rate, self._rate * _SPEED_UP)

    def slow_down(self) -> None:
        """Halve the pace, once a second at most: messages in flight all complain about the same haste."""
        self._misses = 0
        if self._monotonic() - self._slowed_at >= _SLOW_DOWN_EVERY_SECONDS:
            self._slowed_at = self._monotonic()
            self._rate = max(min(_SLOWEST, self._full_rate), self._rate / 2)
            log.warning("messaging.account.slower", channel=self._channel.value, rate=round(self._rate, 1))

    def missed(self, now: datetime, error: str) -> None:
        """Note that WeChat was not reached; many times in a row close the road for a moment."""
        self._misses += 1
        if self._misses >= _MISSES_UNTIL_CLOSED:
            self._misses = 0
            self.close(until=now + _MISSED_WAIT, errcode=None, sentence=error)
