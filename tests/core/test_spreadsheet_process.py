import asyncio
import os
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from app.core.spreadsheets import (
    SheetLimits,
    SpreadsheetRefused,
    read_table,
    read_table_safely,
    stream_table_safely,
)
from tests.core.spreadsheet_files import HEADERS, filled_rows, raw_sheet, rebuilt, workbook

LIMITS = SheetLimits()
ANY_RATIO = replace(LIMITS, ratio=1_000_000)


async def test_an_upload_is_read_in_another_process_as_in_this_one() -> None:
    content = workbook([HEADERS, ["王小四", "=1+1", date(2024, 2, 10)], ["李芳", None, 5]])

    assert await read_table_safely(content, headers=HEADERS) == read_table(content, headers=HEADERS)


async def test_an_empty_upload_table_still_tells_its_headers() -> None:
    table = await read_table_safely(workbook([HEADERS]), headers=HEADERS)

    assert (table.headers, table.rows) == (tuple(HEADERS), [])


async def test_a_refusal_crosses_from_the_process_with_its_facts() -> None:
    with pytest.raises(SpreadsheetRefused) as refusal:
        await read_table_safely(workbook([["姓名"], ["甲"]]), headers=HEADERS)

    assert refusal.value.code == "spreadsheets.headers_missing"
    assert refusal.value.facts == {"missing": ["身份证号", "手机号"]}
    assert refusal.value.detail


async def test_rows_stream_in_small_batches_and_a_late_refusal_comes_late() -> None:
    content = raw_sheet(filled_rows(1_000))
    sizes: list[int] = []

    with pytest.raises(SpreadsheetRefused) as refusal:
        async with aclosing(
            stream_table_safely(content, headers=HEADERS, limits=replace(LIMITS, rows=900))
        ) as stream:
            async for rows in stream:
                sizes.append(len(rows))  # noqa: PERF401 - what came before the refusal is kept

    assert refusal.value.code == "spreadsheets.too_many_rows"
    assert sizes == [100] * 9


@cache
def costly_file() -> bytes:
    """Return a file of three rows that carries four million texts."""
    strings = b"<si><t>12345678</t></si>" * 4_000_000
    relations = (
        b'<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml" Type="x/worksheet"/>'
        b'<Relationship Id="rId2" Target="sharedStrings.xml" Type="x/sharedStrings"/></Relationships>'
    )
    return rebuilt(
        raw_sheet(filled_rows(3)),
        {"xl/_rels/workbook.xml.rels": relations, "xl/sharedStrings.xml": b"<sst>" + strings + b"</sst>"},
    )


@pytest.mark.parametrize(
    "limits",
    [
        replace(ANY_RATIO, cpu_seconds=1),
        replace(ANY_RATIO, wait_seconds=0.5),
        replace(ANY_RATIO, memory_bytes=128 << 20),
    ],
    ids=["processor", "waiting", "memory"],
)
async def test_a_file_that_costs_too_much_is_given_up(limits: SheetLimits) -> None:
    content = costly_file()

    with pytest.raises(SpreadsheetRefused) as refusal:
        await read_table_safely(content, headers=HEADERS, limits=limits)

    assert refusal.value.code == "spreadsheets.too_complex"


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def environment_of(process: str) -> str:
    return Path(f"/proc/{process}/environ").read_text()


async def test_no_process_is_left_behind_when_the_reader_is_left_early() -> None:
    before = children()
    content = raw_sheet(filled_rows(20_000))

    async with aclosing(stream_table_safely(content, headers=HEADERS)) as stream:
        first = await anext(stream)
        during = children()

    assert len(first) == 100
    assert len(during - before) == 1
    assert children() <= before


async def test_a_cancelled_import_takes_its_process_along() -> None:
    before = children()
    content = raw_sheet(filled_rows(20_000))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await read_table_safely(content, headers=HEADERS)

    assert children() <= before


async def test_the_process_sees_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_SECRET_KEY", "secret")

    async with aclosing(stream_table_safely(raw_sheet(filled_rows(20_000)), headers=HEADERS)) as stream:
        await anext(stream)
        seen = [environment_of(child) for child in children()]

    assert any("PYTHONPATH" in environment for environment in seen)
    assert not any("LIANXIN_SECRET_KEY" in environment for environment in seen)
