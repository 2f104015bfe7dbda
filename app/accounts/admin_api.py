"""Signing in to the console."""

from datetime import date

from fastapi import APIRouter, Request, Response

from app.accounts import operations
from app.accounts.deps import (
    StaffCaller,
    StaffDep,
    bearer_token,
    came_from,
    refuse_foreign_page,
    session_cookie_name,
)
from app.accounts.queries import grants_of
from app.accounts.rules import DUE_WITHIN, held_on, scope_of
from app.accounts.schemas import StaffSessionAnswer, StaffSignIn
from app.core.clock import china_date
from app.core.deps import ClockDep, SettingsDep

router = APIRouter(prefix="/admin/v1/session", tags=["session"])


@router.post("", summary="登录管理后台")
async def sign_in(
    body: StaffSignIn, request: Request, response: Response, clock: ClockDep, settings: SettingsDep
) -> StaffSessionAnswer:
    refuse_foreign_page(request)
    cookie = session_cookie_name(is_production=settings.is_production)
    token, staff = await operations.sign_in_staff(
        username=body.username,
        password=body.password,
        came_from=came_from(request),
        now=clock.now(),
        replaces=request.cookies.get(cookie),
    )
    response.set_cookie(
        cookie,
        token,
        max_age=int(operations.STAFF_SESSION_WHOLE.total_seconds()),
        path="/",
        secure=settings.is_production,
        httponly=True,
        samesite="strict",
    )
    held = held_on(await grants_of(staff_id=staff.id), day=china_date(clock.now()))
    caller = StaffCaller(
        staff_id=staff.id, username=staff.username, display_name=staff.display_name,
        org_code=staff.org_code, held=held, scope=scope_of(held),
    )  # fmt: skip
    return _answer(caller, today=china_date(clock.now()), token=token)


@router.get("", summary="当前登录的人")
async def who_am_i(caller: StaffDep, clock: ClockDep) -> StaffSessionAnswer:
    return _answer(caller, today=china_date(clock.now()))


def _answer(caller: StaffCaller, *, today: date, token: str | None = None) -> StaffSessionAnswer:
    expires_on = min(one.expires_on for one in caller.held)
    return StaffSessionAnswer(
        username=caller.username,
        display_name=caller.display_name,
        role=caller.role.key,
        role_label=caller.role.label,
        org_code=caller.org_code,
        expires_on=expires_on,
        is_due=expires_on <= today + DUE_WITHIN,
        token=token,
    )


@router.delete("", status_code=204, summary="退出登录")
async def sign_out(request: Request, response: Response, settings: SettingsDep) -> None:
    refuse_foreign_page(request)
    name = session_cookie_name(is_production=settings.is_production)
    token = bearer_token(request) or request.cookies.get(name)
    if token:
        await operations.sign_out_staff(token=token)
    response.delete_cookie(name, path="/", secure=settings.is_production, httponly=True, samesite="strict")
