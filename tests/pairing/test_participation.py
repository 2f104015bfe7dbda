"""Who takes part, who has nobody yet, and with how many families at most."""

import asyncio
from datetime import date, timedelta

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.audit.models import AuditEntry
from app.orgs.operations import plant_tree
from app.pairing import operations
from app.pairing.enums import EndReason, PairDecision
from app.pairing.models import CadreTerms, Pairing
from app.pairing.rules import CadreFacts, Family, KnownPairing, Period, most_at_once
from app.pairing.rules.participation import ParticipationFacts, participation
from app.pairing.rules.proposing import ProposedChange, judge_changes
from app.people.enums import CadreRank, CadreStatus
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG, staff_headers
from tests.conftest import NOW
from tests.pairing.factories import (
    LIXIA_STAFF,
    TODAY,
    ZHOU,
    accept,
    make_pairing,
    make_terms,
    pairs_of,
    solved,
)
from tests.pairing.test_rules import LIU, OF_THE_CITY, SUN, WANG, facts
from tests.people.factories import make_beneficiary, make_cadre

DIVISION, SECTION, OTHER = CadreRank.DIVISION, CadreRank.SECTION, CadreRank.OTHER
RETIRED, LEFT = CadreStatus.RETIRED, CadreStatus.LEFT
PARTICIPATION = "/admin/v1/cadres/participation"


@pytest.mark.parametrize(
    ("facts", "part", "sentence"),
    [
        ({"org_code": SHANDONG, "rank": DIVISION}, "by_duty", "省残联处级及以上干部，应当参加"),
        ({"org_code": SHANDONG, "rank": SECTION}, "may", "可自愿参加"),
        (
            {"org_code": SHANDONG, "rank": SECTION, "leads_unit": True},
            "by_duty",
            "省残联直属单位领导班子成员，应当参加",
        ),
        ({"org_code": JINAN, "rank": SECTION}, "by_duty", "市、县级残联科级及以上干部，应当参加"),
        ({"org_code": LIXIA, "rank": OTHER}, "may", "可自愿参加"),
        ({"org_code": LIXIA, "rank": OTHER, "takes_part": True}, "volunteer", "自愿参加"),
        (
            {"org_code": LIXIA, "rank": SECTION, "takes_part": False, "excuse": "产假至年底"},
            "excused",
            "市、县级残联科级及以上干部，登记为不参加：产假至年底",
        ),
        (
            {"org_code": LIXIA, "rank": SECTION, "status": RETIRED, "takes_part": True},
            "goes_on",
            "已退休，愿意继续参加，由原单位统一管理",
        ),
        ({"org_code": LIXIA, "rank": SECTION, "status": RETIRED}, "gone", "已退休，没有登记愿意继续参加"),
        (
            {"org_code": LIXIA, "rank": SECTION, "status": LEFT, "takes_part": True},
            "gone",
            "已调离，不再参加，由所在单位调整补充",
        ),
    ],
)
def test_a_part_follows_from_rank_federation_and_what_was_agreed(
    facts: dict[str, object], part: str, sentence: str
) -> None:
    verdict = participation(ParticipationFacts(**facts))  # type: ignore[arg-type]

    assert (verdict.part.value, verdict.sentence) == (part, sentence)


async def people_of_lixia() -> list[int]:
    """Make three cadres of 历下区 who have nobody, others who have or need nobody, and a neighbour."""
    await plant_tree()
    await make_pairing(cadre=await make_cadre(unit="办公室"))
    idle = await make_cadre(name="孙建国", unit="维权科", post="科长")
    await make_cadre(unit="维权科", rank=OTHER)
    going_on = await make_cadre(name="周立", unit="维权科", status=RETIRED)
    await make_terms(going_on, takes_part=True)
    await make_terms(await make_cadre(unit="办公室"), takes_part=False, excuse="产假至年底")
    # He accompanied somebody who has moved away since.
    past = await make_pairing(
        cadre=await make_cadre(name="韩梅", unit="康复科"), ended_on=TODAY, end_reason=EndReason.ROTATION
    )
    await make_cadre(org_code=SHIZHONG)
    return [past.cadre_id, idle.id, going_on.id]


async def test_those_without_anybody_are_named_to_their_unit(client: httpx.AsyncClient) -> None:
    past, idle, going_on = await people_of_lixia()

    own = await client.get(f"{PARTICIPATION}/without", headers=await staff_headers(client))

    found = {unit["unit"]: [cadre["id"] for cadre in unit["cadres"]] for unit in own.json()}
    assert found == {"康复科": [past], "维权科": [idle, going_on]}
    assert own.json()[1]["cadres"][0] | {"id": 0} == {
        "id": 0,
        "name": "孙*国",
        "post": "科长",
        "part": "by_duty",
        "part_label": "应当参加",
        "sentence": "市、县级残联科级及以上干部，应当参加",
    }


async def test_above_they_are_counted_in_the_order_of_codes(client: httpx.AsyncClient) -> None:
    await people_of_lixia()
    county, city = await staff_headers(client), await staff_headers(client, org_code=JINAN)

    numbers = (await client.get(PARTICIPATION, headers=county)).json()
    above = (await client.get(PARTICIPATION, headers=city)).json()
    names_above = await client.get(f"{PARTICIPATION}/without", headers=city)
    elsewhere = await client.get(f"{PARTICIPATION}?region={SHIZHONG}", headers=county)

    assert [(unit["name"], unit["taking_part"], unit["without"]) for unit in numbers["own_units"]] == [
        ("办公室", 1, 0), ("康复科", 1, 1), ("维权科", 2, 2),
    ]  # fmt: skip
    counted = {one["org_code"]: one for one in above["federations"]}
    assert list(counted) == sorted(counted)
    assert (counted[LIXIA]["taking_part"], counted[LIXIA]["without"]) == (4, 3)
    assert counted[LIXIA]["by_part"] == {
        "by_duty": 3, "volunteer": 0, "goes_on": 1, "excused": 1, "may": 1, "gone": 0,
    }  # fmt: skip
    assert (counted[SHIZHONG]["without"], above["own_units"], names_above.json()) == (1, [], [])
    assert elsewhere.status_code == 404


async def test_who_does_not_take_part_has_a_reason_and_gets_nobody(client: httpx.AsyncClient) -> None:
    sun, liu = await make_cadre(), await make_beneficiary()
    headers = await staff_headers(client, role=StaffRole.CLERK)
    door = f"/admin/v1/cadres/{sun.id}/participation"
    pair = {"beneficiary_id": liu.id, "cadre_id": sun.id}

    bare = await client.post(door, json={"takes_part": False, "reason": " "}, headers=headers)
    said = await client.post(door, json={"takes_part": False, "reason": "产假至年底"}, headers=headers)
    refused = await client.post("/admin/v1/pairings", json=pair, headers=headers)
    bare_terms = await client.put(
        f"/admin/v1/pairings/terms/{(await make_cadre()).id}", json={"takes_part": False}, headers=headers
    )

    assert (bare.status_code, bare.json()["code"]) == (422, "pairing.excuse_missing")
    assert said.status_code == 204, said.text
    kept = await CadreTerms.get(cadre_id=sun.id)
    assert (kept.takes_part, kept.excuse) == (False, "产假至年底")
    assert (refused.status_code, refused.json()["code"]) == (409, "pairing.cadre_takes_no_part")
    assert bare_terms.json()["code"] == "pairing.excuse_missing"
    assert (await AuditEntry.get(action="cadre.participation_set")).detail == "takes_part=False"
    await client.post(door, json={"takes_part": None}, headers=headers)
    assert (await client.post("/admin/v1/pairings", json=pair, headers=headers)).status_code == 201


async def start(cadre_id: int, *, on: date = TODAY) -> int:
    person = await make_beneficiary()
    return await operations.start_pairing(
        scope=LIXIA_STAFF, beneficiary_id=person.id, cadre_id=cadre_id, started_on=on, actor=ZHOU, now=NOW
    )


@pytest.mark.usefixtures("db")
async def test_who_retired_and_goes_on_keeps_his_families_and_gets_new_ones() -> None:
    await plant_tree()
    willing, silent, done = [await make_cadre(status=RETIRED) for _ in range(3)]
    await make_terms(willing, takes_part=True)
    await make_terms(done, takes_part=False, excuse="不再参加")
    stays = await make_pairing(cadre=silent)
    goes = await make_pairing(cadre=done)
    new = await make_beneficiary()

    pairs = await pairs_of(await solved())

    assert await start(willing.id)
    with pytest.raises(operations.CadreNotActive, match="没有登记愿意继续参加"):
        await start(silent.id)
    assert pairs[stays.beneficiary_id].cadre_id == silent.id
    assert (pairs[goes.beneficiary_id].cadre_id, pairs[goes.beneficiary_id].end_reason) == (
        willing.id,
        EndReason.RETIRED,
    )
    assert pairs[new.id].cadre_id == willing.id


def test_the_most_families_on_one_day_count_not_all_there_ever_were() -> None:
    until_june = Period(date(2026, 1, 1), date(2026, 6, 1))
    from_june = Period(date(2026, 6, 1))

    assert most_at_once([until_june, from_june], since=TODAY) == 1
    assert most_at_once([until_june, from_june, Period(TODAY)], since=TODAY) == 2
    assert most_at_once([until_june], since=date(2026, 6, 1)) == 0


@pytest.mark.usefixtures("db")
async def test_a_stated_capacity_is_kept_whichever_way_a_family_comes() -> None:
    full, other = await make_cadre(), await make_cadre()
    await make_terms(full, capacity=1)
    leaves = await make_pairing(cadre=full)
    theirs = await make_pairing(cadre=other)

    with pytest.raises(operations.CapacityExceeded, match="可结对1户，已有1户"):
        await start(full.id)
    with pytest.raises(operations.CapacityExceeded):
        await operations.change_cadre(
            scope=LIXIA_STAFF, pairing_id=theirs.id, cadre_id=full.id, on=TODAY, reason=EndReason.ROTATION,
            actor=ZHOU, now=NOW,
        )  # fmt: skip
    # The refused change left no gap behind.
    assert (await Pairing.get(id=theirs.id)).ended_on is None
    # Where nobody said how many, there is no bound; and when one goes another may come.
    for _ in range(6):
        await start(other.id)
    await operations.end_pairing(
        scope=LIXIA_STAFF, pairing_id=leaves.id, ended_on=TODAY + timedelta(days=30),
        reason=EndReason.ROTATION, actor=ZHOU, now=NOW,
    )  # fmt: skip
    assert await start(full.id, on=TODAY + timedelta(days=30))


@pytest.mark.usefixtures("db")
async def test_two_admins_at_once_do_not_overfill_a_cadre() -> None:
    sun = await make_cadre()
    await make_terms(sun, capacity=2)

    answers = await asyncio.gather(*(start(sun.id) for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(answer, int) for answer in answers) == 2
    assert sum(isinstance(answer, operations.CapacityExceeded) for answer in answers) == 3
    assert await Pairing.filter(cadre_id=sun.id).count() == 2


@pytest.mark.usefixtures("db")
async def test_a_capacity_that_shrank_meanwhile_is_minded_when_a_proposal_is_accepted() -> None:
    await plant_tree()
    sun = await make_cadre()
    people = [await make_beneficiary() for _ in range(3)]
    proposal = await solved()
    await make_terms(sun, capacity=2)

    await accept(proposal)

    pairs = await pairs_of(proposal)
    assert [pairs[person.id].decision for person in people] == [
        PairDecision.APPLIED,
        PairDecision.APPLIED,
        PairDecision.REFUSED,
    ]
    assert "可结对2户，已有2户" in pairs[people[2].id].refusal


def test_cadres_who_are_full_may_change_places_and_one_who_cannot_leave_keeps_his_place() -> None:
    began = Period(date(2026, 1, 1))
    known = facts(
        cadres={
            SUN: CadreFacts(LIXIA, CadreStatus.ACTIVE, capacity=1, families=[Family(LIU, began)]),
            OF_THE_CITY: CadreFacts(JINAN, CadreStatus.ACTIVE, capacity=1, families=[Family(WANG, began)]),
        },
        pairings={LIU: [KnownPairing(SUN, began)], WANG: [KnownPairing(OF_THE_CITY, began)]},
    )
    swap = [
        ProposedChange(beneficiary_id=LIU, cadre_id=OF_THE_CITY, present_cadre_id=SUN),
        ProposedChange(beneficiary_id=WANG, cadre_id=SUN, present_cadre_id=OF_THE_CITY),
    ]

    both = judge_changes(swap, facts=known, on=TODAY, today=TODAY)
    only_one = judge_changes(swap[:1], facts=known, on=TODAY, today=TODAY)
    rest_follows = judge_changes(swap[:1], facts=known, on=TODAY, today=TODAY, leaving={WANG})

    assert [verdict.decision for verdict in both] == [PairDecision.APPLIED] * 2
    assert [verdict.decision for verdict in only_one] == [PairDecision.REFUSED]
    assert [verdict.decision for verdict in rest_follows] == [PairDecision.APPLIED]
