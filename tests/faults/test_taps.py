"""One tap that a phone sends over many connections to two API processes at once."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from app.accounts.models import MiniSession
from app.contacts.models import Contact, ContactYear
from app.core.clock import SystemClock
from app.core.settings import Settings
from tests.accounts.factories import phone_headers
from tests.contacts.factories import make_tap
from tests.faults.driver import sized
from tests.faults.processes import serving
from tests.pairing.factories import make_pairing

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("db")]

TAPS = sized(5, 50)
TIMES = 18


async def test_one_tap_over_many_connections_to_two_processes_is_one_record(
    settings: Settings, tmp_path: Path
) -> None:
    pairing = await make_pairing()
    headers = await phone_headers(cadre_id=pairing.cadre_id, now=SystemClock().now())
    assert await MiniSession.all().count() == 1
    taps = [make_tap(pairing) for _ in range(TAPS)]
    async with (
        serving(settings, log=tmp_path / "api-0.log") as first,
        serving(settings, log=tmp_path / "api-1.log") as second,
    ):

        async def send(base: str, tap: dict[str, object]) -> httpx.Response:
            # A client of its own: a phone that changes networks opens a new connection.
            async with httpx.AsyncClient(
                base_url=base, headers=headers, trust_env=False, timeout=30
            ) as phone:
                return await phone.post("/mini/v1/contacts", json=tap)

        for tap in taps:
            answers = await asyncio.gather(*(send((first, second)[n % 2], tap) for n in range(TIMES)))

            assert Counter(answer.status_code for answer in answers) == {201: 1, 200: TIMES - 1}
            assert len({answer.text for answer in answers}) == 1
        others = await asyncio.gather(
            *(send(base, {**tap, "note": "另一条"}) for tap in taps for base in (first, second))
        )

    assert {answer.status_code for answer in others} == {409}
    assert await Contact.all().count() == TAPS
    assert (await ContactYear.get(pairing_id=pairing.id)).contacts == TAPS
