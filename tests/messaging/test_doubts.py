"""What may have arrived is never called not sent, never sent again, never mistaken for another message."""

from datetime import timedelta

import pytest

from app.messaging import operations
from app.messaging.enums import MessageState, Reason
from app.messaging.models import Message
from app.messaging.notices import Suppress
from app.messaging.rules import DAILY_CAP
from app.wechat.gateway import WeChatRefused, WeChatUnanswered
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import (
    EchoWriter,
    credits_of,
    make_message,
    make_sender,
    make_sent,
    make_subscribe_message,
)
from tests.messaging.test_leasing import begin, claim, let_leases_pass

pytestmark = pytest.mark.usefixtures("db")


async def test_a_worker_that_slept_longer_than_its_lease_begins_nothing() -> None:
    """Nobody took the rows up meanwhile, and still what was decided about them is too old."""
    await make_message(first_tried_at=NOW - timedelta(minutes=8))
    subscribe = await make_subscribe_message()
    official, mini = await claim()
    await let_leases_pass()

    assert await begin([official]) == []
    assert await begin([mini]) == []

    assert await credits_of(subscribe) == 1
    assert await operations.recover_leases(now=NOW) == 2
    assert await Message.filter(state=MessageState.QUEUED).count() == 2


async def test_an_intent_for_some_of_a_group_is_no_intent_for_the_others() -> None:
    await make_message()
    late = await make_message()
    mine = await claim()
    await Message.filter(id=late.id).update(lease_until_ms=1)

    begun = await begin(mine)

    assert late.id not in {message.id for message in begun}
    assert len(begun) == 1


async def doubtful(**overrides: object) -> Message:
    """Make a template message whose first try was not answered."""
    return await make_message(first_tried_at=NOW - timedelta(minutes=2), attempts=1, **overrides)


async def test_who_stops_notices_after_an_unanswered_try_may_have_got_it(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    message = await doubtful()
    writer = EchoWriter({message.id: Suppress(reason=Reason.MUTED)})

    await make_sender(wechat, clock, writer=writer).send_due()

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)


async def test_the_daily_cap_does_not_undo_an_unanswered_try(wechat: FakeWeChat, clock: FixedClock) -> None:
    await make_sent(count=DAILY_CAP, recipient_id=1, openid="o-one")
    message = await doubtful(recipient_id=1, openid="o-one", expires_at=NOW + timedelta(hours=3))

    await make_sender(wechat, clock).send_due()

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)


@pytest.mark.parametrize("errcode", [43004, 40003, 43116, 12345678])
async def test_a_refusal_after_an_unanswered_try_does_not_say_that_nothing_arrived(
    wechat: FakeWeChat, clock: FixedClock, errcode: int
) -> None:
    message = await make_message()
    wechat.failures[str(message.openid)] += [
        WeChatUnanswered("TimeoutError"),
        WeChatRefused(errcode=errcode, errmsg="no rid: 1-2"),
    ]
    sender = make_sender(wechat, clock)

    await sender.send_due()
    clock.advance(timedelta(seconds=20))
    await sender.send_due()

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)
    assert message.errcode == errcode


async def test_a_receipt_is_not_given_to_another_message_while_the_right_one_waits_to_be_repeated() -> None:
    never_arrived = await make_message(
        openid="o-one", state=MessageState.UNKNOWN, first_tried_at=NOW - timedelta(minutes=2)
    )
    await make_message(openid="o-one", first_tried_at=NOW)

    known = await operations.take_receipt(
        msgid="55",
        delivered=True,
        status="success",
        openid="o-one",
        template_id=None,
        happened_at=NOW,
        now=NOW,
    )

    assert not known
    await never_arrived.refresh_from_db()
    assert never_arrived.state is MessageState.UNKNOWN
