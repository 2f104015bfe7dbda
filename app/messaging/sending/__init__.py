"""Sending what is due: rows are claimed, texts written, the intent committed, and only then a byte leaves.

The steps of one run work side by side, so that the sockets never wait for the database: one claims chunks
and has their texts written, a few commit the intent for small groups, as many lanes as messages may be in
flight send, and one writes down all outcomes that have come in meanwhile.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping

from app.core.clock import Clock
from app.core.settings import SendSettings
from app.messaging.enums import MessageState, Purpose
from app.messaging.notices import Writer
from app.messaging.operations import Pace
from app.messaging.sending.channels import carriers
from app.messaging.sending.roads import Road, most_begun
from app.messaging.sending.running import OnStop, Run
from app.messaging.sending.trying import Trier
from app.sms.gateway import SmsGateway
from app.wechat.gateway import WeChatGateway

__all__ = ["OnStop", "Sender"]

# WeChat's answer or our time-out comes within ten seconds, then the database needs a moment.
_DRAIN_SECONDS = 15.0


class Sender:
    """Sends messages through every channel that carries them one by one; one for each worker.

    Args:
        wechat: where they go.
        clock: tells the moment.
        settings: how many at once, how fast, how many are claimed at a time, how long a lease lasts.
        writers: who writes the texts of which purpose.
        on_stop: told of a campaign that must not go on.
        sms: where short messages go, None when they are switched off.
    """

    def __init__(
        self,
        *,
        wechat: WeChatGateway,
        clock: Clock,
        settings: SendSettings,
        writers: Mapping[Purpose, Writer],
        on_stop: OnStop,
        sms: SmsGateway | None = None,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._writers = writers
        self._on_stop = on_stop
        self._tally: Counter[MessageState] = Counter()
        self._pace = Pace.of(settings)
        carrying = carriers(wechat=wechat, sms=sms)
        self._trier = Trier(
            carriers=carrying,
            clock=clock,
            roads={
                channel: Road(
                    channel=channel,
                    rate_per_second=settings.rate_per_second,
                    most_begun=most_begun(settings.concurrency),
                )
                for channel in carrying
            },
            # The other half of the lease is for the answer and for writing it down.
            longest_wait=settings.lease_seconds / 2,
        )

    def take_tally(self) -> Mapping[MessageState, int]:
        """Return how many tries came to which end since this was last asked."""
        taken, self._tally = self._tally, Counter()
        return taken

    async def send_due(self) -> int:
        """Send what is due, for at most about twenty seconds, and return how many messages were claimed.

        When it is cancelled it begins nothing new, waits for the answers that are on their way and writes
        them down before it ends.
        """
        run = Run(
            clock=self._clock,
            settings=self._settings,
            writers=self._writers,
            trier=self._trier,
            on_stop=self._on_stop,
            tally=self._tally,
            pace=self._pace,
        )
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run.finish())
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:
                run.stopping = True
                await asyncio.wait({running}, timeout=_DRAIN_SECONDS)
                raise
        return running.result()
