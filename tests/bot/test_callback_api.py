"""The callback addresses, met by real sealed pushes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from app.accounts.rules import Scope
from app.audit.enums import ActorKind
from app.audit.operations import Actor
from app.bootstrap import Services
from app.bot.enums import PushKind, PushState
from app.bot.models import WeChatPush
from app.core import sql
from app.core.settings import Settings, WeChatAccountSettings, WeChatSettings
from app.main import create_app
from app.pairing.models import Pairing
from app.people.models import Consent, Guardian
from app.people.operations import issue_binding_code
from tests.accounts.factories import LIXIA
from tests.bot.factories import (
    GH,
    OPENID,
    delivery,
    event,
    follows,
    make_bound_guardian,
    read_reply,
    scan,
    text,
    xml,
)
from tests.conftest import NOW
from tests.fakes.clock import FixedClock
from tests.people.factories import make_beneficiary, make_cadre, make_guardian


@pytest.fixture
def official(settings: Settings) -> WeChatAccountSettings:
    return settings.wechat.official


async def say(client: httpx.AsyncClient, account: WeChatAccountSettings, content: str) -> str:
    """Write to the service account and return what it answers."""
    answer = await delivery(account, text(content)).post(client)
    assert answer.status_code == 200, answer.text
    return read_reply(account, answer).content


async def card_of(guardian: Guardian) -> str:
    """Issue a binding card and return the scene of its QR code."""
    scope = Scope.everywhere()
    actor = Actor(kind=ActorKind.STAFF, id=1)
    issued = await issue_binding_code(scope=scope, guardian_id=guardian.id, actor=actor, now=NOW)
    return issued.code


# The address itself


async def test_wechats_own_example_of_an_address_check_is_answered(db: None, services: Services) -> None:
    # developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
    account = WeChatAccountSettings(appid="wxba5fad812f8e6fb9", secret="s", token="AAAAA", aes_key="A" * 43)
    settings = services.settings.model_copy(update={"wechat": WeChatSettings(mini=account)})
    app = create_app(settings, services=replace(services, settings=settings))
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        answer = await client.get("/wechat/mini", params=query)
        elsewhere = await client.get("/wechat/official", params=query)

    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    assert answer.headers["content-type"].startswith("text/plain")
    assert elsewhere.status_code == 403


# Once, however often it comes


async def test_three_retries_of_one_push_act_once_and_read_the_same(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    guardian = await make_bound_guardian()
    push = delivery(official, text("退订"))

    replies = {read_reply(official, await push.post(client)) for _ in range(4)}

    assert len(replies) == 1
    assert (await WeChatPush.get()).attempts == 1
    assert await Consent.filter(guardian_id=guardian.id, withdrawn_at=NOW).count() == 1


async def test_deliveries_that_arrive_together_act_once_and_read_the_same(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    guardian = await make_guardian(beneficiary=await make_beneficiary())
    push = delivery(official, scan(await card_of(guardian), follows=False))

    answers = await asyncio.gather(*[push.post(client) for _ in range(4)])

    assert {read_reply(official, answer).content.splitlines()[0] for answer in answers} == {"绑定成功。"}
    assert (await WeChatPush.get()).attempts == 1
    assert await Consent.filter(guardian_id=guardian.id).count() == 1


async def test_two_people_who_write_the_same_in_one_second_are_both_heard(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    for openid in (OPENID, OPENID.swapcase()):
        await delivery(official, event("CLICK", "<EventKey>help</EventKey>", openid=openid)).post(client)

    assert await WeChatPush.filter(state=PushState.APPLIED).count() == 2


# Binding


async def test_following_through_a_card_binds_and_says_so(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    guardian = await make_guardian(beneficiary=await make_beneficiary())

    answer = await delivery(official, scan(await card_of(guardian), follows=False)).post(client)

    reply = read_reply(official, answer)
    assert (reply.to, reply.sender, reply.kind) == (OPENID, GH, "text")
    assert reply.content.startswith("绑定成功。")
    assert await follows()
    push = await WeChatPush.get()
    assert (push.kind, push.state) == (PushKind.FOLLOW, PushState.APPLIED)
    assert (await Consent.get(guardian_id=guardian.id)).evidence == f"push:{push.id}"


async def test_a_follower_binds_by_scanning_and_the_code_serves_nobody_else(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    guardian = await make_guardian(beneficiary=await make_beneficiary())
    code = await card_of(guardian)

    first = await delivery(official, scan(code)).post(client)
    stranger = await delivery(official, scan(code, openid="oStranger")).post(client)

    assert read_reply(official, first).content.startswith("绑定成功。")
    assert read_reply(official, stranger).content.startswith("这个二维码无效或已经用过。")


async def test_an_unknown_code_is_called_invalid_and_the_cadre_is_to_give_a_new_one(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    answer = await delivery(official, scan("nobody-issued-this", follows=False)).post(client)

    reply = read_reply(official, answer).content
    assert reply.startswith("这个二维码无效或已经用过。")
    assert "请帮扶干部把6位绑定码念给您或写给您" in reply
    assert await follows()
    assert (await WeChatPush.get()).state is PushState.APPLIED


async def test_an_unknown_code_does_not_undo_a_binding(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await make_bound_guardian()

    answer = await delivery(official, scan("nobody-issued-this")).post(client)

    assert "您此前的绑定仍然有效" in read_reply(official, answer).content


async def test_following_without_a_card_is_greeted_and_told_how_to_bind(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    answer = await delivery(official, event("subscribe", "<EventKey></EventKey>")).post(client)

    assert "您还没有绑定" in read_reply(official, answer).content
    assert await follows()


async def test_a_guardian_who_stopped_notices_and_comes_back_is_told_so(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await make_bound_guardian(muted_at=NOW)

    answer = await delivery(official, event("subscribe")).post(client)

    assert "停止通知的状态" in read_reply(official, answer).content


async def test_leaving_is_noted_and_not_answered(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await make_bound_guardian()

    answer = await delivery(official, event("unsubscribe", "<EventKey></EventKey>")).post(client)

    assert answer.text == "success"
    assert not await follows()


async def test_a_leave_that_arrives_after_the_return_changes_nothing(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await make_bound_guardian()
    late = delivery(official, event("unsubscribe", at=NOW - timedelta(seconds=9)))

    await delivery(official, event("subscribe")).post(client)
    await late.post(client)

    assert await follows()
    assert (await WeChatPush.get(kind=PushKind.UNFOLLOW)).state is PushState.IGNORED


# Consent


@pytest.mark.parametrize("word", ["停", "退订", "TD", "取消"])
async def test_a_stop_word_withdraws_every_consent_at_once(
    client: httpx.AsyncClient, official: WeChatAccountSettings, word: str
) -> None:
    guardian = await make_bound_guardian()

    reply = await say(client, official, word)

    assert reply.startswith("已停止通知，即刻生效。")
    assert (await Guardian.get(id=guardian.id)).muted_at == NOW
    push = await WeChatPush.get()
    assert (await Consent.get(guardian_id=guardian.id)).withdrawal_evidence == f"push:{push.id}"
    assert await Consent.filter(guardian_id=guardian.id, withdrawn_at=None).count() == 0


async def test_who_stopped_is_still_answered_and_may_come_back(
    client: httpx.AsyncClient, official: WeChatAccountSettings, clock: FixedClock
) -> None:
    guardian = await make_bound_guardian()
    await say(client, official, "退订")

    assert (await say(client, official, "帮助")).startswith("这里可以查政策、提诉求、提问题。")
    assert (await say(client, official, "我的干部")).startswith("您家目前没有登记帮扶干部。")
    assert (await say(client, official, "恢复")).startswith("已恢复通知。")
    assert (await Guardian.get(id=guardian.id)).muted_at is None
    assert await Consent.filter(guardian_id=guardian.id, withdrawn_at=None).count() == 1


async def test_a_stop_that_arrives_after_the_resumption_changes_nothing(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    guardian = await make_bound_guardian(muted_at=NOW)
    late = delivery(official, text("退订", at=NOW - timedelta(seconds=9)))

    await say(client, official, "恢复")
    answer = await late.post(client)

    assert answer.text == "success"
    assert (await Guardian.get(id=guardian.id)).muted_at is None


async def test_a_stranger_who_stops_or_resumes_is_told_that_nothing_is_sent_to_him(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    assert (await say(client, official, "退订")).startswith("您还没有绑定，目前不会向您发送通知。")
    assert (await say(client, official, "恢复")).startswith("您还没有绑定，目前不会向您发送通知。")


# Questions


async def test_a_family_reads_who_accompanies_it_and_nobody_elses_family(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    beneficiary, neighbour = await make_beneficiary(name="张大山"), await make_beneficiary(name="李二河")
    await make_bound_guardian(beneficiary=beneficiary)
    await make_guardian(beneficiary=neighbour)
    cadre, former = await make_cadre(name="孙建国", unit="办公室"), await make_cadre(name="钱前任")
    today = NOW.date()
    for whose, who, ended_on in [
        (beneficiary, former, today),
        (beneficiary, cadre, None),
        (neighbour, await make_cadre(name="周邻居"), None),
    ]:
        await Pairing.create(
            region_code=LIXIA,
            beneficiary=whose,
            cadre=who,
            started_on=today - timedelta(days=30),
            ended_on=ended_on,
            open_beneficiary_id=None if ended_on else whose.id,
            created_at=NOW,
        )

    reply = await say(client, official, "我的干部")

    assert "张*山的帮扶干部：孙建国，办公室" in reply
    assert "张大山" not in reply
    assert "钱前任" not in reply
    assert "周邻居" not in reply


async def test_a_text_that_ends_a_cdata_section_is_only_a_text(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    reply = await say(client, official, "]]></Content><MsgType><![CDATA[news]]>")

    assert reply.startswith("您还没有绑定")
    assert (await WeChatPush.get()).kind is PushKind.UNCLEAR


async def test_who_sends_a_picture_is_told_that_nobody_sees_it(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await make_bound_guardian()
    image = xml("<PicUrl>http://x</PicUrl><MediaId>1</MediaId><MsgId>99</MsgId>", msg_type="image")

    answer = await delivery(official, image).post(client)

    assert read_reply(official, answer).content.startswith("这里看不到图片")


async def test_what_a_person_wrote_and_read_is_sealed_in_the_database(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    await say(client, official, "轮椅坏了")

    stored = await WeChatPush.all().values("payload", "reply")
    raw = (await sql.fetch("SELECT payload, reply FROM wechat_push"))[0]
    assert "轮椅坏了" in stored[0]["payload"]
    assert raw["payload"].startswith("enc:")
    assert raw["reply"].startswith("enc:")


async def test_a_place_or_page_that_nobody_asked_for_is_not_kept(
    client: httpx.AsyncClient, official: WeChatAccountSettings
) -> None:
    location = event("LOCATION", "<Latitude>36.675807</Latitude><Longitude>117.000923</Longitude>")

    answer = await delivery(official, location).post(client)

    assert answer.text == "success"
    push = await WeChatPush.get()
    assert (push.kind, push.state, push.payload) == (PushKind.OTHER, PushState.IGNORED, "{}")


async def test_the_mini_program_has_no_conversation(client: httpx.AsyncClient, settings: Settings) -> None:
    answer = await delivery(settings.wechat.mini, text("退订")).post(client, "/wechat/mini")

    assert answer.text == "success"
    assert (await WeChatPush.get()).state is PushState.IGNORED


# When something is down
