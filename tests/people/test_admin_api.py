"""The register in the console."""

from functools import partial
from typing import Any

import httpx
import pytest

from app.accounts.enums import StaffRole
from app.audit.models import AuditEntry
from app.core import sql
from app.people.models import Beneficiary, BindingCode, Cadre
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG, staff_headers
from tests.fakes.wechat import FakeWeChat
from tests.people.cast import (
    LIU_GUIYING,
    OUYANG_MINGDE,
    SUN_JIANGUO,
    WANG_XIAOSI,
    WANG_XIULAN,
    id_number,
)
from tests.people.factories import make_beneficiary, make_cadre, make_guardian

Json = dict[str, Any]


def liu_as_typed(**overrides: Any) -> Json:
    return {
        "region_code": LIXIA,
        "name": LIU_GUIYING.name,
        "id_number": LIU_GUIYING.id_number,
        "certificate": LIU_GUIYING.certificate,
        "relief": "dibao_rural",
        "residence": "rural",
        "phone": LIU_GUIYING.phone,
        "address": "济南市历下区某街道1号",
    } | overrides


async def test_a_county_sees_its_own_people_masked(client: httpx.AsyncClient) -> None:
    await make_beneficiary(
        name=LIU_GUIYING.name,
        id_number=LIU_GUIYING.id_number,
        certificate=LIU_GUIYING.certificate,
        phone=LIU_GUIYING.phone,
        address="济南市历下区某街道1号",
    )
    await make_beneficiary(region_code=SHIZHONG, name="别县的人")

    answer = await client.get("/admin/v1/beneficiaries", headers=await staff_headers(client))

    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    assert item["name"] == LIU_GUIYING.masked
    assert item["phone"] == "138******01"
    assert item["age"] == 68
    assert item["relief"] == {"code": "dibao_rural", "label": "农村低保"}
    assert item["eligibility"] == {"eligible": True, "undecided": False, "reasons": []}
    assert item["priority"] == [{"code": "rural", "label": "农村"}]


@pytest.mark.parametrize("path", ["/admin/v1/beneficiaries", "/admin/v1/beneficiaries/{id}"])
async def test_no_byte_of_a_number_or_address_is_in_an_answer(client: httpx.AsyncClient, path: str) -> None:
    liu = await make_beneficiary(
        name=LIU_GUIYING.name,
        id_number=LIU_GUIYING.id_number,
        phone=LIU_GUIYING.phone,
        address="历下区槐荫里9号",
    )
    await make_guardian(beneficiary=liu, name=WANG_XIULAN.name, phone=WANG_XIULAN.phone)

    answer = await client.get(path.format(id=liu.id), headers=await staff_headers(client))

    assert answer.status_code == 200, answer.text
    for secret in (LIU_GUIYING.id_number[1:-1], LIU_GUIYING.phone, WANG_XIULAN.phone, "槐荫里9号"):
        assert secret not in answer.text
    for name in (LIU_GUIYING.name, WANG_XIULAN.name):
        assert name not in answer.text


async def test_a_list_does_not_tell_the_category_of_disability(client: httpx.AsyncClient) -> None:
    number = LIU_GUIYING.id_number
    patient = await make_beneficiary(id_number=number, certificate=f"{number}61")
    headers = await staff_headers(client)

    in_list = await client.get("/admin/v1/beneficiaries", headers=headers)
    opened = await client.get(f"/admin/v1/beneficiaries/{patient.id}", headers=headers)

    assert "精神" not in in_list.text
    assert "category" not in in_list.json()["items"][0]
    assert opened.json()["category"] == {"code": "mental", "label": "精神残疾"}


@pytest.mark.parametrize("org_code", [SHIZHONG, JINAN, SHANDONG])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/admin/v1/beneficiaries/{beneficiary}", None),
        (
            "POST",
            "/admin/v1/beneficiaries/{beneficiary}/reveal",
            {"field": "phone", "reason": "核对电话"},
        ),
        (
            "POST",
            "/admin/v1/beneficiaries/{beneficiary}/guardians",
            {"name": "王秀兰", "relation": "parent"},
        ),
        ("POST", "/admin/v1/guardians/{guardian}/binding-codes", None),
        ("POST", "/admin/v1/cadres/{cadre}/status", {"status": "left"}),
        ("POST", "/admin/v1/beneficiaries/lookup", {"id_number": LIU_GUIYING.id_number}),
    ],
)
async def test_people_of_another_region_do_not_exist(
    client: httpx.AsyncClient, org_code: str, method: str, path: str, body: Json | None
) -> None:
    liu = await make_beneficiary(id_number=LIU_GUIYING.id_number, phone=LIU_GUIYING.phone)
    guardian = await make_guardian(beneficiary=liu)
    cadre = await make_cadre()
    headers = await staff_headers(client, org_code=org_code)
    address = path.format(beneficiary=liu.id, guardian=guardian.id, cadre=cadre.id)

    answer = await client.request(method, address, json=body, headers=headers)

    assert answer.status_code == 404, answer.text
    assert await AuditEntry.all().count() == 0


@pytest.mark.parametrize("org_code", [SHIZHONG, JINAN, SHANDONG])
async def test_lists_of_another_region_are_empty(client: httpx.AsyncClient, org_code: str) -> None:
    await make_beneficiary()
    await make_cadre()
    headers = await staff_headers(client, org_code=org_code)

    for path in ("/admin/v1/beneficiaries", "/admin/v1/cadres"):
        for region in ("", f"?region={LIXIA}"):
            assert (await client.get(path + region, headers=headers)).json() == {
                "items": [],
                "next_cursor": None,
            }


async def test_a_list_comes_in_pages(client: httpx.AsyncClient) -> None:
    made = [(await make_beneficiary()).id for _ in range(3)]
    headers = await staff_headers(client)

    first = (await client.get("/admin/v1/beneficiaries?limit=2", headers=headers)).json()
    rest = (
        await client.get(f"/admin/v1/beneficiaries?limit=2&cursor={first['next_cursor']}", headers=headers)
    ).json()

    assert [item["id"] for item in first["items"] + rest["items"]] == made
    assert rest["next_cursor"] is None


async def test_a_beneficiary_is_entered_and_sealed_in_the_database(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/admin/v1/beneficiaries", json=liu_as_typed(), headers=await staff_headers(client)
    )

    assert answer.status_code == 201, answer.text
    assert answer.json()["category"] == {"code": "limb", "label": "肢体残疾"}
    kept = await Beneficiary.get()
    assert (kept.id_number, kept.phone) == (LIU_GUIYING.id_number, LIU_GUIYING.phone)
    (row,) = await sql.fetch("SELECT * FROM beneficiary")
    for column in ("id_number", "certificate", "phone", "address"):
        assert row[column].startswith("enc:v1:")
    whole_row = " ".join(str(value) for value in row.values())
    assert LIU_GUIYING.id_number not in whole_row
    assert LIU_GUIYING.phone not in whole_row
    assert (await AuditEntry.get()).action == "beneficiary.created"


async def test_an_id_number_is_entered_once(client: httpx.AsyncClient) -> None:
    await make_beneficiary(id_number=LIU_GUIYING.id_number, region_code=SHIZHONG)

    answer = await client.post(
        "/admin/v1/beneficiaries", json=liu_as_typed(), headers=await staff_headers(client)
    )

    assert answer.status_code == 409
    assert answer.json()["code"] == "people.already_registered"
    assert SHIZHONG not in answer.text


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id_number": LIU_GUIYING.id_number[:-1] + "7"}, "/id_number"),
        ({"certificate": OUYANG_MINGDE.certificate}, "/certificate"),
        ({"phone": "12345"}, "/phone"),
        ({"name": "\u200b\u200b"}, "/name"),
        ({"score": 5}, "/score"),
        ({"region_code": "济南"}, "/region_code"),
    ],
)
async def test_a_wrong_entry_names_the_field(client: httpx.AsyncClient, change: Json, pointer: str) -> None:
    answer = await client.post(
        "/admin/v1/beneficiaries", json=liu_as_typed(**change), headers=await staff_headers(client)
    )

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await Beneficiary.all().count() == 0


@pytest.mark.parametrize(
    ("role", "org_code", "region_code"),
    [
        (StaffRole.ADMIN, LIXIA, SHIZHONG),
        (StaffRole.ADMIN, JINAN, LIXIA),
        (StaffRole.ADMIN, JINAN, JINAN),
        (StaffRole.AUDITOR, LIXIA, LIXIA),
    ],
)
async def test_people_are_entered_only_where_one_acts(
    client: httpx.AsyncClient, role: StaffRole, org_code: str, region_code: str
) -> None:
    headers = await staff_headers(client, role=role, org_code=org_code)

    answer = await client.post(
        "/admin/v1/beneficiaries", json=liu_as_typed(region_code=region_code), headers=headers
    )

    assert answer.status_code == 403
    assert await Beneficiary.all().count() == 0


async def test_two_of_one_household_are_several_disabled(client: httpx.AsyncClient) -> None:
    headers = await staff_headers(client)
    son = liu_as_typed(
        name=WANG_XIAOSI.name,
        id_number=WANG_XIAOSI.id_number,
        certificate=WANG_XIAOSI.certificate,
        household_code="H-7",
    )

    await client.post("/admin/v1/beneficiaries", json=liu_as_typed(household_code="H-7"), headers=headers)
    answer = await client.post("/admin/v1/beneficiaries", json=son, headers=headers)

    assert [flag["label"] for flag in answer.json()["priority"]] == ["农村", "一户多残", "困难重度残疾儿童"]
    assert await Beneficiary.filter(several_disabled_in_household=True).count() == 2


async def test_a_person_is_found_by_his_number_as_clerks_type_it(client: httpx.AsyncClient) -> None:
    number = next(
        number for number in map(partial(id_number, "19640229"), range(100)) if number.endswith("X")
    )
    liu = await make_beneficiary(id_number=number)
    headers = await staff_headers(client)

    typed = f"{number[:6]} {number[6:14]}　{number[14:].lower()}"
    answer = await client.post("/admin/v1/beneficiaries/lookup", json={"id_number": typed}, headers=headers)

    assert answer.json()["id"] == liu.id
    assert number not in answer.text


async def test_a_cadre_is_entered_once_by_phone(client: httpx.AsyncClient) -> None:
    headers = await staff_headers(client)
    sun = {
        "org_code": LIXIA,
        "name": SUN_JIANGUO.name,
        "phone": f"+86 {SUN_JIANGUO.phone}",
        "rank": "section",
    }

    first = await client.post("/admin/v1/cadres", json=sun, headers=headers)
    again = await client.post("/admin/v1/cadres", json=sun, headers=headers)

    assert first.status_code == 201, first.text
    assert first.json()["name"] == SUN_JIANGUO.masked
    assert SUN_JIANGUO.phone not in (await client.get("/admin/v1/cadres", headers=headers)).text
    assert (again.status_code, again.json()["code"]) == (409, "people.phone_taken")
    assert (await Cadre.get()).phone == SUN_JIANGUO.phone


async def test_an_address_with_an_impossible_id_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/admin/v1/beneficiaries/{2**70}", headers=await staff_headers(client))

    assert answer.status_code == 422


async def test_a_guardian_gets_a_card_with_a_code_of_his_own(
    client: httpx.AsyncClient, wechat: FakeWeChat
) -> None:
    guardian = await make_guardian(beneficiary=await make_beneficiary())

    answer = await client.post(
        f"/admin/v1/guardians/{guardian.id}/binding-codes", headers=await staff_headers(client)
    )

    assert answer.status_code == 201, answer.text
    card = answer.json()
    assert wechat.scenes == [card["code"]]
    assert len(card["code"]) == 22
    assert card["code"].isalnum()
    assert card["qr_image"].startswith("data:image/svg+xml")
    assert "同意" in card["card_text"]
    assert card["code"] not in (await BindingCode.get()).code_hash


async def test_the_same_mother_of_two_is_one_guardian(client: httpx.AsyncClient) -> None:
    headers = await staff_headers(client)
    mother = {"name": WANG_XIULAN.name, "phone": WANG_XIULAN.phone, "relation": "parent"}
    children = [await make_beneficiary(), await make_beneficiary()]

    answers = [
        await client.post(f"/admin/v1/beneficiaries/{child.id}/guardians", json=mother, headers=headers)
        for child in (*children, children[0])
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    opened = (await client.get(f"/admin/v1/beneficiaries/{children[1].id}", headers=headers)).json()
    assert opened["guardians"] == [
        {
            "id": answers[0].json()["id"],
            "name": WANG_XIULAN.masked,
            "phone": "137******21",
            "relation": {"code": "parent", "label": "父母"},
            "muted": False,
            "reach": {"code": "no_consent", "label": "还没有扫码同意接收"},
        }
    ]
