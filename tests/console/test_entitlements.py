"""What people are entitled to at the screen: numbers above, lists in the county, one person's page."""

from app.accounts.enums import StaffRole
from app.policies.enums import Step, Verdict
from app.policies.models import EntitlementCheck, EntitlementTally, PolicyStep
from tests.accounts.factories import JINAN, LIXIA, SHANDONG, SHIZHONG
from tests.console.conftest import SignedIn
from tests.people.factories import make_beneficiary
from tests.policies.factories import make_entitlement, make_policy


async def test_a_number_leads_to_the_people_and_what_came_of_it_is_noted(signed_in: SignedIn) -> None:
    care = await make_policy(policy_key="care_sub", name="护理补贴")
    family = await make_beneficiary(name="王小四")
    row = await make_entitlement(beneficiary_id=family.id, policy=care, because="grade")
    await EntitlementTally.create(
        region_code=LIXIA, policy_key="care_sub", verdict=Verdict.GAP, step="", amount=1
    )
    await EntitlementCheck.create(beneficiary_id=family.id, questions="injury_care_fee")
    browser = await signed_in()
    await browser.open("/console/entitlements")

    page = await browser.click("1")
    assert "王*四" in page.words
    assert "kind=policy_notice&policy=care_sub" in page.links["发送政策通知"]
    page = await browser.click("办理")
    assert page.heading == "王*四的惠残政策"
    assert "残疾等级：一级" in page.words
    assert "是否领取工伤保险的生活护理费？" in page.words
    page = await browser.press("登记", step="not_applicable")
    assert page.status == 422
    assert "请写明为什么不适用" in page.words
    page = await browser.press("登记", step="applied", reason="已交街道")

    assert "已申请，等待办理" in page.words
    assert (await PolicyStep.get()).step is Step.APPLIED
    assert row.id


async def test_city_and_province_see_numbers_by_place_and_nobody(signed_in: SignedIn) -> None:
    await make_policy(policy_key="care_sub", name="护理补贴")
    for county, amount in ((LIXIA, 3), (SHIZHONG, 4)):
        await EntitlementTally.create(
            region_code=county, policy_key="care_sub", verdict=Verdict.GAP, step="", amount=amount
        )
    province, city = await signed_in(org_code=SHANDONG), await signed_in(org_code=JINAN)

    page = await province.open("/console/entitlements")
    assert "护理补贴70000" in "".join(page.words.split())
    await province.click("护理补贴")
    page = await province.click("济南市")

    assert "历下区30000市中区40000" in "".join(page.words.split())
    assert "/console/entitlements/people" not in page.html
    assert "没有这样的人" in (await city.open("/console/entitlements/people?policy=care_sub")).words


async def test_another_countys_person_is_not_found_and_an_auditor_notes_nothing(signed_in: SignedIn) -> None:
    care = await make_policy()
    family = await make_beneficiary()
    row = await make_entitlement(beneficiary_id=family.id, policy=care)
    path = f"/console/beneficiaries/{family.id}/policies"
    next_door, auditor = await signed_in(org_code=SHIZHONG), await signed_in(role=StaffRole.AUDITOR)

    assert (await next_door.open(path)).status == 404
    marked = await next_door._client.post(f"{path}/{row.id}", data={"step": "applied"})
    assert marked.status_code == 404
    assert not (await auditor.open(path)).has_button("登记")
    assert (await auditor._client.post(f"{path}/{row.id}", data={"step": "applied"})).status_code == 403
