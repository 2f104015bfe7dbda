"""Schema and models agree, and migrations stay a single line of small steps."""

import re
from itertools import pairwise
from pathlib import Path

from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector

from app.core.database import tortoise_config
from app.core.settings import Settings

FILES = sorted((Path(__file__).parents[2] / "migrations").glob("[0-9]*.py"))


async def test_no_model_change_lacks_a_migration(tortoise: TortoiseContext, settings: Settings) -> None:
    config = tortoise_config(settings.database_url.get_secret_value())
    apps = {label: app.to_dict() for label, app in config.apps.items()}

    assert tortoise.apps is not None
    assert await MigrationAutodetector(tortoise.apps, apps).changes() == []


def test_migrations_are_one_line_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in FILES]

    assert numbers == list(range(1, len(FILES) + 1))
    for earlier, later in pairwise(FILES):
        assert f'"{earlier.stem}"' in later.read_text(encoding="utf-8")


def test_each_migration_changes_one_thing() -> None:
    """MySQL commits each DDL statement at once: a file with two could stop half-way and never run again."""
    for path in FILES:
        operations = re.findall(r"^        ops\.", path.read_text(encoding="utf-8"), flags=re.MULTILINE)

        assert len(operations) == 1, path.name
