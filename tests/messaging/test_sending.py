"""The sender, from a due row to its outcome."""

import asyncio
from datetime import timedelta

import pytest
from tortoise.exceptions import OperationalError

from app.core.clock import china_moment
from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.models import Message
from app.messaging.notices import Postpone, Prepared, Suppress
from app.messaging.rules import DAILY_CAP
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import (
    EchoWriter,
    SlowWeChat,
    credits_of,
    make_message,
    make_sender,
    make_sent,
    make_subscribe_message,
)

pytestmark = pytest.mark.usefixtures("db")


async def states() -> list[MessageState]:
    return [message.state for message in await Message.all().order_by("id")]


async def test_what_is_due_leaves_with_its_text_its_page_and_its_key(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    template = await make_message()
    subscribe = await make_subscribe_message()
    writer = EchoWriter({subscribe.id: Prepared(fields={"thing1": "一"}, page="pages/today/index")})

    assert await make_sender(wechat, clock, writer=writer).send_due() == 2

    (official,) = wechat.template_messages
    assert (official.openid, official.client_msg_id) == (template.openid, f"lx{template.id}")
    (mini,) = wechat.subscribe_messages
    assert (mini.openid, mini.fields, mini.page) == (subscribe.openid, {"thing1": "一"}, "pages/today/index")
    assert await states() == [MessageState.SENT] * 2
    await template.refresh_from_db()
    assert (template.wechat_msgid, template.sent_at, template.errcode) == ("5001", NOW, 0)
    assert await credits_of(subscribe) == 0


async def test_nothing_due_is_nothing_done(wechat: FakeWeChat, clock: FixedClock) -> None:
    await make_message(next_at=NOW + timedelta(minutes=1))

    assert await make_sender(wechat, clock).send_due() == 0
    assert wechat.template_messages == []


async def test_hundreds_leave_in_one_run_at_most_so_many_at_once_and_each_once(clock: FixedClock) -> None:
    for _ in range(130):
        await make_message()
    wechat = SlowWeChat()
    sender = make_sender(wechat, clock, concurrency=10, chunk=40)

    async with asyncio.TaskGroup() as group:
        sending = group.create_task(sender.send_due())
        while wechat.inside < 10:
            await asyncio.sleep(0.01)
        # One lease for everything in doubt: what is claimed ahead has no intent yet.
        begun = await Message.filter(begun=True).count()
        wechat.go.set()

    assert sending.result() == 130
    assert wechat.most == 10
    assert begun <= 10 + 2 * 25
    assert len({message.openid for message in wechat.template_messages}) == 130
    assert await Message.filter(state=MessageState.SENT).count() == 130


async def test_two_senders_at_once_send_every_message_once(wechat: FakeWeChat, clock: FixedClock) -> None:
    for _ in range(60):
        await make_message()
        await make_subscribe_message()

    await asyncio.gather(*[make_sender(wechat, clock, chunk=20).send_due() for _ in range(2)])

    openids = [message.openid for message in wechat.template_messages]
    openids += [message.openid for message in wechat.subscribe_messages]
    assert len(openids) == len(set(openids)) == 120
    assert await Message.filter(state=MessageState.SENT).count() == 120


async def test_one_person_never_has_two_messages_on_the_way(clock: FixedClock) -> None:
    await make_message(openid="o-one", recipient_id=1)
    await make_message(openid="o-one", recipient_id=1)
    wechat = FakeWeChat()
    sender = make_sender(wechat, clock)

    await sender.send_due()
    assert len(wechat.template_messages) == 1
    clock.advance(timedelta(seconds=6))
    await sender.send_due()

    assert len(wechat.template_messages) == 2


async def test_the_writer_may_still_say_no_or_not_now(wechat: FakeWeChat, clock: FixedClock) -> None:
    muted, paused, forgotten = await make_message(), await make_message(), await make_message()
    cancelled = await make_message()

    writer = EchoWriter(
        {
            muted.id: Suppress(reason=Reason.MUTED),
            paused.id: Postpone(seconds=300),
            cancelled.id: Suppress(reason=Reason.CAMPAIGN_CANCELLED),
        },
        forgets={forgotten.id},
    )

    await make_sender(wechat, clock, writer=writer).send_due()

    assert wechat.template_messages == []
    assert await states() == [
        MessageState.SUPPRESSED,
        MessageState.QUEUED,
        MessageState.QUEUED,
        MessageState.CANCELLED,
    ]
    await paused.refresh_from_db()
    await forgotten.refresh_from_db()
    assert paused.next_at == NOW + timedelta(minutes=5)
    assert forgotten.next_at == NOW + timedelta(minutes=1)


async def test_a_writer_that_breaks_holds_up_its_own_messages_for_a_minute(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await make_message()

    await make_sender(wechat, clock, writer=EchoWriter(error=OperationalError("gone"))).send_due()

    message = await Message.get()
    assert (message.state, message.next_at) == (MessageState.QUEUED, NOW + timedelta(minutes=1))


async def test_at_night_only_urgent_messages_leave(wechat: FakeWeChat, clock: FixedClock) -> None:
    await make_message()
    urgent = await make_message(urgent=True)
    clock.moment = china_moment(NOW.date(), 22, 30)
    sender = make_sender(wechat, clock)

    await sender.send_due()
    assert [message.openid for message in wechat.template_messages] == [urgent.openid]

    clock.advance(timedelta(hours=10))
    await sender.send_due()
    assert len(wechat.template_messages) == 2


async def test_nobody_gets_more_than_a_few_messages_a_day(wechat: FakeWeChat, clock: FixedClock) -> None:
    await make_sent(count=DAILY_CAP, recipient_id=1, openid="o-one")
    tomorrow = await make_message(recipient_id=1, openid="o-one")
    never = await make_message(recipient_id=1, openid="o-one", expires_at=NOW + timedelta(hours=10))
    other = await make_message(recipient_id=2)

    sender = make_sender(wechat, clock)

    await sender.send_due()
    # The second one to the same person waited until the first was decided.
    clock.advance(timedelta(seconds=6))
    await sender.send_due()

    assert [message.openid for message in wechat.template_messages] == [other.openid]
    await tomorrow.refresh_from_db()
    await never.refresh_from_db()
    assert tomorrow.state is MessageState.QUEUED
    assert tomorrow.next_at == china_moment(NOW.date() + timedelta(days=1), 8)
    assert (never.state, never.reason) == (MessageState.SUPPRESSED, Reason.DAILY_CAP)


async def test_what_is_too_late_when_it_comes_up_is_not_sent(wechat: FakeWeChat, clock: FixedClock) -> None:
    await make_message(expires_at=NOW)

    await make_sender(wechat, clock).send_due()

    assert await states() == [MessageState.EXPIRED]
    assert wechat.template_messages == []


async def test_a_message_whose_intent_is_too_old_is_not_begun(clock: FixedClock) -> None:
    await make_subscribe_message()
    await make_subscribe_message()
    wechat = SlowWeChat()
    # With one lane the second message waits behind the first, longer than half of the lease.
    sender = make_sender(wechat, clock, concurrency=1, lease_seconds=0.4)

    async with asyncio.TaskGroup() as group:
        group.create_task(sender.send_due())
        while not wechat.inside:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        wechat.go.set()

    assert len(wechat.subscribe_messages) == 1
    assert await states() == [MessageState.SENT, MessageState.QUEUED]


async def test_a_cancelled_sender_writes_down_what_is_on_its_way_and_begins_nothing_new(
    clock: FixedClock,
) -> None:
    for _ in range(40):
        await make_subscribe_message()
    wechat = SlowWeChat()
    sender = make_sender(wechat, clock, concurrency=5)
    sending = asyncio.get_running_loop().create_task(sender.send_due())
    while wechat.inside < 5:
        await asyncio.sleep(0.01)

    sending.cancel()
    await asyncio.sleep(0.05)
    wechat.go.set()
    with pytest.raises(asyncio.CancelledError):
        await sending

    assert len(wechat.subscribe_messages) == 5
    assert await Message.filter(state=MessageState.SENT).count() == 5
    assert await Message.filter(state=MessageState.QUEUED).count() == 35
    assert await Message.filter(charged=True).count() == 5


async def test_an_abandoned_sender_leaves_rows_that_another_one_takes_up(clock: FixedClock) -> None:
    template, subscribe = await make_message(), await make_subscribe_message()
    for channel in Channel:
        claimed = await operations.claim(
            limit=10, token="dead", now=NOW, lease_seconds=0.05, channels=[channel], urgent_only=False
        )
        await operations.begin(messages=claimed, now=NOW, lease_seconds=0.05)
    wechat = FakeWeChat()

    recovered = 0
    async with asyncio.timeout(5):
        while recovered < 2:
            recovered += await operations.recover_leases(now=NOW)
            await asyncio.sleep(0.02)
    await make_sender(wechat, clock).send_due()

    await template.refresh_from_db()
    await subscribe.refresh_from_db()
    assert (template.state, template.attempts) == (MessageState.SENT, 2)
    assert (subscribe.state, subscribe.reason) == (MessageState.UNKNOWN, Reason.CRASHED_WHILE_SENDING)
    assert wechat.subscribe_messages == []
