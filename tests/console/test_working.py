"""A county's work, done by clicking."""

from app.accounts.enums import StaffRole
from app.campaigns.enums import CampaignState
from app.campaigns.models import Campaign
from app.messaging.models import Message
from app.orgs.enums import OrgLevel
from app.orgs.models import Org
from app.pairing.models import Pairing
from app.people.models import Beneficiary
from tests.accounts.factories import JINAN, LIXIA, SHANDONG
from tests.campaigns.factories import (
    campaign_sender,
    expand_all,
    make_campaign,
    reachable_cadre,
    reachable_guardian,
)
from tests.conftest import NOW
from tests.console.conftest import SignedIn
from tests.fakes.clock import FixedClock
from tests.fakes.wechat import FakeWeChat
from tests.pairing.factories import make_pairing
from tests.people.factories import fresh_id_number, make_beneficiary, make_cadre, make_guardian
from tests.rosters.factories import BENEFICIARY_HEADERS, person, roster, sheet_of


async def test_a_roster_is_uploaded_checked_and_its_good_rows_confirmed(signed_in: SignedIn) -> None:
    wrong = fresh_id_number()[:-1] + "?"
    rows = [person(姓名="王小四"), person(姓名="李桂兰", 身份证号=wrong)]
    browser = await signed_in()
    await browser.open("/console/rosters")

    page = await browser.press(
        "上传并检查", kind="beneficiaries", files={"file": ("名册.xlsx", roster(rows))}
    )

    assert page.heading == "检查结果：帮扶对象花名册"
    assert "B3 身份证号" in page.words
    assert "李*兰" in page.words
    assert await Beneficiary.all().count() == 0
    page = await browser.press("确认导入")
    assert page.status == 409
    assert "有1行不能导入" in page.words
    await browser.click("返回")
    page = await browser.press("确认导入", skip_bad="true")
    assert "已导入" in page.words
    assert not page.has_button("确认导入")
    page = await browser.open("/console/beneficiaries")
    assert "王*四" in page.words
    assert "李*兰" not in page.words


async def test_the_numbers_of_an_upload_lead_to_the_rows_they_count(signed_in: SignedIn) -> None:
    browser = await signed_in()
    await browser.open("/console/rosters")
    rows = [person(姓名=f"王小{name}") for name in "一二三"]
    page = await browser.press(
        "上传并检查", kind="beneficiaries", files={"file": ("名册.xlsx", roster(rows))}
    )

    new = await browser.click("3")
    none = await browser.open(f"{page.path}?verdict=error")
    paged = await browser.open(f"{page.path}?limit=2")

    assert all(f"王*{name}" in new.words for name in "一二三")
    assert "没有这样的行" in none.words
    assert "王*三" not in paged.words
    assert "王*三" in (await browser.click("下一页")).words


async def test_an_upload_that_is_no_table_is_refused_in_words(signed_in: SignedIn) -> None:
    browser = await signed_in()
    await browser.open("/console/rosters")

    page = await browser.press("上传并检查", kind="cadres", files={"file": ("a.xlsx", b"not a table")})
    nothing = await browser._client.post("/console/rosters", data={"kind": "cadres"})

    assert page.status == 422
    assert page.links["返回"] == "/console/rosters"
    assert nothing.status_code == 422
    assert "文件：必填，不能为空" in nothing.text


async def test_template_and_bad_rows_are_downloaded_as_tables(signed_in: SignedIn) -> None:
    browser = await signed_in()
    page = await browser.open("/console/rosters")
    template = await browser._client.get(page.links["帮扶对象模板（.xlsx）"])
    await browser.press(
        "上传并检查", kind="beneficiaries", files={"file": ("a.xlsx", roster([person(救助类型="富裕")]))}
    )

    bad = await browser._client.get(browser.page.links["下载有问题的行"])

    assert sheet_of(template.content)[0] == list(BENEFICIARY_HEADERS)
    assert sheet_of(bad.content)[0][-1] == "原因"
    assert len(sheet_of(bad.content)) == 2


async def test_counties_of_one_name_are_told_apart_by_their_city(signed_in: SignedIn) -> None:
    await Org.create(code="370402", name="市中区残联", level=OrgLevel.COUNTY, parent_code="370400")
    await Org.create(code="370400", name="枣庄市残联", level=OrgLevel.CITY, parent_code=SHANDONG)

    page = await (await signed_in(org_code=SHANDONG)).open("/console/campaigns/new")

    assert "枣庄市市中区" in page.words
    assert "济南市市中区" in page.words


async def test_two_persons_are_paired_handed_over_and_the_pairing_ended(signed_in: SignedIn) -> None:
    beneficiary = await make_beneficiary(name="王小四")
    first, second = await make_cadre(name="孙建国"), await make_cadre(name="赵大敏")
    browser = await signed_in()
    await browser.open(f"/console/beneficiaries/{beneficiary.id}")

    await browser.click("为王*四结对")
    page = await browser.press("登记结对", cadre_id=str(first.id), started_on="2026-02-01")
    assert page.heading == "王*四与孙*国的结对"
    page = await browser.press("更换", cadre_id=str(second.id), on="2026-05-01")
    assert page.heading == "王*四与赵*敏的结对"
    page = await browser.press("结束结对", reason="family_wish", ended_on="2026-05-17")

    assert "2026年5月17日起不再结对，原因：尊重家庭意愿" in page.words
    assert not page.has_button("结束结对")
    page = await browser.open(f"/console/beneficiaries/{beneficiary.id}")
    assert "两年调整" in page.words
    assert await Pairing.filter(open_beneficiary_id=None).count() == 2


async def test_the_form_offers_who_waits_and_cadres_at_their_posts_of_the_own_county(
    signed_in: SignedIn,
) -> None:
    paired = await make_pairing()
    number = fresh_id_number()
    await make_beneficiary(id_number=number, certificate=f"{number}44", name="钱不符")
    await make_beneficiary(region_code=JINAN, name="孙别处")
    await make_beneficiary(name="周等待")
    await make_cadre(org_code=JINAN, name="吴市里")
    await make_cadre(name="郑离岗", status="left")

    page = await (await signed_in()).open("/console/pairings/new")

    assert "周*待" in page.words
    assert [name for name in ("张*山", "钱*符", "孙*处", "吴*里", "郑*岗") if name in page.words] == []
    assert f'value="{paired.cadre_id}"' in page.html


async def test_long_lists_are_shown_page_by_page(signed_in: SignedIn) -> None:
    for name in ("王小一", "王小二", "王小三"):
        await make_beneficiary(name=name)
    browser = await signed_in()

    page = await browser.open("/console/beneficiaries?limit=2")
    assert "王*三" not in page.words
    assert "王*三" in (await browser.click("下一页")).words
    assert (await browser.click("回到第一页")).path == "/console/beneficiaries"


async def test_a_campaign_goes_from_draft_to_delivery_by_two_admins(
    signed_in: SignedIn, wechat: FakeWeChat, clock: FixedClock
) -> None:
    await reachable_guardian(name="王秀兰")
    await make_guardian(beneficiary=await make_beneficiary())
    zhou, zheng = await signed_in(display_name="周敏"), await signed_in(display_name="郑和平")
    await zhou.open("/console/campaigns")
    await zhou.click("新的政策通知")

    page = await zhou.press("保存草稿", title="两项补贴年审", text="请到街道办理。")
    assert "这个地区有2名监护人，其中1名能收到" in page.words
    assert "没有同意接收" in page.words
    page = await zhou.press("提交审批")
    assert "需要由另一名管理员审批" in page.words
    assert not page.has_button("审批通过")

    home = await zheng.open("/console/home")
    assert "待审批" in home.words
    page = await zheng.click("两项补贴年审")
    assert "周敏" in page.words
    page = await zheng.press("审批通过")
    assert '<meta http-equiv="refresh"' in page.html
    await expand_all(now=NOW)
    await campaign_sender(wechat, clock).send_due()

    page = await zheng.open(page.path)
    assert "共2条，已有结果2条，还在进行0条。全部办完。" in page.words
    assert "已完成" in page.words
    assert '<meta http-equiv="refresh"' not in page.html
    page = await zheng.click("逐人查看（本级）")
    assert "王*兰" in page.words
    assert await Message.all().count() == 2


async def test_a_mistake_in_a_campaign_is_told_and_nothing_typed_is_lost(signed_in: SignedIn) -> None:
    browser = await signed_in()
    await browser.open("/console/campaigns/new?kind=policy_notice")

    page = await browser.press("保存草稿", title="贫困补贴", text="写了很久的正文", urgent="true")

    assert page.status == 422
    assert "请去掉标题中的“贫困”" in page.words
    assert "写了很久的正文" in page.words
    form = page.form("保存草稿")
    assert (form.values["title"], form.values["urgent"]) == ("贫困补贴", "true")
    page = await browser.press("保存草稿", title="字")
    assert "标题：内容太短" in page.words
    assert await Campaign.all().count() == 0


async def test_a_reminder_is_composed_for_the_festival_that_was_clicked(signed_in: SignedIn) -> None:
    await reachable_cadre()
    browser = await signed_in()
    await browser.open("/console/campaigns/new?kind=festival_reminder&occasion=dragon_boat 2026-06-19")

    page = await browser.press("保存草稿", send_at="2026-06-10T08:30")

    assert "端午节，2026年6月19日" in page.words
    assert "2026年6月10日 08:30" in page.words
    assert "这个地区有1名干部" in page.words
    await browser.click("修改")
    page = await browser.press("保存草稿", title="端午联系提醒", send_at="2026-06-11T09:00")
    assert page.heading == "端午联系提醒"
    assert "2026年6月11日 09:00" in page.words


async def test_a_running_campaign_is_paused_resumed_and_cancelled(signed_in: SignedIn) -> None:
    await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    browser = await signed_in()
    await browser.open(f"/console/campaigns/{campaign.id}")

    page = await browser.press("暂停", reason="标题要改")
    assert "暂停原因：标题要改" in page.words
    page = await browser.press("继续发送")
    assert "发送中" in page.words
    page = await browser.press("确定取消")

    assert "已取消" in page.words
    assert (await Campaign.get()).state is CampaignState.CANCELLED
    assert not page.has_button("继续发送")


async def test_a_clerk_composes_but_sees_no_button_to_approve(signed_in: SignedIn) -> None:
    admin = await signed_in()
    await admin.open("/console/campaigns/new?kind=policy_notice")
    await admin.press("保存草稿", title="两项补贴年审", text="请办理。")
    submitted = await admin.press("提交审批")

    page = await (await signed_in(role=StaffRole.CLERK)).open(submitted.path)

    assert not page.has_button("审批通过")
    assert "修改" in page.links


async def test_a_change_after_reading_is_not_approved(signed_in: SignedIn) -> None:
    author, reader = await signed_in(), await signed_in()
    await author.open("/console/campaigns/new?kind=policy_notice")
    page = await author.press("保存草稿", title="两项补贴年审", text="请办理。")
    await author.press("提交审批")
    await reader.open(page.path)
    await author.open(page.path)
    await author.click("修改")
    await author.press("保存草稿", text="请马上办理。")
    await author.press("提交审批")

    page = await reader.press("审批通过")

    assert page.status == 409
    assert "之后又有改动" in page.words


async def test_a_festival_becomes_automatic_when_a_second_admin_confirms_it(signed_in: SignedIn) -> None:
    zhou, zheng = await signed_in(display_name="周敏"), await signed_in()
    await zhou.open("/console/festivals")

    page = await zhou.press("设为每年自动")
    assert not page.has_button("确认")
    page = await zheng.open("/console/festivals")
    assert "周敏设置" in page.words
    page = await zheng.press("确认")
    assert "已确认，以后每年自动提醒" in page.words
    page = await zheng.press("不再自动")

    assert "待确认" not in page.words


async def test_the_first_page_tells_what_waits_and_how_the_year_goes(signed_in: SignedIn) -> None:
    await make_pairing()
    browser = await signed_in()
    await browser.open("/console/rosters")
    await browser.press("上传并检查", kind="beneficiaries", files={"file": ("五月.xlsx", roster([person()]))})

    page = await browser.open("/console/home")

    assert "待确认" in page.words
    assert "帮扶对象花名册 五月.xlsx" in page.links
    assert "2026年完成情况" in page.words
    assert "0/4" in page.words
    assert "全国助残日（今天）" in page.words


async def test_the_province_looks_into_cities_by_number_and_sees_no_names(signed_in: SignedIn) -> None:
    await make_pairing(beneficiary=await make_beneficiary(name="王小四"))
    browser = await signed_in(org_code=SHANDONG)

    page = await browser.open("/console/home")
    page = await browser.click("济南市残联")

    assert page.heading == "济南市残联"
    assert "历下区残联" in page.words
    assert f"region={LIXIA}" not in page.html
    assert "王*四" not in (await browser.open("/console/beneficiaries")).words
