"""The life of a message under everything that can happen to it, in any order, with workers that die anywhere.

Hypothesis draws the story: people, campaigns, WeChat's answers, receipts, time, admins, and at which touch of
the database or of WeChat a worker dies. After every step the database is compared with WeChat's own ledger,
and the database itself refuses a step that the life of a message does not have.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.campaigns import operations as campaigns
from app.campaigns.enums import CampaignKind
from app.core.errors import AppError
from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Reason, SubscriptionAnswer
from app.messaging.models import Message, SubscriptionCredit
from app.messaging.notices import DueMessage
from app.messaging.operations import Outcome
from app.messaging.sending.preparing import Written, prepare_chunk
from app.people.models import Cadre, Guardian
from tests.campaigns.factories import author, reachable_cadre, reachable_guardian
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.faults.crowd import make_running_campaign
from tests.faults.driver import seeds, sized
from tests.faults.life import (
    ANSWERS,
    LEASE_SECONDS,
    Arrival,
    World,
    forget_messages,
    illegal_steps_refused,
)
from tests.faults.mortal import Life, living, mortal_drivers
from tests.messaging.factories import SUBSCRIBE_TEMPLATE, make_message, make_subscribe_message

pytestmark = pytest.mark.faults

T = TypeVar("T")

KINDS = (CampaignKind.POLICY_NOTICE, CampaignKind.FESTIVAL_REMINDER)
CREDITS = 3
STEP_SECONDS = 60
# Long enough for the longest backoff and for every quota to be full again.
AWAY = timedelta(days=2)

answers = st.lists(st.sampled_from(ANSWERS), max_size=5)
moments_of_death = st.none() | st.integers(1, 120)
some = st.integers(0, 3)


@dataclass
class Hand:
    """A worker that does one thing at a time, and may sleep or vanish between any two of them."""

    chunk: list[Written]
    begun: list[DueMessage] = field(default_factory=list)
    begun_at: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass
class Stage:
    """What all stories share: people, and the loop in which the database lives."""

    loop: asyncio.AbstractEventLoop
    guardians: Sequence[Guardian]
    cadres: Sequence[Cadre]

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self.loop).result(STEP_SECONDS)


class MessageLife(RuleBasedStateMachine):
    """One story."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock(NOW)
        self.world = World(self.clock)
        self.sender = self.world.sender()
        self.hands: list[Hand] = []
        self.numbers = 0

    def hand(self, which: int) -> Hand:
        return self.hands[which % len(self.hands)]

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        return self.stage.run(step)

    @initialize()
    def begin(self) -> None:
        async def begun() -> None:
            await forget_messages()
            for cadre in self.stage.cadres:
                await SubscriptionCredit.create(
                    openid=f"mini-{cadre.id}", template_id=SUBSCRIBE_TEMPLATE,
                    remaining=CREDITS, granted=CREDITS, updated_at=NOW,
                )  # fmt: skip
            self.campaigns = [await make_running_campaign(kind, now=NOW) for kind in KINDS]

        self.do(begun())

    def teardown(self) -> None:
        if hasattr(self, "campaigns"):
            self.do(self.come_to_rest())

    async def come_to_rest(self) -> None:
        """Every story ends: with WeChat in order and time enough nothing is left open."""
        self.world.wechat.script.clear()
        self.hands.clear()
        self.sender = self.world.sender()
        for _ in range(12):
            await self.world.pass_time(timedelta(minutes=11))
            await self.work_once()
            if not await self.open_messages():
                break
            await self.world.pass_time(AWAY / 6)
        assert await self.open_messages() == 0
        await self.world.check()

    async def open_messages(self) -> int:
        return await Message.filter(state__in=[MessageState.QUEUED, MessageState.SENDING]).count()

    async def work_once(self) -> None:
        now = self.clock.now()
        await campaigns.start_due(now=now)
        await campaigns.expand_step(now=now)
        await self.world.recover()
        await operations.expire_overdue(now=now)
        await self.sender.send_due()

    async def mortally(self, dies_at: int | None, work: Callable[[], Awaitable[Any]]) -> None:
        """Run a worker that may die; another one is started in its place."""
        if not await living(Life(dies_at), work):
            self.sender = self.world.sender()

    @rule(
        mini=st.booleans(), person=st.integers(0, 1), of_campaign=st.booleans(), urgent=st.booleans(),
        hours=st.sampled_from([0.1, 1, 72]),
    )  # fmt: skip
    def enqueue(self, *, mini: bool, person: int, of_campaign: bool, urgent: bool, hours: float) -> None:
        recipient = (self.stage.cadres if mini else self.stage.guardians)[person]
        kind = CampaignKind.FESTIVAL_REMINDER if mini else CampaignKind.POLICY_NOTICE
        (campaign,) = [one for one in self.campaigns if one.kind is kind]
        now = self.clock.now()
        facts: dict[str, Any] = {
            "recipient_id": recipient.id, "openid": f"{'mini' if mini else 'official'}-{recipient.id}",
            "campaign_id": campaign.id if of_campaign else None, "urgent": urgent,
            "next_at": now, "created_at": now, "expires_at": now + timedelta(hours=hours),
        }  # fmt: skip
        made = make_subscribe_message(credits_left=None, **facts) if mini else make_message(**facts)
        self.do(made)

    @rule(dies_at=moments_of_death)
    def expand(self, dies_at: int | None) -> None:
        async def advance() -> None:
            await campaigns.start_due(now=self.clock.now())
            while await campaigns.expand_step(now=self.clock.now(), at_once=1):
                pass

        self.do(self.mortally(dies_at, advance))

    @rule(dies_at=moments_of_death, said=answers)
    def send(self, dies_at: int | None, said: list[str]) -> None:
        self.world.wechat.script.extend(said)
        self.do(self.mortally(dies_at, self.sender.send_due))
        self.world.wechat.script.clear()

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        async def claimed() -> None:
            found = await operations.claim(
                limit=limit, token=secrets.token_hex(16), now=self.clock.now(), lease_seconds=LEASE_SECONDS,
                channels=list(Channel), urgent_only=False,
            )  # fmt: skip
            writers = dict.fromkeys({message.purpose for message in found}, self.world.writer)
            chunk = await prepare_chunk(found, writers=writers, busy=set(), now=self.clock.now())
            by_channel = {
                pair[0].channel: [p for p in chunk if p[0].channel is pair[0].channel] for pair in chunk
            }
            self.hands += [Hand(part) for part in by_channel.values()]

        self.do(claimed())

    @precondition(lambda self: self.hands)
    @rule(which=some)
    def intend(self, which: int) -> None:
        hand = self.hand(which)
        if not hand.begun_at:
            hand.begun_at = self.world.monotonic()
            messages = [message for message, _ in hand.chunk]
            hand.begun = self.do(
                operations.begin(messages=messages, now=self.clock.now(), lease_seconds=LEASE_SECONDS)
            )

    @precondition(lambda self: any(hand.begun for hand in self.hands))
    @rule(which=some, said=st.sampled_from(ANSWERS))
    def attempt(self, which: int, said: str) -> None:
        hands = [hand for hand in self.hands if hand.begun]
        hand = hands[which % len(hands)]
        message = hand.begun.pop()
        text = next(text for one, text in hand.chunk if one.id == message.id)
        self.world.wechat.script.append(said)
        trier = self.sender._trier
        hand.outcomes.append(self.do(trier.attempt(message, text, begun_at=hand.begun_at, stopping=False)))
        self.world.wechat.script.clear()

    @precondition(lambda self: any(hand.outcomes for hand in self.hands))
    @rule(which=some, dies_at=moments_of_death, twice=st.booleans())
    def settle(self, which: int, dies_at: int | None, twice: bool) -> None:
        hands = [hand for hand in self.hands if hand.outcomes]
        hand = hands[which % len(hands)]
        write = partial(operations.settle, outcomes=list(hand.outcomes), now=self.clock.now())
        self.do(self.mortally(dies_at, write))
        if not twice:
            hand.outcomes.clear()

    @precondition(lambda self: self.hands)
    @rule(which=some)
    def vanish(self, which: int) -> None:
        self.hands.remove(self.hand(which))

    @rule(step=st.sampled_from([5, 31, 61, 180, 540, 660, 3600, 86_400]))
    def time_passes(self, step: int) -> None:
        self.do(self.world.pass_time(timedelta(seconds=step)))

    @rule()
    def leases_are_recovered(self) -> None:
        self.do(self.world.recover())

    @rule()
    def overdue_is_let_go(self) -> None:
        async def let_go() -> None:
            await operations.expire_overdue(now=self.clock.now())
            for campaign in self.campaigns:
                await operations.end_overdue(campaign_id=campaign.id, now=self.clock.now())

        self.do(let_go())

    @precondition(lambda self: self.world.wechat.arrivals)
    @rule(back=some, fails=st.booleans())
    def receipt(self, back: int, fails: bool) -> None:
        arrival = self.world.wechat.arrivals[-1 - back % len(self.world.wechat.arrivals)]
        if fails and not arrival.receipts:
            arrival.reached = False
        self.do(self.take(arrival))

    async def take(self, arrival: Arrival) -> None:
        arrival.receipts += 1
        await operations.take_receipt(
            msgid=arrival.msgid, delivered=arrival.reached,
            status=None if arrival.reached else "failed:userblock", openid=arrival.openid,
            template_id=None if arrival.is_template else arrival.template_id,
            happened_at=arrival.at, now=self.clock.now(),
        )  # fmt: skip

    @rule()
    def receipt_of_a_stranger(self) -> None:
        stranger = Arrival(
            message_id=0, openid="o-nobody", template_id=SUBSCRIBE_TEMPLATE, is_template=True,
            msgid=secrets.token_hex(8), at=self.clock.now(),
        )  # fmt: skip
        self.do(self.take(stranger))

    @precondition(lambda self: self.world.wechat.in_review)
    @rule()
    def review_ends(self) -> None:
        self.world.wechat.end_review(next(iter(self.world.wechat.in_review)))

    @rule(which=st.integers(0, 1), act=st.sampled_from(["pause", "resume", "cancel"]))
    def decide(self, which: int, act: str) -> None:
        async def decided() -> None:
            order: dict[str, Any] = {
                "campaign_id": self.campaigns[which].id, "author": author(7), "now": self.clock.now(),
            }  # fmt: skip
            if act == "pause":
                order["reason"] = "test"
            try:
                await getattr(campaigns, act)(**order)
            except AppError:
                return

        self.do(decided())

    @rule(cadre=st.integers(0, 1), said=st.sampled_from([SubscriptionAnswer.ACCEPT, SubscriptionAnswer.BAN]))
    def answer_the_popup(self, cadre: int, said: SubscriptionAnswer) -> None:
        openid = f"mini-{self.stage.cadres[cadre].id}"
        if said is SubscriptionAnswer.BAN:
            self.world.ended_credits.add(openid)
        answered = {SUBSCRIBE_TEMPLATE: said}
        self.do(operations.grant_credits(openid=openid, answers=answered, now=self.clock.now()))

    @rule(guardian=st.integers(0, 1), mutes=st.booleans())
    def mute(self, guardian: int, mutes: bool) -> None:
        change = self.world.writer.muted.add if mutes else self.world.writer.muted.discard
        change(self.stage.guardians[guardian].id)

    @rule(which=st.integers(0, 1))
    def admin_sends_again(self, which: int) -> None:
        async def ordered() -> None:
            spent = await Message.filter(charged=True, state=MessageState.FAILED).only("openid")
            self.world.ended_credits.update(str(one.openid) for one in spent)
            try:
                await campaigns.retry(
                    campaign_id=self.campaigns[which].id, reasons=list(Reason), author=author(7),
                    now=self.clock.now(),
                )  # fmt: skip
            except AppError:
                return

        self.do(ordered())

    @rule(which=some)
    def admin_finds_out(self, which: int) -> None:
        async def settled() -> None:
            unknown = Message.filter(state=MessageState.UNKNOWN, campaign_id__isnull=False).order_by("id")
            for row in (await unknown)[which : which + 1]:
                if row.id in self.world.wechat.in_review:
                    return
                try:
                    await campaigns.settle_unknown(
                        campaign_id=int(row.campaign_id or 0), message_id=row.id,
                        arrived=bool(self.world.wechat.reached()[row.id]), note="", author=author(7),
                        now=self.clock.now(),
                    )  # fmt: skip
                except AppError:
                    return

        self.do(settled())

    @invariant()
    def the_database_and_wechat_agree(self) -> None:
        if hasattr(self, "campaigns"):
            self.do(self.world.check())


@pytest.fixture
async def stage(db: None) -> Stage:
    guardians = [await reachable_guardian() for _ in range(2)]
    cadres = [await reachable_cadre(credits_left=0) for _ in range(2)]
    return Stage(asyncio.get_running_loop(), guardians, cadres)


@pytest.mark.parametrize("number", seeds())
async def test_whatever_happens_nobody_is_forgotten_and_nobody_hears_twice(stage: Stage, number: int) -> None:
    machine = seed(number)(type("Story", (MessageLife,), {"stage": stage}))
    rules = settings(
        max_examples=sized(25, 200),
        stateful_step_count=sized(30, 50),
        deadline=None,
        database=None,
        # Shrinking takes minutes; the seed tells the story again.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    with mortal_drivers():
        async with illegal_steps_refused():
            await asyncio.to_thread(run_state_machine_as_test, machine, settings=rules)
