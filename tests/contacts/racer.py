"""One of several processes that send the same taps at the same time, on a word from its parent."""

import asyncio
import json
import sys

from tortoise.context import TortoiseContext

from app.accounts.rules import Scope
from app.bootstrap import use_keys_of
from app.contacts.models import ContactYear
from app.contacts.operations import record_contact
from app.contacts.rules import Tap
from app.core.database import tortoise_config
from app.core.logging import configure_logging
from app.core.settings import Settings
from tests.conftest import NOW


async def race(database_url: str, *, cadre_id: int, pairing_id: int, taps: int) -> list[int]:
    """Send every tap three times at once, and return the id of the record in the answer to each."""
    configure_logging(level="WARNING", as_json=True)
    use_keys_of(Settings(database_url=database_url, _env_file=None))
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(database_url))
        await ContactYear.all().count()
        _say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        answers = await asyncio.gather(
            *(
                record_contact(
                    scope=Scope(cadre_id=cadre_id),
                    tap=Tap(client_id=f"tap-{number % taps}", pairing_id=pairing_id),
                    now=NOW,
                )
                for number in range(3 * taps)
            )
        )
    return [answer.record.id for answer in answers]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    url, cadre, pairing, count = sys.argv[1:]
    _say(json.dumps(asyncio.run(race(url, cadre_id=int(cadre), pairing_id=int(pairing), taps=int(count)))))
