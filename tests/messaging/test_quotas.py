"""What WeChat allows us is counted before anything leaves, and given back when nothing left."""

import asyncio
import secrets
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core import sql
from app.core.clock import china_moment
from app.core.models import InvariantFinding
from app.core.settings import SendSettings
from app.messaging import operations, queries
from app.messaging.enums import Channel, Invariant, MessageState, Reason
from app.messaging.models import Message, Quota
from app.messaging.notices import DueMessage, Suppress
from app.messaging.operations import Outcome, Pace
from app.messaging.rules import again
from app.messaging.rules.quotas import Allowances
from app.wechat.gateway import WeChatRefused, WeChatUnanswered
from tests.accounts.factories import LIXIA, SHANDONG
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import (
    OFFICIAL_TEMPLATE,
    EchoWriter,
    make_message,
    make_messages,
    make_sender,
    make_subscribe_message,
)
from tests.messaging.test_leasing import begin, let_leases_pass

TODAY = date(2026, 5, 17)
TOMORROW_MORNING = china_moment(date(2026, 5, 18), 8)
db = pytest.mark.usefixtures("db")


def allowing(**quotas: int) -> Pace:
    return Pace.of(SendSettings(quotas=quotas))


async def claim(
    limit: int = 100, *, pace: Pace | None = None, now: datetime = NOW, **chosen: Any
) -> list[DueMessage]:
    asked: dict[str, Any] = {"channels": list(Channel), "urgent_only": False, "lease_seconds": 60}
    return await operations.claim(
        limit=limit, token=secrets.token_hex(16), now=now, pace=pace, **asked | chosen
    )


async def used(channel: Channel = Channel.OFFICIAL_TEMPLATE, subject: str = "", day: date = TODAY) -> int:
    return (await Quota.get(channel=channel, subject=subject, period=day.isoformat())).used


async def set_allowed(allowed: int) -> None:
    await Quota.filter(subject="").update(allowed=allowed)


@db
async def test_what_is_claimed_is_counted_for_the_account_and_for_its_template() -> None:
    await make_messages(3)
    await make_message(template_id="another")
    await make_subscribe_message()

    await claim()

    assert await used() == 4
    assert await used(subject=OFFICIAL_TEMPLATE) == 3
    assert await used(subject="another") == 1
    assert await used(Channel.MINI_SUBSCRIBE) == 1
    assert await Message.filter(counted_on=TODAY).count() == 5


@db
async def test_a_quota_that_ends_within_a_chunk_lets_the_first_leave_and_the_others_wait() -> None:
    await make_messages(7)
    await make_messages(2, expires_at=NOW + timedelta(hours=3))
    other = await make_subscribe_message()
    pace = allowing(official_template=4)

    found = await claim(pace=pace)

    assert sum(message.channel is Channel.OFFICIAL_TEMPLATE for message in found) == 4
    assert other.id in {message.id for message in found}
    waiting = await Message.filter(state=MessageState.QUEUED)
    assert {message.reason for message in waiting} == {Reason.QUOTA_USED_UP}
    assert {message.next_at for message in waiting} == {TOMORROW_MORNING}
    assert await used() == 4
    # They end by their own end, not by the quota.
    assert len(waiting) == 5


@db
async def test_the_next_day_they_leave_and_the_reason_is_gone() -> None:
    await make_messages(5)
    pace = allowing(official_template=3)
    await claim(pace=pace)

    found = await claim(pace=pace, now=TOMORROW_MORNING)

    assert len(found) == 2
    assert await Message.filter(reason=Reason.QUOTA_USED_UP).count() == 0
    assert await used(day=date(2026, 5, 18)) == 2


@db
async def test_a_quota_is_full_again_at_midnight_in_the_province() -> None:
    late = china_moment(TODAY, 23, 59)
    await make_messages(4, urgent=True)

    await claim(2, now=late)
    await claim(2, now=late + timedelta(minutes=1))

    assert await used() == 2
    assert await used(day=date(2026, 5, 18)) == 2


@db
async def test_messages_behind_those_that_wait_for_their_quota_come_up_in_the_same_claim() -> None:
    await make_messages(30, next_at=NOW - timedelta(hours=1))
    behind = await make_subscribe_message()

    found = await claim(5, pace=allowing(official_template=0))

    assert [message.id for message in found] == [behind.id]
    assert await Message.filter(next_at=TOMORROW_MORNING).count() == 30


@db
async def test_one_template_that_is_used_up_does_not_hold_up_another() -> None:
    await make_messages(3)
    await make_messages(3, template_id="another", org_code=LIXIA)

    found = await claim(pace=allowing(**{f"official_template:{OFFICIAL_TEMPLATE}": 1}))

    assert sorted(message.template_id for message in found) == ["another"] * 3 + [OFFICIAL_TEMPLATE]


@db
async def test_the_urgent_and_answers_to_people_leave_though_nothing_is_left() -> None:
    urgent = await make_message(urgent=True)
    answer = await make_message(channel=Channel.CUSTOMER_SERVICE)
    await make_message()
    await make_message(channel=Channel.CUSTOMER_SERVICE, campaign_id=1)

    found = await claim(pace=allowing(official_template=0, customer_service=0))

    assert {message.id for message in found} == {urgent.id, answer.id}
    assert [message.counted_on for message in found] == [None, None]
    assert await used() == 0


@db
async def test_without_a_ledger_the_urgent_leave_and_everybody_else_waits() -> None:
    urgent = await make_message(urgent=True)
    bulk = await make_message()
    await sql.execute("ALTER TABLE quota RENAME TO quota_away")
    try:
        found = await claim()
    finally:
        await sql.execute("ALTER TABLE quota_away RENAME TO quota")

    assert [message.id for message in found] == [urgent.id]
    await bulk.refresh_from_db()
    assert bulk.state is MessageState.QUEUED


@db
async def test_two_workers_at_once_do_not_use_more_than_there_is() -> None:
    await make_messages(60)
    await make_messages(60, org_code=SHANDONG)
    pace = allowing(official_template=50)

    async def worker() -> int:
        mine = 0
        own = Pace(allowances=pace.allowances)
        while found := await claim(9, pace=own):
            mine += len(found)
        return mine

    claimed = await asyncio.gather(*[worker() for _ in range(4)])

    assert sum(claimed) == 50 == await used()
    assert await Message.filter(state=MessageState.QUEUED, next_at=TOMORROW_MORNING).count() == 70


@db
async def test_a_setting_that_changed_is_followed_but_never_below_what_is_used() -> None:
    await make_messages(10)
    await claim(4, pace=allowing(official_template=100))

    assert len(await claim(10, pace=allowing(official_template=2))) == 0
    assert (await Quota.get(channel=Channel.OFFICIAL_TEMPLATE, subject="")).allowed == 4


@db
async def test_given_back_messages_give_back_what_they_held() -> None:
    await make_messages(5)
    found = await claim()

    await operations.give_back(messages=found[:2], next_at=NOW)
    await operations.set_aside(messages={Reason.MUTED: found[2:4]}, now=NOW)

    assert await used() == 1
    assert await Message.filter(counted_on=TODAY).count() == 1


@db
async def test_nothing_is_given_back_twice() -> None:
    await make_messages(3)
    found = await claim()
    await operations.give_back(messages=found[:1], next_at=NOW)

    assert await operations.give_back(messages=found[:1], next_at=NOW) == 0

    assert await used() == 2


@db
async def test_what_yesterday_held_is_given_back_to_yesterday() -> None:
    late = china_moment(TODAY, 23, 59)
    await make_messages(2, urgent=True)
    found = await claim(1, now=late)
    await claim(1, now=late + timedelta(minutes=1))

    await operations.give_back(messages=found, next_at=late)

    assert await used() == 0
    assert await used(day=date(2026, 5, 18)) == 1


@db
async def test_a_worker_that_died_after_its_claim_gives_back_all_that_it_held() -> None:
    await make_messages(4)
    await claim(3)
    await let_leases_pass()

    assert await operations.recover_leases(now=NOW) == 3

    assert await used() == 0
    assert await used(subject=OFFICIAL_TEMPLATE) == 0


@db
async def test_what_was_being_sent_in_a_crash_may_have_left_and_stays_counted() -> None:
    await make_subscribe_message()
    await begin(await claim())
    await let_leases_pass()

    await operations.recover_leases(now=NOW)

    assert await used(Channel.MINI_SUBSCRIBE) == 1


@db
async def test_without_a_credit_nothing_is_sent_and_nothing_is_counted() -> None:
    await make_subscribe_message(credits_left=0)

    await begin(await claim())

    assert await used(Channel.MINI_SUBSCRIBE) == 0


@db
async def test_a_refusal_gives_back_and_a_lost_answer_does_not(wechat: FakeWeChat, clock: FixedClock) -> None:
    refused, silent = await make_message(), await make_message()
    await make_message()
    wechat.failures[str(refused.openid)].append(WeChatRefused(errcode=43004, errmsg="no"))
    wechat.failures[str(silent.openid)].append(WeChatUnanswered("TimeoutError"))

    await make_sender(wechat, clock).send_due()

    assert await used() == 2


@db
async def test_what_was_postponed_by_the_writer_is_not_counted(wechat: FakeWeChat, clock: FixedClock) -> None:
    muted = await make_message()

    await make_sender(wechat, clock, writer=EchoWriter({muted.id: Suppress(reason=Reason.MUTED)})).send_due()

    assert await used() == 0


@db
async def test_when_wechat_says_that_the_day_is_used_up_it_is_whatever_we_counted(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    first = await make_message(next_at=NOW - timedelta(hours=1))
    wechat.failures[str(first.openid)].append(
        WeChatRefused(errcode=45009, errmsg="reach max api daily quota")
    )
    await make_sender(wechat, clock).send_due()
    await make_messages(3)

    # Another worker, whose road is open.
    assert await claim() == []

    quota = await Quota.get(channel=Channel.OFFICIAL_TEMPLATE, subject="")
    assert (quota.closed, quota.used) == (True, quota.allowed)
    await first.refresh_from_db()
    assert (first.state, first.reason) == (MessageState.QUEUED, Reason.QUOTA_USED_UP)
    assert await Message.filter(state=MessageState.QUEUED, next_at=TOMORROW_MORNING).count() == 4


@db
async def test_what_is_closed_is_not_opened_by_what_is_given_back_later() -> None:
    await make_messages(2)
    one, two = await claim()
    await begin([one])
    await operations.close_quota(channel=Channel.OFFICIAL_TEMPLATE, now=NOW)

    await operations.settle(outcomes=[Outcome(message=one, fate=again(NOW))], now=NOW)
    await operations.give_back(messages=[two], next_at=NOW)

    assert await claim() == []


@db
async def test_calls_that_carry_many_messages_are_counted_as_calls() -> None:
    taken = [
        await operations.take_calls(
            channel=Channel.MASS_SEND, allowances=Allowances({"mass_send": 2}), now=NOW
        )
        for _ in range(3)
    ]
    await operations.uncount_call(channel=Channel.MASS_SEND, counted_on=TODAY)

    assert taken == [True, True, False]
    assert await used(Channel.MASS_SEND) == 1


async def findings() -> int:
    return await InvariantFinding.filter(name=Invariant.QUOTAS.value, resolved_at=None).count()


@db
async def test_a_ledger_that_agrees_with_the_messages_is_well() -> None:
    await make_messages(3)
    await make_subscribe_message()
    found = await claim()
    await begin([found[0]])

    assert await operations.check_quotas(now=NOW) == 0
    assert await findings() == 0


@db
@pytest.mark.parametrize("wrong", [{"used": 2}, {"allowed": 1}])
async def test_a_number_that_cannot_be_right_is_found_and_well_again_once_it_is_mended(
    wrong: dict[str, int],
) -> None:
    await make_messages(3)
    await claim()
    await Quota.filter(subject="").update(**wrong)

    assert await operations.check_quotas(now=NOW) == 1
    await Quota.filter(subject="").update(used=3, allowed=9)
    assert await operations.check_quotas(now=NOW) == 0
    assert await findings() == 0


@db
async def test_numbers_of_days_long_past_are_forgotten() -> None:
    for period in ("2026-01", "2026-02-01", "2026-05", "2026-05-17"):
        await Quota.create(period=period, channel=Channel.SMS, subject="", allowed=1)

    assert await operations.forget_quotas(now=NOW) == 2

    assert [quota.period for quota in await Quota.all().order_by("period")] == ["2026-05", "2026-05-17"]


@db
async def test_the_numbers_are_shown_to_prometheus() -> None:
    await make_messages(2)
    await claim()

    shown = {
        (one.name, one.labels["template"]): one.value
        for one in await queries.readings(NOW)
        if one.name.startswith("lianxin_quota")
    }

    assert shown["lianxin_quota_used", ""] == 2
    assert shown["lianxin_quota_allowed", OFFICIAL_TEMPLATE] == 100_000
