"""Which workers live."""

from datetime import datetime, timedelta

from app.core import sql

# They beat every ten seconds; after three missed beats a worker is taken for gone.
ALIVE_WITHIN = timedelta(seconds=35)


async def workers_alive(*, now: datetime) -> int:
    """Return how many workers said within the last half minute that they live."""
    rows = await sql.fetch(
        "SELECT COUNT(*) AS amount FROM worker_heartbeat WHERE beat_at >= %s", (now - ALIVE_WITHIN,)
    )
    return int(rows[0]["amount"])


async def last_beat(*, now: datetime) -> timedelta | None:
    """Return how long ago any worker said that it lives, None when none ever did."""
    rows = await sql.fetch("SELECT MAX(beat_at) AS beat_at FROM worker_heartbeat")
    beat_at = sql.moment_of(rows[0]["beat_at"])
    return None if beat_at is None else now - beat_at
