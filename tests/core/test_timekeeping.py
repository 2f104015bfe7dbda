"""The clock of a worker."""

from datetime import timedelta

from app.core.clock import SteadyClock, SystemClock
from app.core.timekeeping import set_by_database
from tests.conftest import NOW


async def test_a_clock_that_was_set_goes_on_by_how_long_things_last() -> None:
    seconds = [100.0]
    clock = SteadyClock(monotonic=lambda: seconds[0])

    clock.set(NOW)
    seconds[0] = 160.5

    assert clock.now() == NOW + timedelta(seconds=60.5)


async def test_before_it_is_set_it_shows_the_time_of_the_machine() -> None:
    before = SystemClock().now()

    assert before <= SteadyClock().now() <= SystemClock().now()


async def test_it_is_set_by_the_database_again_and_again(db: None) -> None:
    clock = SteadyClock()
    clock.set(NOW)

    ahead = await set_by_database(clock=clock)

    # The server of the tests runs on this machine.
    assert abs(ahead) < timedelta(seconds=2)
    assert abs(clock.now() - SystemClock().now()) < timedelta(seconds=2)
