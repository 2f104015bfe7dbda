"""Moments survive every way into and out of the database."""

from datetime import datetime, timedelta, timezone

import pytest

from app.core import sql
from app.core.models import WorkerHeartbeat
from tests.conftest import NOW

IN_CHINA = NOW.astimezone(timezone(timedelta(hours=8)))


async def test_the_same_instant_in_another_zone_is_found(db: None) -> None:
    await WorkerHeartbeat.create(name="w", beat_at=IN_CHINA)

    assert await WorkerHeartbeat.filter(beat_at=NOW).count() == 1
    assert await WorkerHeartbeat.filter(beat_at__lte=IN_CHINA).count() == 1
    assert await WorkerHeartbeat.filter(beat_at__lt=NOW).count() == 0


async def test_update_and_save_store_the_same_instant(db: None) -> None:
    beat = await WorkerHeartbeat.create(name="w", beat_at=NOW - timedelta(days=1))

    await WorkerHeartbeat.filter(name="w").update(beat_at=IN_CHINA)
    assert (await WorkerHeartbeat.get()).beat_at == NOW
    beat.beat_at = IN_CHINA + timedelta(hours=1)
    await beat.save()
    assert (await WorkerHeartbeat.get()).beat_at == NOW + timedelta(hours=1)


async def test_plain_sql_reads_and_writes_the_same_instants(db: None) -> None:
    await WorkerHeartbeat.create(name="orm", beat_at=NOW)
    await sql.execute("INSERT INTO worker_heartbeat (name, beat_at) VALUES (%s, %s)", ("sql", IN_CHINA))

    rows = await sql.fetch("SELECT beat_at FROM worker_heartbeat WHERE beat_at <= %s ORDER BY name", (NOW,))

    assert [sql.moment_of(row["beat_at"]) for row in rows] == [NOW, NOW]
    assert (await WorkerHeartbeat.get(name="sql")).beat_at == NOW


async def test_a_moment_without_a_zone_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="time zone"):
        await WorkerHeartbeat.filter(beat_at__lte=datetime(2026, 5, 17)).count()  # noqa: DTZ001


async def test_an_update_that_changes_nothing_still_counts_its_row(db: None) -> None:
    await WorkerHeartbeat.create(name="w", beat_at=NOW)

    assert await sql.execute("UPDATE worker_heartbeat SET beat_at = %s WHERE name = %s", (NOW, "w")) == 1
