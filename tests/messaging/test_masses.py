"""Mass messages: many rows, one call, repeated as it was."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import china_moment
from app.messaging import operations
from app.messaging.enums import BatchState, Channel, MessageState, Reason, RecipientKind
from app.messaging.models import MassBatch, Message
from app.messaging.notices import Postpone, Prepared, Suppress
from app.messaging.operations import masses
from app.messaging.rules.channels import MASS_WINDOW, mass_client_id
from app.messaging.sending.masses import MassSender
from app.wechat.gateway import WeChatNotReached, WeChatRefused, WeChatUnanswered
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import EchoWriter, Stops, make_mass_message, make_mass_sender, make_sender

pytestmark = pytest.mark.usefixtures("db")

GREETING = Prepared(text="中秋节快乐")


async def greeted(count: int, **overrides: Any) -> list[Message]:
    return [await make_mass_message(**overrides) for _ in range(count)]


def sender(wechat: FakeWeChat, clock: FixedClock, **more: Any) -> MassSender:
    return make_mass_sender(wechat, clock, **more)


async def states() -> list[MessageState]:
    return [message.state for message in await Message.all().order_by("id")]


async def let_the_lease_of_batches_pass() -> None:
    """A worker died long ago."""
    await MassBatch.all().update(lease_until_ms=1)


async def test_what_is_due_of_one_campaign_leaves_with_one_call(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    messages = await greeted(3)

    assert await sender(wechat, clock).send_due() == 3

    batch = await MassBatch.get()
    assert wechat.masses == {
        mass_client_id(batch.id, batch.token): ([one.openid for one in messages], "中秋节快乐")
    }
    assert (batch.state, batch.people, batch.tries) == (BatchState.SENT, 3, 1)
    assert await states() == [MessageState.SENT] * 3
    first = await Message.get(id=messages[0].id)
    assert (first.wechat_msgid, first.sent_at, first.attempts) == (batch.wechat_msgid, NOW, 1)
    assert await sender(wechat, clock).send_due() == 0


async def test_the_sender_of_single_messages_leaves_mass_messages_alone(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await greeted(2)

    assert await make_sender(wechat, clock).send_due() == 0


async def test_who_must_not_get_it_is_sorted_out_and_the_others_leave(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    muted, paused, *others = await greeted(4)
    writer = EchoWriter(
        {muted.id: Suppress(reason=Reason.MUTED), paused.id: Postpone(seconds=300)}
        | {one.id: GREETING for one in others}
    )

    await sender(wechat, clock, writer=writer).send_due()

    ((openids, _),) = wechat.masses.values()
    assert openids == [one.openid for one in others]
    assert await states() == [
        MessageState.SUPPRESSED,
        MessageState.QUEUED,
        MessageState.SENT,
        MessageState.SENT,
    ]


async def test_one_alone_waits_for_company_and_is_told_so_shortly_before_its_end(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    (alone,) = await greeted(1, expires_at=NOW + timedelta(hours=3))

    assert await sender(wechat, clock).send_due() == 0
    await alone.refresh_from_db()
    assert (alone.state, alone.next_at) == (MessageState.QUEUED, NOW + timedelta(minutes=10))

    clock.advance(timedelta(hours=2, minutes=35))
    assert await sender(wechat, clock).send_due() == 0

    await alone.refresh_from_db()
    assert (alone.state, alone.reason) == (MessageState.SUPPRESSED, Reason.TOO_FEW)
    assert wechat.mass_calls == []


async def test_a_colleague_who_tries_it_out_alone_holds_nobody_up(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    (alone,) = await greeted(1, recipient_kind=RecipientKind.CADRE)

    assert await sender(wechat, clock).send_due() == 0

    await alone.refresh_from_db()
    assert (alone.state, alone.reason) == (MessageState.SUPPRESSED, Reason.TOO_FEW)


async def test_one_alone_leaves_with_those_who_come_later(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(1)
    await sender(wechat, clock).send_due()
    clock.advance(timedelta(minutes=11))
    await greeted(1, next_at=clock.now())

    assert await sender(wechat, clock).send_due() == 2


async def test_a_lost_answer_repeats_the_same_people_under_the_same_id(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await greeted(3)
    wechat.lost_mass_answers.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()
    assert await states() == [MessageState.SENDING] * 3
    # Whoever is due meanwhile does not slip into the batch that WeChat may know already.
    await greeted(2)

    clock.advance(timedelta(minutes=3))
    await sender(wechat, clock).send_due()

    first, second = wechat.mass_calls
    assert first == second
    assert len(wechat.masses) == 1
    assert (await MassBatch.get()).state is BatchState.SENT
    assert await states() == [MessageState.SENT] * 3 + [MessageState.QUEUED] * 2


async def test_what_wechat_sent_to_nobody_in_the_end_failed(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(2)
    await sender(wechat, clock).send_due()
    msgid = str((await MassBatch.get()).wechat_msgid)

    for _ in range(2):
        assert await masses.take_mass_result(
            msgid=msgid, status="err(20008)", total=2, filtered=2, sent=0, errors=2, now=NOW
        )

    assert await states() == [MessageState.FAILED] * 2
    assert await Message.filter(reason=Reason.REFUSED_BY_WECHAT).count() == 2


async def test_a_batch_whose_worker_died_is_repeated_as_it_was(wechat: FakeWeChat, clock: FixedClock) -> None:
    messages = await greeted(2)
    claimed = await masses.claim_mass(campaign_id=1, token="dead", now=NOW, lease_seconds=60)
    batch = await masses.begin_mass(messages=claimed, text="中秋节快乐", now=NOW, lease_seconds=60)
    assert batch is not None
    await sender(wechat, clock).send_due()
    assert wechat.mass_calls == [], "somebody still holds it"

    await let_the_lease_of_batches_pass()
    assert await operations.recover_leases(now=NOW) == 0
    await sender(wechat, clock).send_due()

    assert wechat.masses == {batch.client_msg_id: ([one.openid for one in messages], "中秋节快乐")}
    assert await states() == [MessageState.SENT] * 2


async def test_two_workers_at_once_send_everybody_once(wechat: FakeWeChat, clock: FixedClock) -> None:
    messages = await greeted(12)

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(sender(wechat, clock).send_due())
    while await sender(wechat, clock).send_due():
        pass

    got = [openid for openids, _ in wechat.masses.values() for openid in openids]
    assert sorted(got) == sorted(str(one.openid) for one in messages)
    assert await Message.filter(state=MessageState.SENT).count() == 12


async def test_a_batch_is_taken_up_by_one_worker_only(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(2)
    wechat.lost_mass_answers.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()
    clock.advance(timedelta(minutes=3))

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(sender(wechat, clock).send_due())

    assert len(wechat.mass_calls) == 2
    assert (await MassBatch.get()).tries == 2


@pytest.mark.parametrize(("people", "first"), [(3, 3), (4, 2), (5, 2)])
async def test_no_portion_leaves_one_alone(people: int, first: int) -> None:
    await greeted(people)

    claimed = await masses.claim_mass(campaign_id=1, token="t", now=NOW, lease_seconds=60, limit=3)

    assert len(claimed) == first


async def test_after_a_day_a_batch_without_an_answer_is_unknown(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await greeted(2)
    wechat.lost_mass_answers.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()

    clock.advance(MASS_WINDOW + timedelta(minutes=1))
    await sender(wechat, clock).send_due()

    assert len(wechat.mass_calls) == 1
    assert (await MassBatch.get()).state is BatchState.UNKNOWN
    message = await Message.first()
    assert message is not None
    assert (message.state, message.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)


async def test_a_batch_of_which_people_are_missing_is_not_repeated(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    first, *_ = await greeted(3)
    wechat.lost_mass_answers.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()
    await Message.filter(id=first.id).update(state=MessageState.FAILED)

    clock.advance(timedelta(minutes=3))
    await sender(wechat, clock).send_due()

    assert len(wechat.mass_calls) == 1
    assert (await MassBatch.get()).state is BatchState.UNKNOWN


async def test_in_the_quiet_hours_nothing_leaves_and_nothing_is_repeated(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    clock.moment = china_moment(NOW.date(), 20, 59)
    await greeted(2, next_at=clock.now())
    wechat.lost_mass_answers.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()
    await greeted(2, next_at=clock.now())

    clock.advance(timedelta(minutes=30))
    assert await sender(wechat, clock).send_due() == 0
    clock.moment = china_moment(NOW.date() + timedelta(days=1), 8, 1)
    assert await sender(wechat, clock).send_due() == 2
    assert await sender(wechat, clock).send_due() == 2

    assert len(wechat.masses) == 2


async def test_what_never_left_waits_for_another_batch(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(2)
    wechat.mass_failures.append(WeChatNotReached("no connection"))

    await sender(wechat, clock).send_due()

    assert (await MassBatch.get()).state is BatchState.DISSOLVED
    message = await Message.first()
    assert message is not None
    assert (message.state, message.attempts) == (MessageState.QUEUED, 0)
    assert await Message.filter(first_tried_at=None).count() == 2
    clock.advance(timedelta(minutes=1))
    assert await sender(wechat, clock).send_due() == 2


@pytest.mark.parametrize("errcode", [45028, 40032, 40003, 99999])
async def test_a_refusal_that_concerns_everybody_stops_the_campaign_and_nobody_is_lost(
    wechat: FakeWeChat, clock: FixedClock, errcode: int
) -> None:
    await greeted(2)
    wechat.mass_failures.append(WeChatRefused(errcode=errcode, errmsg="no rid: 1"))
    stops = Stops()

    await sender(wechat, clock, stops=stops).send_due()

    assert list(stops.campaigns) == [1]
    assert str(errcode) in stops.campaigns[1]
    assert await states() == [MessageState.QUEUED] * 2
    assert (await MassBatch.get()).state is BatchState.DISSOLVED


async def test_more_mass_messages_than_wechat_takes_on_one_day_wait_for_the_next_morning(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await greeted(2)
    await greeted(2, campaign_id=2)
    masses_of_two = sender(wechat, clock, campaign_ids=(1, 2), quotas={"mass_send": 1})

    assert await masses_of_two.send_due() == 2
    assert await masses_of_two.send_due() == 0

    waiting = await Message.filter(state=MessageState.QUEUED)
    tomorrow = china_moment(NOW.date() + timedelta(days=1), 8)
    assert [one.next_at for one in waiting] == [tomorrow, tomorrow]
    clock.moment = tomorrow + timedelta(minutes=1)
    assert await masses_of_two.send_due() == 2


async def test_a_call_that_did_not_take_place_is_not_counted(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(2)
    wechat.mass_failures.append(WeChatNotReached("no connection"))
    one_a_day = sender(wechat, clock, quotas={"mass_send": 1})

    await one_a_day.send_due()
    clock.advance(timedelta(minutes=1))

    assert await one_a_day.send_due() == 2


async def test_too_soon_waits_a_minute_with_the_same_people(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(2)
    wechat.mass_failures.append(WeChatRefused(errcode=45066, errmsg="too soon rid: 1"))
    await sender(wechat, clock).send_due()
    assert await sender(wechat, clock).send_due() == 0

    clock.advance(timedelta(minutes=3))
    await sender(wechat, clock).send_due()

    first, second = wechat.mass_calls
    assert first == second
    assert await states() == [MessageState.SENT] * 2


async def test_the_numbers_that_wechat_tells_at_the_end_stay_with_the_batch_and_nobody_is_named(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await greeted(3)
    await sender(wechat, clock).send_due()
    msgid = str((await MassBatch.get()).wechat_msgid)

    def told(name: str) -> Any:
        return masses.take_mass_result(
            msgid=name, status="send success", total=3, filtered=2, sent=1, errors=1, now=NOW
        )

    assert not await told("123")
    assert await told(msgid)
    assert await told(msgid)

    batch = await MassBatch.get()
    assert (batch.result, batch.reached, batch.not_reached, batch.left_out) == ("send success", 1, 1, 1)
    assert await states() == [MessageState.SENT] * 3
    assert not Channel.MASS_SEND.tells_delivery
