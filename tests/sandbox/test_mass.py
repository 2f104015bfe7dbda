"""群发 by a list of openids: /cgi-bin/message/mass/send."""

from typing import Any

import pytest

from tests.sandbox.api import Api
from tests.sandbox.receiver import Receiver

PATH = "/cgi-bin/message/mass/send"


async def crowd(api: Api, count: int, **more: Any) -> list[str]:
    made = await api.do("crowd", {"count": count, **more})
    openids: list[str] = made["official"]
    return openids


async def test_a_mass_message_reaches_every_follower_of_the_list_once(api: Api) -> None:
    openids = await crowd(api, 300)

    answer = await api.mass(touser=[*openids, openids[0]])

    delivered = await api.deliveries(by="msgid", detail="keys")
    assert answer["errcode"] == 0
    assert answer["errmsg"] == "send job submission success"
    assert "msg_data_id" not in answer
    assert (delivered["total"], delivered["doubled"]) == (300, 0)
    assert delivered["by_key"][0]["key"] == str(answer["msg_id"])


async def test_an_article_has_a_data_id_too(api: Api) -> None:
    openids = await crowd(api, 2)

    answer = await api.mass(touser=openids, msgtype="mpnews", mpnews={"media_id": "m1"})

    assert answer["errcode"] == 0
    assert answer["msg_data_id"] != answer["msg_id"]


async def test_the_end_of_the_job_tells_how_many_it_reached(api: Api, receiver: Receiver) -> None:
    followers = await crowd(api, 3)
    others = await crowd(api, 2, follows=False)
    for turn in range(4):
        await api.mass(touser=followers[:2], text=f"第{turn}条")
    await api.settle()
    receiver.clear()

    answer = await api.mass(touser=[*followers, *others, "onobody"])
    await api.settle()

    told = receiver.received[0].message
    assert told["Event"] == "MASSSENDJOBFINISH"
    assert told["MsgID"] == str(answer["msg_id"])
    assert told["Status"] == "send success"
    assert (told["TotalCount"], told["FilterCount"]) == ("3", "1")
    assert (told["SentCount"], told["ErrorCount"]) == ("1", "0")
    assert told["FromUserName"] not in followers


async def test_the_same_clientmsgid_is_refused_with_the_earlier_message_for_a_day(api: Api) -> None:
    openids = await crowd(api, 2)
    first = await api.mass(touser=openids, clientmsgid="c-1")
    again = await api.mass(touser=openids, text="换了内容", clientmsgid="c-1")
    await api.do("clock", {"advance_s": 86_390})
    api.tokens.clear()
    within = await api.mass(touser=openids, clientmsgid="c-1")
    await api.do("clock", {"advance_s": 20})
    beyond = await api.mass(touser=openids, clientmsgid="c-1")

    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert again["errmsg"].startswith("clientmsgid exist rid: ")
    assert within["errcode"] == 45065
    assert beyond["errcode"] == 0
    assert (await api.deliveries(by="client_msg_id"))["doubled"] == 2


async def test_without_a_clientmsgid_recipients_and_content_are_the_id(api: Api) -> None:
    openids = await crowd(api, 3)

    codes = [
        (await api.mass(touser=openids))["errcode"],
        (await api.mass(touser=openids[::-1]))["errcode"],
        (await api.mass(touser=openids, text="另一条"))["errcode"],
        (await api.mass(touser=openids[:2]))["errcode"],
    ]

    assert codes == [0, 45065, 0, 0]


async def test_an_id_that_comes_again_at_once_can_be_too_fast(api: Api) -> None:
    openids = await crowd(api, 2)
    await api.do("limits", {"mass_retry_gap_s": 60})
    await api.mass(touser=openids, clientmsgid="c-1")

    at_once = await api.mass(touser=openids, clientmsgid="c-1")
    await api.do("clock", {"advance_s": 61})

    assert at_once["errcode"] == 45066
    assert (await api.mass(touser=openids, clientmsgid="c-1"))["errcode"] == 45065


async def test_a_person_gets_four_mass_messages_in_a_calendar_month(api: Api) -> None:
    openids = await crowd(api, 2)
    await move_to(api, 1_780_200_000.0)  # 2026-05-31 12:00 in China

    may = [(await api.mass(touser=openids, text=f"第{turn}条"))["errcode"] for turn in range(5)]
    await api.do("clock", {"advance_s": 86_400})
    api.tokens.clear()
    june = await api.mass(touser=openids, text="六月第一条")
    await api.do("clock", {"advance_s": -86_400})
    may_again = await api.mass(touser=openids, text="又回五月")

    assert may == [0, 0, 0, 0, 45028]
    assert june["errcode"] == 0
    assert may_again["errcode"] == 45028
    assert (await api.deliveries())["total"] == 10


async def test_the_accounts_month_can_be_used_up(api: Api) -> None:
    openids = await crowd(api, 4)
    await api.do("limits", {"mass_account_monthly": 1})

    codes = [(await api.mass(touser=part))["errcode"] for part in (openids[:2], openids[2:])]

    assert codes == [0, 45028]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": "oone"}, 40031),
        ({"touser": ["oone"]}, 40130),
        ({"touser": ["o"] * 10_001}, 40032),
        ({"touser": ["oone", "otwo"]}, 40003),
        ({"msgtype": "image"}, 40007),
        ({"msgtype": "mpnews", "mpnews": {}}, 40007),
        ({"msgtype": "dance"}, 40008),
        ({"text": "问候"}, 47001),
        ({"text": {"content": ""}}, 44002),
        ({"text": {"content": "字" * 700}}, 45002),
        ({"clientmsgid": 7}, 40097),
        ({"clientmsgid": "4b5ad488-e0b3-4dca-b61e-9ae4c33503ed"}, 45067),
    ],
)
async def test_a_malformed_mass_message_is_refused(api: Api, change: dict[str, Any], errcode: int) -> None:
    body = {"touser": await crowd(api, 2), "msgtype": "text", "text": {"content": "问候"}, **change}

    answer = await api.call("official", PATH, body)

    assert answer["errcode"] == errcode
    assert (await api.deliveries())["total"] == 0


async def test_the_ledger_keeps_the_length_of_the_list_only(api: Api) -> None:
    await api.mass(touser=await crowd(api, 5))

    assert (await api.ledger(kind="call"))[-1]["request"]["touser"] == 5


async def move_to(api: Api, moment: float) -> None:
    now = (await api.get("/_sandbox/clock"))["now"]
    await api.do("clock", {"advance_s": moment - now})
    api.tokens.clear()
