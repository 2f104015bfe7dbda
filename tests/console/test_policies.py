"""Policies at the screen: written, mistakes told at their place, published by somebody else, withdrawn."""

import json

from app.accounts.enums import StaffRole
from app.console.written import laid_out, line_of
from app.policies.enums import PolicyState
from app.policies.models import Policy
from tests.accounts.factories import LIXIA, SHIZHONG
from tests.console.browser import Browser
from tests.console.conftest import SignedIn
from tests.policies.factories import DIBAO, SEVERE, make_policy

WRITTEN = {
    "key": "care_sub",
    "name": "护理补贴",
    "summary": "按月领取护理补贴。",
    "when": """{"all": [
  {"fact": "grade", "is": "in", "value": [1, 2]},
  {"not": {"fact": "relief", "is": "==", "value": "tekun"}}
]}""",
    "amounts": '[{"region": "370102", "per": "month", "cny": 200}]',
    "proofs": "残疾人证\n身份证",
    "source": "国发〔2015〕52号",
    "checked_on": "2026-05-01",
}


async def write(browser: Browser, **changes: str) -> None:
    await browser.open("/console/policies")
    await browser.click("起草新政策")
    await browser.press("保存草稿", files=None, **WRITTEN | changes)


async def test_a_policy_is_written_checked_by_a_second_admin_published_and_withdrawn(
    signed_in: SignedIn,
) -> None:
    zhou, zheng = await signed_in(display_name="周敏"), await signed_in()
    await write(zhou)
    page = zhou.page
    assert page.heading == "护理补贴"
    assert "残疾等级：一级或二级" in page.words
    assert "社会救助情况：不是特困供养" in page.words
    assert "每月200元" in page.words
    page = await zhou.press("提交")
    assert "需要由另一名管理员核对后发布" in page.words
    assert not page.has_button("发布")

    page = await zheng.open(page.path)
    assert "周敏" in page.words
    page = await zheng.press("核对无误，发布")

    assert "已发布" in page.words
    assert page.links["发送政策通知"].endswith("kind=policy_notice&policy=care_sub")
    notice = await zheng.click("发送政策通知")
    assert notice.form("保存草稿").values["policy_key"] == "care_sub"
    await zheng.open(page.path)
    page = await zheng.press("撤回", reason="文件已废止")
    assert "撤回原因：文件已废止" in page.words


async def test_a_mistake_in_a_condition_is_told_with_its_line_and_nothing_typed_is_lost(
    signed_in: SignedIn,
) -> None:
    browser = await signed_in()
    await write(browser, when=WRITTEN["when"].replace("[1, 2]", "[1, 9]"))

    page = browser.page
    assert page.status == 422
    assert '第2行“{"fact": "grade"' in page.words
    assert "“残疾等级”应是1至4的整数" in page.words
    assert 'aria-describedby="when-error when-hint"' in page.html
    assert "按月领取护理补贴。" in page.words
    page = await browser.press(
        "保存草稿", files=None, **WRITTEN | {"when": '{"all": [\n  {"fact": "grade"\n', "name": ""}
    )
    assert "第3行第1个字附近写法不对" in page.words
    page = await browser.press(
        "保存草稿", files=None, **WRITTEN | {"name": "", "amounts": '[{"region": "37", "cny": 1}]'}
    )
    assert "必填，不能为空" in page.words
    assert await Policy.all().count() == 0

    page = await browser.press("保存草稿", files=None, **WRITTEN | {"act": "check"})
    assert "写法没有问题" in page.words
    assert "残疾等级：一级或二级" in page.words
    assert await Policy.all().count() == 0


async def test_a_new_version_shows_what_differs_from_the_one_before(signed_in: SignedIn) -> None:
    first = await make_policy(org_code=LIXIA, rules={"when": {"all": [SEVERE, DIBAO]}})
    browser = await signed_in()
    await browser.open(f"/console/policies/{first.id}")
    await browser.click("起草新版本")

    page = await browser.press("保存草稿", when=json.dumps(SEVERE), summary="标准提高了。")

    assert "与第1版有什么不同" in page.words
    assert "社会救助情况：低保" in page.words
    assert "标准提高了。" in page.words
    assert await Policy.filter(policy_key=first.policy_key, version=2, state=PolicyState.DRAFT).exists()


async def test_another_countys_draft_is_not_found_and_an_auditor_only_reads(signed_in: SignedIn) -> None:
    theirs = await make_policy(org_code=SHIZHONG, state=PolicyState.DRAFT)
    provincial = await make_policy(name="生活补贴")
    own = await make_policy(org_code=LIXIA, state=PolicyState.SUBMITTED)
    browser = await signed_in()
    auditor = await signed_in(role=StaffRole.AUDITOR)

    assert (await browser.open(f"/console/policies/{theirs.id}")).status == 404
    assert (await browser.open(f"/console/policies/{theirs.id}/edit")).status == 404
    page = await browser.open(f"/console/policies/{provincial.id}")
    assert not page.has_button("撤回")
    assert (await browser.open(f"/console/policies/{provincial.id}/edit")).status == 403

    page = await auditor.open(f"/console/policies/{own.id}")
    assert [form.text for form in page.forms] == ["退出登录"]
    refused = await auditor._client.post(
        f"/console/policies/{own.id}/publish", data={"content_hash": own.content_hash}
    )
    assert refused.status_code == 403
    assert (await auditor._client.post("/console/policies", data=WRITTEN)).status_code == 403


async def test_examples_are_put_in_once(signed_in: SignedIn) -> None:
    browser = await signed_in()
    await browser.open("/console/policies")

    page = await browser.press("载入示例政策")
    assert "示例政策已载入" in page.words
    page = await browser.press("载入示例政策")

    assert "都已经载入过" in page.words
    assert await Policy.all().count() == 27


def test_the_line_of_a_part_is_found_in_what_was_typed() -> None:
    text = '{"all": [\n  {"fact": "age", "is": "in", "value":\n    [1,\n 2]},\n  {"not": {"fact": "x"}}\n]}'

    assert [
        line_of(text, path) for path in (["all", "0", "value", "1"], ["all", "1", "not"], ["all", "7"])
    ] == [
        4,
        5,
        1,
    ]
    written = {"all": [SEVERE, {"not": {"any": [DIBAO, SEVERE]}}]}
    assert json.loads(laid_out(written)) == written
    assert laid_out(written).count("\n") == 6
