"""Coming in and going out, the files that the pages are drawn with, and addresses that lead nowhere."""

from typing import Annotated

from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.accounts import admin_api
from app.accounts.deps import StaffDep
from app.accounts.schemas import StaffSignIn
from app.console.failures import console_router, problem_of
from app.console.frame import HOME, SIGN_IN, STATIC, go_on, own_path, page
from app.core.deps import ClockDep, SettingsDep
from app.core.errors import AppError, NotFound

router = console_router()
# Included last: it takes every address that no page has.
nowhere = console_router()

Next = Annotated[str, Query(alias="next", max_length=500)]
_KINDS = {"css": "text/css", "js": "text/javascript"}


@router.get("")
@router.get("/")
async def root(_: StaffDep) -> Response:
    """Lead to the first page; whoever is not signed in is sent to sign in."""
    return go_on(HOME)


@router.get("/sign-in")
async def sign_in_form(request: Request, then: Next = HOME) -> Response:
    """Show the form."""
    return page(request, "sign_in.html", then=own_path(then), username="", problem=None)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    body: Annotated[StaffSignIn, Form()],
    clock: ClockDep,
    settings: SettingsDep,
    then: Next = HOME,
) -> Response:
    """Sign in as the API does, and go on to the page that was asked for."""
    answer = RedirectResponse(own_path(then), status_code=303)
    try:
        await admin_api.sign_in(body, request, answer, clock, settings)
    except AppError as error:
        problem, _ = await problem_of(request, error)
        return page(
            request,
            "sign_in.html",
            status=error.status,
            then=own_path(then),
            username=body.username,
            problem=problem,
        )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, settings: SettingsDep) -> Response:
    """End the session."""
    answer = go_on(SIGN_IN, done="signed_out")
    await admin_api.sign_out(request, answer, settings)
    return answer


@router.get("/static/{name}")
async def drawn_with(name: str) -> Response:
    """Return one file; its address changes with its content, so browsers may keep it."""
    if name not in STATIC:
        raise NotFound
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(STATIC[name], media_type=_KINDS[name.rpartition(".")[2]], headers=kept)


@nowhere.get("/{path:path}")
@nowhere.post("/{path:path}")
async def no_such_page(path: str, _: StaffDep) -> Response:
    """Answer every other address."""
    raise NotFound(f"没有这个页面：/console/{path}")
