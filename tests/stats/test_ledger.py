"""The ledger of pairings, opened as a clerk opens it."""

import io
from datetime import date
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from app.accounts.enums import StaffRole
from app.audit.models import AuditEntry
from app.contacts.models import ContactYear
from app.orgs.operations import plant_tree
from app.pairing.enums import EndReason
from app.stats import operations
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG, staff_headers
from tests.conftest import NOW
from tests.pairing.factories import LIXIA_STAFF, ZHOU, make_pairing
from tests.people.cast import LIU_GUIYING, SUN_JIANGUO, WANG_XIULAN
from tests.people.factories import make_beneficiary, make_cadre, make_guardian

DOOR = "/admin/v1/exports/pairings.xlsx"
CANARY = "金丝雀"


def sheets_of(answer: httpx.Response) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each sheet by header."""
    assert answer.status_code == 200, answer.text
    found = {}
    for sheet in load_workbook(io.BytesIO(answer.content)).worksheets:
        headers, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(map(str, headers), row, strict=True)) for row in rows]
    return found


@pytest.fixture
async def lius(db: None) -> None:
    """刘桂英 with her guardian and her cadre, whom he called three times and visited once."""
    await plant_tree()
    liu = await make_beneficiary(name=LIU_GUIYING.name, id_number=LIU_GUIYING.id_number, town="泉城路街道")
    await make_guardian(beneficiary=liu, name=WANG_XIULAN.name, phone=WANG_XIULAN.phone)
    await make_guardian(beneficiary=liu, name="赵强")
    standing = await make_pairing(
        beneficiary=liu, cadre=await make_cadre(unit="=HYPERLINK(1)", name=SUN_JIANGUO.name)
    )
    await ContactYear.create(
        pairing_id=standing.id, year=2026, contacts=3, visits=1, last_reached_on=date(2026, 5, 1)
    )
    await make_pairing(
        beneficiary=await make_beneficiary(town="文化东路街道"), ended_on=date(2026, 3, 1),
        end_reason=EndReason.RETIRED,
    )  # fmt: skip
    # Of the county next door, and of its file only.
    await make_pairing(
        beneficiary=await make_beneficiary(name=CANARY, region_code=SHIZHONG),
        cadre=await make_cadre(org_code=JINAN, unit="市残联维权处"),
    )


@pytest.mark.usefixtures("lius")
async def test_a_clerk_finds_the_columns_in_order_with_numbers_masked(client: httpx.AsyncClient) -> None:
    answer = await client.get(DOOR, headers=await staff_headers(client))

    (row,) = sheets_of(answer)["结对台账"]
    assert row | {"残疾人证号": None} == {
        "序号": "1",
        "县（市、区）": "历下区",
        "乡镇（街道）": "泉城路街道",
        "姓名": LIU_GUIYING.name,
        "身份证号": f"3{'*' * 16}{LIU_GUIYING.id_number[-1]}",
        "残疾人证号": None,
        "残疾类别": "肢体残疾",
        "残疾等级": "一级",
        "低保/特困": row["低保/特困"],
        "监护人": WANG_XIULAN.name,
        "与监护人关系": "父母",
        "联系电话": "137******21",
        "帮扶干部": SUN_JIANGUO.name,
        # An apostrophe keeps what a spreadsheet program would take for a formula.
        "单位": "'=HYPERLINK(1)",
        "职务": "主任",
        "结对日期": "2026-01-01",
        "本年联系次数": "3",
        "本年走访次数": "1",
        "最近联系日期": "2026-05-01",
    }
    assert list(row)[:4] == ["序号", "县（市、区）", "乡镇（街道）", "姓名"]
    assert CANARY.encode() not in answer.content
    assert answer.headers["cache-control"] == "no-store"
    entry = await AuditEntry.get(action="pairings.exported")
    assert (entry.region_code, entry.detail) == (LIXIA, "rows=1 history=False in_full=False: ")


@pytest.mark.usefixtures("lius")
async def test_numbers_in_full_need_both_rights_and_a_reason(client: httpx.AsyncClient) -> None:
    admin = await staff_headers(client)
    clerk = await staff_headers(client, role=StaffRole.CLERK)
    why = {"reason": "报送全国平台", "history": True}

    without = await client.post(DOOR, json=why | {"reason": "报"}, headers=admin)
    refused = [await client.post(DOOR, json=why, headers=clerk), await client.get(DOOR, headers=clerk)]
    sheets = sheets_of(await client.post(DOOR, json=why, headers=admin))

    assert (without.status_code, without.json()["code"]) == (422, "stats.reason_missing")
    assert [answer.status_code for answer in refused] == [403, 403]
    (row,), (past,) = sheets["结对台账"], sheets["已结束的结对"]
    assert (row["身份证号"], row["联系电话"]) == (LIU_GUIYING.id_number, WANG_XIULAN.phone)
    assert (past["结束日期"], past["结束原因"]) == ("2026-03-01", "干部退休")
    (entry,) = await AuditEntry.filter(action="pairings.exported")
    assert entry.detail == "rows=2 history=True in_full=True: 报送全国平台"


@pytest.mark.usefixtures("lius")
async def test_a_city_takes_out_the_people_of_its_own_cadres_only(client: httpx.AsyncClient) -> None:
    city = sheets_of(await client.get(DOOR, headers=await staff_headers(client, org_code=JINAN)))
    other = sheets_of(await client.get(DOOR, headers=await staff_headers(client, org_code=SHIZHONG)))

    assert [(row["姓名"], row["县（市、区）"]) for row in city["结对台账"]] == [(CANARY, "市中区")]
    assert [row["姓名"] for row in other["结对台账"]] == [CANARY]


@pytest.mark.usefixtures("db")
async def test_more_than_a_file_may_hold_is_refused_and_nothing_is_said_to_have_left() -> None:
    for _ in range(3):
        await make_pairing()

    with pytest.raises(operations.TooManyRows, match="最多导出2行"):
        await operations.export_ledger(
            scope=LIXIA_STAFF, actor=ZHOU, org_code=LIXIA, with_history=False, in_full=False, reason="",
            now=NOW, most=2,
        )  # fmt: skip
    assert await AuditEntry.all().count() == 0
