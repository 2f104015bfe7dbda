"""What the pages must never show, and what each of them has: walked through link by link."""

import re
from urllib.parse import urlsplit

from app.accounts.enums import StaffRole
from app.policies.models import EntitlementTally
from tests.accounts.factories import LIXIA
from tests.campaigns.factories import campaign_sender, expand_all, make_campaign, reachable_guardian
from tests.conftest import NOW
from tests.console.browser import Browser, Page
from tests.console.conftest import SignedIn
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.needs.factories import make_inquiry, make_need
from tests.pairing.factories import make_pairing, make_proposal
from tests.people.cast import LIU_GUIYING, SUN_JIANGUO, WANG_XIULAN
from tests.people.factories import make_beneficiary, make_cadre
from tests.policies.factories import make_entitlement, make_policy
from tests.rosters.factories import person, roster

ADDRESS = "济南市历下区泉城路街道7号"


async def walked(browser: Browser, *, start: str = "/console/home") -> list[Page]:
    """Return every page that links lead to; of several pages of one kind with other numbers all are taken."""
    seen: set[str] = set()
    waiting = [start]
    pages = []
    while waiting:
        address = waiting.pop()
        if address in seen or urlsplit(address).path.endswith(".xlsx") or "/templates/" in address:
            continue
        seen.add(address)
        page = await browser.open(address)
        pages.append(page)
        waiting += [link for link in page.links.values() if link.startswith("/console/")]
    return pages


async def fill(browser: Browser, wechat: FakeWeChat, clock: FixedClock) -> None:
    beneficiary = await make_beneficiary(
        name=LIU_GUIYING.name,
        id_number=LIU_GUIYING.id_number,
        certificate=LIU_GUIYING.certificate,
        phone=LIU_GUIYING.phone,
        address=ADDRESS,
    )
    guardian = await reachable_guardian(
        beneficiary=beneficiary, name=WANG_XIULAN.name, phone=WANG_XIULAN.phone
    )
    cadre = await make_cadre(name=SUN_JIANGUO.name, phone=SUN_JIANGUO.phone)
    pairing = await make_pairing(beneficiary=beneficiary, cadre=cadre)
    await make_proposal(pairing)
    await make_need(pairing)
    await make_inquiry(guardian)
    await make_policy(policy_key="care_sub", state="draft", org_code=LIXIA)
    await make_entitlement(beneficiary_id=beneficiary.id, policy=await make_policy(policy_key="care_sub"))
    await EntitlementTally.create(region_code=LIXIA, policy_key="care_sub", verdict="gap", step="", amount=1)
    campaign = await make_campaign()
    await expand_all(now=NOW)
    await campaign_sender(wechat, clock).send_due()
    assert campaign.id
    row = person(
        姓名="欧阳明德", 身份证号=LIU_GUIYING.id_number, 联系电话=LIU_GUIYING.phone, 家庭住址=ADDRESS
    )
    await browser.open("/console/rosters")
    await browser.press("上传并检查", kind="beneficiaries", files={"file": ("册.xlsx", roster([row, row]))})


async def test_no_page_shows_a_full_name_number_phone_or_address(
    signed_in: SignedIn, wechat: FakeWeChat, clock: FixedClock
) -> None:
    browser = await signed_in()
    await fill(browser, wechat, clock)

    pages = await walked(browser)

    shown = {page.path for page in pages}
    await browser.open(next(path for path in shown if re.fullmatch(r"/console/beneficiaries/\d+", path)))
    pages.append(await browser.press("生成绑定二维码"))
    assert {"/console/home", "/console/rosters", "/console/beneficiaries", "/console/pairings"} <= shown
    assert {"/console/campaigns", "/console/campaigns/new", "/console/festivals"} <= shown
    assert {"/console/policies", "/console/policies/new", "/console/policies/facts"} <= shown
    assert {"/console/entitlements/people", "/console/needs/numbers", "/console/inquiries"} <= shown
    assert "/console/participation" in shown
    kinds = {re.sub(r"\d+", "N", path) for path in shown}
    assert {"/console/beneficiaries/N/policies", "/console/beneficiaries/N/guardians/N"} <= kinds
    assert {
        "/console/proposals/N",
        "/console/proposals/N/pairs/N",
        "/console/needs/N",
        "/console/inquiries/N",
        "/console/policies/N/edit",
    } <= kinds
    secret = [person.name for person in (LIU_GUIYING, WANG_XIULAN, SUN_JIANGUO)] + ["欧阳明德", ADDRESS]
    secret += [LIU_GUIYING.id_number, LIU_GUIYING.certificate]
    secret += [person.phone for person in (LIU_GUIYING, WANG_XIULAN, SUN_JIANGUO)]
    for page in pages:
        assert [text for text in secret if text in page.html] == [], page.path


async def test_every_page_works_by_itself_and_can_be_read_aloud(
    signed_in: SignedIn, wechat: FakeWeChat, clock: FixedClock
) -> None:
    browser = await signed_in()
    await fill(browser, wechat, clock)

    for page in await walked(browser):
        assert page.status == 200, page.path
        assert '<html lang="zh-CN">' in page.html
        assert page.html.count("<h1>") == page.html.count("<main ") == 1, page.path
        assert page.html.count("<table") == page.html.count("<caption>"), page.path
        assert "<th>" not in page.html
        assert 'href="#main"' in page.html
        assert [address for address in page.addresses if "//" in address] == [], page.path
        assert "style=" not in page.html
        assert "onclick" not in page.html


async def test_pages_without_anything_in_them_work_too(signed_in: SignedIn) -> None:
    browser = await signed_in(role=StaffRole.AUDITOR)

    assert {page.status for page in await walked(browser)} == {200}


async def test_what_people_typed_is_shown_as_text_and_never_as_markup(signed_in: SignedIn) -> None:
    await make_campaign(title="<script>alert(1)</script>")
    browser = await signed_in(display_name="<b>周敏</b>")

    page = await browser.open("/console/campaigns")

    assert "<script" not in page.html
    assert "<b>" not in page.html
    assert "<script>alert(1)</script>" in page.words


async def test_a_notice_in_the_address_is_one_of_ours_or_none(signed_in: SignedIn) -> None:
    browser = await signed_in()

    ours = await browser.open("/console/campaigns?done=submitted")
    theirs = await browser.open("/console/campaigns?done=您中奖了")

    assert "已提交" in ours.words
    assert 'class="notice"' not in theirs.html
