"""Receipts whose message we cannot name, because the answer to its try was lost."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts.enums import WeChatApp
from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Reason, RecipientKind
from app.messaging.models import Message
from tests.accounts.factories import make_identity
from tests.conftest import NOW
from tests.messaging.factories import SUBSCRIBE_TEMPLATE, make_message, make_subscribe_message

pytestmark = pytest.mark.usefixtures("db")


async def receipt(
    *, delivered: bool = True, template_id: str | None = SUBSCRIBE_TEMPLATE, happened_at: datetime = NOW
) -> bool:
    """Take one receipt for the person c-1, applied an hour after it happened."""
    return await operations.take_receipt(
        msgid="55",
        delivered=delivered,
        status=None if delivered else "failed:userblock",
        openid="c-1",
        template_id=template_id,
        happened_at=happened_at,
        now=happened_at + timedelta(hours=1),
    )


async def lost(**overrides: Any) -> Message:
    defaults: dict[str, Any] = {"state": MessageState.UNKNOWN, "first_tried_at": NOW, "openid": "c-1"}
    return await make_subscribe_message(credits_left=None, **defaults | overrides)


async def test_it_settles_the_one_that_fits_however_late_it_is_applied() -> None:
    message, other = await lost(), await lost(openid="c-2")

    assert await receipt()

    await message.refresh_from_db()
    await other.refresh_from_db()
    assert (message.state, message.wechat_msgid, message.sent_at) == (MessageState.DELIVERED, "55", NOW)
    assert other.state is MessageState.UNKNOWN


async def test_a_failure_is_written_down_as_one() -> None:
    message = await lost()

    assert await receipt(delivered=False)

    await message.refresh_from_db()
    assert (message.state, message.reason) == (MessageState.FAILED, Reason.BLOCKED_BY_USER)


async def test_told_three_times_it_changes_nothing_more() -> None:
    message = await lost()

    assert [await receipt(), await receipt(), await receipt(delivered=False)] == [True, True, True]

    await message.refresh_from_db()
    assert message.state is MessageState.DELIVERED


@pytest.mark.parametrize(
    "second",
    [MessageState.UNKNOWN, MessageState.SENDING, MessageState.HELD],
    ids=["unknown", "on_its_way", "in_review"],
)
async def test_one_that_could_be_about_two_settles_neither(second: MessageState) -> None:
    first, other = await lost(), await lost(state=second)

    assert not await receipt()

    await first.refresh_from_db()
    await other.refresh_from_db()
    assert (first.state, other.state) == (MessageState.UNKNOWN, second)


@pytest.mark.parametrize(
    "overrides",
    [
        {"first_tried_at": NOW - timedelta(minutes=11)},
        {"first_tried_at": NOW + timedelta(minutes=11)},
        {"template_id": "another"},
        {"wechat_msgid": "54"},
        {"state": MessageState.SENDING},
        {"state": MessageState.EXPIRED},
    ],
    ids=["long before", "long after", "other template", "has a name", "on its way", "never sent"],
)
async def test_one_that_does_not_fit_is_left_alone(overrides: dict[str, Any]) -> None:
    message = await lost(**overrides)

    assert not await receipt()

    before = message.state
    await message.refresh_from_db()
    assert (message.state, message.wechat_msgid) == (before, overrides.get("wechat_msgid"))


async def test_what_wechat_reviewed_first_may_be_told_hours_later() -> None:
    message = await lost(state=MessageState.HELD)

    assert await receipt(happened_at=NOW + timedelta(hours=5))

    await message.refresh_from_db()
    assert message.state is MessageState.DELIVERED


async def test_an_event_without_its_template_goes_by_person_and_time() -> None:
    message = await make_message(state=MessageState.UNKNOWN, first_tried_at=NOW, openid="c-1")

    assert await receipt(template_id=None)

    await message.refresh_from_db()
    assert message.state is MessageState.DELIVERED


async def nameless(guardian_id: int = 7, **overrides: Any) -> Message:
    """Make a 订阅通知 of the service account that WeChat took without naming it."""
    defaults: dict[str, Any] = {
        "channel": Channel.OFFICIAL_SUBSCRIBE,
        "state": MessageState.SENT,
        "first_tried_at": NOW,
        "sent_at": NOW,
        "openid": "c-1",
        "recipient_kind": RecipientKind.GUARDIAN,
        "recipient_id": guardian_id,
    }
    return await make_subscribe_message(credits_left=None, **defaults | overrides)


async def test_a_subscription_notice_learns_its_name_from_the_event() -> None:
    await make_identity(app=WeChatApp.OFFICIAL, openid="c-1", guardian_id=7)
    message, other = await nameless(), await nameless(template_id="another")

    assert await receipt()

    await message.refresh_from_db()
    await other.refresh_from_db()
    assert (message.state, message.wechat_msgid) == (MessageState.DELIVERED, "55")
    assert (other.state, other.wechat_msgid) == (MessageState.SENT, None)


async def test_of_two_nameless_notices_at_one_time_none_is_named() -> None:
    await make_identity(app=WeChatApp.OFFICIAL, openid="c-1", guardian_id=7)
    await nameless()
    await nameless(state=MessageState.UNKNOWN)

    assert not await receipt()

    assert await Message.filter(wechat_msgid=None).count() == 2


@pytest.mark.parametrize("channel", [Channel.MASS_SEND, Channel.CUSTOMER_SERVICE])
async def test_an_event_is_never_about_a_message_of_which_no_event_tells(channel: Channel) -> None:
    """Another system may send by the same service account."""
    message = await make_message(
        channel=channel, state=MessageState.UNKNOWN, first_tried_at=NOW, openid="c-1", template_id=""
    )

    assert not await receipt(template_id=None)

    await message.refresh_from_db()
    assert (message.state, message.wechat_msgid) == (MessageState.UNKNOWN, None)


async def test_the_number_of_a_mass_message_settles_none_of_its_people() -> None:
    message = await make_message(channel=Channel.MASS_SEND, state=MessageState.SENT, wechat_msgid="55")

    assert not await receipt(template_id=None)
    assert (
        await operations.apply_receipts(
            receipts=[operations.Receipt(msgid="55", delivered=True, status=None)], now=NOW
        )
        == set()
    )

    await message.refresh_from_db()
    assert message.state is MessageState.SENT
