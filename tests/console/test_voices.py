"""Letters and opinions at the screen: who reads what, and that an answer leaves by the bot."""

from app.accounts.enums import StaffRole
from app.messaging.models import Message
from app.needs.models import Inquiry
from tests.accounts.factories import JINAN, SHIZHONG
from tests.console.conftest import SignedIn
from tests.needs.factories import make_inquiry, make_opinion
from tests.people.factories import make_beneficiary, make_guardian


async def test_a_letter_is_answered_once_and_the_page_says_how_it_arrives(signed_in: SignedIn) -> None:
    guardian = await make_guardian(beneficiary=await make_beneficiary(), name="王秀兰")
    letter = await make_inquiry(guardian)
    first, second = await signed_in(), await signed_in()
    await second.open(f"/console/inquiries/{letter.id}")
    await first.open("/console/inquiries")
    page = await first.click("护理补贴什么时候发")
    assert page.heading == "王*兰的来信"

    page = await first.press("回复", text="  ")
    assert page.status == 422
    assert 'aria-invalid="true"' in page.html
    page = await first.press("回复", text="每月15日前发到卡上。")

    assert "每月15日前发到卡上。" in page.words
    assert "微信暂不允许主动发送，家属下次留言时告知" in page.words
    assert await Message.all().count() == 0
    assert (await second.press("回复", text="不知道")).status == 409
    assert (await Inquiry.get()).answer == "每月15日前发到卡上。"
    assert "没有等着回复的来信" in (await first.open("/console/inquiries")).words
    assert "已回复" in (await first.click("也看已经回复的")).words


async def test_an_opinion_is_read_above_without_a_name_and_never_where_it_is_about(
    signed_in: SignedIn,
) -> None:
    guardian = await make_guardian(beneficiary=await make_beneficiary(), name="王秀兰")
    opinion = await make_opinion(guardian)
    city, county = await signed_in(org_code=JINAN), await signed_in()

    page = await county.open("/console/opinions")
    assert "希望多上门看看" not in page.words
    assert "/console/opinions" not in page.links.values()
    assert (await county.open(f"/console/opinions/{opinion.id}")).status == 404

    await city.open("/console/home")
    await city.click("意见")
    page = await city.click("希望多上门看看")
    assert page.heading == "对历下区残联的意见"
    assert "王" not in page.words
    page = await city.press("保存答复", text="已请历下区残联每季度上门。")
    assert "已请历下区残联每季度上门。" in page.words
    assert not page.has_button("保存答复")


async def test_letters_of_another_county_are_not_found_and_an_auditor_cannot_answer(
    signed_in: SignedIn,
) -> None:
    letter = await make_inquiry(await make_guardian(beneficiary=await make_beneficiary()))
    next_door, auditor = await signed_in(org_code=SHIZHONG), await signed_in(role=StaffRole.AUDITOR)
    path = f"/console/inquiries/{letter.id}"

    assert (await next_door.open(path)).status == 404
    assert (await next_door._client.post(f"{path}/answer", data={"text": "好"})).status_code == 404
    assert not (await auditor.open(path)).has_button("回复")
    assert (await auditor._client.post(f"{path}/answer", data={"text": "好"})).status_code == 403
