"""Several API processes on one database."""

import asyncio
import json
import sys

from app.contacts.models import Contact, ContactYear
from tests.pairing.factories import make_pairing

TAPS = 40


async def test_two_processes_that_race_with_the_same_taps_leave_one_record_of_each(
    db: None, database_url: str
) -> None:
    liu = await make_pairing()
    command = [
        sys.executable, "-m", "tests.contacts.racer",
        database_url, str(liu.cadre_id), str(liu.id), str(TAPS),
    ]  # fmt: skip

    racers = [
        await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(60):
        for racer in racers:
            assert racer.stdout is not None
            assert await racer.stdout.readline() == b"ready\n"
        outputs = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))

    answers = [json.loads(output) for output, _ in outputs]
    first_round = answers[0][:TAPS]
    assert len(set(first_round)) == TAPS
    assert all(answer == first_round * 3 for answer in answers)
    assert await Contact.all().count() == TAPS
    assert (await ContactYear.get(pairing_id=liu.id)).contacts == TAPS
