"""A guardian writes to the service account: what he reads, what is written down, and who gets to see it."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from app.accounts.rules import scope_of_staff
from app.audit import operations as audit
from app.audit.enums import ActorKind
from app.bot import dialogues
from app.bot.models import Dialogue
from app.core import sql
from app.core.settings import Settings, WeChatAccountSettings
from app.needs.enums import InquiryKind, NeedAct, Speaker
from app.needs.models import Inquiry, Need, Opinion
from app.needs.operations import take_step
from app.needs.rules import Step
from app.people.enums import RevealField
from app.people.models import Beneficiary, Guardian, Guardianship
from app.people.operations import reveal_field
from tests.accounts.factories import LIXIA, make_staff
from tests.bot.factories import OPENID, delivery, make_bound_guardian, read_reply, text, xml
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.people.factories import make_beneficiary
from tests.policies.factories import make_policy

Say = Callable[[str], Awaitable[str]]


@pytest.fixture
def official(settings: Settings) -> WeChatAccountSettings:
    return settings.wechat.official


@pytest.fixture
def say(client: httpx.AsyncClient, official: WeChatAccountSettings, clock: FixedClock) -> Say:
    async def write(words: str) -> str:
        at = clock.now()
        answer = await delivery(official, text(words, at=at), at=at).post(client)
        return read_reply(official, answer).content

    return write


async def make_family(*names: str) -> tuple[Guardian, list[Beneficiary]]:
    """Make a guardian of several beneficiaries (一户多残)."""
    people = [await make_beneficiary(name=name) for name in names]
    guardian = await make_bound_guardian(beneficiary=people[0])
    for other in people[1:]:
        await Guardianship.create(guardian=guardian, beneficiary=other, relation="child")
    return guardian, people


# Needs


async def test_a_need_of_the_only_family_member_is_raised_at_once(say: Say) -> None:
    _, (zhang,) = await make_family("张大山")

    reply = await say("诉求：轮椅坏了")

    need = await Need.get()
    assert reply.startswith("张*山的诉求已登记。")
    assert (need.beneficiary_id, need.text, need.raised_by) == (zhang.id, "轮椅坏了", Speaker.GUARDIAN)
    assert need.domain == "rehabilitation"


async def test_words_that_look_sealed_are_kept_as_words(say: Say) -> None:
    await make_family("张大山")

    await say("诉求：enc:v1:轮椅")
    await say("enc:v1:坏了")

    assert (await Need.get()).text == "enc：v1：轮椅"
    assert (await Inquiry.get()).text == "enc：v1：坏了"


async def test_quoted_words_become_no_link_and_no_number_is_promised_that_another_list_owns(say: Say) -> None:
    await make_family("张大山")
    await say("我能享受什么")

    raised = await say("诉求：<a href='http://x.cn'>点这里</a>")

    assert "回复“我的诉求”" in raised
    assert "＜a href" in await say("我的诉求")


async def test_a_retry_of_the_push_is_one_need_and_the_same_words(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await make_family("张大山")
    push = delivery(official, text("诉求：轮椅坏了"))

    replies = [read_reply(official, await push.post(client)).content for _ in range(3)]

    assert len(set(replies)) == 1
    assert await Need.all().count() == 1


async def test_who_looks_after_several_is_asked_whose_need_it_is_by_number(say: Say) -> None:
    _, (_, second) = await make_family("张大山", "李二河")

    asked = await say("诉求：轮椅坏了")
    raised = await say("２")

    assert asked == "这是谁的诉求？请回复数字。\n1. 张*山\n2. 李*河"
    assert raised.startswith("李*河的诉求已登记。")
    assert (await Need.get()).beneficiary_id == second.id
    assert await Dialogue.all().count() == 0


async def test_a_number_that_stands_beside_nobody_asks_again(say: Say) -> None:
    await make_family("张大山", "李二河")
    asked = await say("诉求：轮椅坏了")

    assert await say("3") == asked
    assert await Need.all().count() == 0


async def test_more_than_five_are_shown_in_pages(say: Say) -> None:
    _, people = await make_family(*[f"王{letter}一" for letter in "甲乙丙丁戊己庚"])

    first = await say("诉求：轮椅坏了")
    second = await say("更多")
    await say("2")

    assert "5. " in first
    assert "6. " not in first
    assert second.count("王*一") == 2
    assert (await Need.get()).beneficiary_id == people[6].id


async def test_two_whose_masked_names_are_the_same_are_told_apart_by_their_year(say: Say) -> None:
    _, people = await make_family("王小一", "王大一")

    asked = await say("诉求：轮椅坏了")

    assert [f"王*一（{one.born_on.year}年生）" in asked for one in people] == [True, True]


async def test_a_need_whose_person_was_never_chosen_goes_to_people_once_the_list_is_old(say: Say) -> None:
    await make_family("张大山", "李二河")
    await say("诉求：轮椅坏了")

    early = await dialogues.end_overdue(now=NOW + timedelta(minutes=59))
    late = await dialogues.end_overdue(now=NOW + timedelta(minutes=61))

    assert (early, late) == (0, 1)
    assert (await Inquiry.get()).text == "诉求：轮椅坏了"


async def test_a_second_need_does_not_swallow_the_first_that_still_waits_for_its_person(say: Say) -> None:
    await make_family("张大山", "李二河")
    await say("诉求：轮椅坏了")
    await say("诉求：房子漏雨")

    await say("1")

    assert (await Need.get()).text == "房子漏雨"
    assert (await Inquiry.get()).text == "诉求：轮椅坏了"


async def test_after_the_list_of_choices_a_number_means_the_choices(say: Say) -> None:
    await make_family("张大山", "李二河")
    await say("诉求：轮椅坏了")
    await say("帮助")

    reply = await say("4")

    assert reply.startswith("您目前接收通知。")
    assert await Need.all().count() == 0
    assert await Inquiry.all().count() == 1


async def test_no_number_ever_stops_the_notices(say: Say) -> None:
    guardian, _ = await make_family("张大山")

    for number in "123456789":
        await say(number)

    await guardian.refresh_from_db()
    assert guardian.muted_at is None


async def test_a_family_reads_how_far_its_needs_are_and_what_was_answered(say: Say) -> None:
    await make_family("张大山")
    await say("诉求：轮椅坏了")
    need = await Need.get()
    step = Step(act=NeedAct.ANSWERED, text="下周送新的来")
    await take_step(need=need, speaker=Speaker.CADRE, speaker_id=1, step=step, now=NOW)

    reply = await say("我的诉求")

    assert reply.startswith("您家有1条诉求在办理。")
    assert "张*山：轮椅坏了。" in reply
    assert "答复：下周送新的来" in reply


async def test_the_twenty_first_open_need_is_refused_in_words(say: Say) -> None:
    await make_family("张大山")
    for number in range(20):
        await say(f"诉求：第{number}件")

    reply = await say("诉求：还有一件")

    assert reply.startswith("张*山已有很多诉求在办理，这一条没有再登记。")
    assert await Need.all().count() == 20


# Words that a person reads


async def test_what_the_bot_does_not_understand_goes_to_people_and_it_says_so(say: Say) -> None:
    guardian, _ = await make_family("张大山")

    reply = await say("轮椅坏了，什么时候有人来？")

    inquiry = await Inquiry.get()
    assert reply.startswith("已转给您的帮扶干部和县残联，会有人回复。")
    assert (inquiry.guardian_id, inquiry.kind) == (guardian.id, InquiryKind.UNCLEAR)
    assert inquiry.text == "轮椅坏了，什么时候有人来？"


async def test_a_voice_message_goes_to_people_with_what_wechat_understood(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await make_family("张大山")
    inner = "<MediaId>1</MediaId><Format>amr</Format><Recognition>轮椅坏了。</Recognition><MsgId>77</MsgId>"

    answer = await delivery(official, xml(inner, msg_type="voice")).post(client)

    assert read_reply(official, answer).content.startswith("已转给您的帮扶干部和县残联")
    inquiry = await Inquiry.get()
    assert (inquiry.kind, inquiry.text) == (InquiryKind.VOICE, "轮椅坏了。")


async def test_a_kind_word_is_no_work_for_anybody(say: Say) -> None:
    await make_family("张大山")

    assert (await say("谢谢")).startswith("不客气。")
    assert await Inquiry.all().count() == 0


async def test_who_has_thirty_questions_waiting_is_told_that_no_more_are_passed_on(say: Say) -> None:
    await make_family("张大山")
    for number in range(30):
        await say(f"问题：第{number}个")

    reply = await say("问题：还有一个")

    assert "这一条没有再转" in reply
    assert await Inquiry.all().count() == 30


async def test_an_opinion_is_kept_for_the_level_above_and_is_no_question_to_the_cadre(say: Say) -> None:
    await make_family("张大山")

    reply = await say("意见：希望多来看看")

    opinion = await Opinion.get()
    assert "由上一级残联阅看，帮扶干部和本县残联看不到" in reply
    assert (opinion.text, opinion.org_code) == ("希望多来看看", "370100")
    assert await Inquiry.all().count() == 0


async def test_a_stranger_is_told_how_to_bind_and_that_nobody_reads_his_words(say: Say) -> None:
    for words in ("我的政策", "诉求：轮椅坏了", "意见：不好", "有人吗", "1", "谁看过我的信息"):
        reply = await say(words)
        assert "6位绑定码" in reply
        assert "留言不会转给工作人员" in reply

    assert await Need.all().count() + await Inquiry.all().count() + await Opinion.all().count() == 0


# Policies


async def test_the_policies_of_the_only_member_are_listed_and_a_number_tells_how_to_apply(say: Say) -> None:
    await make_family("张大山")
    await make_policy(name="护理补贴")

    listed = await say("我能享受什么")
    told = await say("1")

    assert listed.startswith("张*山可能可以申请1项政策。")
    assert "1. 可以申请：护理补贴" in listed
    assert told.startswith("护理补贴：张*山可以申请。")
    for part in (
        "在哪里办：乡镇（街道）便民服务中心",
        "带什么：残疾人证",
        "为什么有这条：",
        "依据：国发〔2015〕52号",
    ):
        assert part in told


async def test_who_looks_after_several_chooses_the_person_and_then_the_policy(say: Say) -> None:
    await make_family("张大山", "李二河")
    await make_policy(name="护理补贴")
    await make_policy(name="辅具补贴")

    people = await say("我的政策")
    listed = await say("2")
    told = await say("1")

    assert people.startswith("看谁的政策？请回复数字。\n1. 张*山，可以申请2项")
    assert listed.startswith("李*河可能可以申请2项政策。")
    assert "李*河可以申请。" in told
    assert await say("2") != told


async def test_many_policies_come_in_pages_of_five(say: Say) -> None:
    await make_family("张大山")
    for number in range(7):
        await make_policy(name=f"政策{number}", policy_key=f"p{number}")

    first, second, end = [await say(words) for words in ("我的政策", "更多", "更多")]

    assert "5. " in first
    assert "回复“更多”" in first
    assert "3. " not in second
    assert "政策6" in second
    assert end.startswith("没有更多内容了。")


async def test_a_policy_of_another_county_is_not_shown(say: Say) -> None:
    await make_family("张大山")
    await make_policy(name="市中区补贴", org_code="370103")

    assert "市中区补贴" not in await say("我的政策")


async def test_a_person_with_no_policy_is_told_where_to_ask(say: Say) -> None:
    await make_family("张大山")

    assert (await say("我的政策")).startswith("张*山目前没有查到相关政策。")


# Who looked, and settings


async def test_a_family_reads_who_looked_at_its_data_by_office_and_not_by_name(say: Say) -> None:
    _, (zhang,) = await make_family("张大山")
    neighbour = await make_beneficiary()
    staff = await make_staff(org_code=LIXIA, username="liu.ming")
    actor = audit.Actor(kind=ActorKind.STAFF, id=staff.id)
    for one, field in ((zhang, RevealField.ID_NUMBER), (neighbour, RevealField.NAME)):
        await reveal_field(
            scope=scope_of_staff(org_code=LIXIA), actor=actor, beneficiary_id=one.id, field=field,
            reason="核对补贴名单刘明", now=NOW,
        )  # fmt: skip

    reply = await say("谁看过我的信息")

    assert "2026年5月17日，县（市、区）残联工作人员查看了张*山的身份证号。" in reply
    assert reply.count("查看了") == 1
    assert "刘明" not in reply
    assert "liu.ming" not in reply


async def test_a_family_at_whose_data_nobody_looked_is_told_so(say: Say) -> None:
    await make_family("张大山")

    assert (await say("谁看过我的信息")).startswith("没有人查看过您家的完整信息。")


async def test_the_settings_tell_what_he_is_sent_and_the_words_that_change_it(say: Say) -> None:
    await make_family("张大山")
    receiving = await say("提醒设置")
    await say("退订")

    assert "接收惠残政策通知（服务号消息）" in receiving
    assert "“退订”" in receiving
    assert (await say("4")).startswith("您目前不接收通知。")


async def test_a_list_that_is_an_hour_old_is_forgotten(say: Say, clock: FixedClock) -> None:
    await make_family("张大山")
    await make_policy(name="护理补贴")
    await say("我的政策")
    clock.moment = NOW + timedelta(minutes=61)

    assert (await say("1")).startswith("您家目前没有登记帮扶干部。")


async def test_what_waits_for_a_choice_is_sealed_in_the_database(say: Say) -> None:
    await make_family("张大山", "李二河")
    await say("诉求：轮椅坏了")

    row = await Dialogue.get(openid=OPENID)
    assert json.loads(row.state)["words"] == "轮椅坏了"
    assert (await sql.fetch("SELECT state FROM bot_dialogue"))[0]["state"].startswith("enc:")
