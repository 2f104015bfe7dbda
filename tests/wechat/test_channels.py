"""订阅通知, 客服消息 and 群发 against real sockets."""

import pytest

from app.wechat.client import HttpWeChat
from app.wechat.errcodes import Reaction
from app.wechat.gateway import MassReceipt, OfficialSubscribeMessage, WeChatRefused
from tests.wechat.factories import MINI, OPENID
from tests.wechat.scripted import Reply, ScriptedWeChat

TEXT = "/cgi-bin/message/custom/send"
BIZ = "/cgi-bin/message/subscribe/bizsend"
MASS = "/cgi-bin/message/mass/send"


async def test_a_subscription_notice_of_the_service_account_names_no_message(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(BIZ, Reply({"errcode": 0, "errmsg": "ok"}))

    await gateway.send_official_subscribe(
        OfficialSubscribeMessage(
            openid=OPENID, template_id="T3", fields={"thing1": "一"}, mini_page="pages/policy"
        )
    )

    (asked,) = server.asked_for(BIZ)
    assert asked.query["access_token"]
    assert asked.json() == {
        "touser": OPENID,
        "template_id": "T3",
        "data": {"thing1": {"value": "一"}},
        "miniprogram": {"appid": MINI.appid, "pagepath": "pages/policy"},
    }


async def test_a_text_of_customer_service_goes_to_one_person(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(TEXT, Reply({"errcode": 0, "errmsg": "ok"}))

    await gateway.send_text(openid=OPENID, content="您的材料已经收到")

    (asked,) = server.asked_for(TEXT)
    assert asked.json() == {"touser": OPENID, "msgtype": "text", "text": {"content": "您的材料已经收到"}}


async def test_a_mass_message_names_everybody_and_its_own_id(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(MASS, Reply({"errcode": 0, "errmsg": "send job submission success", "msg_id": 34182}))

    receipt = await gateway.mass_send_text(
        openids=[OPENID, "o-2"], content="中秋节快乐", client_msg_id="lxm7"
    )

    assert receipt == MassReceipt(msgid="34182")
    (asked,) = server.asked_for(MASS)
    assert asked.json() == {
        "touser": [OPENID, "o-2"],
        "msgtype": "text",
        "text": {"content": "中秋节快乐"},
        "clientmsgid": "lxm7",
    }


async def test_a_mass_message_that_was_sent_before_counts_as_sent_under_its_earlier_number(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    answer = {"errcode": 45065, "errmsg": "clientmsgid exist rid: 1", "msg_id": 34182}
    server.answers(MASS, Reply(answer))

    receipt = await gateway.mass_send_text(openids=[OPENID, "o-2"], content="一", client_msg_id="lxm7")

    assert receipt == MassReceipt(msgid="34182", was_sent_before=True)


async def test_a_mass_message_that_comes_too_soon_or_too_often_is_refused(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(MASS, Reply({"errcode": 45066}), Reply({"errcode": 45028}))

    with pytest.raises(WeChatRefused) as too_soon:
        await gateway.mass_send_text(openids=[OPENID, "o-2"], content="一", client_msg_id="lxm7")
    with pytest.raises(WeChatRefused) as too_often:
        await gateway.mass_send_text(openids=[OPENID, "o-2"], content="一", client_msg_id="lxm7")

    assert (too_soon.value.reaction, too_soon.value.rule.wait_seconds) == (Reaction.LATER, 60)
    assert too_often.value.reaction is Reaction.STOP_CAMPAIGN


@pytest.mark.parametrize(("people", "client_msg_id"), [(1, "lxm7"), (10_001, "lxm7"), (2, ""), (2, "x" * 33)])
async def test_a_mass_message_beyond_wechats_limits_is_not_asked_for(
    gateway: HttpWeChat, server: ScriptedWeChat, people: int, client_msg_id: str
) -> None:
    with pytest.raises(ValueError, match=r"a mass message|a clientmsgid"):
        await gateway.mass_send_text(openids=["o"] * people, content="一", client_msg_id=client_msg_id)

    assert server.asked == []
