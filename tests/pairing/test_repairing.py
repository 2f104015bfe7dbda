"""A unit's families go to others in one go: previewed row by row, carried out all or not at all."""

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.audit.models import AuditEntry
from app.orgs.operations import plant_tree
from app.pairing import operations
from app.pairing.enums import EndReason
from app.pairing.models import Pairing
from app.pairing.rules.repairing import Receiver, spread
from tests.accounts.factories import SHIZHONG, staff_headers
from tests.conftest import NOW
from tests.pairing.factories import LIXIA_STAFF, TODAY, ZHOU, here, make_bar, make_pairing, make_terms
from tests.people.factories import make_beneficiary, make_cadre

DOOR = "/admin/v1/pairings/repairing"


def test_families_are_spread_evenly_within_what_each_takes_and_never_to_a_relative() -> None:
    receivers = [Receiver(11, families=2), Receiver(12, families=0, capacity=2), Receiver(13, families=1)]

    chosen = spread([1, 2, 3, 4, 5], receivers, barred={1: {12}})

    assert chosen == {1: 13, 2: 12, 3: 12, 4: 11, 5: 13}
    assert spread([1, 2], [Receiver(12, families=1, capacity=2)], barred={}) == {1: 12, 2: None}


async def preview(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> list[dict[str, Any]]:
    answer = await client.post(f"{DOOR}/preview", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


def moves_of(rows: list[dict[str, Any]]) -> list[dict[str, int]]:
    return [{"pairing_id": row["pairing_id"], "cadre_id": row["cadre_id"]} for row in rows]


async def test_a_dissolved_units_families_go_to_two_cadres_as_previewed(client: httpx.AsyncClient) -> None:
    leaving = await make_cadre(unit="康复科", name="韩梅")
    standing = [await make_pairing(cadre=leaving) for _ in range(3)]
    elsewhere = await make_pairing(cadre=leaving, beneficiary=await make_beneficiary(region_code=SHIZHONG))
    one, other = await make_cadre(), await make_cadre()
    await make_terms(one, capacity=1)
    headers = await staff_headers(client, role=StaffRole.CLERK)

    rows = await preview(client, headers, unit="康复科", receiver_ids=[one.id, other.id])
    done = await client.post(
        DOOR, json={"moves": moves_of(rows), "on": "2026-06-01", "reason": "post_changed"}, headers=headers
    )

    assert [(row["cadre_id"], row["can_be_done"]) for row in rows] == [
        (one.id, True), (other.id, True), (other.id, True),
    ]  # fmt: skip
    assert rows[0]["present_cadre_name"] == "*梅"
    assert done.json() == {"changed": 3}, done.text
    for old in standing:
        await old.refresh_from_db()
        assert (old.ended_on, old.end_reason) == (date(2026, 6, 1), EndReason.POST_CHANGED)
    assert await Pairing.filter(cadre_id=other.id, started_on=date(2026, 6, 1)).count() == 2
    # The county next door decides about its own.
    assert (await Pairing.get(id=elsewhere.id)).ended_on is None
    assert await AuditEntry.filter(action="pairing.started").count() == 3
    assert await AuditEntry.filter(action="pairing.ended").count() == 3


async def test_one_row_that_may_not_be_stops_all_and_says_which(client: httpx.AsyncClient) -> None:
    first, second, third = [await make_pairing() for _ in range(3)]
    full, uncle = await make_cadre(), await make_cadre()
    await make_terms(full, capacity=1)
    await make_bar(await third.beneficiary, uncle)
    headers = await staff_headers(client)
    moves = [(first, full), (second, full), (third, uncle)]
    body: dict[str, Any] = {
        "moves": [{"pairing_id": pairing.id, "cadre_id": cadre.id} for pairing, cadre in moves],
        "reason": "left",
    }

    refused = await client.post(DOOR, json=body, headers=headers)
    neighbour = await client.post(DOOR, json=body, headers=await staff_headers(client, org_code=SHIZHONG))
    twice = await client.post(DOOR, json=body | {"moves": body["moves"][:1] * 2}, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (409, "pairing.list_refused")
    assert refused.json()["refusals"] == [
        {
            "position": 1,
            "detail": "该干部可结对1户，已有1户；请选择其他干部，或者先调整他的可结对户数",
        },
        {"position": 2, "detail": "该干部需要回避：亲属关系"},
    ]
    assert (neighbour.status_code, twice.status_code) == (404, 422)
    assert await Pairing.filter(ended_on=None).count() == 3


@pytest.mark.usefixtures("db")
async def test_without_receivers_the_best_are_found_as_in_a_proposal_and_the_rest_stays() -> None:
    await plant_tree()
    leaving, near, busy = await make_cadre(), await make_cadre(), await make_cadre()
    await make_terms(near, work_county="370102", work_town="泉城路街道")
    await make_terms(busy, capacity=1)
    await make_pairing(cadre=busy)
    moved = await make_pairing(cadre=leaving, beneficiary=await make_beneficiary(town="泉城路街道办事处"))

    (row,) = await operations.preview_repairing(
        scope=LIXIA_STAFF, unit="", cadre_ids=[leaving.id], receiver_ids=[], on=TODAY, now=NOW, solver=here
    )

    assert (row.pairing.id, row.cadre_id) == (moved.id, near.id)
    assert row.sentence.startswith("同在泉城路街道")
    assert await Pairing.filter(ended_on=None).count() == 2


@pytest.mark.usefixtures("db")
async def test_two_admins_at_once_hand_a_family_over_once() -> None:
    standing = await make_pairing()
    receivers = [await make_cadre() for _ in range(3)]

    answers = await asyncio.gather(
        *(
            operations.repair(
                scope=LIXIA_STAFF, moves=[operations.Move(pairing_id=standing.id, cadre_id=cadre.id)],
                on=TODAY, reason=EndReason.LEFT, actor=ZHOU, now=NOW,
            )
            for cadre in receivers
        ),
        return_exceptions=True,
    )  # fmt: skip

    assert sorted(str(type(answer).__name__) for answer in answers) == [
        "PairingTaken", "PairingTaken", "int",
    ]  # fmt: skip
    assert await Pairing.filter(open_beneficiary_id=standing.beneficiary_id).count() == 1
