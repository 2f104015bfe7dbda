"""What a cadre does in the mini program: whom should I call, and did I?"""

from datetime import datetime

from fastapi import APIRouter, Response

from app.accounts.deps import CadreCaller, CadreDep
from app.contacts import operations, queries
from app.contacts.schemas import (
    ContactAnswer,
    DigestAnswer,
    OwnContactAnswer,
    OwnPairingAnswer,
    OwnPairings,
    RecordContact,
)
from app.core.bodies import RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.pagination import Page, PageQueryDep
from app.pairing.queries import own_pairing_on
from app.people.models import Beneficiary
from app.people.operations import mute_beneficiary, unmute_beneficiary
from app.people.schemas import MuteAnswer, MuteRequest

router = APIRouter(prefix="/mini/v1", tags=["contacts"])


@router.get("/pairings", summary="我的帮扶对象，最需要联系的在前")
async def own_pairings(caller: CadreDep, clock: ClockDep) -> OwnPairings:
    today = china_date(clock.now())
    people = await queries.own_pairings(scope=caller.scope, day=today)
    return OwnPairings(items=[OwnPairingAnswer.of(own, day=today) for own in people])


@router.post("/pairings/{pairing_id}/mute", summary="家中有丧事等，节日不打扰")
async def mute_family(pairing_id: RowId, body: MuteRequest, caller: CadreDep, clock: ClockDep) -> MuteAnswer:
    now = clock.now()
    beneficiary = await _family(caller, pairing_id, now)
    return MuteAnswer.of(
        await mute_beneficiary(
            beneficiary=beneficiary, reason=body.reason, until=body.until, actor=caller.actor, now=now
        )
    )


@router.post("/pairings/{pairing_id}/unmute", summary="结束节日静默")
async def unmute_family(pairing_id: RowId, caller: CadreDep, clock: ClockDep) -> MuteAnswer:
    now = clock.now()
    beneficiary = await _family(caller, pairing_id, now)
    return MuteAnswer.of(await unmute_beneficiary(beneficiary=beneficiary, actor=caller.actor, now=now))


async def _family(caller: CadreCaller, pairing_id: int, now: datetime) -> Beneficiary:
    pairing = await own_pairing_on(scope=caller.scope, pairing_id=pairing_id, on=china_date(now))
    return await Beneficiary.get(id=pairing.beneficiary_id)


@router.get("/handovers/{handover_id}", summary="接任前要知道的：最近联系、未办结诉求、家庭意愿、风俗禁忌")
async def handover_digest(handover_id: RowId, caller: CadreDep, clock: ClockDep) -> DigestAnswer:
    today = china_date(clock.now())
    return DigestAnswer.of(await queries.digest_for(scope=caller.scope, handover_id=handover_id, today=today))


@router.post("/contacts", status_code=201, summary="记录一次联系；同一次重复提交返回同一条，状态为200")
async def record_contact(
    body: RecordContact, caller: CadreDep, clock: ClockDep, response: Response
) -> ContactAnswer:
    recorded = await operations.record_contact(scope=caller.scope, tap=body.tap(), now=clock.now())
    if not recorded.is_new:
        response.status_code = 200
    return ContactAnswer.of(recorded.record)


@router.post("/contacts/{contact_id}/undo", summary="10分钟内撤销一条联系记录")
async def undo_contact(contact_id: RowId, caller: CadreDep, clock: ClockDep) -> ContactAnswer:
    record = await operations.undo_contact(scope=caller.scope, contact_id=contact_id, now=clock.now())
    return ContactAnswer.of(record)


@router.get("/contacts", summary="我的联系记录，最近的在前")
async def own_contacts(caller: CadreDep, page: PageQueryDep) -> Page[OwnContactAnswer]:
    found, next_cursor = await queries.own_contacts(scope=caller.scope, page=page)
    return Page(items=[OwnContactAnswer.of_own(own) for own in found], next_cursor=next_cursor)
