"""Campaigns at the screen: tried out, released, sent again, settled."""

from datetime import timedelta

from app.accounts.enums import StaffRole
from app.campaigns import operations
from app.campaigns.enums import CampaignPhase, CampaignState
from app.campaigns.models import Campaign, TrialCadre
from app.core import sql
from app.messaging.enums import MessageState
from app.messaging.models import Message
from tests.campaigns.factories import expand_all, make_campaign, reachable_guardian
from tests.conftest import NOW
from tests.console.conftest import SignedIn
from tests.pairing.factories import make_pairing
from tests.people.factories import make_beneficiary, make_cadre, make_consent, make_guardian
from tests.policies.factories import make_entitlement, make_policy


async def test_colleagues_are_put_on_the_trial_list_and_taken_off(signed_in: SignedIn) -> None:
    cadre = await make_cadre(name="孙建国")
    browser = await signed_in()
    await browser.open("/console/campaigns")
    await browser.click("试发名单")

    page = await browser.press("加入名单", cadre_id=str(cadre.id))
    assert "名单上有1人" in page.words
    assert "孙*国" in page.words
    assert not page.has_button("加入名单")
    page = await browser.press("移出")

    assert "名单上还没有人" in page.words
    assert await TrialCadre.all().count() == 0


async def test_a_greeting_is_composed_and_shows_what_families_read(signed_in: SignedIn) -> None:
    guardian = await reachable_guardian(beneficiary=await make_beneficiary())
    await make_consent(guardian, purpose="festival_greeting", channel="mass_send")
    browser = await signed_in()
    await browser.open("/console/campaigns")
    page = await browser.click("新的节日祝福")
    assert "中元节" not in page.words
    assert "分散发送" not in page.words

    page = await browser.press("保存草稿", occasion="dragon_boat 2026-06-19", text="端午安康，祝全家平安。")

    assert "收到的人会看到（姓名是举例）：" in page.words
    assert "端午安康，祝全家平安。" in page.words
    assert "服务号群发" in page.words
    page = await browser.click("修改")
    assert "端午安康，祝全家平安。" in page.words
    assert page.form("保存草稿").values["kind"] == "festival_greeting"


async def test_a_notice_about_a_policy_says_to_whom_it_goes_and_keeps_it_when_changed(
    signed_in: SignedIn,
) -> None:
    care = await make_policy(name="护理补贴")
    family = await make_beneficiary()
    await reachable_guardian(beneficiary=family)
    await make_entitlement(beneficiary_id=family.id, policy=care)
    await reachable_guardian(beneficiary=await make_beneficiary())
    browser = await signed_in()
    await browser.open("/console/campaigns/new?kind=policy_notice")

    page = await browser.press("保存草稿", title="护理补贴开始办理", policy_key=care.policy_key)

    assert "与“护理补贴”有关的，应享未享的家庭" in page.words
    assert "这个地区有1名监护人，其中1名能收到" in page.words
    page = await browser.click("修改")
    assert page.form("保存草稿").values["policy_key"] == care.policy_key


async def test_the_preview_tells_how_many_are_called_by_their_cadres(signed_in: SignedIn) -> None:
    pairing = await make_pairing()
    await make_guardian(beneficiary=await pairing.beneficiary)
    browser = await signed_in()
    await browser.open("/console/campaigns/new?kind=policy_notice")

    page = await browser.press("保存草稿", title="两项补贴年审")

    assert "其中1名能收到（1名由帮扶干部打电话告知）。" in page.words


async def test_the_ways_are_counted_before_and_after(signed_in: SignedIn) -> None:
    await reachable_guardian()
    browser = await signed_in()
    await browser.open("/console/campaigns/new?kind=policy_notice")

    page = await browser.press("保存草稿", title="两项补贴年审", call_tasks="false")
    assert "按渠道" in page.words
    assert "用模板消息：1人" in page.words
    assert "送不到时不再用其他方式" in page.words
    await Campaign.all().update(state=CampaignState.RUNNING)
    await expand_all(now=NOW)
    page = await browser.open(page.path)

    assert "服务号模板消息1010" in "".join(page.words.split())
    page = await browser.click("逐人查看（本级）")
    assert "用模板消息" in page.words
    campaign = await Campaign.get()
    page = await browser.open(f"/console/campaigns/{campaign.id}/channels")
    assert "服务号模板消息1010" in "".join(page.words.split())


async def test_a_send_time_that_has_passed_is_told_and_not_filled_in_again(signed_in: SignedIn) -> None:
    browser = await signed_in()
    await browser.open("/console/campaigns/new?kind=policy_notice")

    page = await browser.press("保存草稿", title="两项补贴年审", send_at="2026-03-01T09:00")
    assert "发送时间已经过去，请改成以后的时间，或者不填" in page.words
    page = await browser.press("保存草稿", send_at="")
    await Campaign.all().update(send_at=NOW - timedelta(hours=2))
    page = await browser.click("修改")

    assert page.form("保存草稿").values["send_at"] == ""


async def test_how_it_is_sent_is_chosen_and_read_back(signed_in: SignedIn) -> None:
    await reachable_guardian()
    await sql.execute("INSERT INTO worker_heartbeat (name, beat_at) VALUES (%s, %s)", ("one", NOW))
    browser = await signed_in()
    await browser.open("/console/campaigns/new?kind=policy_notice")

    page = await browser.press("保存草稿", title="两项补贴年审", canary="true", spread_minutes="240")
    assert "是，放行后才发给其余的人" in page.words
    assert "平均分到4小时里" in page.words
    assert "按目前速度，全部发完约需4小时，预计13:00前发完。要先试发，时间从放行时算起。" in page.words

    page = await browser.click("修改")
    form = page.form("保存草稿")
    assert (form.values["canary"], form.values["spread_minutes"]) == ("true", "240")


async def test_what_was_tried_out_is_released_by_another_admin(signed_in: SignedIn) -> None:
    await reachable_guardian()
    author = await signed_in(display_name="周敏")
    await author.open("/console/campaigns/new?kind=policy_notice")
    page = await author.press("保存草稿", title="两项补贴年审", canary="true")
    await Campaign.all().update(state=CampaignState.RUNNING, phase=CampaignPhase.SAMPLE)
    page = await author.open(page.path)
    assert "正在发给百分之一的人" in page.words
    await Campaign.all().update(phase=CampaignPhase.HELD)

    page = await author.open(page.path)
    assert "试发完成，等待放行" in page.words
    assert not page.has_button("放行")
    clerk = await signed_in(role=StaffRole.CLERK)
    assert not (await clerk.open(page.path)).has_button("放行")
    second = await signed_in()
    home = await second.open("/console/home")
    assert "待放行" in home.words
    assert "试发完成，等待放行" in (await second.open("/console/campaigns")).words
    await second.open("/console/home")
    await second.click("两项补贴年审")
    page = await second.press("放行")

    assert "已放行" in page.words
    assert "待放行" not in (await second.open("/console/home")).words
    assert (await Campaign.get()).phase is CampaignPhase.ALL


async def test_why_it_did_not_arrive_what_to_do_and_once_more(signed_in: SignedIn) -> None:
    ready = await reachable_guardian()
    await reachable_guardian(consents=False)
    campaign = await make_campaign()
    await expand_all(now=NOW)
    failed = {"state": "failed", "reason": "refused_by_wechat", "errcode": 200001}
    await Message.filter(recipient_id=ready.id).update(**failed)
    browser = await signed_in()

    page = await browser.open(f"/console/campaigns/{campaign.id}")
    assert "请监护人扫绑定码或者在服务号里回复“恢复”" in page.words
    page = await browser.click("看看现在可以重新发送哪些")
    assert "微信拒绝发送：1条" in page.words
    page = await browser.press("重新发送勾选的", reasons="refused_by_wechat")
    assert "已重新排队" in page.words
    page = await browser.click("看看现在可以重新发送哪些")
    assert "现在没有可以重新发送的消息" in page.words

    await browser.open(f"/console/campaigns/{campaign.id}")
    page = await browser.click("没有同意接收")
    assert "原因：没有同意接收" in page.words
    page = await browser.open(f"/console/campaigns/{campaign.id}/messages")
    assert "重新发送（原来：发送失败，微信拒绝发送）" in page.words
    clerk = await signed_in(role=StaffRole.CLERK)
    assert "看看现在可以重新发送哪些" not in (await clerk.open(f"/console/campaigns/{campaign.id}")).links


async def test_an_unknown_outcome_is_written_down_by_whoever_found_out(signed_in: SignedIn) -> None:
    await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    await Message.all().update(state="unknown", reason="unanswered")
    browser = await signed_in(display_name="周敏")
    await browser.open(f"/console/campaigns/{campaign.id}/messages?state=unknown")

    await browser.press("登记", outcome="arrived", reason="打过电话")

    page = await browser.open(f"/console/campaigns/{campaign.id}/messages")
    assert "周敏：核实已收到（原来：结果未知，微信没有回答，无法确定是否已发出）打过电话" in page.words
    assert (await Message.get()).state is MessageState.DELIVERED
    assert not page.has_button("登记")


async def test_whoever_cancels_reads_what_has_left(signed_in: SignedIn) -> None:
    await reachable_guardian()
    campaign = await make_campaign()
    await expand_all(now=NOW)
    await Message.all().update(state="sent")
    await operations.pause_by_system(campaign_id=campaign.id, reason="模板被停用", now=NOW)

    page = await (await signed_in()).open(f"/console/campaigns/{campaign.id}")

    assert "已经离开系统、不能收回的：已发出1条" in page.words
    assert "模板被停用" in page.words
