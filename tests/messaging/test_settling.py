"""Outcomes of tries, credits that come back, and what WeChat tells afterwards."""

import secrets
from datetime import timedelta

import pytest

from app.accounts.enums import WeChatApp
from app.messaging import operations, queries
from app.messaging.enums import Channel, MessageState, Reason, SubscriptionAnswer
from app.messaging.models import Message, SubscriptionCredit
from app.messaging.notices import DueMessage
from app.messaging.operations import Outcome
from app.messaging.rules import SENT, Fate, again, refused_for_now
from tests.accounts.factories import make_identity
from tests.conftest import NOW
from tests.messaging.factories import (
    SUBSCRIBE_TEMPLATE,
    credits_of,
    make_message,
    make_subscribe_message,
)
from tests.messaging.test_leasing import let_leases_pass

pytestmark = pytest.mark.usefixtures("db")

FAILED = Fate(state=MessageState.FAILED, reason=Reason.REFUSED_BY_WECHAT, nothing_sent=True)
SPENT = Fate(state=MessageState.FAILED, reason=Reason.NO_CREDIT, credit_spent=True)
UNKNOWN = Fate(state=MessageState.UNKNOWN, reason=Reason.UNANSWERED)


async def on_their_way() -> dict[int, DueMessage]:
    """Claim and begin everything that is due."""
    claimed = await operations.claim(
        limit=100,
        token=secrets.token_hex(16),
        now=NOW,
        lease_seconds=60,
        channels=list(Channel),
        urgent_only=False,
    )
    begun: list[DueMessage] = []
    for channel in Channel:
        mine = [message for message in claimed if message.channel is channel]
        begun += await operations.begin(messages=mine, now=NOW, lease_seconds=60)
    return {message.id: message for message in begun}


async def settle(*outcomes: Outcome) -> int:
    return await operations.settle(outcomes=outcomes, now=NOW)


async def test_many_outcomes_are_written_at_once_each_on_its_own_row() -> None:
    rows = [await make_message() for _ in range(6)]
    begun = await on_their_way()
    due_again = again(NOW + timedelta(minutes=3))
    fates = [SENT, SENT, FAILED, due_again, due_again, UNKNOWN]

    written = await settle(
        *[
            Outcome(
                message=begun[row.id], fate=fate, errcode=None if fate is UNKNOWN else 0, msgid=f"w{row.id}"
            )
            for row, fate in zip(rows, fates, strict=True)
        ]
    )

    assert written == 6
    for row, fate in zip(rows, fates, strict=True):
        await row.refresh_from_db()
        assert (row.state, row.reason) == (fate.state, fate.reason)
        assert row.wechat_msgid == (f"w{row.id}" if fate is SENT else None)
        assert row.sent_at == (NOW if fate is SENT else None)
        assert (row.settled_at is None) == (fate is due_again)
    assert rows[3].next_at == NOW + timedelta(minutes=3)


async def test_settling_twice_changes_nothing_and_gives_no_credit_twice() -> None:
    message = await make_subscribe_message(credits_left=3)
    begun = await on_their_way()
    outcome = Outcome(message=begun[message.id], fate=FAILED, errcode=50002)

    assert (await settle(outcome), await settle(outcome)) == (1, 0)

    assert await credits_of(message) == 3


@pytest.mark.parametrize(
    ("fate", "left"),
    [(FAILED, 2), (again(NOW), 2), (SPENT, 0), (UNKNOWN, 1), (SENT, 1), (Fate(state=MessageState.HELD), 1)],
    ids=["refused", "later", "spent", "unknown", "sent", "held"],
)
async def test_a_credit_comes_back_only_when_nothing_was_sent_for_certain(fate: Fate, left: int) -> None:
    message = await make_subscribe_message(credits_left=2)
    begun = await on_their_way()

    await settle(Outcome(message=begun[message.id], fate=fate, errcode=1))

    assert await credits_of(message) == left


async def test_a_try_that_certainly_failed_does_not_count_against_the_retry_window() -> None:
    fresh = await make_message()
    tried = await make_message(first_tried_at=NOW - timedelta(minutes=2))
    begun = await on_their_way()

    await settle(*[Outcome(message=one, fate=again(NOW), errcode=-1) for one in begun.values()])

    await fresh.refresh_from_db()
    await tried.refresh_from_db()
    assert fresh.first_tried_at is None
    assert tried.first_tried_at == NOW - timedelta(minutes=2)


async def test_what_never_left_us_is_no_attempt() -> None:
    refused, not_reached = await make_message(), await make_message()
    begun = await on_their_way()

    await settle(
        Outcome(message=begun[refused.id], fate=refused_for_now(NOW), errcode=-1),
        Outcome(message=begun[not_reached.id], fate=again(NOW)),
    )

    await refused.refresh_from_db()
    await not_reached.refresh_from_db()
    assert (refused.attempts, not_reached.attempts) == (1, 0)


async def test_an_answer_that_comes_after_the_lease_still_settles_an_unknown() -> None:
    message = await make_subscribe_message()
    begun = await on_their_way()
    await let_leases_pass()
    await operations.recover_leases(now=NOW)

    assert await settle(Outcome(message=begun[message.id], fate=SENT, errcode=0, msgid="77")) == 1

    await message.refresh_from_db()
    assert (message.state, message.wechat_msgid) == (MessageState.SENT, "77")
    assert message.reason is None


async def test_a_late_answer_does_not_touch_a_message_that_somebody_else_sends_now() -> None:
    message = await make_message()
    begun = await on_their_way()
    await let_leases_pass()
    await operations.recover_leases(now=NOW)
    again_begun = await on_their_way()

    assert await settle(Outcome(message=begun[message.id], fate=FAILED, errcode=50002)) == 0
    assert await settle(Outcome(message=again_begun[message.id], fate=SENT, errcode=0, msgid="1")) == 1


async def test_who_does_not_follow_is_remembered() -> None:
    identity = await make_identity(app=WeChatApp.OFFICIAL, openid="o-gone", follows=True)
    message = await make_message(openid="o-gone")
    begun = await on_their_way()

    await settle(Outcome(message=begun[message.id], fate=FAILED, errcode=43004, unfollowed=True))

    await identity.refresh_from_db()
    assert not identity.follows


async def sent_message(**overrides: object) -> Message:
    return await make_message(
        state=MessageState.SENT, wechat_msgid="900719925474099345", sent_at=NOW, **overrides
    )


@pytest.mark.parametrize(
    ("delivered", "status", "state", "reason"),
    [
        (True, "success", MessageState.DELIVERED, None),
        (False, "failed:userblock", MessageState.FAILED, Reason.BLOCKED_BY_USER),
        (False, "failed:systemfailed", MessageState.FAILED, Reason.REFUSED_BY_WECHAT),
        (False, None, MessageState.FAILED, Reason.REFUSED_BY_WECHAT),
    ],
)
async def test_a_receipt_tells_how_a_message_ended(
    delivered: bool, status: str | None, state: MessageState, reason: Reason | None
) -> None:
    message = await sent_message()

    known = await operations.apply_receipt(
        msgid="900719925474099345", delivered=delivered, status=status, now=NOW
    )

    await message.refresh_from_db()
    assert known
    assert (message.state, message.reason) == (state, reason)


async def test_a_second_receipt_does_not_turn_the_end_around() -> None:
    message = await sent_message()
    await operations.apply_receipt(msgid="900719925474099345", delivered=True, status=None, now=NOW)

    assert await operations.apply_receipt(msgid="900719925474099345", delivered=False, status=None, now=NOW)

    await message.refresh_from_db()
    assert message.state is MessageState.DELIVERED


async def test_a_receipt_for_a_message_we_do_not_know_is_not_known() -> None:
    await sent_message()

    assert not await operations.apply_receipt(msgid="1", delivered=True, status=None, now=NOW)


async def test_accepts_add_up_a_reject_leaves_them_and_a_ban_ends_them() -> None:
    async def answer(said: SubscriptionAnswer) -> int:
        await operations.grant_credits(openid="c-1", answers={SUBSCRIBE_TEMPLATE: said}, now=NOW)
        left = await queries.credits_left(openid="c-1", template_ids=[SUBSCRIBE_TEMPLATE])
        return left[SUBSCRIBE_TEMPLATE]

    assert await answer(SubscriptionAnswer.ACCEPT) == 1
    assert await answer(SubscriptionAnswer.ACCEPT) == 2
    assert await answer(SubscriptionAnswer.REJECT) == 2
    assert await answer(SubscriptionAnswer.FILTER) == 2
    assert await answer(SubscriptionAnswer.BAN) == 0
    credit = await SubscriptionCredit.get()
    assert (credit.granted, credit.last_answer) == (2, "ban")


async def test_an_answer_that_wechat_does_not_give_is_refused() -> None:
    with pytest.raises(ValueError, match="maybe"):
        await operations.grant_credits(openid="c-1", answers={"t": "maybe"}, now=NOW)
