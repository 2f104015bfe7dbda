"""One clock for all workers: that of the database, whatever their machines show."""

from datetime import UTC, datetime, timedelta

import structlog

from app.core import sql
from app.core.clock import SteadyClock, SystemClock

log = structlog.get_logger()

# Of two answers the slower one tells less about the moment it was given.
_SLOW = timedelta(seconds=1)
_WORTH_TELLING = timedelta(seconds=5)


async def set_by_database(*, clock: SteadyClock) -> timedelta:
    """Set the clock of a worker by that of the database, and return how far the machine's own one is ahead.

    A worker whose machine is an hour early would start campaigns and take the schedule's slots an hour early.
    An answer that was long under way is passed over: the clock then goes on as it was set before.
    """
    machine = SystemClock()
    asked = machine.now()
    rows = await sql.fetch(f"SELECT {sql.db_now_ms()} AS now_ms")
    took = machine.now() - asked
    told = datetime.fromtimestamp(rows[0]["now_ms"] / 1000, tz=UTC) + took / 2
    ahead = asked + took - told
    if timedelta(0) <= took < _SLOW:
        clock.set(told)
    if abs(ahead) > _WORTH_TELLING:
        log.warning("core.clock.differs", seconds_ahead=round(ahead.total_seconds(), 1))
    return ahead
