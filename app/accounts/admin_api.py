"""Signing in to the console."""

from fastapi import APIRouter, Request, Response

from app.accounts import operations
from app.accounts.deps import StaffDep, bearer_token, came_from, refuse_foreign_page, session_cookie_name
from app.accounts.schemas import StaffSessionAnswer, StaffSignIn
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
    return StaffSessionAnswer(
        username=staff.username,
        display_name=staff.display_name,
        role=staff.role,
        role_label=staff.role.label,
        org_code=staff.org_code,
        token=token,
    )


@router.get("", summary="当前登录的人")
async def who_am_i(caller: StaffDep) -> StaffSessionAnswer:
    return StaffSessionAnswer(
        username=caller.username,
        display_name=caller.display_name,
        role=caller.role,
        role_label=caller.role.label,
        org_code=caller.org_code,
    )


@router.delete("", status_code=204, summary="退出登录")
async def sign_out(request: Request, response: Response, settings: SettingsDep) -> None:
    refuse_foreign_page(request)
    name = session_cookie_name(is_production=settings.is_production)
    token = bearer_token(request) or request.cookies.get(name)
    if token:
        await operations.sign_out_staff(token=token)
    response.delete_cookie(name, path="/", secure=settings.is_production, httponly=True, samesite="strict")
