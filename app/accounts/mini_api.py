"""Signing in inside WeChat."""

from fastapi import APIRouter

from app.accounts import operations
from app.accounts.rules import mini_role
from app.accounts.schemas import MiniSessionAnswer, MiniSignIn
from app.core.deps import ClockDep
from app.wechat.deps import WeChatDep, code_exchange

router = APIRouter(prefix="/mini/v1/session", tags=["session"])


@router.post("", summary="小程序登录")
async def sign_in(body: MiniSignIn, clock: ClockDep, wechat: WeChatDep) -> MiniSessionAnswer:
    with code_exchange():
        session = await wechat.code_to_session(code=body.code)
    token, identity = await operations.sign_in_phone(
        openid=session.openid, unionid=session.unionid, now=clock.now()
    )
    role = mini_role(cadre_id=identity.cadre_id, guardian_id=identity.guardian_id)
    return MiniSessionAnswer(
        token=token,
        role=role,
        role_label=role.label,
        expires_in=int(operations.MINI_SESSION.total_seconds()),
    )
