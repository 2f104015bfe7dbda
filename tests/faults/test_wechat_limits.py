"""Quotas, rates and tokens of an account: it rests, nobody's message fails for it, and it goes on."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.core.clock import china_moment
from app.core.settings import Settings
from app.messaging.enums import MessageState
from app.messaging.models import Message
from tests.conftest import NOW
from tests.faults.driver import sized
from tests.faults.storms import SUBSCRIBE_PATH, TEMPLATE_PATH, TOKEN_PATH, Storm, storm_over
from tests.journeys.town import open_town

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

PEOPLE = sized(120, 1000)
MOST_CALLS_AFTER_THE_END = 20
TOMORROW = NOW.date() + timedelta(days=1)


@pytest.fixture
async def storm(db: None, settings: Settings) -> AsyncIterator[Storm]:
    send = settings.send.model_copy(update={"concurrency": 20})
    async with open_town(settings.model_copy(update={"send": send}), now=NOW) as town:
        made = await storm_over(town, people=PEOPLE)
        await made.tell("/latency", {"ms": 10})
        yield made


async def everybody_got_it(storm: Storm) -> None:
    assert await storm.states(storm.notices) == {MessageState.DELIVERED: PEOPLE}
    assert await storm.states(storm.reminders) == {MessageState.DELIVERED: PEOPLE}
    assert await storm.nobody_hears_twice() == 2 * PEOPLE


async def nothing_failed() -> None:
    assert await Message.filter(state=MessageState.FAILED).count() == 0


async def test_a_used_up_day_stops_the_account_within_few_calls_and_goes_on_tomorrow(storm: Storm) -> None:
    await storm.tell("/limits", {"daily": {TEMPLATE_PATH: 60}})

    await storm.work()

    refused = (await storm.calls(TEMPLATE_PATH))["45009"]
    assert 1 <= refused <= MOST_CALLS_AFTER_THE_END
    assert await storm.states(storm.notices) == {
        MessageState.DELIVERED: 60,
        MessageState.QUEUED: PEOPLE - 60,
    }
    # The other account knows nothing of it.
    assert await storm.states(storm.reminders) == {MessageState.DELIVERED: PEOPLE}
    await nothing_failed()

    await storm.work_for(rounds=3, step=timedelta(hours=1))
    assert (await storm.calls(TEMPLATE_PATH))["45009"] == refused
    storm.town.move_to(china_moment(TOMORROW, 8, 1))
    await storm.tell("/limits", {"daily": {}})
    await storm.work()
    await everybody_got_it(storm)


@pytest.mark.parametrize("errcode", [45011, -1])
async def test_too_much_haste_slows_the_account_down_and_fails_nobody(storm: Storm, errcode: int) -> None:
    await storm.tell("/limits", {"per_minute": {TEMPLATE_PATH: 60}, "rate_errcode": errcode})

    await storm.work_for(rounds=25, step=timedelta(minutes=2))

    assert (await storm.calls(TEMPLATE_PATH))[str(errcode)] > 0
    await nothing_failed()
    await everybody_got_it(storm)


async def test_a_gateway_that_refuses_everybody_is_left_alone_for_a_while(storm: Storm) -> None:
    """HTTP 429 is no answer of the API: the message may have been taken."""
    await storm.trouble({"kind": "html", "status": 429, "path": TEMPLATE_PATH, "count": 60})

    await storm.work_for(rounds=6, step=timedelta(seconds=40))

    await everybody_got_it(storm)


async def test_a_token_that_others_replace_again_and_again_is_fetched_once_each_time(storm: Storm) -> None:
    await storm.trouble({"kind": "token", "path": TEMPLATE_PATH, "count": 5, "probability": 0.05, "seed": 3})

    # A second bad token in a row rests the account for ten minutes.
    await storm.work_for(rounds=4, step=timedelta(minutes=11))

    replaced = (await storm.struck())[TEMPLATE_PATH]
    assert replaced == 5
    # One for each account, and one for each time; those who met the dead token meanwhile share it.
    assert sum((await storm.calls(TOKEN_PATH)).values()) <= 2 + replaced
    assert (await storm.calls(TEMPLATE_PATH))["40001"] <= replaced * 20
    await everybody_got_it(storm)


async def test_all_tokens_replaced_at_once_cost_one_fetch_each(storm: Storm) -> None:
    await storm.tell("/limits", {"daily": {TEMPLATE_PATH: 50, SUBSCRIBE_PATH: 50}})
    await storm.work()
    assert sum((await storm.calls(TOKEN_PATH)).values()) == 2
    assert (await storm.tell("/tokens/kill", {}))["killed"] == 2
    storm.town.move_to(china_moment(TOMORROW, 8, 1))
    await storm.tell("/limits", {"daily": {}})

    await storm.work()

    # The night has ended the old ones; whoever asks first fetches for all.
    assert sum((await storm.calls(TOKEN_PATH)).values()) == 4
    await everybody_got_it(storm)


async def test_without_a_token_nothing_leaves_and_nothing_fails(storm: Storm) -> None:
    await storm.trouble({"kind": "html", "status": 502, "path": TOKEN_PATH})

    await storm.work()

    assert await storm.town.delivered() == []
    assert await storm.states(storm.notices) == {MessageState.QUEUED: PEOPLE}
    # Everybody who waits learns it from one attempt; then the road is closed.
    asked = (await storm.struck())[TOKEN_PATH]
    assert asked <= 2 * MOST_CALLS_AFTER_THE_END
    await storm.trouble()
    await storm.work_for(rounds=4, step=timedelta(minutes=1))
    await everybody_got_it(storm)
