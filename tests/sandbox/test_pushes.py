import asyncio

import pytest
from aiohttp import web

from sandbox.events import element
from sandbox.replies import FAULT_NOTICE
from tests.sandbox.api import Api
from tests.sandbox.receiver import Received, Receiver, after, plain


async def settle(api: Api) -> None:
    assert (await api.do("settle"))["settled"]


async def test_a_push_is_sealed_signed_and_addressed(api: Api, receiver: Receiver) -> None:
    await api.do("users/guardian/say", {"text": "补贴什么时候发？"})

    push = receiver.received[0]
    assert push.place == "official"
    assert push.query["encrypt_type"] == "aes"
    assert push.query["openid"] == push.message["FromUserName"] == await api.openid("guardian", "official")
    assert push.message["ToUserName"].startswith("gh_")
    assert push.message["MsgType"] == "text"
    assert push.message["Content"] == "补贴什么时候发？"
    assert push.message["MsgId"].isdigit()
    assert "补贴".encode() not in push.raw


async def test_text_cannot_break_out_of_its_element(api: Api, receiver: Receiver) -> None:
    text = "]]></Content><MsgType>event</MsgType><![CDATA["

    await api.do("users/guardian/say", {"text": text})

    assert receiver.received[0].message["Content"] == text
    assert element("A", "]]>") == "<A><![CDATA[]]]]><![CDATA[>]]></A>"


async def test_following_scanning_clicking_and_leaving_are_pushed(api: Api, receiver: Receiver) -> None:
    await api.do("users/stranger/scan", {"scene_str": "g:42"})
    await api.do("users/stranger/scan", {"scene_str": "g:43"})
    await api.do("users/stranger/click", {"key": "progress"})
    await api.do("users/stranger/unfollow")
    await api.do("users/stranger/follow")

    told = [(push.message["Event"], push.message["EventKey"]) for push in receiver.received]
    assert told == [
        ("subscribe", "qrscene_g:42"),
        ("SCAN", "g:43"),
        ("CLICK", "progress"),
        ("unsubscribe", None),
        ("subscribe", None),
    ]
    assert receiver.received[0].message["Ticket"]


async def test_answers_to_the_popup_and_sent_messages_are_pushed_to_the_mini_program(
    api: Api, receiver: Receiver
) -> None:
    await api.do("users/cadre/subscriptions", {"template_id": "REMIND"})
    await api.do("users/cadre/subscriptions", {"template_id": "YEARLY", "answer": "reject"})
    await api.do("users/cadre/subscriptions", {"template_id": "YEARLY", "answer": "withdraw"})
    answer = await api.remind()
    await settle(api)

    pushed = [push.message for push in receiver.received]
    assert {push.place for push in receiver.received} == {"mini"}
    assert pushed[0]["SubscribeMsgPopupEvent"]["List"] == {
        "TemplateId": "REMIND",
        "SubscribeStatusString": "accept",
        "PopupScene": "0",
    }
    assert pushed[1]["SubscribeMsgPopupEvent"]["List"]["SubscribeStatusString"] == "reject"
    assert pushed[2]["SubscribeMsgChangeEvent"]["List"]["TemplateId"] == "YEARLY"
    assert pushed[3]["SubscribeMsgSentEvent"]["List"] == {
        "TemplateId": "REMIND",
        "MsgID": str(answer["msgid"]),
        "ErrorCode": "0",
        "ErrorStatus": "success",
    }


async def test_a_template_message_is_followed_by_its_receipt(api: Api, receiver: Receiver) -> None:
    answer = await api.policy(client_msg_id="m-1")
    await api.policy(client_msg_id="m-1")
    await settle(api)

    receipts = [push.message for push in receiver.received]
    assert [(each["Event"], each["MsgID"], each["Status"]) for each in receipts] == [
        ("TEMPLATESENDJOBFINISH", str(answer["msgid"]), "success")
    ]


async def test_a_passive_reply_is_decrypted_and_shown(api: Api, receiver: Receiver) -> None:
    async def greet(received: Received) -> web.Response:
        return web.Response(text=received.text_reply("您好"))

    receiver.answer = greet

    answer = await api.do("users/guardian/say", {"text": "在吗"})

    shown = await api.ledger(kind="reply")
    assert answer == {"pushed": True, "reply": {"type": "text", "text": "您好"}}
    assert shown[0]["message"] == {"type": "text", "text": "您好"}


async def test_silence_for_the_time_limit_is_asked_three_more_times_with_the_same_request(
    api: Api, receiver: Receiver
) -> None:
    receiver.script = [after(0.6)] * 4

    answer = await api.do("users/guardian/say", {"text": "在吗"})

    tries = await api.ledger(kind="push")
    assert answer["reply"] is None
    assert [entry["outcome"] for entry in tries] == ["timeout"] * 4
    assert [entry["attempt"] for entry in tries] == [1, 2, 3, 4]
    assert tries[3]["gave_up"]
    assert len({push.raw for push in receiver.received}) == 1
    assert len({tuple(sorted(push.query.items())) for push in receiver.received}) == 1
    assert len({push.message["MsgId"] for push in receiver.received}) == 1


async def test_the_first_good_answer_ends_the_retries(api: Api, receiver: Receiver) -> None:
    receiver.script = [after(0.6), plain("busy", status=500), plain("")]

    await api.do("users/guardian/say", {"text": "在吗"})

    outcomes = [entry["outcome"] for entry in await api.ledger(kind="push")]
    assert outcomes == ["timeout", "http 500", "received"]
    assert await api.ledger(kind="notice") == []


@pytest.mark.parametrize("garbage", ['{"ok":true}', "<html>502</html>", "<xml><MsgType>text</MsgType></xml>"])
async def test_garbage_is_not_asked_again_and_the_user_sees_that_the_service_is_out_of_order(
    api: Api, receiver: Receiver, garbage: str
) -> None:
    receiver.answer = plain(garbage)

    await api.do("users/guardian/say", {"text": "在吗"})

    notices = await api.ledger(kind="notice")
    assert len(receiver.received) == 1
    assert [entry["message"]["text"] for entry in notices] == [FAULT_NOTICE]


async def test_a_reply_addressed_to_somebody_else_is_garbage(api: Api, receiver: Receiver) -> None:
    async def astray(received: Received) -> web.Response:
        return web.Response(text=received.text_reply("您好", to="osomebody"))

    receiver.answer = astray

    answer = await api.do("users/guardian/say", {"text": "在吗"})

    assert answer["reply"] is None
    assert "somebody else" in (await api.ledger(kind="push"))[0]["outcome"]


async def test_a_reply_with_a_wrong_signature_is_garbage(api: Api, receiver: Receiver) -> None:
    async def forged(received: Received) -> web.Response:
        sealed = received.text_reply("您好").replace("<MsgSignature><![CDATA[", "<MsgSignature><![CDATA[0")
        return web.Response(text=sealed)

    receiver.answer = forged

    assert (await api.do("users/guardian/say", {"text": "在吗"}))["reply"] is None
    assert len(await api.ledger(kind="notice")) == 1


async def test_a_reply_to_somebody_who_left_is_not_shown(api: Api, receiver: Receiver) -> None:
    async def greet(received: Received) -> web.Response:
        return web.Response(text=received.text_reply("再见"))

    receiver.answer = greet

    await api.do("users/guardian/unfollow")

    assert await api.ledger(kind="reply") == []


async def test_each_persons_events_keep_their_order_while_others_do_not_wait(
    api: Api, receiver: Receiver
) -> None:
    async def slow_for_guardian(received: Received) -> web.Response:
        if received.message["FromUserName"] == guardian:
            await asyncio.sleep(0.05)
        return web.Response(text="success")

    guardian = await api.openid("guardian", "official")
    receiver.answer = slow_for_guardian

    said = [api.do("users/guardian/say", {"text": f"第{n}句"}) for n in range(5)]
    await asyncio.gather(*said, api.do("users/stranger/say", {"text": "我先"}))

    arrived = [
        push.message["MsgId"] for push in receiver.received if push.message["FromUserName"] == guardian
    ]
    finished = [entry["openid"] for entry in await api.ledger(kind="push")]
    assert arrived == sorted(arrived)
    assert len(arrived) == 5
    assert finished[-1] == guardian
    assert finished.index(await api.openid("stranger", "official")) < 5


async def test_the_address_is_verified_as_the_admin_page_does(api: Api, receiver: Receiver) -> None:
    assert await api.do("verify/official") == {"result": "ok"}
