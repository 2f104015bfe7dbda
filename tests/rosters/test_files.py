"""The files: templates, refusals, a clerk's messy table, and bad rows that come back."""

import io
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from app.audit.models import AuditEntry
from app.people.models import Beneficiary
from app.rosters.models import RosterImport, RosterRow
from tests.accounts.factories import staff_headers
from tests.core.spreadsheet_files import rebuilt
from tests.people.cast import LIU_GUIYING, OUYANG_MINGDE, WANG_XIAOSI
from tests.rosters.factories import (
    BENEFICIARY_HEADERS,
    CADRE_HEADERS,
    PAIRING_HEADERS,
    TERMS_HEADERS,
    confirm,
    counts,
    person,
    roster,
    rows_of,
    sheet_of,
    upload,
    workbook,
)


@pytest.fixture
async def clerk(client: httpx.AsyncClient) -> dict[str, str]:
    return await staff_headers(client, role="clerk")


@pytest.mark.parametrize(
    ("kind", "label", "headers"),
    [
        ("beneficiaries", "帮扶对象", BENEFICIARY_HEADERS),
        ("cadres", "帮扶干部", (*CADRE_HEADERS, *TERMS_HEADERS)),
        ("pairings", "结对关系", PAIRING_HEADERS),
    ],
)
async def test_a_template_explains_itself(
    client: httpx.AsyncClient, clerk: dict[str, str], kind: str, label: str, headers: tuple[str, ...]
) -> None:
    answer = await client.get(f"/admin/v1/imports/templates/{kind}", headers=clerk)

    assert answer.status_code == 200
    assert "filename*=UTF-8''%E5%B8%AE" in answer.headers["content-disposition"] or kind == "pairings"
    assert sheet_of(answer.content) == [list(headers)]
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames[0] == label
    told = " ".join(row[0] for row in sheet_of(answer.content, "填写说明"))
    assert all(f"{header.strip('*')}：" in told for header in headers)
    required = [header.strip("*") for header in headers if header.endswith("*")]
    assert all(f"{header}：必填" in told for header in required)


async def test_a_template_offers_the_closed_lists(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    answer = await client.get("/admin/v1/imports/templates/beneficiaries", headers=clerk)

    book = load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    lists = {
        str(rule.sqref).partition(":")[0]: rule.formula1
        for rule in sheet.data_validations.dataValidation
        if rule.type == "list"
    }
    assert lists["E2"] == "选项!$E$1:$E$8"
    offered = [row[4] for row in sheet_of(answer.content, "选项")]
    assert offered[:4] == ["低保（城镇）", "低保（农村）", "特困（分散）", "特困（集中）"]
    assert sheet.column_dimensions["B"].width >= 20
    assert sheet["B2"].number_format == "@" or sheet.column_dimensions["B"].number_format == "@"


async def test_every_word_of_the_lists_is_understood(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    answer = await client.get("/admin/v1/imports/templates/beneficiaries", headers=clerk)
    choices = sheet_of(answer.content, "选项")
    columns = {"残疾证状态": 3, "救助类型": 4, "户口性质": 5, "一户多残": 10, "与监护人关系": 14}
    rows = [
        person(**{header: row[place]}, 监护人姓名="李强")
        for row in choices
        for header, place in columns.items()
        if row[place] is not None
    ]

    uploaded = await upload(client, roster(rows), headers=clerk)

    assert uploaded.json()["counts"] == counts(new=len(rows))
    assert len(rows) == 4 + 8 + 2 + 2 + 8


def _messy() -> bytes:
    """What a county office really sends: a title, other headers, numbers, blanks, an extra column."""
    headers = (
        "序号", "残疾人 姓名", "身份证号码", "残疾证号", "救助类别", "户籍类型", "乡镇", "住址", "联系方式",
        "备注",
    )  # fmt: skip
    liu, boy, man = LIU_GUIYING, WANG_XIAOSI, OUYANG_MINGDE
    phone = 13805310001
    rows: list[tuple[Any, ...]] = [
        (1, "刘　桂英", liu.id_number, liu.certificate, "农村低保", "农业", "港沟街道", "神武村", phone),
        (2, "王小四", f" {boy.id_number} ", boy.certificate, "低保", "农村", None, None, "", "低保户"),
        (None,) * 10,
        (3, "欧阳明德", int(man.id_number), man.certificate, "特困"),
        (4, None, None, None, None, None, None, None, None, "以下无内容"),
        (5, "赵铁柱", "370102195001011", "37010219500101141", "低保", "农村", None, None, "无"),
    ]
    return workbook(headers, rows, above=[("历下区困难重度残疾人花名册",), ("填报单位：历下区残联",)])


async def test_a_clerks_messy_table_is_read_row_by_row(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    uploaded = await upload(client, _messy(), headers=clerk)

    assert uploaded.status_code == 201, uploaded.text
    found = await rows_of(client, uploaded.json()["id"], headers=clerk)
    assert [(row["row_number"], row["verdict"]) for row in found] == [
        (4, "new"), (5, "new"), (7, "error"), (9, "error"),
    ]  # fmt: skip
    number, relief = [problem["text"] for problem in found[2]["problems"]]
    assert number == "C7 身份证号：以数字格式保存，末位可能已丢失，请改为文本后重新填写"
    assert relief.startswith(
        "E7 救助类型：只能填写：低保（城镇）、低保（农村）、特困（分散）、特困（集中）、"
    )
    assert [problem["cell"] for problem in found[3]["problems"]] == ["C9"]


async def test_bad_rows_come_back_with_their_cells_and_reasons_and_can_be_uploaded_again(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    good = person()
    bad = person(
        姓名="刘桂英1", 身份证号=LIU_GUIYING.id_number, 家庭住址="+86号院", 联系电话="+8613805310001"
    )
    first = await upload(client, roster([good, bad]), headers=clerk)
    await confirm(client, first.json()["id"], headers=clerk, skip_bad=True)

    answer = await client.get(f"/admin/v1/imports/{first.json()['id']}/bad-rows.xlsx", headers=clerk)

    table = sheet_of(answer.content)
    assert table[0] == [*BENEFICIARY_HEADERS, "原因"]
    assert table[1][1] == LIU_GUIYING.id_number
    assert table[1][-1] == "A3 姓名：姓名只能是文字和间隔号，不能有数字或其他符号"
    assert await AuditEntry.filter(action="import.bad_rows_exported").count() == 1
    table[1][0] = "刘桂英"
    second = await upload(client, workbook(table[0], table[1:]), headers=clerk)
    assert second.json()["counts"] == counts(new=1)
    await confirm(client, second.json()["id"], headers=clerk)
    woman = await Beneficiary.all().order_by("-id").first()
    assert woman is not None
    assert (woman.name, woman.address, woman.phone) == ("刘桂英", "+86号院", "13805310001")


async def test_bad_rows_of_others_are_an_export_and_a_clerk_gets_only_his_own(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    uploaded = await upload(client, roster([person(身份证号="1")]), headers=clerk)
    path = f"/admin/v1/imports/{uploaded.json()['id']}/bad-rows.xlsx"

    colleague = await client.get(path, headers=await staff_headers(client, role="clerk"))
    admin = await client.get(path, headers=await staff_headers(client))

    assert (colleague.status_code, colleague.json()["detail"]) == (403, "需要“办理、导出”权限")
    assert admin.status_code == (await client.get(path, headers=clerk)).status_code == 200


async def test_what_comes_back_can_run_nothing_in_excel(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    attack = person(姓名="@SUM(1+1)", 家庭住址="\t=cmd|' /C calc'!A0", **{"乡镇（街道）": "-2+3"})
    content = workbook(
        BENEFICIARY_HEADERS, [[attack.get(header.strip("*")) for header in BENEFICIARY_HEADERS]]
    )
    uploaded = await upload(client, content, headers=clerk)

    answer = await client.get(f"/admin/v1/imports/{uploaded.json()['id']}/bad-rows.xlsx", headers=clerk)

    book = load_workbook(io.BytesIO(answer.content))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert not [cell.value for cell in cells if str(cell.value).startswith(("=", "+", "-", "@", "\t"))]


async def test_a_spoiled_id_number_comes_back_so_that_it_cannot_pass_for_another(
    client: httpx.AsyncClient, clerk: dict[str, str]
) -> None:
    row = person() | {"身份证号": 379999195803120248}
    uploaded = await upload(client, roster([row]), headers=clerk)

    answer = await client.get(f"/admin/v1/imports/{uploaded.json()['id']}/bad-rows.xlsx", headers=clerk)

    assert sheet_of(answer.content)[1][1] == "379999195803120???"
    again = await upload(client, answer.content, headers=clerk)
    assert again.json()["counts"] == counts(error=1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "spreadsheets.old_format"),
        (b"name,id\n", "spreadsheets.not_xlsx"),
        (workbook(("姓名", "电话"), [("刘桂英", "13805310001")]), "rosters.columns_missing"),
        (workbook(("名字", "电话"), [("刘桂英", "13805310001")]), "spreadsheets.headers_missing"),
        (workbook(BENEFICIARY_HEADERS, []), "rosters.nothing_inside"),
        (
            rebuilt(workbook(BENEFICIARY_HEADERS, []), {"xl/media/image1.png": bytes(30 << 20)}),
            "spreadsheets.too_big",
        ),
    ],
    ids=["xls renamed", "csv renamed", "columns missing", "no header", "no rows", "bomb"],
)
async def test_a_file_that_is_no_roster_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, clerk: dict[str, str], content: bytes, code: str
) -> None:
    answer = await upload(client, content, headers=clerk)

    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert await RosterImport.all().count() == 0
    assert await RosterRow.all().count() == 0


async def test_missing_columns_are_named(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    answer = await upload(client, workbook(("姓名", "身份证号"), [("刘桂英", "1")]), headers=clerk)

    assert (
        answer.json()["detail"] == "缺少：残疾人证号、救助类型。如果这不是帮扶对象名单，请重新选择名单的种类"
    )


async def test_a_large_upload_is_not_even_read(client: httpx.AsyncClient, clerk: dict[str, str]) -> None:
    answer = await upload(client, b"PK\x03\x04" + bytes(20 * 1024 * 1024), headers=clerk)

    assert answer.status_code == 413
