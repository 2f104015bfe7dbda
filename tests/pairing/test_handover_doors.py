"""Hand-overs: who no longer reads of a family, what never was in force, and days with nobody."""

import asyncio
import io
from datetime import timedelta

import httpx
import pytest
from openpyxl import load_workbook
from tortoise.transactions import in_transaction

from app.orgs.operations import plant_tree
from app.pairing import operations
from app.pairing.enums import EndReason, PairingNews
from app.pairing.models import Pairing, PairingNotice
from app.pairing.queries.repairing import receivers_of
from app.people.enums import BeneficiaryStatus, CadreStatus
from app.people.models import Cadre
from tests.accounts.factories import phone_headers, staff_headers
from tests.conftest import NOW
from tests.databases import USES_MYSQL
from tests.fakes.clock import FixedClock
from tests.pairing.factories import LIXIA_STAFF, TODAY, ZHOU, make_pairing, pairs_of, planned, solved
from tests.people.cast import SUN_JIANGUO, ZHAO_MIN
from tests.people.factories import make_beneficiary, make_cadre

pytestmark = pytest.mark.usefixtures("db")
CHANGE_DAY = TODAY + timedelta(days=14)


async def test_who_has_passed_a_family_on_reads_no_more_of_it(
    client: httpx.AsyncClient, clock: FixedClock
) -> None:
    zhao, third = await make_cadre(), await make_cadre()
    handover = await planned(await make_pairing(), zhao, changes_on=TODAY)
    address = f"/mini/v1/handovers/{handover.id}"
    phone = await phone_headers(cadre_id=zhao.id)
    assert (await client.post(f"{address}/accept", headers=phone)).status_code == 204
    assert (await client.get(address, headers=phone)).status_code == 200

    await planned(await Pairing.get(id=handover.new_pairing_id), third, changes_on=TODAY + timedelta(days=1))
    clock.moment = NOW + timedelta(days=3)

    later = await phone_headers(cadre_id=zhao.id, now=clock.now())
    assert (await client.get(address, headers=later)).status_code == 404


async def test_what_was_undone_never_was_in_force(client: httpx.AsyncClient) -> None:
    await plant_tree()
    standing, zhao = await make_pairing(), await make_cadre(name=ZHAO_MIN.name)
    handover = await planned(standing, zhao)
    await operations.undo_handover(scope=LIXIA_STAFF, handover_id=handover.id, actor=ZHOU, now=NOW)

    answer = await client.get("/admin/v1/exports/pairings.xlsx", headers=await staff_headers(client))
    (receiver,) = await receivers_of(scope=LIXIA_STAFF, cadre_ids=[zhao.id], on=TODAY)
    proposed = await pairs_of(await solved())
    await operations.note_status(
        scope=LIXIA_STAFF, beneficiary_id=standing.beneficiary_id, status=BeneficiaryStatus.DECEASED,
        on=TODAY, actor=ZHOU, now=NOW,
    )  # fmt: skip

    assert len(list(load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows())) == 2
    assert receiver.families == 0
    assert standing.beneficiary_id in proposed
    told = await PairingNotice.filter(news=PairingNews.DECEASED).order_by("id")
    assert [notice.cadre_id for notice in told] == [standing.cadre_id]


async def test_nobody_accepts_what_an_admin_has_ended(client: httpx.AsyncClient) -> None:
    zhao = await make_cadre()
    handover = await planned(await make_pairing(), zhao)
    await operations.end_pairing(
        scope=LIXIA_STAFF, pairing_id=handover.new_pairing_id, ended_on=CHANGE_DAY,
        reason=EndReason.ENTERED_BY_MISTAKE, actor=ZHOU, now=NOW,
    )  # fmt: skip

    answer = await client.post(
        f"/mini/v1/handovers/{handover.id}/accept", headers=await phone_headers(cadre_id=zhao.id)
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "pairing.handover_changed")


async def _end_today(pairing: Pairing) -> None:
    await operations.end_pairing(
        scope=LIXIA_STAFF, pairing_id=pairing.id, ended_on=TODAY, reason=EndReason.LEFT, actor=ZHOU, now=NOW
    )


async def test_no_earlier_end_parts_a_pairing_from_the_one_that_follows() -> None:
    changed, moved = await make_pairing(), await make_pairing()
    await operations.change_cadre(
        scope=LIXIA_STAFF, pairing_id=changed.id, cadre_id=(await make_cadre()).id, on=CHANGE_DAY,
        reason=EndReason.LEFT, actor=ZHOU, now=NOW,
    )  # fmt: skip
    move = operations.Move(pairing_id=moved.id, cadre_id=(await make_cadre()).id)
    await operations.repair(
        scope=LIXIA_STAFF, moves=[move], on=CHANGE_DAY, reason=EndReason.LEFT, actor=ZHOU, now=NOW
    )

    for pairing in (changed, moved):
        with pytest.raises(operations.HandoverPlanned):
            await _end_today(pairing)


@pytest.mark.skipif(not USES_MYSQL, reason="SQLite's transaction holds the one write lock anyway")
async def test_nobody_leaves_while_somebody_pairs_him() -> None:
    sun, person = await make_cadre(name=SUN_JIANGUO.name), await make_beneficiary()
    is_held = asyncio.Event()

    async def pair_slowly() -> None:
        async with in_transaction():
            await Cadre.filter(id=sun.id).only("id").select_for_update()
            await make_pairing(beneficiary=person, cadre=sun)
            is_held.set()
            await asyncio.sleep(0.3)

    async def leave() -> None:
        await is_held.wait()
        await operations.change_cadre_status(
            scope=LIXIA_STAFF, cadre_id=sun.id, status=CadreStatus.LEFT, goes_on=False, actor=ZHOU, now=NOW
        )

    paired, left = await asyncio.gather(pair_slowly(), leave(), return_exceptions=True)

    assert paired is None
    assert isinstance(left, operations.CadreHasFamilies)
