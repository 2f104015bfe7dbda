"""Consents on paper and bereavement at the screen."""

from app.accounts.enums import StaffRole
from app.people.models import Beneficiary, Consent
from tests.accounts.factories import SHIZHONG
from tests.console.conftest import SignedIn
from tests.people.factories import make_beneficiary, make_guardian


async def test_a_signed_consent_is_written_down_with_its_words_and_taken_back(signed_in: SignedIn) -> None:
    person = await make_beneficiary(name="王小四")
    await make_guardian(beneficiary=person, name="王秀兰")
    browser = await signed_in()
    await browser.open(f"/console/beneficiaries/{person.id}")
    page = await browser.click("王*兰")
    assert "同意残联向您登记的手机号发送惠残政策短信" in page.words

    page = await browser.press("登记同意", what="policy_notice:sms", evidence=" ")
    assert page.status == 422
    assert 'aria-describedby="evidence-error evidence-hint"' in page.html
    page = await browser.press("登记同意", what="policy_notice:sms", evidence="同意书第12号")
    assert "接收惠残政策通知（短信）" in page.words
    assert "同意书第12号" in page.words
    page = await browser.press("撤回", evidence="5月17日来电")

    assert "撤回已登记" in page.words
    assert (await Consent.get()).withdrawal_evidence == "5月17日来电"


async def test_a_house_in_mourning_is_left_in_peace_and_that_can_be_ended(signed_in: SignedIn) -> None:
    person = await make_beneficiary()
    browser = await signed_in()
    await browser.open(f"/console/beneficiaries/{person.id}")
    await browser.click("家中有丧事：登记节日免打扰")

    page = await browser.press("登记", until="2020-01-01")
    assert page.status == 422
    assert "截止日期已经过去" in page.words
    page = await browser.press("登记", until="")
    assert "到2027年5月17日，家中有丧事" in page.words
    page = await browser.press("取消免打扰")

    assert "家中有丧事：登记节日免打扰" in page.links
    assert (await Beneficiary.get()).muted_until is None


async def test_guardians_of_others_are_not_found_and_an_auditor_writes_nothing(signed_in: SignedIn) -> None:
    person, other = await make_beneficiary(), await make_beneficiary()
    guardian, stranger = await make_guardian(beneficiary=person), await make_guardian(beneficiary=other)
    next_door, auditor = await signed_in(org_code=SHIZHONG), await signed_in(role=StaffRole.AUDITOR)
    here = await signed_in()
    path = f"/console/beneficiaries/{person.id}"
    signed = {"what": "policy_notice:sms", "evidence": "同意书第12号"}

    assert (await here.open(f"{path}/guardians/{stranger.id}")).status == 404
    assert (await next_door.open(f"{path}/guardians/{guardian.id}")).status == 404
    assert (await next_door.open(f"{path}/mute")).status == 404
    answers = [
        await next_door._client.post(f"{path}/guardians/{guardian.id}/consents", data=signed),
        await next_door._client.post(f"{path}/mute", data={}),
        await auditor._client.post(f"{path}/guardians/{guardian.id}/consents", data=signed),
        await auditor._client.post(f"{path}/mute", data={}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 403, 403]
    assert not (await auditor.open(f"{path}/guardians/{guardian.id}")).has_button("登记同意")
    assert await Consent.all().count() == 0
