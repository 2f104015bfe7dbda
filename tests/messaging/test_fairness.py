"""Federations whose messages wait together take turns."""

import asyncio
import secrets
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.settings import SendSettings
from app.messaging import operations, queries
from app.messaging.enums import Channel
from app.messaging.models import Message
from app.messaging.operations import Pace
from app.messaging.rules.fairness import Turns, share_out
from tests.accounts.factories import LIXIA, SHANDONG, SHIZHONG
from tests.conftest import NOW
from tests.messaging.factories import make_message, make_messages

weights = st.dictionaries(
    st.sampled_from("abcdefgh"), st.floats(min_value=0.1, max_value=10), min_size=1, max_size=8
)
amounts = st.lists(st.integers(min_value=1, max_value=300), min_size=1, max_size=30)


@given(weights=weights, amounts=amounts, at_most=st.integers(min_value=1, max_value=10))
def test_every_portion_is_given_out_to_the_last_message(
    weights: dict[str, float], amounts: list[int], at_most: int
) -> None:
    owed: dict[str, float] = {}
    for amount in amounts:
        shares, owed = share_out(
            amount, waiting=list(weights), owed=owed, weight=weights.__getitem__, at_most=at_most
        )
        assert sum(shares.values()) == amount
        assert all(share >= 0 for share in shares.values())
        assert len(shares) <= at_most


@given(weights=weights, amounts=amounts)
def test_over_time_everybody_has_his_weighted_share_to_within_two_messages(
    weights: dict[str, float], amounts: list[int]
) -> None:
    owed: dict[str, float] = {}
    got: Counter[str] = Counter()
    for amount in amounts:
        shares, owed = share_out(
            amount, waiting=list(weights), owed=owed, weight=weights.__getitem__, at_most=8
        )
        got.update(shares)
        for queue, weight in weights.items():
            assert abs(got[queue] - got.total() * weight / sum(weights.values())) < 2


@given(count=st.integers(min_value=1, max_value=12), amounts=amounts)
def test_with_equal_weights_nobody_is_more_than_one_message_ahead_or_behind(
    count: int, amounts: list[int]
) -> None:
    queues = [str(number) for number in range(count)]
    owed: dict[str, float] = {}
    got: Counter[str] = Counter()
    for amount in amounts:
        shares, owed = share_out(amount, waiting=queues, owed=owed, weight=lambda _: 1.0, at_most=count)
        got.update(shares)
        assert all(abs(got[queue] - got.total() / count) <= 1 for queue in queues)


@given(
    count=st.integers(min_value=2, max_value=60),
    at_most=st.integers(min_value=1, max_value=8),
    amount=st.integers(min_value=8, max_value=200),
)
def test_when_not_all_can_be_served_at_once_nobody_is_a_portion_ahead_or_behind(
    count: int, at_most: int, amount: int
) -> None:
    queues = [f"{number:02d}" for number in range(count)]
    owed: dict[str, float] = {}
    got: Counter[str] = Counter()
    for _ in range(100):
        shares, owed = share_out(amount, waiting=queues, owed=owed, weight=lambda _: 1.0, at_most=at_most)
        got.update(shares)
        assert all(abs(got[queue] - got.total() / count) <= amount for queue in queues)


def test_a_share_that_was_not_needed_is_not_saved_up() -> None:
    turns = Turns(owed={"a": 0.4, "b": -0.4}, waiting=("a", "b"))

    turns.emptied("a")
    turns.told({"a": [Channel.SMS], "b": [Channel.SMS]}, now=NOW)

    assert turns.next_shares(10, among=["a", "b"], at_most=2) == {"a": 5, "b": 5}


async def claim(limit: int, pace: Pace) -> Counter[str]:
    """Claim so many and return how many for which federation."""
    token = secrets.token_hex(16)
    await operations.claim(
        limit=limit,
        token=token,
        now=NOW,
        lease_seconds=60,
        channels=list(Channel),
        urgent_only=False,
        pace=pace,
    )
    return Counter([message.org_code for message in await Message.filter(lease_token=token)])


@pytest.mark.usefixtures("db")
async def test_a_countys_few_messages_do_not_wait_behind_all_of_the_provinces() -> None:
    await make_messages(200, org_code=SHANDONG, next_at=NOW - timedelta(hours=3))
    await make_messages(30, org_code=LIXIA)
    pace = Pace()

    found = [await claim(20, pace) for _ in range(3)]

    assert found == [{SHANDONG: 10, LIXIA: 10}] * 3


@pytest.mark.usefixtures("db")
async def test_what_one_does_not_need_the_others_get_in_the_same_claim() -> None:
    await make_messages(50, org_code=SHANDONG)
    await make_messages(3, org_code=LIXIA)
    await make_messages(4, org_code=SHIZHONG)
    pace = Pace()

    assert await claim(40, pace) == {SHANDONG: 33, LIXIA: 3, SHIZHONG: 4}
    assert await claim(40, pace) == {SHANDONG: 17}
    assert await claim(40, pace) == {}


@pytest.mark.usefixtures("db")
async def test_a_weight_gives_more_of_every_portion() -> None:
    await make_messages(60, org_code=SHANDONG)
    await make_messages(60, org_code=LIXIA)
    pace = Pace.of(SendSettings(county_weights={SHANDONG: 3}))

    assert await claim(40, pace) == {SHANDONG: 30, LIXIA: 10}


@pytest.mark.usefixtures("db")
async def test_more_federations_than_one_portion_serves_all_come_up_soon() -> None:
    codes = [f"3701{number:02d}" for number in range(30)]
    for code in codes:
        await make_messages(10, org_code=code)
    pace = Pace()

    found = [await claim(20, pace) for _ in range(8)]

    assert [sum(one.values()) for one in found] == [20] * 8
    assert set().union(*found) == set(codes)


@pytest.mark.usefixtures("db")
async def test_one_message_of_each_of_many_federations_fills_a_portion() -> None:
    for number in range(60):
        await make_message(org_code=f"37{number:04d}")

    assert (await claim(50, Pace())).total() == 50


@pytest.mark.usefixtures("db")
async def test_a_federation_that_begins_to_wait_is_served_within_a_second() -> None:
    await make_messages(60, org_code=SHANDONG)
    pace = Pace()
    await claim(10, pace)
    await make_messages(5, org_code=LIXIA)

    pace.bulk.asked_at = NOW - timedelta(seconds=1)

    assert (await claim(10, pace))[LIXIA] == 5


@pytest.mark.usefixtures("db")
async def test_urgent_messages_of_one_federation_come_before_the_share_of_another() -> None:
    await make_messages(20, org_code=SHANDONG)
    await make_messages(6, org_code=LIXIA, urgent=True)

    assert await claim(10, Pace()) == {LIXIA: 6, SHANDONG: 4}


@pytest.mark.usefixtures("db")
async def test_within_one_federation_the_longest_waiting_leave_first() -> None:
    late = await make_message(org_code=LIXIA, next_at=NOW - timedelta(minutes=1))
    early = await make_message(org_code=LIXIA, next_at=NOW - timedelta(minutes=9))
    await make_message(org_code=SHANDONG)

    await claim(2, Pace())

    await early.refresh_from_db()
    await late.refresh_from_db()
    assert (early.lease_token is not None, late.lease_token) == (True, None)


@pytest.mark.usefixtures("db")
async def test_several_workers_serve_all_federations_and_nobody_twice() -> None:
    for code in (SHANDONG, LIXIA, SHIZHONG):
        await make_messages(40, org_code=code)

    async def worker() -> int:
        pace, mine = Pace(), 0
        while found := (await claim(7, pace)).total():
            mine += found
        return mine

    assert sum(await asyncio.gather(*[worker() for _ in range(4)])) == 120


@pytest.mark.usefixtures("db")
async def test_who_waits_is_told_by_lane_with_the_moment_of_the_first() -> None:
    await make_message(org_code=LIXIA, next_at=NOW + timedelta(hours=1))
    await make_message(org_code=LIXIA, next_at=NOW + timedelta(hours=2))
    await make_message(org_code=SHANDONG)
    await make_message(org_code=SHIZHONG, urgent=True)

    await make_message(org_code=SHANDONG, channel=Channel.MASS_SEND, next_at=NOW - timedelta(hours=1))

    template = Channel.OFFICIAL_TEMPLATE
    assert await queries.waiting_since(urgent=False) == {
        (LIXIA, template): NOW + timedelta(hours=1),
        (SHANDONG, Channel.MASS_SEND): NOW - timedelta(hours=1),
        (SHANDONG, template): NOW,
    }
    assert await queries.waiting_since(urgent=True) == {(SHIZHONG, template): NOW}


@pytest.mark.usefixtures("db")
async def test_of_one_federation_the_longest_waiting_leave_first_whichever_way_they_go() -> None:
    ways = [Channel.OFFICIAL_TEMPLATE, Channel.SMS, Channel.MASS_SEND]
    for minutes in range(12):
        await make_message(
            org_code=LIXIA, channel=ways[minutes % 3], next_at=NOW - timedelta(minutes=60 - minutes)
        )
    pace = Pace()

    async def claimed() -> list[int]:
        found = await operations.claim(
            limit=3,
            token=secrets.token_hex(16),
            now=NOW,
            lease_seconds=60,
            channels=ways[:2],
            urgent_only=False,
            pace=pace,
        )
        rows = await Message.filter(id__in=[message.id for message in found])
        return sorted(60 - int((NOW - row.next_at).total_seconds() // 60) for row in rows)

    assert [await claimed() for _ in range(4)] == [[0, 1, 3], [4, 6, 7], [9, 10], []]


@pytest.mark.usefixtures("db")
async def test_what_waited_too_long_is_let_go_for_every_federation() -> None:
    for code in (SHANDONG, LIXIA):
        await make_message(org_code=code, expires_at=NOW)
        await make_message(org_code=code, expires_at=NOW, urgent=True)

    assert await operations.expire_overdue(now=NOW) == 4
