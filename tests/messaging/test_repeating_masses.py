"""Before a mass message is repeated, hours may have passed: its people and its campaign are asked again."""

from datetime import timedelta

import pytest

from app.messaging.enums import BatchState, MessageState, Reason
from app.messaging.models import MassBatch
from app.messaging.notices import Postpone, Suppress
from app.messaging.operations import masses
from app.messaging.rules import SENT, refused_for_now
from app.wechat.gateway import WeChatRefused, WeChatUnanswered
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import EchoWriter
from tests.messaging.test_masses import greeted, let_the_lease_of_batches_pass, sender, states

pytestmark = pytest.mark.usefixtures("db")


async def test_who_does_not_want_it_any_more_is_left_out_of_a_repeat(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    muted, *others = await greeted(3)
    # The first try never arrived.
    wechat.mass_failures.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()
    clock.advance(timedelta(minutes=3))
    writer = EchoWriter({muted.id: Suppress(reason=Reason.MUTED)})

    assert await sender(wechat, clock, writer=writer).send_due() == 2

    ((openids, text),) = wechat.masses.values()
    assert (openids, text) == ([one.openid for one in others], "中秋节快乐")
    assert len(set(wechat.mass_calls)) == 1
    batch = await MassBatch.get()
    assert (batch.state, batch.people) == (BatchState.SENT, 2)
    await muted.refresh_from_db()
    # The first try may have reached him.
    assert (muted.state, muted.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)


async def test_who_was_certainly_not_reached_before_a_repeat_has_the_reason(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    muted, *_ = await greeted(3)
    wechat.mass_failures.append(WeChatRefused(errcode=45066, errmsg="too soon rid: 1"))
    await sender(wechat, clock).send_due()
    clock.advance(timedelta(minutes=3))
    writer = EchoWriter({muted.id: Suppress(reason=Reason.MUTED)})

    assert await sender(wechat, clock, writer=writer).send_due() == 2

    await muted.refresh_from_db()
    assert (muted.state, muted.reason) == (MessageState.SUPPRESSED, Reason.MUTED)
    assert muted.first_tried_at is None


async def test_a_greeting_that_comes_too_late_is_not_repeated(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(2, expires_at=NOW + timedelta(minutes=2))
    wechat.mass_failures.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()
    clock.advance(timedelta(minutes=3))

    assert await sender(wechat, clock).send_due() == 0

    assert wechat.masses == {}
    assert (await MassBatch.get()).state is BatchState.UNKNOWN
    assert await states() == [MessageState.UNKNOWN] * 2


async def test_nothing_is_repeated_while_its_campaign_is_paused(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    messages = await greeted(2)
    wechat.mass_failures.append(WeChatUnanswered("cut"))
    await sender(wechat, clock).send_due()
    clock.advance(timedelta(minutes=3))
    paused = EchoWriter({one.id: Postpone(seconds=300) for one in messages})

    assert await sender(wechat, clock, writer=paused).send_due() == 0
    assert len(wechat.mass_calls) == 1
    clock.advance(timedelta(minutes=6))
    assert await sender(wechat, clock).send_due() == 2

    assert await states() == [MessageState.SENT] * 2


async def test_of_a_cancelled_campaign_nothing_is_repeated(wechat: FakeWeChat, clock: FixedClock) -> None:
    messages = await greeted(2)
    wechat.mass_failures.append(WeChatRefused(errcode=45066, errmsg="too soon rid: 1"))
    one_a_day = {"mass_send": 1}
    await sender(wechat, clock, quotas=one_a_day).send_due()
    clock.advance(timedelta(minutes=3))
    stopped = EchoWriter({one.id: Suppress(reason=Reason.CAMPAIGN_CANCELLED) for one in messages})

    assert await sender(wechat, clock, quotas=one_a_day, writer=stopped).send_due() == 0

    assert len(wechat.mass_calls) == 1
    assert await states() == [MessageState.CANCELLED] * 2
    assert (await MassBatch.get()).state is BatchState.DISSOLVED
    # Its call is not counted.
    await greeted(2, next_at=clock.now())
    assert await sender(wechat, clock, quotas=one_a_day).send_due() == 2


async def test_a_try_that_was_overtaken_takes_nothing_back(wechat: FakeWeChat, clock: FixedClock) -> None:
    await greeted(2)
    claimed = await masses.claim_mass(campaign_id=1, token="slow", now=NOW, lease_seconds=60)
    slow = await masses.begin_mass(messages=claimed, text="中秋节快乐", now=NOW, lease_seconds=60)
    assert slow is not None
    await let_the_lease_of_batches_pass()
    quick = await masses.take_batch(now=NOW, lease_seconds=60)
    assert quick is not None

    # The worker that slept hears a refusal while the call of the other one is on its way.
    await masses.settle_batch(batch=slow, fate=refused_for_now(NOW), now=NOW, errcode=45009)
    await masses.postpone_batch(batch=slow, next_at=NOW, errcode=None, nothing_sent=True)
    assert await masses.take_batch(now=NOW, lease_seconds=60) is None
    assert await masses.settle_batch(batch=quick, fate=SENT, now=NOW, errcode=0, msgid="1") == 2

    assert await states() == [MessageState.SENT] * 2
