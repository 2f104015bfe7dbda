"""订阅通知 of the service account: /cgi-bin/message/subscribe/bizsend."""

from typing import Any

import pytest

from tests.sandbox.api import Api
from tests.sandbox.receiver import Receiver


async def accept(api: Api, template: str = "NOTICE", who: str = "guardian", **more: Any) -> None:
    await api.do(f"users/{who}/subscriptions", {"template_id": template, **more})


async def test_one_accept_is_one_notice_and_the_answer_names_no_message(api: Api) -> None:
    before = await api.notify()
    await accept(api)
    first, second = await api.notify(), await api.notify()

    delivered = await api.ledger(kind="delivered")
    assert before["errcode"] == 43101
    assert first == {"errcode": 0, "errmsg": "ok"}
    assert second["errcode"] == 43101
    assert [entry["data"] for entry in delivered] == [{"thing1": "护理补贴"}]


async def test_a_long_term_consent_is_not_used_up_until_it_is_withdrawn(api: Api) -> None:
    await accept(api, template="STANDING")
    answers = [(await api.notify(template="STANDING"))["errcode"] for _ in range(3)]
    await accept(api, template="STANDING", answer="withdraw")

    assert answers == [0, 0, 0]
    assert (await api.notify(template="STANDING"))["errcode"] == 43101


async def test_nobody_has_to_follow_for_a_notice(api: Api) -> None:
    await accept(api, who="stranger")

    assert (await api.notify("stranger"))["errcode"] == 0


async def test_only_the_sent_event_tells_which_message_it_was(api: Api, receiver: Receiver) -> None:
    await accept(api)
    await api.notify()
    await api.settle()

    delivered = (await api.ledger(kind="delivered"))[0]
    popup, sent = receiver.received
    assert popup.message["SubscribeMsgPopupEvent"]["List"]["PopupScene"] == "1"
    assert sent.place == "official"
    assert sent.message["Event"] == "subscribe_msg_sent_event"
    assert sent.message["SubscribeMsgSentEvent"]["List"] == {
        "TemplateId": "NOTICE",
        "MsgID": str(delivered["msgid"]),
        "ErrorCode": "0",
        "ErrorStatus": "success",
    }


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": "onobody"}, 40003),
        ({"template_id": "REMIND"}, 40037),
        ({"template_id": "POLICY"}, 40037),
        ({"page": 7}, 40039),
        ({"miniprogram": {"appid": "wxother"}}, 40013),
        ({"lang": "zh"}, 40097),
        ({"data": {"thing1": {"value": "字" * 21}}}, 47003),
        ({"data": None}, 47001),
    ],
)
async def test_a_malformed_notice_is_refused_and_uses_up_no_consent(
    api: Api, change: dict[str, Any], errcode: int
) -> None:
    await accept(api)

    refused = await api.notify(**change)
    accepted = await api.notify()

    assert refused["errcode"] == errcode
    assert accepted["errcode"] == 0


async def test_each_account_has_its_own_way_to_send_by_consent(api: Api) -> None:
    path = "/cgi-bin/message/subscribe/bizsend"

    assert (await api.call("mini", path, {}))["errcode"] == 48001
    assert (await api.call("official", path.replace("biz", ""), {}))["errcode"] == 48001
