"""A whole unit's families handed over at the screen."""

from app.accounts.enums import StaffRole
from app.pairing.models import Pairing
from tests.console.conftest import SignedIn
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_cadre


async def test_a_cadres_family_is_handed_over_after_a_preview(signed_in: SignedIn) -> None:
    leaving = await make_cadre(name="孙建国")
    await make_pairing(beneficiary=await make_beneficiary(name="王小四"), cadre=leaving)
    other = await make_cadre(name="赵大敏")
    browser = await signed_in()
    await browser.open("/console/pairings")
    await browser.click("成批调整")

    page = await browser.press("预览")
    assert page.status == 422
    assert "请选择一个单位，或者若干干部" in page.words
    page = await browser.press("预览", cadre_ids=str(leaving.id), receiver_ids=str(other.id))
    assert "共1户，其中1户可以办" in page.words
    assert await Pairing.all().count() == 1
    page = await browser.press("办理可以办的", reason="post_changed")

    assert "成批调整已办理" in page.words
    assert await Pairing.filter(cadre_id=other.id, ended_on=None).exists()


async def test_an_auditor_hands_nothing_over(signed_in: SignedIn) -> None:
    auditor = await signed_in(role=StaffRole.AUDITOR)

    assert "成批调整" not in (await auditor.open("/console/pairings")).links
    assert (await auditor._client.post("/console/repairing", data={})).status_code == 403
