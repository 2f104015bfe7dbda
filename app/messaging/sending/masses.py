"""Sending by 群发: the due messages of one campaign become one batch, and leave with one call.

WeChat sends one clientmsgid once in a day, so that a call that was not answered, or whose worker died, is
made again with the same text, to those of the same people who still want it.
"""

import random
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from app.core.clock import Clock
from app.core.settings import SendSettings
from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Purpose, Reason, RecipientKind
from app.messaging.notices import DueMessage, Prepared, Suppress, Writer
from app.messaging.operations import masses, rejoining
from app.messaging.operations.masses import Batch
from app.messaging.rules import (
    SENT,
    Fate,
    after_refusal,
    again,
    backoff,
    is_quiet,
    next_morning,
    next_waking,
    refused_for_now,
)
from app.messaging.rules.channels import FEWEST_OF_MASS, LONELY_UNTIL, MASS_WINDOW
from app.messaging.rules.quotas import Allowances
from app.messaging.sending.channels import No, no_of
from app.messaging.sending.preparing import decisions, prepare_chunk
from app.messaging.sending.roads import Road
from app.messaging.sending.running import OnStop
from app.messaging.sending.trying import teach_road
from app.wechat.gateway import WeChatGateway, WeChatNotReached, WeChatRefused, WeChatUnanswered

log = structlog.get_logger()

# One minute between two tries of one clientmsgid (45066), and a moment for clocks.
_UNANSWERED_WAIT = timedelta(seconds=90)
_LONELY_WAIT = timedelta(minutes=10)
# As often a batch of a campaign that was paused is looked at again.
_PAUSED_WAIT = timedelta(minutes=5)
# Ten thousand texts are asked for in portions, which takes a while.
_CLAIM_SECONDS = 300.0
# What leaves the people of a batch together: the next try is a matter of seconds or minutes.
_WAITS_TOGETHER = frozenset({"token", "later", "slower"})
_STOPS = frozenset({"stop_campaign", "give_up_recipient"})


class MassSender:
    """Sends the mass messages of running campaigns, one batch after the other; one for each worker.

    Args:
        wechat: where they go.
        clock: tells the moment.
        settings: how many are asked for their text at a time, how long a try may take.
        writers: who writes the texts of which purpose.
        on_stop: told of a campaign that must not go on.
        campaigns: tells which running campaigns may have messages that travel so; campaigns stand above.
    """

    def __init__(
        self,
        *,
        wechat: WeChatGateway,
        clock: Clock,
        settings: SendSettings,
        writers: Mapping[Purpose, Writer],
        on_stop: OnStop,
        campaigns: Callable[[], Awaitable[Sequence[int]]],
    ) -> None:
        self._wechat = wechat
        self._clock = clock
        self._settings = settings
        self._writers = writers
        self._on_stop = on_stop
        self._campaigns = campaigns
        self._jitter = random.random
        self._road = Road(channel=Channel.MASS_SEND, rate_per_second=settings.rate_per_second)

    async def send_due(self) -> int:
        """Send one batch, an unanswered one before a new one, and return to how many people, 0 for none.

        Nothing leaves in the quiet hours, not even again: if the first try did not arrive, the second would
        wake people.
        """
        now = self._clock.now()
        if is_quiet(now) or not self._road.is_open(now):
            return 0
        batch = await masses.take_batch(now=now, lease_seconds=self._settings.lease_seconds)
        if batch is not None:
            batch = await self._still_wanted(batch, now)
        if batch is None:
            batch = await self._next_batch(now)
        if batch is None:
            return 0
        await self._try(batch)
        return len(batch.openids)

    async def _still_wanted(self, batch: Batch, now: datetime) -> Batch | None:
        """Ask again before a batch is repeated, and return it for those who still want it; None: not now."""
        out: dict[Reason, list[DueMessage]] = defaultdict(list)
        messages = await rejoining.people_of(batch)
        for start in range(0, len(messages), self._settings.chunk):
            portion = messages[start : start + self._settings.chunk]
            decided = await decisions(portion, writers=self._writers, now=now)
            for message in portion:
                decision = decided.get(message.id)
                if now >= message.expires_at:
                    out[Reason.TOO_LATE].append(message)
                elif isinstance(decision, Suppress):
                    out[decision.reason].append(message)
                elif not isinstance(decision, Prepared):
                    # Its campaign was paused, or nobody can say.
                    await self._hold(batch, now)
                    return None
        rest = await rejoining.leave_out(batch=batch, messages=out, now=now)
        if len(rest.openids) >= FEWEST_OF_MASS:
            return rest
        await self._hold(rest, now, is_over=True)
        return None

    @staticmethod
    async def _hold(batch: Batch, now: datetime, *, is_over: bool = False) -> None:
        """Let a batch wait, or end it; when nothing of it can have arrived its people wait as others do."""
        if batch.first_tried_at is None:
            await masses.settle_batch(batch=batch, fate=refused_for_now(now), now=now)
        elif is_over:
            unknown = Fate(state=MessageState.UNKNOWN, reason=Reason.UNANSWERED)
            await masses.settle_batch(batch=batch, fate=unknown, now=now)
        else:
            await masses.postpone_batch(
                batch=batch, next_at=now + _PAUSED_WAIT, errcode=None, nothing_sent=True
            )

    async def _next_batch(self, now: datetime) -> Batch | None:
        # Few: campaigns that run at the same time and may use this channel.
        for campaign_id in await self._campaigns():
            batch = await self._gather(campaign_id, now)
            if batch is not None:
                return batch
        return None

    async def _gather(self, campaign_id: int, now: datetime) -> Batch | None:
        """Claim what is due of one campaign, sort out who must not get it, and begin the others together."""
        messages = await masses.claim_mass(
            campaign_id=campaign_id, token=secrets.token_hex(16), now=now, lease_seconds=_CLAIM_SECONDS
        )
        by_text = await self._written(messages, now)
        if not by_text:
            return None
        text, together = max(by_text.items(), key=lambda pair: len(pair[1]))
        for other, group in by_text.items():
            if other != text:
                await operations.give_back(messages=group, next_at=now)
        if len(together) < FEWEST_OF_MASS:
            await self._wait_for_company(together, now)
            return None
        try:
            return await masses.begin_mass(
                messages=together,
                text=text,
                now=now,
                lease_seconds=self._settings.lease_seconds,
                allowances=Allowances(self._settings.quotas),
            )
        except masses.NoCallsLeft:
            await operations.give_back(messages=together, next_at=next_morning(now))
            return None

    async def _written(
        self, messages: Sequence[DueMessage], now: datetime
    ) -> Mapping[str, Sequence[DueMessage]]:
        """Return the messages that may leave, by what they say: as a rule all say the same."""
        by_text: dict[str, list[DueMessage]] = defaultdict(list)
        busy: set[str] = set()
        for start in range(0, len(messages), self._settings.chunk):
            portion = messages[start : start + self._settings.chunk]
            for message, written in await prepare_chunk(portion, writers=self._writers, busy=busy, now=now):
                by_text[written.text].append(message)
        wordless = by_text.pop("", None)
        if wordless:
            await operations.set_aside(messages={Reason.BAD_CONTENT: wordless}, now=now)
        return by_text

    @staticmethod
    async def _wait_for_company(messages: Sequence[DueMessage], now: datetime) -> None:
        for message in messages:
            until = message.expires_at - LONELY_UNTIL
            # Behind a colleague who tries it out (试发名单) everybody else waits, and no company comes.
            if now >= until or message.recipient_kind is RecipientKind.CADRE:
                await operations.set_aside(messages={Reason.TOO_FEW: [message]}, now=now)
            else:
                await operations.give_back(messages=[message], next_at=min(now + _LONELY_WAIT, until))

    async def _try(self, batch: Batch) -> None:
        """Make the call and write down what came of it; raises only what the database raises."""
        try:
            receipt = await self._wechat.mass_send_text(
                openids=batch.openids, content=batch.text, client_msg_id=batch.client_msg_id
            )
        except WeChatRefused as refusal:
            await self._refused(batch, no_of(refusal))
            return
        except WeChatNotReached as error:
            self._road.missed(self._clock.now(), str(error))
            await self._not_reached(batch)
            return
        except WeChatUnanswered as error:
            log.info("messaging.mass.unanswered", batch_id=batch.id, error=str(error))
            await self._silence(batch)
            return
        except Exception:
            # Whatever broke, the message may have left.
            log.exception("messaging.mass.failed", batch_id=batch.id)
            await self._silence(batch)
            return
        self._road.arrived()
        now = self._clock.now()
        people = await masses.settle_batch(batch=batch, fate=SENT, now=now, errcode=0, msgid=receipt.msgid)
        log.info(
            "messaging.mass.sent",
            batch_id=batch.id,
            campaign_id=batch.campaign_id,
            people=people,
            again=receipt.was_sent_before,
        )

    async def _silence(self, batch: Batch) -> None:
        now = self._clock.now()
        wait = backoff(batch.tries, jitter=self._jitter(), first=_UNANSWERED_WAIT)
        next_at = next_waking(now + wait)
        if next_at - (batch.first_tried_at or now) < MASS_WINDOW:
            await masses.postpone_batch(batch=batch, next_at=next_at, errcode=None, nothing_sent=False)
            return
        fate = Fate(state=MessageState.UNKNOWN, reason=Reason.UNANSWERED)
        await masses.settle_batch(batch=batch, fate=fate, now=now)

    async def _not_reached(self, batch: Batch) -> None:
        now = self._clock.now()
        next_at = now + backoff(batch.tries, jitter=self._jitter(), first=timedelta(seconds=15))
        if batch.first_tried_at is not None:
            await masses.postpone_batch(batch=batch, next_at=next_at, errcode=None, nothing_sent=True)
        else:
            await masses.settle_batch(batch=batch, fate=again(next_at), now=now)

    async def _refused(self, batch: Batch, no: No) -> None:
        now = self._clock.now()
        # Ids only: WeChat's own words may repeat a text.
        log.warning("messaging.mass.refused", batch_id=batch.id, errcode=no.code, rid=no.request)
        teach_road(self._road, no, now)
        # Ten thousand people are not one person's matter: what gives up one recipient, as an unknown code
        # does, would give up all of them, so it stops the campaign at once.
        stops = no.refusal.reaction in _STOPS or not no.known
        refusal = no.stopping() if stops else replace(no.refusal, afterwards="stop_campaign")
        fate = after_refusal(
            refusal,
            attempts=batch.tries,
            in_campaign=True,
            now=now,
            jitter=self._jitter(),
            unsure_before=batch.first_tried_at is not None,
        )
        if fate.state is MessageState.QUEUED and (
            refusal.reaction in _WAITS_TOGETHER or batch.first_tried_at is not None
        ):
            await masses.postpone_batch(
                batch=batch, next_at=fate.next_at or now, errcode=no.errcode, nothing_sent=True
            )
        else:
            await masses.settle_batch(batch=batch, fate=fate, now=now, errcode=no.errcode)
        if stops:
            await self._on_stop(campaign_id=batch.campaign_id, reason=f"{no.sentence}（{no.code}）", now=now)
