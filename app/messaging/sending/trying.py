"""One try: whether it may begin, the call to WeChat, and what the answer means for it and for others."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from app.core.clock import Clock
from app.messaging.enums import Channel
from app.messaging.notices import DueMessage, Prepared
from app.messaging.operations import Outcome
from app.messaging.rules import (
    ACCOUNT_STOPPED_WAIT,
    SENT,
    Fate,
    after_refusal,
    after_silence,
    again,
    backoff,
    next_morning,
)
from app.messaging.sending.channels import NOT_REACHED, REFUSED, UNANSWERED, Carrier, No, no_of
from app.messaging.sending.roads import Road

log = structlog.get_logger()

_SYSTEM_BUSY = -1
# Unknown codes may be a few persons' matter, but not more than one in twenty.
_UNKNOWN_SHARE = 0.05
_UNKNOWN_AT_LEAST = 100
_STOP_HOLDS_SECONDS = 30.0


@dataclass(slots=True)
class _Trouble:
    """What one campaign met, as far as this worker saw."""

    kind: str = ""
    in_a_row: int = 0
    answered: int = 0
    unknown: int = 0


@dataclass(slots=True)
class Trier:
    """Tries messages one by one, and remembers what the tries taught about roads and campaigns.

    Args:
        carriers: who carries the messages of which channel.
        clock: tells the moment.
        roads: one for each of these channels.
        longest_wait: seconds after the intent within which a try may begin.
        jitter: 0 to 1, anew each time.
    """

    carriers: Mapping[Channel, Carrier]
    clock: Clock
    roads: dict[Channel, Road]
    longest_wait: float
    jitter: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    _troubles: dict[int, _Trouble] = field(default_factory=dict)
    _stopped: dict[int, float] = field(default_factory=dict)
    _stops: dict[int, str] = field(default_factory=dict)

    def take_stops(self) -> dict[int, str]:
        """Return the campaigns that have to be stopped, with the reason, once each."""
        stops, self._stops = self._stops, {}
        return stops

    async def attempt(
        self, message: DueMessage, text: Prepared, *, begun_at: float, stopping: bool
    ) -> Outcome:
        """Send one message whose intent is committed, and return what came of it; never raises.

        Args:
            message: which one.
            text: what it says.
            begun_at: monotonic moment just before the intent was written.
            stopping: whether the worker is about to end and begins nothing new.
        """
        refused = self._held_up(message, begun_at=begun_at, stopping=stopping)
        if refused is not None:
            return Outcome(message=message, fate=again(refused))
        try:
            name = await self.carriers[message.channel](message, text)
        except REFUSED as refusal:
            return self._refused(message, no_of(refusal))
        except NOT_REACHED as error:
            return self._not_reached(message, error)
        except UNANSWERED as error:
            log.info("messaging.try.unanswered", message_id=message.id, error=str(error))
            return Outcome(message=message, fate=self._silence(message))
        except Exception:
            # Whatever broke, the message may have left.
            log.exception("messaging.try.failed", message_id=message.id)
            return Outcome(message=message, fate=self._silence(message))
        self.roads[message.channel].arrived()
        self._answered(message).in_a_row = 0
        return Outcome(message=message, fate=SENT, errcode=0, msgid=name)

    def _held_up(self, message: DueMessage, *, begun_at: float, stopping: bool) -> datetime | None:
        """Return when to try instead, if the try may not begin now."""
        if stopping or self.monotonic() - begun_at > self.longest_wait:
            return self.clock.now()
        road = self.roads[message.channel]
        # Nearly always neither, and the clock need not be read for every message.
        if not self._stopped and not road.was_closed:
            return None
        now = self.clock.now()
        if self._is_stopped(message) or not road.is_open(now):
            return now + timedelta(minutes=1)
        return None

    def _silence(self, message: DueMessage) -> Fate:
        return after_silence(
            message.channel,
            first_tried_at=message.first_tried_at,
            attempts=message.attempts + 1,
            now=self.clock.now(),
            jitter=self.jitter(),
        )

    def _not_reached(self, message: DueMessage, error: Exception) -> Outcome:
        now = self.clock.now()
        self.roads[message.channel].missed(now, str(error))
        wait = backoff(message.attempts + 1, jitter=self.jitter())
        return Outcome(message=message, fate=again(now + wait))

    def _refused(self, message: DueMessage, no: No) -> Outcome:
        now = self.clock.now()
        # Ids only: a carrier's own words may repeat a text.
        log.info(
            "messaging.try.refused",
            message_id=message.id,
            campaign_id=message.campaign_id,
            errcode=no.code,
            rid=no.request,
        )
        teach_road(self.roads[message.channel], no, now)
        if message.campaign_id is not None and self._blows_fuse(message, no):
            self._stopped[message.campaign_id] = self.monotonic()
            self._stops[message.campaign_id] = f"{no.sentence}（{no.code}）"
        fate = after_refusal(
            no.refusal,
            attempts=message.attempts + 1,
            in_campaign=message.campaign_id is not None,
            now=now,
            jitter=self.jitter(),
            unsure_before=message.first_tried_at is not None,
        )
        return Outcome(message=message, fate=fate, errcode=no.errcode, unfollowed=no.unfollowed)

    def _answered(self, message: DueMessage) -> _Trouble:
        campaign_id = message.campaign_id or 0
        trouble = self._troubles.get(campaign_id)
        if trouble is None:
            trouble = self._troubles[campaign_id] = _Trouble()
        trouble.answered += 1
        return trouble

    def _blows_fuse(self, message: DueMessage, no: No) -> bool:
        trouble = self._answered(message)
        kind = no.code if no.known else "unknown"
        trouble.in_a_row = trouble.in_a_row + 1 if kind == trouble.kind else 1
        trouble.kind = kind
        if not no.known:
            trouble.unknown += 1
            if trouble.answered >= _UNKNOWN_AT_LEAST:
                return trouble.unknown > _UNKNOWN_SHARE * trouble.answered or (
                    trouble.in_a_row >= (no.stop_campaign_after or 1)
                )
        if no.stop_campaign_after is not None:
            return trouble.in_a_row >= no.stop_campaign_after
        return no.refusal.reaction == "stop_campaign"

    def _is_stopped(self, message: DueMessage) -> bool:
        """Tell whether this campaign was stopped a moment ago, with messages on their way already."""
        at = self._stopped.get(message.campaign_id or 0)
        return at is not None and self.monotonic() - at < _STOP_HOLDS_SECONDS


def teach_road(road: Road, no: No, now: datetime) -> None:
    """Slow a road down, or close it for a while, when a refusal is about the account and not a recipient."""
    reaction = no.refusal.reaction
    if reaction == "slower" or no.errcode == _SYSTEM_BUSY:
        road.slow_down()
    elif reaction == "next_day":
        road.close(until=next_morning(now), errcode=no.errcode, sentence=no.sentence)
    elif reaction == "stop_account":
        road.close(until=now + ACCOUNT_STOPPED_WAIT, errcode=no.errcode, sentence=no.sentence)
