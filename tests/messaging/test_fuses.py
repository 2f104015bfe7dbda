"""Nobody gets too much, and nobody gets the same words twice within a week."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import china_moment, chinese_day
from app.messaging import operations
from app.messaging.enums import Channel, MessageState, Purpose, Reason
from app.messaging.models import Message, PersonLedger
from app.messaging.notices import Decision, DueMessage, Prepared
from app.messaging.rules import DAILY_CAP
from app.messaging.rules.fuses import (
    KEPT_DAYS,
    MASS_A_MONTH,
    MOST_ENTRIES,
    Entry,
    digest_of,
    entries_of,
    still_kept,
    suspicions,
)
from app.wechat.gateway import WeChatRefused, WeChatUnanswered
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.messaging.factories import EchoWriter, due, make_message, make_sender, make_sent

TODAY = date(2026, 5, 17).toordinal()
DIGEST = "0123456789abcdef"
db = pytest.mark.usefixtures("db")


@dataclass
class SameWords(EchoWriter):
    """Writes the same text for everybody, with the day on which it is sent."""

    words: str = "两项补贴年审开始办理"

    async def prepare(self, messages: Sequence[DueMessage], *, now: datetime) -> Mapping[int, Decision]:
        text = Prepared(fields={"thing2": self.words, "date3": chinese_day(now.astimezone(UTC).date())})
        return {message.id: text for message in messages}


entries = st.builds(
    Entry,
    st.integers(min_value=TODAY - 40, max_value=TODAY),
    st.integers(min_value=1, max_value=2**62),
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.booleans(),
)


@given(st.lists(entries, max_size=30))
def test_what_is_written_in_a_ledger_is_read_back(written: list[Entry]) -> None:
    assert entries_of("".join(entry.text for entry in written)) == written


@given(st.lists(entries, max_size=60))
def test_a_ledger_stays_small_and_remembers_what_may_still_speak_against_a_message(
    written: list[Entry],
) -> None:
    kept = still_kept(written, today=TODAY)

    assert len(kept) <= MOST_ENTRIES
    assert len("".join(entry.text for entry in kept)) < 4000 - 50 * MOST_ENTRIES
    assert all(entry.day > TODAY - KEPT_DAYS for entry in kept)


def reasons(
    *others: Entry,
    channel: Channel = Channel.OFFICIAL_TEMPLATE,
    urgent: bool = False,
    in_campaign: bool = True,
) -> list[Reason]:
    own = Entry(TODAY, 1, DIGEST, channel is Channel.MASS_SEND)
    found = suspicions(own, [own, *others], channel=channel, urgent=urgent, in_campaign=in_campaign)
    return [one.reason for one in found]


@pytest.mark.parametrize(("days", "found"), [(0, [Reason.SAME_TEXT]), (6, [Reason.SAME_TEXT]), (7, [])])
def test_the_same_words_are_suspicious_for_seven_days(days: int, found: list[Reason]) -> None:
    assert reasons(Entry(TODAY - days, 2, DIGEST, False)) == found


def test_a_messages_own_entry_never_speaks_against_it() -> None:
    assert reasons(Entry(TODAY - 1, 1, DIGEST, False)) == []


def test_the_cap_counts_the_day_and_lets_the_urgent_pass() -> None:
    today = [Entry(TODAY, number, f"{number:016x}", False) for number in range(2, 2 + DAILY_CAP)]

    assert reasons(*today) == [Reason.DAILY_CAP]
    assert reasons(*today[1:], Entry(TODAY - 1, 9, f"{9:016x}", False)) == []
    assert reasons(*today, urgent=True) == []


def test_an_answer_to_a_person_is_never_held_back() -> None:
    today = [Entry(TODAY, number, DIGEST, False) for number in range(2, 9)]

    assert reasons(*today, channel=Channel.CUSTOMER_SERVICE, in_campaign=False) == []
    # A notice to many that leaves through his window is no answer.
    assert reasons(*today, channel=Channel.CUSTOMER_SERVICE) == [Reason.SAME_TEXT, Reason.DAILY_CAP]


def test_four_mass_messages_a_month_are_all_that_wechat_delivers() -> None:
    mass = [Entry(TODAY - 2 * number, number + 2, f"{number:016x}", True) for number in range(MASS_A_MONTH)]
    before = Entry(date(2026, 4, 30).toordinal(), 9, f"{9:016x}", True)

    assert reasons(*mass, channel=Channel.MASS_SEND) == [Reason.MONTH_QUOTA]
    assert reasons(*mass[1:], before, channel=Channel.MASS_SEND) == []
    assert reasons(*mass) == []


def test_the_day_of_sending_is_no_part_of_the_words() -> None:
    def of(day: date, title: str = "年审", template_id: str = "t") -> str:
        fields = {"thing2": title, "date3": chinese_day(day)}
        return digest_of(
            purpose=Purpose.POLICY_NOTICE, template_id=template_id, fields=fields, text="", today=day
        )

    assert of(date(2026, 5, 17)) == of(date(2026, 5, 18))
    assert of(date(2026, 5, 17)) != of(date(2026, 5, 17), title="补贴")
    assert of(date(2026, 5, 17)) != of(date(2026, 5, 17), template_id="u")


@db
async def test_the_same_words_of_another_campaign_are_not_sent_and_the_clerk_sees_why(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await make_message(recipient_id=1, openid="o-one", campaign_id=1)
    sender = make_sender(wechat, clock, writer=SameWords())
    await sender.send_due()
    clock.advance(timedelta(days=1))
    repeat = await make_message(recipient_id=1, openid="o-one", campaign_id=2)
    await make_message(recipient_id=2, openid="o-two", campaign_id=2)

    await sender.send_due()

    assert [message.openid for message in wechat.template_messages] == ["o-one", "o-two"]
    await repeat.refresh_from_db()
    assert (repeat.state, repeat.reason) == (MessageState.SUPPRESSED, Reason.SAME_TEXT)
    assert repeat.counted_on is None


@db
async def test_after_a_week_the_same_words_may_come_again(wechat: FakeWeChat, clock: FixedClock) -> None:
    await make_message(recipient_id=1, openid="o-one")
    sender = make_sender(wechat, clock, writer=SameWords())
    await sender.send_due()
    clock.advance(timedelta(days=7))
    await make_message(recipient_id=1, openid="o-one", expires_at=NOW + timedelta(days=30))

    await sender.send_due()

    assert len(wechat.template_messages) == 2


@db
async def test_words_that_were_refused_may_come_by_another_campaign(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await make_message(recipient_id=1, openid="o-one")
    wechat.failures["o-one"].append(WeChatRefused(errcode=43004, errmsg="require subscribe"))
    sender = make_sender(wechat, clock, writer=SameWords())
    await sender.send_due()
    await make_message(recipient_id=1, openid="o-one")

    await sender.send_due()

    assert [message.openid for message in wechat.template_messages] == ["o-one"]


@db
async def test_words_that_may_have_arrived_are_not_said_again(wechat: FakeWeChat, clock: FixedClock) -> None:
    first = await make_message(recipient_id=1, openid="o-one", channel=Channel.CUSTOMER_SERVICE)
    await operations.pass_fuses(messages={first.id: (due(first), DIGEST)}, now=NOW)
    await Message.filter(id=first.id).update(state=MessageState.UNKNOWN)
    second = await make_message(recipient_id=1, openid="o-one")

    fused = await operations.pass_fuses(messages={second.id: (due(second), DIGEST)}, now=NOW)

    assert fused.refused == {second.id: Reason.SAME_TEXT}


@db
async def test_a_message_that_is_tried_again_does_not_stand_in_its_own_way(
    wechat: FakeWeChat, clock: FixedClock
) -> None:
    await make_message(recipient_id=1, openid="o-one")
    wechat.failures["o-one"] += [WeChatUnanswered("TimeoutError"), WeChatRefused(errcode=-1, errmsg="busy")]
    sender = make_sender(wechat, clock, writer=SameWords())

    for _ in range(3):
        await sender.send_due()
        clock.advance(timedelta(seconds=30))

    assert await Message.filter(state=MessageState.SENT).count() == 1


@db
async def test_while_the_same_words_are_on_their_way_the_second_waits_for_how_that_ends() -> None:
    first = await make_message(recipient_id=1, state=MessageState.SENDING)
    second = await make_message(recipient_id=1, state=MessageState.SENDING)
    await operations.pass_fuses(messages={first.id: (due(first), DIGEST)}, now=NOW)

    fused = await operations.pass_fuses(messages={second.id: (due(second), DIGEST)}, now=NOW)

    assert (fused.later, fused.refused) == ({second.id}, {})
    assert (await PersonLedger.get(person="guardian:1")).entries == Entry(TODAY, first.id, DIGEST, False).text


@db
async def test_of_the_same_words_twice_in_one_chunk_one_leaves() -> None:
    pair = [await make_message(recipient_id=1, state=MessageState.SENDING) for _ in range(2)]

    fused = await operations.pass_fuses(
        messages={message.id: (due(message), DIGEST) for message in pair}, now=NOW
    )

    assert len(fused.later) == 1


@db
async def test_two_workers_at_once_do_not_pass_the_cap_together() -> None:
    await make_sent(count=DAILY_CAP - 1, recipient_id=1, openid="o-one")
    rivals = [await make_message(recipient_id=1, state=MessageState.SENDING) for _ in range(4)]

    fused = await asyncio.gather(
        *[operations.pass_fuses(messages={one.id: (due(one), f"{one.id:016x}")}, now=NOW) for one in rivals]
    )

    assert sum(not one.refused for one in fused) == 1
    assert {reason for one in fused for reason in one.refused.values()} == {Reason.DAILY_CAP}


@db
async def test_two_workers_at_once_do_not_say_the_same_words_to_somebody_new() -> None:
    rivals = [await make_message(recipient_id=7, state=MessageState.SENDING) for _ in range(4)]

    fused = await asyncio.gather(
        *[operations.pass_fuses(messages={one.id: (due(one), DIGEST)}, now=NOW) for one in rivals]
    )

    assert sum(one.later == set() for one in fused) == 1


@db
async def test_the_urgent_pass_the_cap_and_count_for_it() -> None:
    await make_sent(count=DAILY_CAP, recipient_id=1, openid="o-one")
    urgent = await make_message(recipient_id=1, urgent=True, state=MessageState.SENDING)

    fused = await operations.pass_fuses(messages={urgent.id: (due(urgent), DIGEST)}, now=NOW)

    assert fused.refused == {}
    assert len(entries_of((await PersonLedger.get(person="guardian:1")).entries)) == DAILY_CAP + 1


@db
async def test_at_midnight_in_the_province_the_cap_is_open_again() -> None:
    await make_sent(count=DAILY_CAP, recipient_id=1, openid="o-one")
    message = await make_message(recipient_id=1, state=MessageState.SENDING)
    asked = {message.id: (due(message), DIGEST)}

    before = await operations.pass_fuses(messages=asked, now=china_moment(date(2026, 5, 17), 23, 59))
    after = await operations.pass_fuses(messages=asked, now=china_moment(date(2026, 5, 18)))

    assert (before.refused, after.refused) == ({message.id: Reason.DAILY_CAP}, {})


@db
async def test_a_person_who_gets_many_messages_keeps_a_row_of_bounded_length() -> None:
    for number in range(3 * MOST_ENTRIES):
        message = await make_message(recipient_id=1, urgent=True, state=MessageState.SENT)
        await operations.pass_fuses(messages={message.id: (due(message), f"{number:016x}")}, now=NOW)

    assert len(entries_of((await PersonLedger.get(person="guardian:1")).entries)) <= MOST_ENTRIES + 1


@db
async def test_people_to_whom_nothing_was_sent_for_a_month_are_forgotten() -> None:
    for number in range(4):
        await PersonLedger.create(
            person=f"cadre:{number}", entries="", newest_on=date(2026, 5, 17) - timedelta(days=20 * number)
        )

    position = await operations.forget_people(now=NOW, position="")

    assert [row.person for row in await PersonLedger.all().order_by("person")] == [
        "cadre:0",
        "cadre:1",
    ]
    assert await operations.forget_people(now=NOW, position=position) == ""
