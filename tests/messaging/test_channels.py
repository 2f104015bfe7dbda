"""Each channel has its carrier; without one its messages wait."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.enums import Channel, MessageState, Reason
from app.messaging.models import CallTask, Message
from app.messaging.notices import Prepared
from app.messaging.rules import after_silence
from app.messaging.rules.channels import MASS_WINDOW, MOST_CLIENT_ID_BYTES, mass_client_id, may_repeat
from app.messaging.sending.channels import carriers
from app.sms.codes import Reaction, reaction_to
from app.sms.gateway import SmsNotReached, SmsRefused, SmsUnanswered
from app.wechat.gateway import WeChatUnanswered
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.sms import FakeSms
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import (
    EchoWriter,
    Stops,
    make_call,
    make_message,
    make_sender,
    make_subscribe_message,
)

PHONE = "13800138000"
NEVER_TWICE = (
    Channel.MINI_SUBSCRIBE,
    Channel.OFFICIAL_SUBSCRIBE,
    Channel.CUSTOMER_SERVICE,
    Channel.SMS,
)
moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3)).map(NOW.__add__)


def refused(code: str) -> SmsRefused:
    rule = reaction_to(code)
    return SmsRefused(
        code=code,
        sentence=rule.sentence,
        reaction=rule.reaction,
        wait_seconds=rule.wait_seconds,
        retries=rule.retries,
    )


@given(first=moments, later=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)))
def test_only_what_carries_a_key_is_repeated_and_only_while_the_key_is_kept(
    first: datetime, later: timedelta
) -> None:
    now = first + later

    assert not any(may_repeat(channel, first_tried_at=first, now=now) for channel in NEVER_TWICE)
    assert may_repeat(Channel.MASS_SEND, first_tried_at=first, now=now) == (later < MASS_WINDOW)
    assert may_repeat(Channel.CALL_TASK, first_tried_at=first, now=now)


@pytest.mark.parametrize("channel", NEVER_TWICE)
def test_silence_is_unknown_where_nothing_protects_from_a_double(channel: Channel) -> None:
    fate = after_silence(channel, first_tried_at=None, attempts=1, now=NOW, jitter=0.5)

    assert (fate.state, fate.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_the_name_of_a_mass_message_is_short_enough_and_its_own(batch_id: int) -> None:
    token = "0123456789abcdef" * 2
    assert len(mass_client_id(batch_id, token).encode()) <= MOST_CLIENT_ID_BYTES
    assert mass_client_id(batch_id, token) != mass_client_id(batch_id + 1, token)
    # After a restore a number comes a second time, and WeChat still keeps the first one for a day.
    assert mass_client_id(batch_id, token) != mass_client_id(batch_id, token[::-1])


def test_every_channel_of_single_messages_has_a_carrier_and_short_messages_only_when_switched_on() -> None:
    without, whole = carriers(wechat=FakeWeChat()), carriers(wechat=FakeWeChat(), sms=FakeSms())

    assert set(whole) == set(Channel) - {Channel.MASS_SEND}
    assert set(whole) - set(without) == {Channel.SMS}


async def short_message(**overrides: Any) -> Message:
    defaults: dict[str, Any] = {"channel": Channel.SMS, "openid": None, "template_id": "sms-1"}
    return await make_message(**defaults | overrides)


def writer(*messages: Message, phone: str | None = PHONE) -> EchoWriter:
    return EchoWriter(
        {one.id: Prepared(fields={"title": f"护理补贴年审{one.id}"}, phone=phone) for one in messages}
    )


@pytest.mark.usefixtures("db")
class TestCarrying:
    async def test_a_subscription_notice_takes_a_credit_and_leaves_through_the_service_account(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        told = await make_subscribe_message(channel=Channel.OFFICIAL_SUBSCRIBE)
        untold = await make_subscribe_message(channel=Channel.OFFICIAL_SUBSCRIBE, credits_left=0)

        await make_sender(wechat, clock).send_due()

        (sent,) = wechat.official_subscribes
        assert (sent.openid, sent.template_id) == (told.openid, told.template_id)
        await told.refresh_from_db()
        await untold.refresh_from_db()
        assert (told.state, told.wechat_msgid, told.charged) == (MessageState.SENT, None, True)
        assert (untold.state, untold.reason) == (MessageState.SUPPRESSED, Reason.NO_CREDIT)

    async def test_short_messages_wait_while_they_are_switched_off(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        message = await short_message()

        assert await make_sender(wechat, clock, writer=writer(message)).send_due() == 0

        await message.refresh_from_db()
        assert message.state is MessageState.QUEUED

    async def test_a_short_message_goes_to_the_number_of_this_try_and_carries_our_own(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        one, two = await short_message(), await short_message()
        sms = FakeSms()

        await make_sender(wechat, clock, writer=writer(one, two), sms=sms).send_due()

        assert sorted(sms.sent) == [
            (PHONE, "sms-1", [f"护理补贴年审{message.id}"], f"lx{message.id}") for message in (one, two)
        ]
        await one.refresh_from_db()
        assert (one.state, one.wechat_msgid) == (MessageState.SENT, None)

    async def test_without_a_number_nothing_is_asked_of_the_provider(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        message = await short_message()
        sms = FakeSms()

        await make_sender(wechat, clock, writer=writer(message, phone=None), sms=sms).send_due()

        await message.refresh_from_db()
        assert (message.state, message.reason) == (MessageState.FAILED, Reason.REFUSED_BY_SMS)
        assert sms.sent == []

    @pytest.mark.parametrize(
        ("failure", "state", "reason", "attempts"),
        [
            (SmsUnanswered("cut"), MessageState.UNKNOWN, Reason.UNANSWERED, 1),
            (SmsNotReached("no name"), MessageState.QUEUED, None, 0),
            (
                refused("FailedOperation.PhoneNumberInBlacklist"),
                MessageState.FAILED,
                Reason.REFUSED_BY_SMS,
                1,
            ),
            (refused("ResourceUnavailable"), MessageState.QUEUED, None, 1),
            (refused("LimitExceeded.DailyLimit"), MessageState.QUEUED, Reason.QUOTA_USED_UP, 1),
        ],
        ids=["silence", "not reached", "refused", "busy", "used up"],
    )
    async def test_what_the_provider_says_means_the_same_as_from_wechat(
        self,
        wechat: FakeWeChat,
        clock: FixedClock,
        failure: Exception,
        state: MessageState,
        reason: Reason | None,
        attempts: int,
    ) -> None:
        message = await short_message()

        sms = FakeSms(failures=[failure])
        await make_sender(wechat, clock, writer=writer(message), sms=sms).send_due()

        await message.refresh_from_db()
        assert (message.state, message.reason, message.attempts) == (state, reason, attempts)
        assert message.errcode is None

    @pytest.mark.parametrize("limit", ["OneHour", "Daily"])
    async def test_a_number_that_got_too_many_short_messages_holds_up_nobody_else(
        self, wechat: FakeWeChat, clock: FixedClock, limit: str
    ) -> None:
        first, other = await short_message(), await short_message(next_at=NOW + timedelta(minutes=1))
        sms = FakeSms(failures=[refused(f"LimitExceeded.PhoneNumber{limit}Limit")])
        # One worker, which would remember a road that was closed.
        worker = make_sender(wechat, clock, writer=writer(first, other), sms=sms)

        await worker.send_due()
        clock.advance(timedelta(minutes=1))
        await worker.send_due()

        await first.refresh_from_db()
        assert first.state is MessageState.QUEUED
        assert first.next_at > NOW + timedelta(minutes=45)
        await other.refresh_from_db()
        assert other.state is MessageState.SENT

    async def test_a_template_that_the_provider_does_not_take_stops_the_campaign(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        message = await short_message(campaign_id=7)
        no = refused("FailedOperation.TemplateUnapprovedOrNotExist")
        assert no.reaction is Reaction.STOP_CAMPAIGN
        stops = Stops()

        sms = FakeSms(failures=[no])
        await make_sender(wechat, clock, writer=writer(message), sms=sms, stops=stops).send_due()

        assert "模板" in stops.campaigns[7]
        await message.refresh_from_db()
        assert message.state is MessageState.QUEUED

    async def test_five_unknown_words_of_the_provider_in_a_row_stop_the_campaign(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        messages = [await short_message(campaign_id=7) for _ in range(5)]
        stops = Stops()

        sms = FakeSms(failures=[refused("Something.New") for _ in messages])
        await make_sender(wechat, clock, writer=writer(*messages), sms=sms, stops=stops).send_due()

        assert list(stops.campaigns) == [7]

    async def test_a_call_leaves_by_standing_in_a_list_and_asks_nobody(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        messages = [await make_call(number) for number in range(1, 41)]

        await make_sender(wechat, clock).send_due()

        assert await Message.filter(state=MessageState.SENT).count() == len(messages)
        assert await CallTask.all().count() == len(messages)
        assert (wechat.template_messages, wechat.texts, wechat.mass_calls) == ([], [], [])

    async def test_a_lost_answer_to_a_subscription_notice_keeps_its_credit_and_is_not_repeated(
        self, wechat: FakeWeChat, clock: FixedClock
    ) -> None:
        message = await make_subscribe_message(channel=Channel.OFFICIAL_SUBSCRIBE, credits_left=2)
        wechat.failures[message.openid or ""].append(WeChatUnanswered("cut"))

        await make_sender(wechat, clock).send_due()
        clock.advance(timedelta(minutes=5))
        await make_sender(wechat, clock).send_due()

        await message.refresh_from_db()
        assert message.state is MessageState.UNKNOWN
        assert wechat.official_subscribes == []
