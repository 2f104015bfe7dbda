"""Becoming known by one's phone number, and asking who one is."""

import asyncio

import httpx

from app.accounts.models import MiniSession, WeChatIdentity
from app.audit.models import AuditEntry
from app.people.enums import CadreStatus
from app.people.operations import bind_cadre_by_phone
from tests.accounts.factories import LIXIA, SHIZHONG, make_identity, phone_headers, staff_headers
from tests.conftest import NOW
from tests.people.cast import SUN_JIANGUO, WANG_XIULAN, ZHAO_MIN
from tests.people.factories import make_beneficiary, make_cadre, make_guardian


async def bind(client: httpx.AsyncClient, headers: dict[str, str], phone: str) -> httpx.Response:
    return await client.post("/mini/v1/session/phone", json={"code": f"phone:{phone}"}, headers=headers)


async def test_a_cadre_is_bound_by_the_phone_in_the_roster(client: httpx.AsyncClient) -> None:
    cadre = await make_cadre(phone=SUN_JIANGUO.phone)
    headers = await phone_headers()

    answer = await bind(client, headers, SUN_JIANGUO.phone)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "role": "cadre",
        "role_label": "帮扶干部",
        "name": SUN_JIANGUO.name,
        "org_code": LIXIA,
        "unit": "办公室",
        "phone": "139******11",
        "hint": None,
    }
    assert (await client.get("/mini/v1/me", headers=headers)).json() == answer.json()
    entry = await AuditEntry.get()
    assert (entry.action, entry.object_id) == ("cadre.bound", str(cadre.id))


async def test_an_unknown_phone_is_told_what_to_do(client: httpx.AsyncClient) -> None:
    await make_cadre(phone=SUN_JIANGUO.phone)
    headers = await phone_headers()

    answer = await bind(client, headers, ZHAO_MIN.phone)

    assert (answer.status_code, answer.json()["code"]) == (409, "people.phone_not_in_roster")
    assert "请联系本单位管理员" in answer.json()["title"]
    me = (await client.get("/mini/v1/me", headers=headers)).json()
    assert (me["role"], me["role_label"]) == ("unbound", "未绑定")
    assert "手机号" in me["hint"]


async def test_a_cadre_who_left_is_not_bound(client: httpx.AsyncClient) -> None:
    await make_cadre(phone=SUN_JIANGUO.phone, status=CadreStatus.LEFT)

    answer = await bind(client, await phone_headers(), SUN_JIANGUO.phone)

    assert answer.status_code == 409


async def test_a_new_phone_lets_the_old_one_go(client: httpx.AsyncClient) -> None:
    await make_cadre(phone=SUN_JIANGUO.phone)
    old, new = await phone_headers(), await phone_headers()
    await bind(client, old, SUN_JIANGUO.phone)

    await bind(client, new, SUN_JIANGUO.phone)

    assert (await client.get("/mini/v1/me", headers=old)).status_code == 401
    assert (await client.get("/mini/v1/me", headers=new)).json()["role"] == "cadre"
    assert await WeChatIdentity.filter(cadre_id__not_isnull=True).count() == 1


async def test_binding_the_same_phone_again_keeps_it_signed_in(client: httpx.AsyncClient) -> None:
    await make_cadre(phone=SUN_JIANGUO.phone)
    headers = await phone_headers()

    for _ in range(2):
        assert (await bind(client, headers, SUN_JIANGUO.phone)).status_code == 200

    assert (await client.get("/mini/v1/me", headers=headers)).json()["role"] == "cadre"


async def test_of_many_phones_at_once_one_stays_bound(db: None) -> None:
    await make_cadre(phone=SUN_JIANGUO.phone)
    phones = [await make_identity() for _ in range(6)]

    await asyncio.gather(
        *(bind_cadre_by_phone(identity_id=phone.id, phone=SUN_JIANGUO.phone, now=NOW) for phone in phones)
    )

    assert await WeChatIdentity.filter(cadre_id__not_isnull=True).count() == 1


async def test_a_guardian_is_bound_by_his_own_phone(client: httpx.AsyncClient) -> None:
    await make_guardian(beneficiary=await make_beneficiary(), phone=WANG_XIULAN.phone)
    headers = await phone_headers()

    answer = await bind(client, headers, WANG_XIULAN.phone)

    assert (answer.json()["role"], answer.json()["name"]) == ("guardian", WANG_XIULAN.name)
    assert (await client.get("/mini/v1/me", headers=headers)).json() == answer.json()


async def test_a_phone_of_two_guardians_binds_neither(client: httpx.AsyncClient) -> None:
    await make_guardian(phone=WANG_XIULAN.phone)
    await make_guardian(phone=WANG_XIULAN.phone, name="王秀英", region_code=SHIZHONG)

    answer = await bind(client, await phone_headers(), WANG_XIULAN.phone)

    assert answer.json()["code"] == "people.phone_not_in_roster"
    assert await WeChatIdentity.filter(guardian_id__not_isnull=True).count() == 0


async def test_a_phone_is_one_person_only(client: httpx.AsyncClient) -> None:
    cadre = await make_cadre(phone=SUN_JIANGUO.phone)
    await make_guardian(phone=WANG_XIULAN.phone)
    headers = await phone_headers(cadre_id=cadre.id)

    answer = await bind(client, headers, WANG_XIULAN.phone)

    assert answer.json()["role"] == "guardian"
    identity = await WeChatIdentity.get()
    assert (identity.cadre_id, identity.guardian_id is not None) == (None, True)


async def test_a_used_code_and_an_unknown_field_are_refused(client: httpx.AsyncClient) -> None:
    headers = await phone_headers()

    used = await client.post("/mini/v1/session/phone", json={"code": "used"}, headers=headers)
    typed = await client.post(
        "/mini/v1/session/phone", json={"code": "phone:1", "phone": SUN_JIANGUO.phone}, headers=headers
    )

    assert (used.status_code, used.json()["code"]) == (422, "wechat.code_not_accepted")
    assert typed.json()["errors"] == [{"pointer": "/phone", "detail": "不认识的字段，请删除"}]


async def test_a_cadre_who_leaves_is_signed_out(client: httpx.AsyncClient) -> None:
    cadre = await make_cadre()
    phone = await phone_headers(cadre_id=cadre.id)

    answer = await client.post(
        f"/admin/v1/cadres/{cadre.id}/status", json={"status": "left"}, headers=await staff_headers(client)
    )

    assert answer.json()["status"] == {"code": "left", "label": "已调离"}
    assert (await client.get("/mini/v1/me", headers=phone)).status_code == 401
    assert await MiniSession.all().count() == 0
