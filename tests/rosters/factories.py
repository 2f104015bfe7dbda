"""Workbooks as clerks make them, and how they reach the service."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from openpyxl import Workbook, load_workbook

from tests.people.factories import fresh_id_number, fresh_phone

BENEFICIARY_HEADERS = (
    "姓名*", "身份证号*", "残疾人证号*", "残疾证状态", "救助类型*", "户口性质", "乡镇（街道）", "家庭住址",
    "联系电话", "户编号", "一户多残", "以老养残", "监护人姓名", "监护人电话", "与监护人关系",
)  # fmt: skip
CADRE_HEADERS = ("姓名*", "手机号*", "单位*", "部门", "职务", "级别")
TERMS_HEADERS = (
    "工作地县（市、区）", "工作地乡镇（街道）", "居住地县（市、区）", "居住地乡镇（街道）",
    "性别", "语言", "可结对户数", "领导班子成员", "是否参加", "不参加原因",
)  # fmt: skip
PAIRING_HEADERS = ("干部手机号*", "帮扶对象身份证号*", "结对日期*")


def workbook(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], *, above: Sequence[Sequence[Any]] = ()
) -> bytes:
    """Return an .xlsx with a title or nothing above its header row."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (*above, headers, *rows):
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def person(**overrides: Any) -> dict[str, Any]:
    """Return one row of the roster of beneficiaries, by header without asterisk."""
    number = overrides.get("身份证号") or fresh_id_number()
    row = {
        "姓名": "刘桂英",
        "身份证号": number,
        "残疾人证号": f"{number}41",
        "残疾证状态": "有效",
        "救助类型": "低保（农村）",
        "户口性质": "农村",
        "乡镇（街道）": "港沟街道",
        "家庭住址": "济南市历下区港沟街道神武村12号",
        "联系电话": fresh_phone(),
    }
    return row | overrides


def roster(rows: Sequence[Mapping[str, Any]], *, headers: Sequence[str] = BENEFICIARY_HEADERS) -> bytes:
    """Return an .xlsx with the headers of a template and rows given by header."""
    return workbook(headers, [[row.get(header.strip("*")) for header in headers] for row in rows])


async def upload(
    client: httpx.AsyncClient,
    content: bytes,
    *,
    headers: dict[str, str],
    kind: str = "beneficiaries",
    filename: str = "花名册.xlsx",
) -> httpx.Response:
    return await client.post(
        f"/admin/v1/imports?kind={kind}", files={"file": (filename, content)}, headers=headers
    )


async def rows_of(
    client: httpx.AsyncClient, import_id: int, *, headers: dict[str, str], verdict: str | None = None
) -> list[dict[str, Any]]:
    query = "" if verdict is None else f"&verdict={verdict}"
    answer = await client.get(f"/admin/v1/imports/{import_id}/rows?limit=200{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def confirm(
    client: httpx.AsyncClient, import_id: int, *, headers: dict[str, str], skip_bad: bool = False
) -> httpx.Response:
    return await client.post(
        f"/admin/v1/imports/{import_id}/confirm", json={"skip_bad": skip_bad}, headers=headers
    )


async def import_all(
    client: httpx.AsyncClient, content: bytes, *, headers: dict[str, str], kind: str = "beneficiaries"
) -> dict[str, int]:
    """Upload and confirm, and return the counts by verdict."""
    uploaded = await upload(client, content, headers=headers, kind=kind)
    assert uploaded.status_code == 201, uploaded.text
    confirmed = await confirm(client, uploaded.json()["id"], headers=headers)
    assert confirmed.status_code == 200, confirmed.text
    counts: dict[str, int] = uploaded.json()["counts"]
    return counts


def sheet_of(content: bytes, name: str | None = None) -> list[list[Any]]:
    """Return the cells of a downloaded sheet as openpyxl sees them."""
    book = load_workbook(io.BytesIO(content))
    sheet = book[name] if name else book.worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def counts(**some: int) -> dict[str, int]:
    return {"new": 0, "update": 0, "unchanged": 0, "conflict": 0, "error": 0} | some
