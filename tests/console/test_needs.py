"""Needs at the screen: the forgotten first, one step after the other, numbers for those above."""

from datetime import timedelta

from app.accounts.enums import StaffRole
from app.needs.enums import NeedState
from app.needs.models import Need, NeedStep
from tests.accounts.factories import JINAN, SHIZHONG
from tests.conftest import NOW
from tests.console.conftest import SignedIn
from tests.needs.factories import make_need
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary


async def test_a_need_is_noted_handed_on_and_solved_step_by_step(signed_in: SignedIn) -> None:
    need = await make_need(await make_pairing(beneficiary=await make_beneficiary(name="王小四")))
    browser = await signed_in()
    await browser.open("/console/needs")
    page = await browser.click("做饭不便")
    assert page.heading == "王*四的诉求：生活照料"

    page = await browser.press("登记这一步", act="referred", text="请民政看看")
    assert page.status == 422
    assert "请填写转给哪个部门" in page.words
    assert page.form("登记这一步").values["text"] == "请民政看看"
    page = await browser.press("登记这一步", department="民政局")
    assert "转有关部门：民政局" in page.words
    page = await browser.press("登记这一步", act="confirmed", text="家属电话里说已经有人送餐")

    assert "已解决" in page.words
    assert "家属撤回" not in page.words
    assert await NeedStep.filter(need_id=need.id).count() == 3
    page = await browser.press("登记这一步", act="reopened", text="送餐停了")
    assert (await Need.get()).state is NeedState.OPEN


async def test_of_two_who_look_at_a_need_the_slower_one_is_told(signed_in: SignedIn) -> None:
    need = await make_need(await make_pairing())
    first, second = await signed_in(), await signed_in()
    await Need.all().update(last_step_at=NOW - timedelta(hours=1))
    await first.open(f"/console/needs/{need.id}")
    await second.open(f"/console/needs/{need.id}")
    await first.press("登记这一步", act="noted", text="已联系街道")

    page = await second.press("登记这一步", act="closed", text="办不了")

    assert page.status == 409
    assert "刚刚被别人处理过" in page.words
    assert await NeedStep.all().count() == 2


async def test_what_nobody_moved_for_a_month_stands_first(signed_in: SignedIn) -> None:
    await make_need(await make_pairing(), text="新的困难")
    old = await make_need(await make_pairing(), text="忘了的困难")
    await Need.filter(id=old.id).update(last_step_at=NOW - timedelta(days=31))
    browser = await signed_in()

    page = await browser.open("/console/needs")
    forgotten = await browser.open("/console/needs/stuck")
    settled = await browser.open("/console/needs?state=solved")

    assert page.words.index("忘了的困难") < page.words.index("新的困难")
    assert "忘了的困难" in forgotten.words
    assert "新的困难" not in forgotten.words
    assert "没有这样的诉求" in settled.words


async def test_above_there_are_numbers_and_next_door_nothing(signed_in: SignedIn) -> None:
    need = await make_need(await make_pairing(), text="做饭不便")
    city, next_door = await signed_in(org_code=JINAN), await signed_in(org_code=SHIZHONG)
    auditor = await signed_in(role=StaffRole.AUDITOR)

    numbers = await city.open("/console/needs/numbers")
    assert "历下区生活照料100" in "".join(numbers.words.split())
    assert "做饭不便" not in (await city.open("/console/needs")).words
    assert (await city.open(f"/console/needs/{need.id}")).status == 404
    assert (await next_door.open(f"/console/needs/{need.id}")).status == 404
    step = {"act": "noted", "text": "看过"}
    refused = await next_door._client.post(f"/console/needs/{need.id}/steps", data=step)
    assert refused.status_code == 404
    page = await auditor.open(f"/console/needs/{need.id}")
    assert not page.has_button("登记这一步")
    assert (await auditor._client.post(f"/console/needs/{need.id}/steps", data=step)).status_code == 403
