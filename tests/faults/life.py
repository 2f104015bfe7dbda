"""A small world in which messages live: WeChat with a ledger, a writer, time, and what must always hold."""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tortoise.models import Model

from app.campaigns import models as campaign_models
from app.campaigns import operations as campaigns
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.core import sql
from app.core.settings import SendSettings
from app.messaging import models as message_models
from app.messaging import operations
from app.messaging.enums import MessageState, Purpose, Reason
from app.messaging.models import Message, SubscriptionCredit
from app.messaging.notices import Decision, DueMessage, Postpone, Prepared, Suppress
from app.messaging.rules import TRANSITIONS
from app.messaging.sending import Sender
from app.wechat.errcodes import Reaction
from app.wechat.gateway import (
    SendReceipt,
    SubscribeMessage,
    TemplateMessage,
    WeChatNotReached,
    WeChatRefused,
    WeChatUnanswered,
)
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.faults.mortal import pass_point

# WeChat sends one client_msg_id once in 10 minutes (api_sendtemplatemessage).
KEY_REMEMBERED = timedelta(minutes=10)
LEASE_SECONDS = 60.0

SILENCES = ("silence after it arrived", "silence before it arrived", "a bug after it arrived")
REFUSALS = ("-1", "40001", "40003", "40252", "43004", "43101", "43108", "43116", "43117", "45009", "45011")
ANSWERS = ("ok", "not reached", "12345678", *SILENCES, *REFUSALS)
HELD = "40252"


@dataclass
class Arrival:
    """One message that WeChat took; `reached` until a receipt says that it did not."""

    message_id: int
    openid: str
    template_id: str
    is_template: bool
    msgid: str
    at: datetime
    reached: bool = True
    receipts: int = 0


@dataclass
class LedgerWeChat(FakeWeChat):
    """WeChat that answers as it is told, and writes down what it took, once for each client_msg_id."""

    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    script: deque[str] = field(default_factory=deque)
    arrivals: list[Arrival] = field(default_factory=list)
    # Messages in review, and those that were ever in it.
    in_review: dict[int, TemplateMessage] = field(default_factory=dict)
    reviewed: set[int] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)
    # Who was told that his credits are spent.
    spent: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    inside: int = 0
    most: int = 0
    _keys: dict[str, tuple[datetime, str | None]] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(70_001))

    async def send_subscribe(self, message: SubscribeMessage) -> SendReceipt:
        return await self._take(message, int(message.fields["thing1"]), key=None)

    async def send_template(self, message: TemplateMessage) -> SendReceipt:
        return await self._take(message, int(message.fields["thing1"]), key=message.client_msg_id)

    async def _take(
        self, message: SubscribeMessage | TemplateMessage, message_id: int, *, key: str | None
    ) -> SendReceipt:
        answer = self.script.popleft() if self.script else "ok"
        self.calls[answer] += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            pass_point()
            msgid = self._carry_out(message, message_id, key=key, answer=answer)
            await asyncio.sleep(0)
            pass_point()
        finally:
            self.inside -= 1
        if answer in SILENCES:
            self.silent.add(message_id)
            raise KeyError("a bug") if answer.startswith("a bug") else WeChatUnanswered(answer)
        return SendReceipt(msgid=msgid)

    def _carry_out(
        self, message: SubscribeMessage | TemplateMessage, message_id: int, *, key: str | None, answer: str
    ) -> str:
        """Return WeChat's name of the message, or raise what keeps it from going out."""
        if answer == "not reached":
            raise WeChatNotReached(answer)
        if answer == SILENCES[1]:
            return ""
        held = answer == HELD and isinstance(message, TemplateMessage)
        # Only template messages are reviewed.
        if answer.lstrip("-").isdigit() and answer != HELD:
            reaction = Reaction.STOP_ACCOUNT if answer == "40001" else None
            if answer == "43101":
                self.spent.add(message.openid)
            raise WeChatRefused(errcode=int(answer), errmsg="no rid: 1-2", reaction=reaction)
        msgid = self._name_of(message, message_id, key=key, held=held)
        if msgid is None:
            raise WeChatRefused(errcode=int(HELD), errmsg="in review rid: 1-2")
        return msgid

    def _name_of(
        self, message: SubscribeMessage | TemplateMessage, message_id: int, *, key: str | None, held: bool
    ) -> str | None:
        """Take a message once for each key, and return its name; one in review has none."""
        known = self._keys.get(key or "")
        if known is not None and self.clock.now() < known[0] + KEY_REMEMBERED:
            return known[1]
        msgid = None if held else self._arrive(message, message_id)
        if held and isinstance(message, TemplateMessage):
            self.in_review[message_id] = message
            self.reviewed.add(message_id)
        if key is not None:
            self._keys[key] = (self.clock.now(), msgid)
        return msgid

    def _arrive(self, message: SubscribeMessage | TemplateMessage, message_id: int) -> str:
        msgid = str(next(self._numbers))
        self.arrivals.append(
            Arrival(
                message_id=message_id,
                openid=message.openid,
                template_id=message.template_id,
                is_template=isinstance(message, TemplateMessage),
                msgid=msgid,
                at=self.clock.now(),
            )
        )
        return msgid

    def end_review(self, message_id: int) -> None:
        """Let a message through that was in review."""
        self._arrive(self.in_review.pop(message_id), message_id)

    def reached(self) -> Counter[int]:
        """Return how often each message reached its person."""
        return Counter(arrival.message_id for arrival in self.arrivals if arrival.reached)


class LifeWriter:
    """Writes the id of each message into its text, and asks whether it is still wanted."""

    def __init__(self) -> None:
        self.muted: set[int] = set()

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        rows = await sql.fetch("SELECT id, state FROM campaign ORDER BY id LIMIT 100")
        states = {row["id"]: CampaignState(row["state"]) for row in rows}
        return {message.id: self._decision(message, states) for message in messages}

    def _decision(self, message: DueMessage, states: Mapping[int, CampaignState]) -> Decision:
        state = states.get(message.campaign_id or 0)
        if state is CampaignState.CANCELLED:
            return Suppress(reason=Reason.CAMPAIGN_CANCELLED)
        if message.recipient_id in self.muted:
            return Suppress(reason=Reason.MUTED)
        if state is CampaignState.PAUSED:
            return Postpone(seconds=60)
        return Prepared(fields={"thing1": str(message.id)})


@dataclass
class World:
    """Everything outside the workers.

    Args:
        clock: tells everybody the moment.
    """

    clock: FixedClock
    wechat: LedgerWeChat = field(init=False)
    writer: LifeWriter = field(default_factory=LifeWriter)
    # Messages of which nobody can know whether they arrived.
    ambiguous: set[int] = field(default_factory=set)
    # Whose credits were ended or used up otherwise, so that less is left than the rows add up to.
    ended_credits: set[str] = field(default_factory=set)
    _began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.wechat = LedgerWeChat(clock=self.clock)
        self._began = self.clock.now()

    def monotonic(self) -> float:
        return 1000.0 + (self.clock.now() - self._began).total_seconds()

    async def pass_time(self, step: timedelta) -> None:
        """Let time pass on all clocks; the one of the database moves by moving what it is compared with."""
        self.clock.advance(step)
        await sql.execute(
            "UPDATE message SET lease_until_ms = lease_until_ms - %s WHERE lease_until_ms IS NOT NULL",
            (int(step.total_seconds() * 1000),),
        )

    def sender(self) -> Sender:
        """Start a worker."""
        made = Sender(
            wechat=self.wechat,
            clock=self.clock,
            settings=SendSettings(
                rate_per_second=10_000.0, concurrency=3, chunk=4, lease_seconds=LEASE_SECONDS
            ),
            writers=dict.fromkeys(Purpose, self.writer),
            on_stop=campaigns.pause_by_system,
        )
        made._trier.monotonic = self.monotonic
        return made

    async def recover(self) -> int:
        """Take up what dead workers left."""
        rows = await Message.filter(state=MessageState.SENDING, begun=True).values_list("id", flat=True)
        self.ambiguous.update(int(one) for one in rows)  # type: ignore[call-overload]
        return await operations.recover_leases(now=self.clock.now())

    async def check(self) -> None:
        """Compare the database with WeChat's ledger."""
        await check_messages(self)
        await check_credits(self)
        await check_campaigns()


_KNOWN_TO_ARRIVE = {MessageState.SENT, MessageState.DELIVERED}
_MAY_HAVE_ARRIVED = _KNOWN_TO_ARRIVE | {MessageState.UNKNOWN, MessageState.SENDING, MessageState.HELD}


async def check_messages(world: World) -> None:
    reached, rows = world.wechat.reached(), await Message.all().order_by("id")
    assert max(reached.values(), default=0) <= 1, f"doubled: {reached.most_common(1)}"
    assert reached.keys() <= {row.id for row in rows}, "lost from the database"
    for row in rows:
        told = f"message {row.id} is {row.state.value} ({row.reason}), reached {reached[row.id]}"
        if row.state in _KNOWN_TO_ARRIVE:
            assert reached[row.id] or row.id in world.wechat.reviewed, told
        if reached[row.id]:
            is_repeated = row.state is MessageState.QUEUED and row.first_tried_at is not None
            assert row.state in _MAY_HAVE_ARRIVED or is_repeated, told
        if row.state is MessageState.HELD:
            assert row.id in world.wechat.reviewed, told
        if row.state is MessageState.UNKNOWN:
            assert row.id in world.ambiguous | world.wechat.silent, told
        assert (row.lease_until_ms is not None) == (row.state is MessageState.SENDING), told


async def check_credits(world: World) -> None:
    rows = await Message.filter(charged=True).only("openid")
    held = Counter(str(row.openid) for row in rows)
    for credit in await SubscriptionCredit.all().order_by("id"):
        told = f"{credit.openid}: {credit.remaining} left and {held[credit.openid]} held of {credit.granted}"
        assert credit.remaining >= 0, told
        assert credit.remaining + held[credit.openid] <= credit.granted, told
        if credit.openid not in world.ended_credits | world.wechat.spent:
            assert credit.remaining + held[credit.openid] == credit.granted, told


async def check_campaigns() -> None:
    for campaign in await Campaign.all().order_by("id"):
        made = await Message.filter(campaign_id=campaign.id).exclude(dedup_key__startswith="test:").count()
        assert made == campaign.planned


async def forget_messages() -> None:
    """Empty every table about messages and campaigns; people stay."""
    for module in (message_models, campaign_models):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, Model) and model.__module__ == module.__name__:
                await model.all().delete()


@asynccontextmanager
async def illegal_steps_refused() -> AsyncIterator[None]:
    """Let the database itself refuse every step that the life of a message does not have."""
    steps = {(state.value, to.value) for state, following in TRANSITIONS.items() for to in following}
    # The one way back, by order of a named admin.
    steps |= {(state, "queued") for state in ("failed", "suppressed", "expired")}
    pairs = ", ".join(f"'{before}>{after}'" for before, after in sorted(steps))
    if sql.is_sqlite():
        body = (
            f"WHEN OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({pairs})"
            " BEGIN SELECT RAISE(ABORT, 'an illegal step of a message'); END"
        )
    else:
        body = (
            f"FOR EACH ROW IF OLD.state <> NEW.state AND CONCAT(OLD.state, '>', NEW.state) NOT IN ({pairs})"
            " THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'an illegal step of a message'; END IF"
        )
    await sql.execute(f"CREATE TRIGGER illegal_step BEFORE UPDATE ON message {body}")
    try:
        yield
    finally:
        await sql.execute("DROP TRIGGER illegal_step")
