"""The register for the console."""

import asyncio
from typing import Annotated

import segno
import structlog
from fastapi import APIRouter, Query

from app.accounts.deps import EditorDep, RevealerDep, StaffDep
from app.core.bodies import RegionCode, RowId
from app.core.clock import china_date
from app.core.deps import ClockDep
from app.core.errors import Unavailable
from app.core.pagination import Page, PageQueryDep
from app.people import operations, queries
from app.people.notices import binding_card
from app.people.operations import BINDING_CODE_LIFE, Agreement, NewBeneficiary, NewCadre, NewGuardian
from app.people.rules import mask_name
from app.people.schemas import (
    BeneficiaryAnswer,
    BeneficiaryItem,
    BeneficiaryNew,
    BindingCodeAnswer,
    CadreAnswer,
    CadreNew,
    ConsentAnswer,
    ConsentRequest,
    GuardianCreated,
    GuardianNew,
    IdNumberLookup,
    MuteAnswer,
    MuteRequest,
    RevealAnswer,
    RevealRequest,
)
from app.wechat.deps import WeChatDep, WeChatUnavailable
from app.wechat.gateway import SceneQr, WeChatGateway, WeChatNotReached, WeChatRefused, WeChatUnanswered

log = structlog.get_logger()
router = APIRouter(prefix="/admin/v1", tags=["people"])

RegionQuery = Annotated[RegionCode | None, Query(description="行政区划代码，只看本级及以下")]


class SceneQrRefused(Unavailable):
    code = "people.scene_qr_refused"
    title = "微信没有生成二维码"


@router.get("/cadres", summary="帮扶干部名单")
async def list_cadres(caller: StaffDep, page: PageQueryDep, region: RegionQuery = None) -> Page[CadreAnswer]:
    cadres, next_cursor = await queries.cadres_in(scope=caller.scope, page=page, region=region)
    return Page(items=[CadreAnswer.of(cadre) for cadre in cadres], next_cursor=next_cursor)


@router.post("/cadres", status_code=201, summary="登记帮扶干部")
async def add_cadre(body: CadreNew, caller: EditorDep, clock: ClockDep) -> CadreAnswer:
    cadre = await operations.create_cadre(
        scope=caller.scope, actor=caller.actor, person=NewCadre(**body.model_dump()), now=clock.now()
    )
    return CadreAnswer.of(cadre)


@router.get("/beneficiaries", summary="帮扶对象名单")
async def list_beneficiaries(
    caller: StaffDep, page: PageQueryDep, clock: ClockDep, region: RegionQuery = None
) -> Page[BeneficiaryItem]:
    people, next_cursor = await queries.beneficiaries_in(scope=caller.scope, page=page, region=region)
    today = china_date(clock.now())
    return Page(items=[BeneficiaryItem.of(person, today=today) for person in people], next_cursor=next_cursor)


@router.post("/beneficiaries", status_code=201, summary="登记帮扶对象")
async def add_beneficiary(body: BeneficiaryNew, caller: EditorDep, clock: ClockDep) -> BeneficiaryAnswer:
    now = clock.now()
    beneficiary = await operations.create_beneficiary(
        scope=caller.scope, actor=caller.actor, person=NewBeneficiary(**body.model_dump()), now=now
    )
    return BeneficiaryAnswer.with_guardians(beneficiary, guardianships=[], reach={}, today=china_date(now))


@router.post("/beneficiaries/lookup", summary="按身份证号查找帮扶对象")
async def look_up_beneficiary(body: IdNumberLookup, caller: StaffDep, clock: ClockDep) -> BeneficiaryItem:
    beneficiary = await queries.find_by_id_number(scope=caller.scope, id_number=body.id_number)
    if beneficiary is None:
        raise queries.BeneficiaryNotFound
    return BeneficiaryItem.of(beneficiary, today=china_date(clock.now()))


@router.get("/beneficiaries/{beneficiary_id}", summary="一位帮扶对象")
async def show_beneficiary(beneficiary_id: RowId, caller: StaffDep, clock: ClockDep) -> BeneficiaryAnswer:
    beneficiary = await queries.beneficiary_in(scope=caller.scope, beneficiary_id=beneficiary_id)
    guardianships = await queries.guardians_of(scope=caller.scope, beneficiary_id=beneficiary_id)
    return BeneficiaryAnswer.with_guardians(
        beneficiary,
        guardianships=guardianships,
        reach=await queries.reach_of(guardians=[one.guardian for one in guardianships]),
        today=china_date(clock.now()),
    )


@router.post("/beneficiaries/{beneficiary_id}/reveal", summary="查看一项完整信息（须写理由，留痕）")
async def reveal(
    beneficiary_id: RowId, body: RevealRequest, caller: RevealerDep, clock: ClockDep
) -> RevealAnswer:
    value = await operations.reveal_field(
        scope=caller.scope,
        actor=caller.actor,
        beneficiary_id=beneficiary_id,
        field=body.field,
        reason=body.reason,
        now=clock.now(),
    )
    return RevealAnswer(field=body.field, field_label=body.field.label, value=value)


@router.post("/beneficiaries/{beneficiary_id}/mute", summary="节日静默：家中有丧事等，节日不打扰")
async def mute_beneficiary(
    beneficiary_id: RowId, body: MuteRequest, caller: EditorDep, clock: ClockDep
) -> MuteAnswer:
    beneficiary = await queries.beneficiary_in(scope=caller.scope, beneficiary_id=beneficiary_id)
    return MuteAnswer.of(
        await operations.mute_beneficiary(
            beneficiary=beneficiary,
            reason=body.reason,
            until=body.until,
            actor=caller.actor,
            now=clock.now(),
        )
    )


@router.post("/beneficiaries/{beneficiary_id}/unmute", summary="结束节日静默")
async def unmute_beneficiary(beneficiary_id: RowId, caller: EditorDep, clock: ClockDep) -> MuteAnswer:
    beneficiary = await queries.beneficiary_in(scope=caller.scope, beneficiary_id=beneficiary_id)
    return MuteAnswer.of(
        await operations.unmute_beneficiary(beneficiary=beneficiary, actor=caller.actor, now=clock.now())
    )


@router.post("/beneficiaries/{beneficiary_id}/guardians", status_code=201, summary="登记监护人")
async def add_guardian(
    beneficiary_id: RowId, body: GuardianNew, caller: EditorDep, clock: ClockDep
) -> GuardianCreated:
    guardian = await operations.create_guardian(
        scope=caller.scope,
        actor=caller.actor,
        beneficiary_id=beneficiary_id,
        person=NewGuardian(**body.model_dump()),
        now=clock.now(),
    )
    return GuardianCreated(id=guardian.id, name=mask_name(guardian.name))


@router.post(
    "/guardians/{guardian_id}/consents", status_code=201, summary="登记监护人书面或电话同意：短信、节日祝福"
)
async def record_consent(
    guardian_id: RowId, body: ConsentRequest, caller: EditorDep, clock: ClockDep
) -> ConsentAnswer:
    consent = await operations.record_consent(
        scope=caller.scope,
        guardian_id=guardian_id,
        agreement=Agreement(**body.model_dump()),
        actor=caller.actor,
        now=clock.now(),
    )
    return ConsentAnswer.of(consent)


@router.post("/guardians/{guardian_id}/consents/withdraw", status_code=204, summary="登记监护人撤回同意")
async def withdraw_consent(
    guardian_id: RowId, body: ConsentRequest, caller: EditorDep, clock: ClockDep
) -> None:
    await operations.withdraw_consent(
        scope=caller.scope,
        guardian_id=guardian_id,
        agreement=Agreement(**body.model_dump()),
        actor=caller.actor,
        now=clock.now(),
    )


@router.post("/guardians/{guardian_id}/binding-codes", status_code=201, summary="生成监护人绑定码")
async def issue_binding_code(
    guardian_id: RowId, caller: EditorDep, clock: ClockDep, wechat: WeChatDep
) -> BindingCodeAnswer:
    issued = await operations.issue_binding_code(
        scope=caller.scope, guardian_id=guardian_id, actor=caller.actor, now=clock.now()
    )
    qr = await _scene_qr(wechat, scene=issued.code)
    return BindingCodeAnswer(
        code=issued.code,
        scene=issued.code,
        qr_url=qr.url,
        qr_image=await asyncio.to_thread(_drawn, qr.url),
        card_text=binding_card(),
        expires_at=issued.expires_at,
    )


@router.delete("/guardians/{guardian_id}/binding", status_code=204, summary="解除监护人的微信绑定")
async def unbind_guardian(guardian_id: RowId, caller: EditorDep, clock: ClockDep) -> None:
    await operations.unbind_guardian(
        scope=caller.scope, guardian_id=guardian_id, actor=caller.actor, now=clock.now()
    )


def _drawn(url: str) -> str:
    return segno.make(url, error="m").svg_data_uri(scale=6)


async def _scene_qr(wechat: WeChatGateway, *, scene: str) -> SceneQr:
    try:
        return await wechat.create_scene_qr(
            scene=scene, expire_seconds=int(BINDING_CODE_LIFE.total_seconds())
        )
    except WeChatRefused as refusal:
        log.warning("people.scene_qr.refused", errcode=refusal.errcode, rid=refusal.rid)
        raise SceneQrRefused(refusal.sentence) from refusal
    except (WeChatNotReached, WeChatUnanswered) as silence:
        log.warning("people.scene_qr.unanswered", error=type(silence).__name__)
        raise WeChatUnavailable from silence
