"""Taking the ledger of pairings out of the system; the trail says who did, how much of it, and why."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from tortoise.transactions import in_transaction

from app.accounts.rules import Scope
from app.audit import operations as audit
from app.core.clock import china_date
from app.core.errors import Invalid, TooMany
from app.core.spreadsheets import TableBook
from app.stats.queries import ledger_lines, ledger_order
from app.stats.rules import (
    LONGEST_REASON,
    SHORTEST_REASON,
    LedgerLine,
    ledger_guides,
    ledger_sheets,
    ledger_texts,
)

# A province's largest county has a tenth of it. The packed file takes some 5 MB.
MOST_ROWS = 50_000
_AT_ONCE = 1000
# Each holds a processor for some seconds.
_EXPORTING = asyncio.Semaphore(2)


class ReasonMissing(Invalid):
    code = "stats.reason_missing"
    title = f"导出完整证件号码和电话时请写明用途，{SHORTEST_REASON}至{LONGEST_REASON}个字"


class TooManyRows(Invalid):
    code = "stats.too_many_rows"
    title = "导出的行数过多"


class ExportersBusy(TooMany):
    code = "stats.busy"
    title = "正在为其他人导出，请一分钟后再试"


async def export_ledger(  # noqa: PLR0913 - whose, by whom, what of it, why and when
    *,
    scope: Scope,
    actor: audit.Actor,
    org_code: str,
    with_history: bool,
    in_full: bool,
    reason: str,
    now: datetime,
    most: int = MOST_ROWS,
) -> bytes:
    """Return the ledger of pairings of the caller's county as an .xlsx; numbers and phones are masked.

    It is read and written a thousand rows at a time. The trail says who took it before it leaves.

    Args:
        scope: who asks.
        actor: as the audit trail names him.
        org_code: the federation for which he acts.
        with_history: add a sheet of pairings that have ended.
        in_full: show numbers and phones as they are; the caller's right to it was checked.
        reason: what for; needed for `in_full`.
        now: when.
        most: how many pairings at most.

    Raises:
        ReasonMissing: numbers in full, and nobody says what for.
        TooManyRows: more pairings than that.
        ExportersBusy: two are being written already.
    """
    reason = " ".join(reason.split())
    if len(reason) > LONGEST_REASON or (in_full and len(reason) < SHORTEST_REASON):
        raise ReasonMissing
    if _EXPORTING.locked():
        raise ExportersBusy(retry_after=60)
    async with _EXPORTING:
        orders = await _orders(scope, with_history=with_history, most=most, now=now)
        content = await _written(orders, in_full=in_full, now=now)
    rows = sum(len(order) for order in orders)
    async with in_transaction():
        await audit.record(
            actor=actor, action="pairings.exported", object_kind="org", object_id=org_code, now=now,
            region_code=org_code, detail=f"rows={rows} history={with_history} in_full={in_full}: {reason}",
        )  # fmt: skip
    return content


async def _orders(scope: Scope, *, with_history: bool, most: int, now: datetime) -> list[list[int]]:
    """Return whom each sheet lists."""
    orders = [
        await ledger_order(scope=scope, day=china_date(now), past=past, most=most)
        for past in ((False, True) if with_history else (False,))
    ]
    if sum(len(order) for order in orders) > most:
        raise TooManyRows(f"一次最多导出{most}行")
    return orders


async def _written(orders: Sequence[Sequence[int]], *, in_full: bool, now: datetime) -> bytes:
    book = TableBook(ledger_sheets(with_history=len(orders) > 1), guides=ledger_guides())
    for sheet, order in enumerate(orders):
        if sheet:
            book.next_sheet()
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            lines = await ledger_lines(pairing_ids=some, year=china_date(now).year)
            await asyncio.to_thread(_add, book, lines, start=start, in_full=in_full, is_past=sheet > 0)
    return await asyncio.to_thread(book.finish)


def _add(book: TableBook, lines: Sequence[LedgerLine], *, start: int, in_full: bool, is_past: bool) -> None:
    book.add(
        ledger_texts(line, number=number, in_full=in_full, is_past=is_past)
        for number, line in enumerate(lines, start + 1)
    )
