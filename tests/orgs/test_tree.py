"""The tree of federations: whole, planted once, and seen as far as one counts."""

import httpx

from app.accounts.rules import region_prefix
from app.orgs.enums import OrgLevel
from app.orgs.models import Org
from app.orgs.operations import plant_tree
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, staff_headers

CITIES, COUNTIES = 16, 136


async def test_the_tree_of_the_province_is_whole(db: None) -> None:
    planted = await plant_tree()

    orgs = await Org.all()
    by_level = {level: [org for org in orgs if org.level is level] for level in OrgLevel}
    codes = {level: {org.code for org in found} for level, found in by_level.items()}
    assert planted == len(orgs) == 1 + CITIES + COUNTIES
    assert {level: len(found) for level, found in codes.items()} == {
        OrgLevel.PROVINCE: 1,
        OrgLevel.CITY: CITIES,
        OrgLevel.COUNTY: COUNTIES,
    }
    assert [org.parent_code for org in by_level[OrgLevel.PROVINCE]] == [None]
    assert {org.parent_code for org in by_level[OrgLevel.CITY]} == codes[OrgLevel.PROVINCE]
    assert {org.parent_code for org in by_level[OrgLevel.COUNTY]} == codes[OrgLevel.CITY]
    # Each stands two digits above the other: a ring among them, or a parent that is not above, is impossible.
    assert [
        org.code
        for org in orgs
        if org.parent_code and region_prefix(org.parent_code) != region_prefix(org.code)[:-2]
    ] == []


async def test_planting_again_adds_nothing_and_leaves_a_new_name_alone(db: None) -> None:
    await plant_tree()
    await Org.filter(code=LIXIA).update(name="历下区残疾人联合会")

    assert await plant_tree() == 0
    assert (await Org.get(code=LIXIA)).name == "历下区残疾人联合会"


async def test_everybody_sees_his_own_federation_and_those_below(client: httpx.AsyncClient) -> None:
    await plant_tree()

    async def seen(org_code: str) -> list[str]:
        answer = await client.get("/admin/v1/orgs", headers=await staff_headers(client, org_code=org_code))
        return [org["code"] for org in answer.json()]

    assert await seen(LIXIA) == [LIXIA]
    jinan = await seen(JINAN)
    assert jinan[:2] == [JINAN, LIXIA]
    assert all(code.startswith("3701") for code in jinan)
    assert jinan == sorted(jinan)
    assert len(await seen(SHANDONG)) == 1 + CITIES + COUNTIES
