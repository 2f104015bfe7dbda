"""The roster of cadres says where they work and live, what they speak, and with how many families."""

from typing import Any

import httpx
import pytest

from app.orgs.operations import plant_tree
from app.pairing.models import CadreTerms
from app.people.enums import Sex
from app.people.models import Cadre
from app.people.queries import phone_index
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG, staff_headers
from tests.people.factories import fresh_phone, make_cadre
from tests.rosters.factories import (
    CADRE_HEADERS,
    TERMS_HEADERS,
    counts,
    import_all,
    roster,
    rows_of,
    upload,
)

HEADERS = (*CADRE_HEADERS, *TERMS_HEADERS)


@pytest.fixture
async def clerk(client: httpx.AsyncClient) -> dict[str, str]:
    await plant_tree()
    return await staff_headers(client, role="clerk")


async def terms_of(phone: str) -> CadreTerms:
    return await CadreTerms.get(cadre_id=(await Cadre.get(phone_index=phone_index(phone))).id)


async def test_what_a_file_says_is_kept_and_an_empty_cell_changes_nothing(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    known, new = await make_cadre(unit="历下区残联"), fresh_phone()
    first = {"姓名": known.name, "手机号": known.phone, "单位": known.unit}
    rows: list[dict[str, Any]] = [
        first | {
            "工作地乡镇（街道）": "泉城路街道", "居住地县（市、区）": "济南市市中区",
            "居住地乡镇（街道）": "大观园街道", "性别": "男", "语言": "手语、鲁西南话", "可结对户数": 3,
            "是否参加": "是",
        },
        {"姓名": "韩梅", "手机号": new, "单位": "历下区残联", "是否参加": "否", "不参加原因": "产假至年底"},
    ]  # fmt: skip

    done = await import_all(client, roster(rows, headers=HEADERS), headers=clerk, kind="cadres")
    again = await import_all(client, roster(rows, headers=HEADERS), headers=clerk, kind="cadres")
    later = roster([first | {"可结对户数": "5户"}], headers=HEADERS)
    changed = await import_all(client, later, headers=clerk, kind="cadres")

    assert (done, again) == (counts(new=1, update=1), counts(unchanged=2))
    assert changed == counts(update=1)
    kept = await terms_of(known.phone)
    assert (kept.work_county, kept.work_town) == (LIXIA, "泉城路街道")
    assert (kept.home_county, kept.home_town) == (SHIZHONG, "大观园街道")
    assert (kept.sex, kept.languages, kept.capacity) == (Sex.MALE, '["手语", "鲁西南话"]', 5)
    assert kept.takes_part is True
    excused = await terms_of(new)
    assert (excused.takes_part, excused.excuse, excused.capacity) == (False, "产假至年底", None)


async def test_what_cannot_be_understood_is_told_at_its_cell(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    def row(**cells: object) -> dict[str, object]:
        return {"姓名": "韩梅", "手机号": fresh_phone(), "单位": "区残联"} | cells

    rows = [
        row(**{"工作地县（市、区）": "市中区"}),
        row(**{"居住地县（市、区）": "天涯县"}),
        row(可结对户数="很多"),
        row(可结对户数=51),
        row(是否参加="否"),
        row(不参加原因="产假至年底"),
        row(语言="一、二、三、四、五、六"),
    ]

    uploaded = await upload(client, roster(rows, headers=HEADERS), headers=clerk, kind="cadres")
    of_city = await upload(
        client, roster([row(**{"工作地乡镇（街道）": "泉城路街道"})], headers=HEADERS),
        headers=await staff_headers(client, org_code=JINAN), kind="cadres",
    )  # fmt: skip

    found = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert [(row["verdict"], row["problems"][0]["text"]) for row in found] == [
        ("error", "G2 工作地县（市、区）：有同名的县（市、区），请连同所在市填写，例如济南市市中区"),
        ("error", "I3 居住地县（市、区）：没有这个县（市、区），请填写全称，例如历下区"),
        ("error", "M4 可结对户数：请填写0至50的整数"),
        ("error", "M5 可结对户数：请填写0至50的整数"),
        ("error", "P6 不参加原因：“是否参加”填“否”时，请写明原因，4个字以上"),
        ("error", "O7 是否参加：填写了不参加原因，请同时在这一列填“否”"),
        ("error", "L8 语言：最多5种，每种不超过20个字"),
    ]
    assert of_city.json()["counts"] == counts(error=1)
