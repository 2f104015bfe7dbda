from typing import Any

import httpx
import pytest

from sandbox.main import serve
from sandbox.world import World
from tests.sandbox.api import Api
from tests.sandbox.cast import config


async def accept(api: Api, template: str = "REMIND", **more: Any) -> None:
    await api.do("users/cadre/subscriptions", {"template_id": template, **more})


async def test_one_accept_is_one_subscription_message(api: Api) -> None:
    before = await api.remind()
    await accept(api)
    first, second = await api.remind(), await api.remind()

    assert before["errcode"] == 43101
    assert before["errmsg"].startswith("user refuse to accept the msg rid: ")
    assert first["errcode"] == 0
    assert first["msgid"] > 2**53
    assert second["errcode"] == 43101
    assert len(await api.ledger(kind="delivered")) == 1


async def test_accepts_add_up_and_a_rejection_takes_none_back(api: Api) -> None:
    await accept(api, times=2)
    await api.do("users/cadre/subscriptions", {"template_id": "REMIND", "answer": "reject"})

    answers = [(await api.remind())["errcode"] for _ in range(3)]

    assert answers == [0, 0, 43101]


async def test_switching_a_template_off_takes_every_credit(api: Api) -> None:
    await accept(api, times=5)

    await api.do("users/cadre/subscriptions", {"template_id": "REMIND", "answer": "withdraw"})

    assert (await api.remind())["errcode"] == 43101


async def test_a_long_term_consent_is_not_used_up(api: Api) -> None:
    await accept(api, template="YEARLY")
    data = {"thing1": {"value": "请按时年审"}}

    answers = [(await api.remind(template_id="YEARLY", data=data))["errcode"] for _ in range(3)]

    assert answers == [0, 0, 0]


async def test_a_refused_field_uses_up_no_credit(api: Api) -> None:
    await accept(api)

    refused = await api.remind(data={"thing1": {"value": "字" * 21}, "date2": {"value": "2026-06-01"}})
    accepted = await api.remind()

    assert refused["errcode"] == 47003
    assert refused["errmsg"].startswith("argument invalid! data.thing1.value invalid rid: ")
    assert accepted["errcode"] == 0


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": "onobody"}, 40003),
        ({"touser": None}, 40003),
        ({"template_id": "NONE"}, 40037),
        ({"template_id": "POLICY"}, 40037),
        ({"page": "pages/unknown"}, 41030),
        ({"page": "https://example.invalid"}, 41030),
        ({"miniprogram_state": "beta"}, 40097),
        ({"lang": "zh"}, 40097),
        ({"data": "text"}, 47001),
    ],
)
async def test_a_malformed_subscription_message_is_refused(
    api: Api, change: dict[str, Any], errcode: int
) -> None:
    await accept(api)

    answer = await api.remind(**change)

    assert answer["errcode"] == errcode
    assert await api.ledger(kind="delivered") == []


async def test_a_published_page_may_carry_a_query(api: Api) -> None:
    await accept(api)

    assert (await api.remind(page="pages/home/index?from=notice"))["errcode"] == 0


async def test_the_service_account_may_not_send_subscription_messages_of_the_mini_program(api: Api) -> None:
    answer = await api.call("official", "/cgi-bin/message/subscribe/send", {})

    assert answer["errcode"] == 48001


async def test_a_template_message_reaches_a_follower(api: Api) -> None:
    answer = await api.policy(url="https://example.invalid/p/1")

    delivered = await api.ledger(kind="delivered", openid=await api.openid("guardian", "official"))
    assert answer["errcode"] == 0
    assert [entry["msgid"] for entry in delivered] == [answer["msgid"]]
    assert delivered[0]["data"] == {"thing1": "您有1条政策通知"}


async def test_a_template_message_to_somebody_who_left_is_refused(api: Api) -> None:
    await api.do("users/guardian/unfollow")

    assert (await api.policy())["errcode"] == 43004
    assert (await api.policy("stranger"))["errcode"] == 43004


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"template_id": ""}, 40036),
        ({"template_id": "REMIND"}, 40037),
        ({"url": "https://example.invalid/" + "x" * 1100}, 40039),
        ({"miniprogram": {"appid": "wxother", "pagepath": "pages/home/index"}}, 40013),
        ({"data": {}}, 47003),
        ({"client_msg_id": 7}, 40097),
    ],
)
async def test_a_malformed_template_message_is_refused(
    api: Api, change: dict[str, Any], errcode: int
) -> None:
    assert (await api.policy(**change))["errcode"] == errcode


async def test_the_same_client_msg_id_is_answered_again_but_delivered_once(api: Api) -> None:
    first = await api.policy(client_msg_id="m-1")
    again = await api.policy(client_msg_id="m-1")

    repeats = await api.ledger(kind="repeat")
    seen = await api.get("/_sandbox/deliveries", by="client_msg_id")
    assert (again["errcode"], again["msgid"]) == (0, first["msgid"])
    assert [entry["client_msg_id"] for entry in repeats] == ["m-1"]
    assert [(row["key"], row["count"]) for row in seen["rows"]] == [("m-1", 1)]


async def test_a_client_msg_id_is_remembered_for_ten_minutes(api: Api) -> None:
    first = await api.policy(client_msg_id="m-1")
    await api.do("clock", {"advance_s": 590})
    within = await api.policy(client_msg_id="m-1")
    await api.do("clock", {"advance_s": 20})
    beyond = await api.policy(client_msg_id="m-1")

    assert within["msgid"] == first["msgid"]
    assert beyond["msgid"] != first["msgid"]
    assert (await api.get("/_sandbox/deliveries", by="client_msg_id"))["doubled"] == 1


async def test_a_refused_message_leaves_its_client_msg_id_free(api: Api) -> None:
    refused = await api.policy(client_msg_id="m-1", data={})
    accepted = await api.policy(client_msg_id="m-1")

    assert refused["errcode"] == 47003
    assert accepted["errcode"] == 0
    assert len(await api.ledger(kind="delivered")) == 1


async def test_one_client_msg_id_may_go_to_two_people(api: Api) -> None:
    await api.do("users/stranger/follow")

    answers = [
        await api.policy("guardian", client_msg_id="m-1"),
        await api.policy("stranger", client_msg_id="m-1"),
    ]

    assert answers[0]["msgid"] != answers[1]["msgid"]
    assert len(await api.ledger(kind="delivered")) == 2


async def test_the_days_quota_ends_and_begins_again_tomorrow() -> None:
    small = config()
    official = small.accounts["official"]
    object.__setattr__(official, "daily_quota", 2)

    async with serve(small) as sandbox, httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http:
        api = Api(http)
        today = [(await api.policy())["errcode"] for _ in range(3)]
        await api.do("clock", {"advance_s": 86400})
        api.tokens.clear()
        tomorrow = await api.policy()

    assert today == [0, 0, 45009]
    assert tomorrow["errcode"] == 0


async def test_a_message_from_the_person_opens_five_answers_for_two_days(api: Api) -> None:
    closed = await api.chat()
    await api.do("users/guardian/say", {"text": "在吗"})
    answers = [(await api.chat())["errcode"] for _ in range(6)]

    assert closed["errcode"] == 45015
    assert answers == [0, 0, 0, 0, 0, 45047]


@pytest.mark.parametrize(
    ("act", "body"), [("follow", None), ("scan", {"scene_str": "g:1"}), ("click", {"key": "progress"})]
)
async def test_a_follow_a_scan_or_a_click_opens_three_answers_for_a_minute(
    api: Api, act: str, body: dict[str, str] | None
) -> None:
    await api.do(f"users/guardian/{act}", body)
    within = [(await api.chat())["errcode"] for _ in range(4)]
    await api.do("clock", {"advance_s": 61})

    assert within == [0, 0, 0, 45047]
    assert (await api.chat())["errcode"] == 45015


async def test_the_window_of_a_message_closes_after_48_hours_or_on_leaving(api: Api) -> None:
    await api.do("users/guardian/say", {"text": "在吗"})
    await api.do("clock", {"advance_s": 48 * 3600 + 1})
    api.tokens.clear()
    late = await api.chat()
    await api.do("users/guardian/say", {"text": "在吗"})
    await api.do("users/guardian/unfollow")

    assert late["errcode"] == 45015
    assert (await api.chat())["errcode"] == 45015


@pytest.mark.parametrize(
    ("message", "errcode"),
    [
        ({"msgtype": "text", "text": {"content": ""}}, 44002),
        ({"msgtype": "text", "text": {"content": "字" * 700}}, 45002),
        ({"msgtype": "image", "image": {"media_id": "x"}}, 40007),
        ({"msgtype": "dance", "dance": {}}, 40008),
        ({"msgtype": "news", "news": {"articles": [{}, {}]}}, 45008),
        ({"msgtype": "text", "text": "hello"}, 47001),
    ],
)
async def test_a_malformed_customer_message_uses_up_no_answer(api: Api, message: Any, errcode: int) -> None:
    await api.do("users/guardian/say", {"text": "在吗"})
    body = {"touser": await api.openid("guardian", "official"), **message}

    refused = await api.call("official", "/cgi-bin/message/custom/send", body)
    left = [(await api.chat())["errcode"] for _ in range(5)]

    assert refused["errcode"] == errcode
    assert left == [0] * 5


async def test_a_phone_shows_what_was_said_and_received_in_order(api: Api, world: World) -> None:
    await api.do("users/guardian/say", {"text": "你好"})
    await api.policy()
    await api.chat(text="您好，我是小李")

    shown = await api.get("/_sandbox/users/guardian/messages")

    assert [entry["kind"] for entry in shown] == ["act", "delivered", "delivered"]
    assert shown[2]["message"] == {"type": "text", "text": "您好，我是小李"}
