"""The register at the screen: one person, his facts, his guardians."""

from app.accounts.enums import StaffRole
from app.audit.models import AuditEntry
from app.people.models import BindingCode
from tests.campaigns.factories import (
    reachable_guardian,
)
from tests.conftest import NOW
from tests.console.conftest import SignedIn
from tests.fakes.wechat import FakeWeChat
from tests.people.cast import WANG_XIAOSI
from tests.people.factories import fresh_id_number, make_beneficiary, make_guardian


async def test_a_person_is_found_by_id_number_without_it_in_any_address(signed_in: SignedIn) -> None:
    beneficiary = await make_beneficiary(name="王小四", id_number=WANG_XIAOSI.id_number)
    browser = await signed_in()
    await browser.open("/console/beneficiaries")

    page = await browser.press("查找", id_number=WANG_XIAOSI.id_number.lower())

    assert page.path == f"/console/beneficiaries/{beneficiary.id}"
    addresses = [str(answer.url) for answer in (*page.answer.history, page.answer)]
    assert [address for address in addresses if WANG_XIAOSI.id_number in address] == []
    await browser.open("/console/beneficiaries")
    assert (await browser.press("查找", id_number=fresh_id_number())).status == 404


async def test_why_a_person_is_not_eligible_stands_on_his_page(signed_in: SignedIn) -> None:
    number = fresh_id_number()
    beneficiary = await make_beneficiary(id_number=number, certificate=f"{number}44")

    page = await (await signed_in()).open(f"/console/beneficiaries/{beneficiary.id}")

    assert "不符合" in page.words
    assert "残疾等级不是一级或二级" in page.words


async def test_a_person_who_cannot_be_paired_has_no_button_for_it(signed_in: SignedIn) -> None:
    number = fresh_id_number()
    beneficiary = await make_beneficiary(name="王小四", id_number=number, certificate=f"{number}44")

    page = await (await signed_in()).open(f"/console/beneficiaries/{beneficiary.id}")

    assert "为王*四结对" not in page.links


async def test_one_fact_is_shown_in_full_for_a_reason_that_stays_in_the_trail(signed_in: SignedIn) -> None:
    beneficiary = await make_beneficiary(name="王小四", phone="13505310021")
    browser = await signed_in()
    await browser.open(f"/console/beneficiaries/{beneficiary.id}")

    refused = await browser.press("查看", field="phone", reason="看")
    await browser.open(f"/console/beneficiaries/{beneficiary.id}")
    page = await browser.press("查看", field="phone", reason="核对联系方式")

    assert (refused.status, "原因：" in refused.words) == (422, True)
    assert (page.heading, "13505310021" in page.words) == ("王*四的联系电话", True)
    entry = await AuditEntry.get(action="beneficiary.revealed")
    assert (entry.object_id, entry.detail) == (str(beneficiary.id), "phone: 核对联系方式")


async def test_only_admins_see_the_way_to_full_facts(signed_in: SignedIn) -> None:
    beneficiary = await make_beneficiary()

    page = await (await signed_in(role=StaffRole.CLERK)).open(f"/console/beneficiaries/{beneficiary.id}")

    assert not page.has_button("查看")


async def test_whether_a_guardian_can_be_reached_stands_beside_him(signed_in: SignedIn) -> None:
    beneficiary = await make_beneficiary()
    await make_guardian(beneficiary=beneficiary)
    browser = await signed_in()

    before = await browser.open(f"/console/beneficiaries/{beneficiary.id}")
    await reachable_guardian(beneficiary=beneficiary)
    after = await browser.open(f"/console/beneficiaries/{beneficiary.id}")

    assert ("还没有扫码同意接收" in before.words, "可以接收" in before.words) == (True, False)
    assert "可以接收" in after.words


async def test_a_guardian_is_entered_and_each_card_is_a_new_one(
    signed_in: SignedIn, wechat: FakeWeChat
) -> None:
    beneficiary = await make_beneficiary()
    browser = await signed_in()
    await browser.open(f"/console/beneficiaries/{beneficiary.id}")

    page = await browser.press("登记", name="王秀兰", phone="13705310021", relation="parent")
    assert "王*兰" in page.words
    first = await browser.press("生成绑定二维码")
    await browser.open(f"/console/beneficiaries/{beneficiary.id}")
    second = await browser.press("生成绑定二维码")

    assert [scene in page.html for scene, page in zip(wechat.scenes, (first, second), strict=True)] == [
        True
    ] * 2
    assert wechat.scenes[0] != wechat.scenes[1]
    assert any(address.startswith("data:image/svg+xml") for address in second.addresses)
    assert await BindingCode.filter(expires_at__gt=NOW).count() == 1
