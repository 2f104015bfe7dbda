"""What lanes take their messages from, and how much one intent covers."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from app.messaging.rules import MICRO_BATCH
from app.messaging.sending.line import Line
from app.messaging.sending.roads import most_begun, most_in_doubt


async def take_all(line: Line[int], taken: list[int]) -> None:
    while (item := await line.take()) is not None:
        taken.append(item)
        await asyncio.sleep(0)


async def test_many_takers_take_every_item_once_and_end_when_nothing_more_comes() -> None:
    line: Line[int] = Line()
    taken: list[int] = []
    async with asyncio.TaskGroup() as takers:
        for _ in range(7):
            takers.create_task(take_all(line, taken))
        for start in range(0, 300, 30):
            line.extend(range(start, start + 30))
            await asyncio.sleep(0)
        line.close()

    assert sorted(taken) == list(range(300))


async def test_a_taker_that_was_cancelled_takes_nothing_from_the_others() -> None:
    line: Line[int] = Line()
    gone, waiting = (asyncio.create_task(line.take()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    line.extend([1])

    assert await waiting == 1


@given(st.integers(min_value=1, max_value=1000))
def test_one_intent_never_covers_more_than_may_be_in_doubt_beside_what_is_in_flight(in_flight: int) -> None:
    assert MICRO_BATCH <= most_begun(in_flight) <= most_in_doubt(in_flight) - in_flight
