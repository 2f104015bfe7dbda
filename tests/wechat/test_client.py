"""The gateway against real sockets."""

import asyncio
import socket

import pytest

from app.wechat.client import HttpWeChat, connect_wechat
from app.wechat.errcodes import Reaction
from app.wechat.gateway import (
    SubscribeMessage,
    TemplateMessage,
    WeChatNotReached,
    WeChatRefused,
    WeChatUnanswered,
)
from app.wechat.wire import MAX_ANSWER_BYTES
from tests.wechat.factories import MINI, OFFICIAL, OPENID
from tests.wechat.scripted import TOKEN_PATH, Drop, Hang, Reply, ScriptedWeChat

SUBSCRIBE = "/cgi-bin/message/subscribe/send"
TEMPLATE = "/cgi-bin/message/template/send"
TEXT = "/cgi-bin/message/custom/send"
SESSION = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
QRCODE = "/cgi-bin/qrcode/create"
USER = "/cgi-bin/user/info"

SENT = Reply({"errcode": 0, "errmsg": "ok", "msgid": 3395159288267931652})

REMINDER = SubscribeMessage(
    openid=OPENID, template_id="T1", fields={"thing1": "您有1位帮扶对象待联系"}, page="pages/pairings"
)
NOTICE = TemplateMessage(
    openid=OPENID,
    template_id="T2",
    fields={"thing1": "您有1条政策通知"},
    url="https://lianxin.example/p/1",
    mini_page="pages/policy",
    client_msg_id="message-1",
)


def phone_answer(*, number: str = "13800138000", appid: str = MINI.appid, country: str = "86") -> Reply:
    info = {
        "phoneNumber": number,
        "purePhoneNumber": number,
        "countryCode": country,
        "watermark": {"timestamp": 1, "appid": appid},
    }
    return Reply({"errcode": 0, "errmsg": "ok", "phone_info": info})


async def test_a_subscribe_message_is_sent_in_the_words_wechat_wants(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(SUBSCRIBE, SENT)

    receipt = await gateway.send_subscribe(REMINDER)

    asked = server.asked_for(SUBSCRIBE)[0]
    assert receipt.msgid == "3395159288267931652"
    assert asked.method == "POST"
    assert asked.query == {"access_token": "token-1"}
    assert asked.json() == {
        "touser": OPENID,
        "template_id": "T1",
        "page": "pages/pairings",
        "data": {"thing1": {"value": "您有1位帮扶对象待联系"}},
        "miniprogram_state": "formal",
        "lang": "zh_CN",
    }


async def test_chinese_leaves_as_it_is_and_half_a_character_does_not_break_the_message(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(SUBSCRIBE, SENT)

    await gateway.send_subscribe(
        SubscribeMessage(openid=OPENID, template_id="T1", fields={"thing1": "年审\ud83d"})
    )

    assert '"年审?"'.encode() in server.asked_for(SUBSCRIBE)[0].body


async def test_a_template_message_carries_its_own_id_and_opens_our_mini_program(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(TEMPLATE, Reply({"errcode": 0, "errmsg": "ok", "msgid": 200163836}))

    receipt = await gateway.send_template(NOTICE)

    assert receipt.msgid == "200163836"
    assert server.asked_for(TEMPLATE)[0].json() == {
        "touser": OPENID,
        "template_id": "T2",
        "url": "https://lianxin.example/p/1",
        "miniprogram": {"appid": MINI.appid, "pagepath": "pages/policy"},
        "client_msg_id": "message-1",
        "data": {"thing1": {"value": "您有1条政策通知"}},
    }


async def test_each_account_fetches_its_own_token_once(gateway: HttpWeChat, server: ScriptedWeChat) -> None:
    server.answers(SUBSCRIBE, SENT)
    server.answers(TEXT, Reply({"errcode": 0}))

    await gateway.send_subscribe(REMINDER)
    await gateway.send_subscribe(REMINDER)
    await gateway.send_text(openid=OPENID, content="已收到")

    assert [asked.json()["appid"] for asked in server.asked_for(TOKEN_PATH)] == [MINI.appid, OFFICIAL.appid]
    assert server.asked_for(TOKEN_PATH)[0].json() == {
        "grant_type": "client_credential",
        "appid": MINI.appid,
        "secret": MINI.secret,
        "force_refresh": False,
    }
    assert server.asked_for(TEXT)[0].query == {"access_token": "token-2"}
    assert server.asked_for(TEXT)[0].json() == {
        "touser": OPENID,
        "msgtype": "text",
        "text": {"content": "已收到"},
    }


async def test_signing_in_needs_no_access_token(gateway: HttpWeChat, server: ScriptedWeChat) -> None:
    server.answers(SESSION, Reply({"openid": OPENID, "session_key": "k", "unionid": "union-1"}))

    session = await gateway.code_to_session(code="code-1")

    assert (session.openid, session.unionid) == (OPENID, "union-1")
    assert server.asked_for(SESSION)[0].query == {
        "appid": MINI.appid,
        "secret": MINI.secret,
        "js_code": "code-1",
        "grant_type": "authorization_code",
    }
    assert server.asked_for(TOKEN_PATH) == []


async def test_a_used_code_is_refused(gateway: HttpWeChat, server: ScriptedWeChat) -> None:
    server.answers(SESSION, Reply({"errcode": 40163, "errmsg": "code been used, rid: 1-2-3"}))

    with pytest.raises(WeChatRefused) as caught:
        await gateway.code_to_session(code="code-1")

    assert (caught.value.errcode, caught.value.rid) == (40163, "1-2-3")


async def test_a_session_without_an_openid_is_no_answer(gateway: HttpWeChat, server: ScriptedWeChat) -> None:
    server.answers(SESSION, Reply({"errcode": 0}))

    with pytest.raises(WeChatUnanswered):
        await gateway.code_to_session(code="code-1")


async def test_a_phone_number_is_asked_for_together_with_the_openid(
    gateway: HttpWeChat, server: ScriptedWeChat
) -> None:
    server.answers(PHONE, phone_answer())

    number = await gateway.phone_number(code="code-2", openid=OPENID)

    assert number == "13800138000"
    assert server.asked_for(PHONE)[0].json() == {"code": "code-2", "openid": OPENID}


@pytest.mark.parametrize(
    "answer",
    [
        phone_answer(appid="wxanother"),
        phone_answer(number="61234567", country="852"),
        phone_answer(number="1380013800a"),
        phone_answer(number="１３８００１３８０００"),
    ],
)
async def test_a_phone_number_we_cannot_use_is_refused(
    gateway: HttpWeChat, server: ScriptedWeChat, answer: Reply
) -> None:
    server.answers(PHONE, answer)

    with pytest.raises(WeChatRefused) as caught:
        await gateway.phone_number(code="code-2", openid=OPENID)

    assert caught.value.errcode == 0
    assert caught.value.reaction is Reaction.GIVE_UP_RECIPIENT


@pytest.mark.parametrize("content", [{"errcode": 0}, {"phone_info": "x"}, {"phone_info": {"watermark": []}}])
async def test_an_answer_without_a_phone_number_is_no_answer(
    gateway: HttpWeChat, server: ScriptedWeChat, content: object
) -> None:
    server.answers(PHONE, Reply(content))

    with pytest.raises(WeChatUnanswered):
        await gateway.phone_number(code="code-2", openid=OPENID)


async def test_a_scene_qr_is_made_for_a_time(gateway: HttpWeChat, server: ScriptedWeChat) -> None:
    server.answers(QRCODE, Reply({"ticket": "gQH", "expire_seconds": 60, "url": "http://weixin.qq.com/q/k"}))

    code = await gateway.create_scene_qr(scene="b7Kx", expire_seconds=60)

    assert (code.ticket, code.url) == ("gQH", "http://weixin.qq.com/q/k")
    assert server.asked_for(QRCODE)[0].json() == {
        "expire_seconds": 60,
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "b7Kx"}},
    }


@pytest.mark.parametrize(("scene", "expires"), [("", 60), ("x" * 65, 60), ("x", 0), ("x", 2_592_001)])
async def test_a_scene_qr_beyond_wechats_limits_is_not_asked_for(
    gateway: HttpWeChat, scene: str, expires: int
) -> None:
    with pytest.raises(ValueError, match="64 characters"):
        await gateway.create_scene_qr(scene=scene, expire_seconds=expires)


@pytest.mark.parametrize(
    ("content", "unionid"),
    [
        ({"subscribe": 1, "openid": OPENID, "unionid": "u-1"}, "u-1"),
        ({"subscribe": 0, "openid": OPENID}, None),
    ],
)
async def test_the_unionid_of_a_follower_is_told_when_there_is_one(
    gateway: HttpWeChat, server: ScriptedWeChat, content: object, unionid: str | None
) -> None:
    server.answers(USER, Reply(content))

    assert await gateway.official_unionid(openid=OPENID) == unionid
    assert server.asked_for(USER)[0].query == {"openid": OPENID, "lang": "zh_CN", "access_token": "token-1"}


@pytest.mark.parametrize("errcode", [43101, "43101"])
async def test_an_errcode_becomes_a_refusal_with_its_reaction(
    gateway: HttpWeChat, server: ScriptedWeChat, errcode: object
) -> None:
    server.answers(SUBSCRIBE, Reply({"errcode": errcode, "errmsg": "user refuse to accept the msg rid: 6-a"}))

    with pytest.raises(WeChatRefused) as caught:
        await gateway.send_subscribe(REMINDER)

    assert caught.value.errcode == 43101
    assert caught.value.rid == "6-a"
    assert caught.value.reaction is Reaction.GIVE_UP_RECIPIENT


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="<html>502 Bad Gateway</html>", status=502, kind="text/html"),
        Reply({"errcode": 0}, status=503),
        Reply(text="<html>maintenance</html>", kind="text/html"),
        Reply(text='{"errcode": 0, "errm'),
        Reply(text="[" * 100_000),
        Reply([1, 2]),
        Reply({"errcode": "busy"}),
        Reply({"errcode": 0}, status=302, headers=(("Location", "/elsewhere"),)),
        Reply(text='{"errcode": 0}' + " " * MAX_ANSWER_BYTES),
        Reply(text=b"\x89PNG", kind="image/png"),
        Drop(),
    ],
    ids=["502", "503", "html", "half", "deep", "list", "word", "redirect", "huge", "picture", "dropped"],
)
async def test_when_no_usable_answer_comes_the_outcome_is_unknown(
    gateway: HttpWeChat, server: ScriptedWeChat, reply: Reply | Drop
) -> None:
    server.answers(SUBSCRIBE, reply)
    server.answers("/elsewhere", SENT)

    with pytest.raises(WeChatUnanswered):
        await gateway.send_subscribe(REMINDER)

    assert len(server.asked_for(SUBSCRIBE)) == 1
    assert server.asked_for("/elsewhere") == []


async def test_an_answer_that_is_too_late_leaves_the_outcome_unknown(
    server: ScriptedWeChat,
) -> None:
    server.answers(SUBSCRIBE, Hang())

    async with connect_wechat(
        mini=MINI, official=OFFICIAL, connections=5, api_base=server.base, total_seconds=0.2
    ) as gateway:
        with pytest.raises(WeChatUnanswered):
            await gateway.send_subscribe(REMINDER)


async def test_when_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"

        async with connect_wechat(mini=MINI, official=OFFICIAL, connections=5, api_base=base) as gateway:
            with pytest.raises(WeChatNotReached):
                await gateway.code_to_session(code="code-1")


async def test_when_no_socket_becomes_free_nothing_was_sent(server: ScriptedWeChat) -> None:
    server.answers(SESSION, Hang())

    async with connect_wechat(
        mini=MINI,
        official=OFFICIAL,
        connections=1,
        api_base=server.base,
        connect_seconds=0.2,
        total_seconds=1,
    ) as gateway:
        outcomes = await asyncio.gather(
            *(gateway.code_to_session(code=f"code-{number}") for number in range(2)), return_exceptions=True
        )

    assert [type(outcome) for outcome in outcomes] == [WeChatUnanswered, WeChatNotReached]


async def test_after_the_end_nothing_is_sent(gateway: HttpWeChat) -> None:
    await gateway.close()

    with pytest.raises(WeChatNotReached):
        await gateway.code_to_session(code="code-1")


async def test_no_secret_is_told_by_a_failure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"

        async with connect_wechat(mini=MINI, official=OFFICIAL, connections=5, api_base=base) as gateway:
            with pytest.raises(WeChatNotReached) as caught:
                await gateway.code_to_session(code="code-1")

    assert MINI.secret not in str(caught.value)
    assert caught.value.__suppress_context__


async def test_an_account_hides_its_secrets_when_shown() -> None:
    shown = repr(MINI)

    assert MINI.appid in shown
    assert not any(secret in shown for secret in (MINI.secret, MINI.token, MINI.aes_key))


async def test_wechatpys_own_methods_can_be_awaited(gateway: HttpWeChat, server: ScriptedWeChat) -> None:
    server.answers("/cgi-bin/menu/create", Reply({"errcode": 0, "errmsg": "ok"}))
    server.answers("/cgi-bin/user/info/batchget", Reply({"user_info_list": [{"openid": OPENID}]}))
    server.answers("/wxa/getwxacodeunlimit", Reply(text=b"\xff\xd8jpeg", kind="image/jpeg"))

    created = await gateway.official.menu.create({"button": [{"type": "click", "name": "政策", "key": "p"}]})
    users = await gateway.official.user.get_batch([OPENID])
    picture = await gateway.mini.wxa.get_wxa_code_unlimited("b7Kx")

    assert created == {"errcode": 0, "errmsg": "ok"}
    assert users == [{"openid": OPENID}]
    assert picture == b"\xff\xd8jpeg"


async def test_a_token_is_never_sent_to_another_host(gateway: HttpWeChat) -> None:
    with pytest.raises(ValueError, match="API host only"):
        await gateway.official.get("https://api.weixin.qq.com.evil.example/cgi-bin/user/get")


async def test_the_token_cannot_be_read_nor_fetched_past_the_cache(gateway: HttpWeChat) -> None:
    with pytest.raises(AttributeError):
        _ = gateway.mini.access_token
    with pytest.raises(TypeError):
        gateway.mini.fetch_access_token()


async def test_an_address_that_is_no_web_address_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="https://"):
        connect_wechat(mini=MINI, official=OFFICIAL, connections=1, api_base="api.weixin.qq.com")
