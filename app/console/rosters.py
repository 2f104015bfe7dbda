"""Rosters (花名册): template, upload, what was found in each row, confirmation."""

from typing import Annotated

from fastapi import Form, Query, Request, Response, UploadFile

from app.accounts.deps import EditorDep, StaffDep
from app.console.failures import console_router
from app.console.frame import go_on, page
from app.core.bodies import RowId
from app.core.deps import ClockDep
from app.core.pagination import PageQueryDep
from app.rosters import admin_api
from app.rosters.enums import RosterKind, RosterState, RowVerdict
from app.rosters.queries.imports import import_in, rows_of
from app.rosters.schemas import ConfirmBody, RowAnswer

router = console_router()

_BAD = [verdict for verdict in RowVerdict if verdict.is_bad]


@router.get("/rosters")
async def rosters(request: Request, caller: StaffDep, pages: PageQueryDep) -> Response:
    """Show the form for an upload, and the uploads so far."""
    uploads = await admin_api.list_imports(caller, pages)
    return page(request, "rosters.html", caller=caller, kinds=list(RosterKind), uploads=uploads)


@router.get("/rosters/templates/{kind}")
async def template(kind: RosterKind, caller: StaffDep) -> Response:
    """Return an empty table to fill in."""
    return await admin_api.template(kind, caller)


@router.post("/rosters")
async def upload(
    kind: Annotated[RosterKind, Form()], file: UploadFile, caller: EditorDep, clock: ClockDep
) -> Response:
    """Take an upload in, and go on to what was found in it."""
    taken = await admin_api.upload(kind, file, caller, clock)
    return go_on(f"/console/rosters/{taken.id}")


@router.get("/rosters/{import_id}")
async def checked(
    request: Request,
    import_id: RowId,
    caller: StaffDep,
    pages: PageQueryDep,
    verdict: Annotated[RowVerdict | None, Query()] = None,
) -> Response:
    """Show what was found in an upload: the bad rows first, or those with one verdict."""
    roster = await admin_api.summary(import_id, caller)
    bad = sum(roster.counts[one] for one in _BAD)
    usual = _BAD if bad else list(RowVerdict)
    found = await rows_of(
        import_id=(await import_in(scope=caller.scope, import_id=import_id)).id,
        verdicts=[verdict] if verdict is not None else usual,
        after=pages.cursor,
        limit=pages.limit + 1,
    )
    rows = found[: pages.limit]
    return page(
        request,
        "roster.html",
        caller=caller,
        roster=roster,
        bad=bad,
        good=roster.row_count - bad,
        is_open=roster.state is RosterState.CHECKED,
        verdict=verdict,
        rows=[RowAnswer.of(row, kind=roster.kind) for row in rows],
        next_cursor=rows[-1].number if len(found) > pages.limit else None,
    )


@router.post("/rosters/{import_id}/confirm")
async def confirm(
    import_id: RowId, body: Annotated[ConfirmBody, Form()], caller: EditorDep, clock: ClockDep
) -> Response:
    """Apply an upload."""
    await admin_api.confirm(import_id, body, caller, clock)
    return go_on(f"/console/rosters/{import_id}", done="confirmed")


@router.get("/rosters/{import_id}/bad-rows.xlsx")
async def bad_rows(import_id: RowId, caller: EditorDep, clock: ClockDep) -> Response:
    """Return the rows that cannot be applied, to be corrected."""
    return await admin_api.bad_rows(import_id, caller, clock)
