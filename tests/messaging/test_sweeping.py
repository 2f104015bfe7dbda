"""Messages and credits broken on purpose are found, and found well again once they are mended."""

from datetime import timedelta

import pytest

from app.core import sql
from app.core.models import InvariantFinding, SendTally
from app.messaging import operations
from app.messaging.enums import Invariant, MessageState, Reason
from app.messaging.models import SubscriptionCredit
from tests.accounts.factories import LIXIA, SHIZHONG
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import make_message, make_sender, make_subscribe_message
from tests.messaging.test_settling import on_their_way

pytestmark = pytest.mark.usefixtures("db")

LEASE = 60.0
LATER = NOW + timedelta(minutes=1)


async def open_findings(name: Invariant) -> list[InvariantFinding]:
    return await InvariantFinding.filter(name=name.value, resolved_at=None).order_by("subject")


async def move_leases(seconds: float) -> None:
    passed = f"UPDATE message SET lease_until_ms = {sql.db_now_ms()} - %s"  # noqa: S608 - own text
    await sql.execute(passed, (int(seconds * 1000),))


async def test_messages_on_their_way_are_not_stuck() -> None:
    await make_message()
    await on_their_way()

    assert await operations.find_stuck(now=NOW, lease_seconds=LEASE) == 0


async def test_a_lease_that_passed_just_now_is_left_to_the_workers() -> None:
    await make_message()
    await on_their_way()
    await move_leases(LEASE)

    assert await operations.find_stuck(now=NOW, lease_seconds=LEASE) == 0


async def test_messages_that_nobody_takes_up_are_found_by_region_and_well_once_they_are_taken_up() -> None:
    for region in (LIXIA, LIXIA, SHIZHONG):
        await make_message(region_code=region)
    await on_their_way()
    await move_leases(2 * LEASE + 1)

    await operations.find_stuck(now=NOW, lease_seconds=LEASE)
    found = await open_findings(Invariant.STUCK)
    await operations.recover_leases(now=LATER)
    await operations.find_stuck(now=LATER, lease_seconds=LEASE)

    assert [(one.org_code, one.detail) for one in found] == [(LIXIA, "2条"), (SHIZHONG, "1条")]
    assert await open_findings(Invariant.STUCK) == []
    assert await InvariantFinding.filter(resolved_at=LATER).count() == 2


async def test_a_message_on_its_way_without_a_lease_is_stuck() -> None:
    await make_message(state=MessageState.SENDING, lease_until_ms=None)

    assert await operations.find_stuck(now=NOW, lease_seconds=LEASE) == 1


async def test_a_finding_that_comes_back_is_one_row_with_a_new_beginning() -> None:
    message = await make_message(state=MessageState.SENDING, lease_until_ms=1)
    await operations.find_stuck(now=NOW, lease_seconds=LEASE)
    await operations.find_stuck(now=LATER, lease_seconds=LEASE)
    first = (await open_findings(Invariant.STUCK))[0]
    await message.update_from_dict({"state": MessageState.QUEUED}).save()
    await operations.find_stuck(now=LATER, lease_seconds=LEASE)
    await message.update_from_dict({"state": MessageState.SENDING}).save()

    await operations.find_stuck(now=LATER + timedelta(hours=1), lease_seconds=LEASE)

    assert (first.first_seen, first.last_seen) == (NOW, LATER)
    again = await InvariantFinding.get()
    assert again.first_seen == LATER + timedelta(hours=1)
    assert await open_findings(Invariant.STUCK) == [again]


async def test_credits_that_add_up_are_left_alone() -> None:
    for left in (0, 1, 5):
        await make_subscribe_message(credits_left=left)
    await on_their_way()

    assert await operations.check_credits(now=NOW, position="") != ""

    assert await open_findings(Invariant.CREDITS) == []


@pytest.mark.parametrize(
    ("broken", "detail"),
    [
        ("UPDATE subscription_credit SET remaining = -1", "授权过1次，剩余-1次，消息占用0次"),
        ("UPDATE subscription_credit SET remaining = 2", "授权过1次，剩余2次，消息占用0次"),
        ("UPDATE message SET state = 'unknown', charged = 1", "授权过1次，剩余1次，消息占用1次"),
    ],
    ids=["below zero", "more than granted", "held and left"],
)
async def test_credits_that_do_not_add_up_are_found_and_well_once_they_do(broken: str, detail: str) -> None:
    await make_subscribe_message(credits_left=1)
    credit = await SubscriptionCredit.get()
    await sql.execute(broken)

    position = await operations.check_credits(now=NOW, position="")
    (found,) = await open_findings(Invariant.CREDITS)
    await sql.execute("UPDATE subscription_credit SET remaining = 0")
    await operations.check_credits(now=LATER, position="")

    assert (found.subject, found.detail) == (f"credit:{credit.id}", detail)
    assert await open_findings(Invariant.CREDITS) == []
    assert await operations.check_credits(now=NOW, position=position) == ""


async def test_messages_put_off_beyond_their_last_moment_end() -> None:
    waits = await make_message(campaign_id=1, next_at=NOW + timedelta(days=9), expires_at=NOW)
    tried = await make_message(campaign_id=1, expires_at=NOW, first_tried_at=NOW)
    lives = await make_message(campaign_id=1)
    other = await make_message(campaign_id=2, expires_at=NOW)

    ended = await operations.end_overdue(campaign_id=1, now=NOW)

    for message in (waits, tried, lives, other):
        await message.refresh_from_db()
    assert ended == 2
    assert (waits.state, waits.reason) == (MessageState.EXPIRED, Reason.TOO_LATE)
    assert (tried.state, tried.reason) == (MessageState.UNKNOWN, Reason.UNANSWERED)
    assert lives.state is other.state is MessageState.QUEUED


async def test_a_sender_tells_once_what_its_tries_came_to(wechat: FakeWeChat, clock: FixedClock) -> None:
    for _ in range(3):
        await make_message()
    sender = make_sender(wechat, clock)

    await sender.send_due()

    assert sender.take_tally() == {MessageState.SENT: 3}
    assert sender.take_tally() == {}


async def test_tries_of_a_minute_add_up_and_old_minutes_go() -> None:
    await operations.note_tally(outcomes={MessageState.SENT: 3, MessageState.FAILED: 1}, now=NOW)
    await operations.note_tally(outcomes={MessageState.SENT: 4}, now=NOW + timedelta(seconds=30))
    await operations.note_tally(outcomes={}, now=LATER)

    counts = {row.outcome: row.amount for row in await SendTally.all()}
    gone = await operations.forget_tally(now=NOW + timedelta(hours=4))

    assert counts == {"sent": 7, "failed": 1}
    assert gone == 2
