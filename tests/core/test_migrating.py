"""Bringing the schema up to date, and with what driver."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.databases import fresh_database

MIGRATE = """
import asyncio, sys
from app.core.migrating import migrate_database
asyncio.run(migrate_database(sys.argv[1]))
"""

# A column of which no migration knows.
FORGOTTEN = """
from tortoise import fields
from app.core.models import ScheduleSlot
ScheduleSlot._meta.add_field("forgotten", fields.IntField(null=True))
"""


async def test_three_migrators_at_once_end_with_one_schema() -> None:
    async with fresh_database(migrated=False) as url:
        migrators = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", MIGRATE, url, stderr=subprocess.PIPE, stdout=subprocess.PIPE
            )
            for _ in range(3)
        ]
        async with asyncio.timeout(90):
            outputs = await asyncio.gather(*(migrator.communicate() for migrator in migrators))

    assert [migrator.returncode for migrator in migrators] == [0, 0, 0], outputs


async def test_a_model_whose_migration_was_forgotten_is_told_of() -> None:
    async with fresh_database(migrated=False) as url:
        migrator = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FORGOTTEN + MIGRATE, url, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        async with asyncio.timeout(90):
            _, told = await migrator.communicate()

    assert migrator.returncode == 1
    assert b"SchemaDrift: models and migrations differ" in told


def test_nothing_starts_beside_a_driver_that_would_be_preferred_in_silence(tmp_path: Path) -> None:
    (tmp_path / "asyncmy").mkdir()
    (tmp_path / "asyncmy" / "__init__.py").touch()

    started = subprocess.run(
        [sys.executable, "-c", "from app.core.tortoise_guards import install; install()"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert started.returncode == 1
    assert "asyncmy is installed" in started.stderr
