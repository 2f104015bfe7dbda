"""Who takes part, at the screen."""

from app.accounts.enums import StaffRole
from app.pairing.models import CadreTerms
from app.people.enums import CadreRank
from app.policies.enums import PolicyState
from tests.accounts.factories import JINAN, LIXIA, SHIZHONG
from tests.console.conftest import SignedIn
from tests.needs.factories import make_inquiry
from tests.people.factories import make_beneficiary, make_cadre, make_guardian
from tests.policies.factories import make_policy


async def test_a_cadre_without_anybody_is_seen_and_excused_with_a_reason(signed_in: SignedIn) -> None:
    cadre = await make_cadre(name="孙建国", rank=CadreRank.SECTION)
    browser, city = await signed_in(), await signed_in(org_code=JINAN)
    page = await browser.open("/console/participation")
    assert "孙*国" in page.words
    assert "应当参加" in page.words
    above = await city.open("/console/participation")
    assert "历下区残联" in above.words
    assert "孙*国" not in above.words

    await browser.click("登记是否参加")
    page = await browser.press("登记", part="no")
    assert page.status == 422
    assert "请写明原因" in page.words
    page = await browser.press("登记", reason="产假至年底")

    assert "是否参加已登记" in page.words
    assert "参加的干部都有帮扶对象了" in page.words
    assert (await CadreTerms.get(cadre_id=cadre.id)).takes_part is False


async def test_another_countys_cadre_is_not_found_and_an_auditor_says_nothing(signed_in: SignedIn) -> None:
    cadre = await make_cadre(rank=CadreRank.SECTION)
    path = f"/console/participation/{cadre.id}"
    next_door, auditor = await signed_in(org_code=SHIZHONG), await signed_in(role=StaffRole.AUDITOR)

    assert (await next_door.open(path)).status == 404
    assert (await next_door._client.post(path, data={"part": "yes"})).status_code == 404
    assert (await auditor._client.post(path, data={"part": "yes"})).status_code == 403
    assert "登记是否参加" not in (await auditor.open("/console/participation")).links


async def test_the_first_page_tells_of_policies_and_letters_that_wait(signed_in: SignedIn) -> None:
    await make_policy(org_code=LIXIA, name="生活补贴", state=PolicyState.SUBMITTED)
    await make_inquiry(await make_guardian(beneficiary=await make_beneficiary()))

    page = await (await signed_in()).open("/console/home")

    assert "待发布：生活补贴（第1版）" in page.words
    assert "待回复：家庭来信（1封）" in page.words
