"""Bringing the schema up to date."""

import asyncio
import subprocess
import sys

from tests.databases import fresh_database

MIGRATE = """
import asyncio, sys
from app.core.migrating import migrate_database
asyncio.run(migrate_database(sys.argv[1]))
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
