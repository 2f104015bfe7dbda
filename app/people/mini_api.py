"""Who holds this phone, and how he becomes known to us."""

from fastapi import APIRouter

from app.accounts.deps import MiniDep
from app.accounts.enums import MiniRole
from app.core.deps import ClockDep
from app.people import operations, queries
from app.people.models import Cadre, Guardian
from app.people.rules import mask_phone
from app.people.schemas import MeAnswer, PhoneCode
from app.wechat.deps import WeChatDep, code_exchange

router = APIRouter(prefix="/mini/v1", tags=["people"])

_UNBOUND_HINT = "请点“手机号快速验证”，用登记在帮扶干部名单中的手机号绑定"


@router.post("/session/phone", summary="用手机号绑定帮扶干部或监护人")
async def bind_by_phone(body: PhoneCode, caller: MiniDep, clock: ClockDep, wechat: WeChatDep) -> MeAnswer:
    with code_exchange():
        phone = await wechat.phone_number(code=body.code, openid=caller.openid)
    now = clock.now()
    try:
        cadre = await operations.bind_cadre_by_phone(identity_id=caller.identity_id, phone=phone, now=now)
    except operations.PhoneNotInRoster:
        return _as_guardian(
            await operations.bind_guardian_by_phone(identity_id=caller.identity_id, phone=phone, now=now)
        )
    return _as_cadre(cadre)


@router.get("/me", summary="我是谁")
async def me(caller: MiniDep) -> MeAnswer:
    if caller.scope.cadre_id is not None:
        return _as_cadre(await queries.own_cadre(cadre_id=caller.scope.cadre_id))
    if caller.scope.guardian_id is not None:
        return _as_guardian(await queries.own_guardian(guardian_id=caller.scope.guardian_id))
    return MeAnswer(role=MiniRole.UNBOUND, role_label=MiniRole.UNBOUND.label, hint=_UNBOUND_HINT)


def _as_cadre(cadre: Cadre) -> MeAnswer:
    return MeAnswer(
        role=MiniRole.CADRE,
        role_label=MiniRole.CADRE.label,
        name=cadre.name,
        org_code=cadre.org_code,
        unit=cadre.unit,
        phone=mask_phone(cadre.phone),
    )


def _as_guardian(guardian: Guardian) -> MeAnswer:
    return MeAnswer(
        role=MiniRole.GUARDIAN,
        role_label=MiniRole.GUARDIAN.label,
        name=guardian.name,
        org_code=guardian.region_code,
        phone=mask_phone(guardian.phone) if guardian.phone else None,
    )
