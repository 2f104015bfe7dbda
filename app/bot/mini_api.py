"""Binding a family's guardians from the cadre's phone: six digits to read out, and cutting a binding."""

from fastapi import APIRouter

from app.accounts.deps import CadreDep
from app.bot.schemas import Pins
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.pairing.queries import own_pairing_on
from app.people import operations, queries

router = APIRouter(prefix="/mini/v1", tags=["people"])


@router.post(
    "/pairings/{pairing_id}/binding-pins",
    status_code=201,
    summary="生成6位绑定码，读给监护人，10分钟内由监护人发给服务号",
)
async def issue_pins(pairing_id: RowId, caller: CadreDep, clock: ClockDep) -> Pins:
    now = clock.now()
    pairing = await own_pairing_on(scope=caller.scope, pairing_id=pairing_id, on=china_date(now))
    issued = await operations.issue_pins(beneficiary_id=pairing.beneficiary_id, actor=caller.actor, now=now)
    return Pins.of(issued)


@router.delete(
    "/pairings/{pairing_id}/guardians/{guardian_id}/binding",
    status_code=204,
    summary="解除监护人的微信绑定",
)
async def unbind(pairing_id: RowId, guardian_id: RowId, caller: CadreDep, clock: ClockDep) -> None:
    now = clock.now()
    pairing = await own_pairing_on(scope=caller.scope, pairing_id=pairing_id, on=china_date(now))
    guardian = await queries.guardian_of_beneficiary(
        beneficiary_id=pairing.beneficiary_id, guardian_id=guardian_id
    )
    await operations.unbind_own_guardian(guardian_id=guardian.id, actor=caller.actor, now=now)
