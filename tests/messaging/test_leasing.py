"""Claims, intents, and what is left behind by a crash."""

import asyncio
import secrets
from datetime import timedelta

import pytest

from app.core import sql
from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.models import Message
from app.messaging.notices import DueMessage
from tests.conftest import NOW
from tests.messaging.factories import credits_of, make_message, make_subscribe_message

pytestmark = pytest.mark.usefixtures("db")


async def claim(
    limit: int = 100, *, lease_seconds: float = 60, urgent_only: bool = False
) -> list[DueMessage]:
    return await operations.claim(
        limit=limit,
        token=secrets.token_hex(16),
        now=NOW,
        lease_seconds=lease_seconds,
        channels=list(Channel),
        urgent_only=urgent_only,
    )


async def begin(messages: list[DueMessage], *, lease_seconds: float = 60) -> list[DueMessage]:
    return await operations.begin(messages=messages, now=NOW, lease_seconds=lease_seconds)


async def let_leases_pass() -> None:
    await sql.execute("UPDATE message SET lease_until_ms = 1 WHERE lease_until_ms IS NOT NULL")


async def state_of(message: Message) -> MessageState:
    await message.refresh_from_db()
    return message.state


async def test_the_longest_waiting_are_claimed_first_and_nothing_before_its_time() -> None:
    late = await make_message(next_at=NOW - timedelta(minutes=1))
    early = await make_message(next_at=NOW - timedelta(hours=1))
    future = await make_message(next_at=NOW + timedelta(seconds=1))

    assert [message.id for message in await claim(1)] == [early.id]
    assert [message.id for message in await claim()] == [late.id]
    assert await state_of(future) is MessageState.QUEUED


async def test_urgent_messages_come_before_those_that_have_waited_longer() -> None:
    old = await make_message(next_at=NOW - timedelta(days=1))
    urgent = await make_message(urgent=True)

    assert [message.id for message in await claim(2, urgent_only=True)] == [urgent.id]
    assert [message.id for message in await claim(2)] == [old.id]


async def test_only_open_channels_are_claimed() -> None:
    await make_message()
    subscribe = await make_subscribe_message()

    found = await operations.claim(
        limit=10,
        token="t",
        now=NOW,
        lease_seconds=60,
        channels=[Channel.MINI_SUBSCRIBE],
        urgent_only=False,
    )

    assert [message.id for message in found] == [subscribe.id]


async def test_four_workers_at_once_never_claim_the_same_message() -> None:
    for number in range(120):
        await make_message(next_at=NOW - timedelta(seconds=number))

    async def worker() -> list[int]:
        mine: list[int] = []
        while found := await claim(7):
            mine += [message.id for message in found]
        return mine

    claimed = await asyncio.gather(*[worker() for _ in range(4)])

    ids = [one for mine in claimed for one in mine]
    assert len(ids) == len(set(ids)) == 120
    assert await Message.filter(state=MessageState.SENDING, begun=False).count() == 120


async def test_an_intent_is_written_down_once() -> None:
    message = await make_message()
    mine = await claim()

    assert await begin(mine) == mine
    await message.refresh_from_db()
    assert (message.begun, message.attempts, message.first_tried_at) == (True, 1, NOW)


async def test_the_second_run_of_an_intent_whose_commit_was_not_answered_takes_no_second_credit() -> None:
    message = await make_subscribe_message(credits_left=5)
    mine = await claim()

    assert await begin(mine) == await begin(mine) == mine

    await message.refresh_from_db()
    assert message.attempts == 1
    assert await credits_of(message) == 4


async def test_without_the_lease_there_is_no_intent() -> None:
    await make_message()
    await make_subscribe_message()
    official, mini = await claim()
    await let_leases_pass()
    await operations.recover_leases(now=NOW)
    others = await claim()

    assert await begin([official]) == []
    assert await begin([mini]) == []
    assert len(await begin(others[:1])) == 1


async def test_a_subscribe_message_takes_one_credit_and_without_one_is_not_sent() -> None:
    with_credit = await make_subscribe_message(credits_left=2)
    used_up = await make_subscribe_message(credits_left=0)
    never_asked = await make_subscribe_message(credits_left=None)

    begun = await begin(await claim())

    assert [message.id for message in begun] == [with_credit.id]
    assert await credits_of(with_credit) == 1
    await with_credit.refresh_from_db()
    assert with_credit.charged
    for message in (used_up, never_asked):
        await message.refresh_from_db()
        assert (message.state, message.reason) == (MessageState.SUPPRESSED, Reason.NO_CREDIT)
        assert (message.charged, message.attempts) == (False, 0)


async def test_two_workers_at_once_do_not_share_the_last_credit() -> None:
    first = await make_subscribe_message(credits_left=1, openid="c-one")
    await make_subscribe_message(credits_left=None, openid="c-one")
    one, two = await claim(1), await claim(1)

    begun = await asyncio.gather(begin(one), begin(two))

    assert sorted(len(mine) for mine in begun) == [0, 1]
    assert await credits_of(first) == 0


async def test_given_back_messages_are_due_again_at_their_moment() -> None:
    message = await make_message()
    later = NOW + timedelta(minutes=5)

    assert await operations.give_back(messages=await claim(), next_at=later) == 1

    await message.refresh_from_db()
    assert (message.state, message.next_at, message.lease_token) == (MessageState.QUEUED, later, None)


async def test_a_worker_that_died_after_its_claim_leaves_nothing_in_doubt() -> None:
    message = await make_subscribe_message()
    await claim()
    assert await operations.recover_leases(now=NOW) == 0
    await let_leases_pass()

    assert await operations.recover_leases(now=NOW) == 1

    assert await state_of(message) is MessageState.QUEUED
    assert await credits_of(message) == 1


async def test_a_worker_that_died_while_sending_leaves_a_subscribe_message_unknown_and_its_credit_used() -> (
    None
):
    message = await make_subscribe_message()
    await begin(await claim())
    await let_leases_pass()

    await operations.recover_leases(now=NOW)

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.UNKNOWN, Reason.CRASHED_WHILE_SENDING)
    assert await credits_of(message) == 0


async def test_a_template_message_is_sent_again_after_a_crash_while_wechat_knows_its_key() -> None:
    message = await make_message()
    await begin(await claim())
    await let_leases_pass()

    await operations.recover_leases(now=NOW + timedelta(minutes=8))

    await message.refresh_from_db()
    assert (message.state, message.first_tried_at) == (MessageState.QUEUED, NOW)


async def test_after_nine_minutes_a_template_message_is_unknown_too() -> None:
    message = await make_message()
    await begin(await claim())
    await let_leases_pass()

    await operations.recover_leases(now=NOW + timedelta(minutes=9))

    assert await state_of(message) is MessageState.UNKNOWN


async def test_what_waited_too_long_expires_but_what_may_have_arrived_is_unknown() -> None:
    overdue = await make_message(expires_at=NOW)
    tried = await make_message(expires_at=NOW, first_tried_at=NOW - timedelta(minutes=3))
    fresh = await make_message(expires_at=NOW + timedelta(seconds=1))

    assert await operations.expire_overdue(now=NOW) == 2

    await overdue.refresh_from_db()
    assert (overdue.state, overdue.reason) == (MessageState.EXPIRED, Reason.TOO_LATE)
    assert await state_of(tried) is MessageState.UNKNOWN
    assert await state_of(fresh) is MessageState.QUEUED


async def test_a_cancelled_campaign_lets_go_of_its_waiting_messages_only() -> None:
    waiting = await make_message(campaign_id=7)
    other = await make_message(campaign_id=8)
    on_its_way = await make_message(campaign_id=7, state=MessageState.SENDING)

    assert await operations.cancel_messages(campaign_id=7, now=NOW) == 1

    await waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == (MessageState.CANCELLED, Reason.CAMPAIGN_CANCELLED)
    assert await state_of(other) is MessageState.QUEUED
    assert await state_of(on_its_way) is MessageState.SENDING
