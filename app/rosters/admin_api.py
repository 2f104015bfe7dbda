"""Importing rosters in the console."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response, UploadFile

from app.accounts.deps import EditorDep, StaffDep
from app.accounts.enums import Permission
from app.core.bodies import RowId
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep
from app.core.spreadsheets import write_table
from app.rosters import operations
from app.rosters.enums import RosterKind, RowVerdict
from app.rosters.queries.imports import counts_of, import_in, imports_in, rows_of
from app.rosters.rules.files import COLUMNS, column_name, guides, instructions
from app.rosters.schemas import ConfirmBody, ImportAnswer, RowAnswer

router = APIRouter(prefix="/admin/v1/imports", tags=["imports"])

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _download(content: bytes, *, filename: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(filename)}"
    return Response(content, media_type=_XLSX, headers={"content-disposition": disposition})


@router.get("/templates/{kind}", summary="下载导入模板", response_class=Response)
async def template(kind: RosterKind, _: StaffDep) -> Response:
    headers = [column_name(column.header, required=column.required) for column in COLUMNS[kind]]
    content = await asyncio.to_thread(
        lambda: write_table(
            headers, [], guides=guides(kind), instructions=instructions(kind), sheet_name=kind.label
        )
    )
    return _download(content, filename=f"{kind.label}导入模板.xlsx")


@router.post("", status_code=201, summary="上传名册，逐行检查")
async def upload(
    kind: Annotated[RosterKind, Query()], file: UploadFile, caller: EditorDep, clock: ClockDep
) -> ImportAnswer:
    import_id = await operations.upload(
        scope=caller.scope,
        actor=caller.actor,
        org_code=caller.org_code,
        kind=kind,
        filename=file.filename or "",
        content=await file.read(),
        now=clock.now(),
    )
    return await _answer(import_id, caller)


@router.get("", summary="导入记录，最近的在前")
async def list_imports(caller: StaffDep, page: PageQueryDep) -> Page[ImportAnswer]:
    uploads, next_cursor = await imports_in(scope=caller.scope, page=page)
    counts = await counts_of(import_ids=[roster.id for roster in uploads])
    items = [ImportAnswer.of(roster, counts=counts[roster.id]) for roster in uploads]
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{import_id}", summary="一次导入的检查结果")
async def summary(import_id: RowId, caller: StaffDep) -> ImportAnswer:
    return await _answer(import_id, caller)


@router.get("/{import_id}/rows", summary="逐行检查结果，证件号码等已遮挡")
async def rows(
    import_id: RowId, caller: StaffDep, page: PageQueryDep, verdict: RowVerdict | None = None
) -> Page[RowAnswer]:
    roster = await import_in(scope=caller.scope, import_id=import_id)
    verdicts = list(RowVerdict) if verdict is None else [verdict]
    found = await rows_of(import_id=roster.id, verdicts=verdicts, after=page.cursor, limit=page.limit + 1)
    shown = found[: page.limit]
    return Page(
        items=[RowAnswer.of(row, kind=roster.kind) for row in shown],
        next_cursor=shown[-1].number if len(found) > page.limit else None,
    )


@router.post("/{import_id}/confirm", summary="确认导入")
async def confirm(import_id: RowId, body: ConfirmBody, caller: EditorDep, clock: ClockDep) -> ImportAnswer:
    await operations.confirm(
        scope=caller.scope,
        import_id=import_id,
        skip_bad=body.skip_bad,
        actor=caller.actor,
        now=clock.now(),
    )
    return await _answer(import_id, caller)


@router.get("/{import_id}/bad-rows.xlsx", summary="下载有问题的行，改正后可直接上传", response_class=Response)
async def bad_rows(import_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    roster = await import_in(scope=caller.scope, import_id=import_id)
    if roster.uploaded_by != caller.staff_id:
        # His own rows come back to whoever uploaded them; to anybody else it is a file of people.
        caller = caller.by(Permission.EDIT, Permission.EXPORT)
    content = await operations.export_bad_rows(
        scope=caller.scope, import_id=import_id, actor=caller.actor, now=clock.now()
    )
    return _download(content, filename="有问题的行.xlsx")


async def _answer(import_id: int, caller: StaffDep) -> ImportAnswer:
    roster = await import_in(scope=caller.scope, import_id=import_id)
    counts = await counts_of(import_ids=[roster.id])
    return ImportAnswer.of(roster, counts=counts[roster.id])
