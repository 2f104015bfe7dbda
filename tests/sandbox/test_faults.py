import asyncio
import json

import httpx
import pytest

from sandbox.faults import Fault
from tests.sandbox.api import Api

SEND = "/cgi-bin/message/template/send"


async def test_a_scripted_errcode_strikes_as_often_as_told(api: Api) -> None:
    await api.do("faults", [{"kind": "errcode", "errcode": -1, "path": SEND, "count": 2}])

    answers = [(await api.policy())["errcode"] for _ in range(3)]

    assert answers == [-1, -1, 0]
    assert len(await api.ledger(kind="delivered")) == 1
    assert (await api.get("/_sandbox/faults"))[0]["struck"] == 2


async def test_a_bad_gateway_is_an_html_page_and_nothing_is_delivered(api: Api) -> None:
    await api.do("faults", [{"kind": "html", "status": 502, "path": "/cgi-bin/message/*", "count": 1}])
    query = {"access_token": await api.token("official")}

    answer = await api.http.post(SEND, params=query, json={"touser": "x"})

    assert answer.status_code == 502
    assert answer.text.startswith("<html>")
    assert await api.ledger(kind="delivered") == []


async def test_a_dropped_answer_comes_after_the_delivery(api: Api) -> None:
    await api.do("faults", [{"kind": "drop", "path": SEND, "count": 1}])

    with pytest.raises(httpx.RemoteProtocolError):
        await api.policy(client_msg_id="m-1")
    again = await api.policy(client_msg_id="m-1")

    delivered = await api.ledger(kind="delivered")
    assert again["errcode"] == 0
    assert [entry["msgid"] for entry in delivered] == [again["msgid"]]


async def test_a_reset_connection_delivers_nothing(api: Api) -> None:
    await api.do("faults", [{"kind": "reset", "path": SEND, "count": 1}])

    with pytest.raises(httpx.RemoteProtocolError):
        await api.policy()

    assert await api.ledger(kind="delivered") == []


async def test_half_an_answer_is_no_json(api: Api) -> None:
    await api.do("faults", [{"kind": "half", "path": SEND, "count": 1}])

    with pytest.raises(json.JSONDecodeError):
        await api.policy()

    assert len(await api.ledger(kind="delivered")) == 1


async def test_a_hanging_call_is_carried_out_although_the_caller_gives_up(api: Api) -> None:
    await api.token("official")
    await api.do("faults", [{"kind": "hang", "seconds": 0.5, "path": SEND, "count": 1}])

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(api.policy(), 0.2)

    assert len(await api.ledger(kind="delivered")) == 1


async def test_latency_holds_the_answer_back_after_the_delivery(api: Api) -> None:
    await api.token("official")
    await api.do("latency", {"ms": 300})

    sending = asyncio.create_task(api.policy())
    while not await api.ledger(kind="delivered"):
        await asyncio.sleep(0.01)
    answered_already = sending.done()

    assert not answered_already
    assert (await sending)["errcode"] == 0


async def test_chance_strikes_the_same_calls_for_the_same_seed(api: Api) -> None:
    rule = {"kind": "errcode", "errcode": 45009, "path": SEND, "probability": 0.5, "seed": 7}
    runs = []
    for _ in range(2):
        await api.http.delete("/_sandbox/faults")
        await api.do("faults", [rule])
        runs.append([(await api.policy())["errcode"] for _ in range(20)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {0, 45009}


async def test_a_fault_can_be_for_one_recipient_only(api: Api) -> None:
    await api.do("users/stranger/follow")
    openid = await api.openid("guardian", "official")
    await api.do("faults", [{"kind": "errcode", "errcode": 43117, "openid": openid}])

    assert (await api.policy("guardian"))["errcode"] == 43117
    assert (await api.policy("stranger"))["errcode"] == 0


async def test_a_page_can_come_with_status_200(api: Api) -> None:
    await api.do("faults", [{"kind": "html", "status": 200, "path": SEND, "count": 1}])
    query = {"access_token": await api.token("official")}

    answer = await api.http.post(SEND, params=query, json={"touser": "x"})

    assert answer.status_code == 200
    assert answer.text.startswith("<html>")


async def test_a_stalled_call_is_not_carried_out_when_the_caller_gives_up(api: Api) -> None:
    await api.token("official")
    await api.do("faults", [{"kind": "stall", "seconds": 0.6, "path": SEND, "count": 2}])

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(api.policy(text="甲政策"), 0.2)
    patient = await api.policy(text="乙政策")

    delivered = await api.ledger(kind="delivered")
    assert patient["errcode"] == 0
    assert [entry["data"]["thing1"] for entry in delivered] == ["乙政策"]
    assert [entry.get("fault") for entry in await api.ledger(kind="call")][-2:] == ["stall", None]


async def test_an_answer_can_call_itself_a_web_page(api: Api) -> None:
    await api.do("faults", [{"kind": "content_type", "path": SEND, "count": 1}])
    body = {"touser": await api.openid("guardian", "official"), "template_id": "POLICY"}
    data = {"thing1": {"value": "您有1条政策通知"}}

    answer = await api.http.post(
        SEND, params={"access_token": await api.token("official")}, json={**body, "data": data}
    )

    assert answer.headers["content-type"] == "text/html"
    assert answer.json()["errcode"] == 0


async def test_an_errcode_can_be_text(api: Api) -> None:
    await api.do("faults", [{"kind": "string_errcode", "path": SEND, "count": 2}])

    answers = [(await api.policy())["errcode"], (await api.policy(data={}))["errcode"]]

    assert answers == ["0", "47003"]
    assert len(await api.ledger(kind="delivered")) == 1


async def test_a_token_replaced_elsewhere_is_refused_until_a_new_one_is_fetched(api: Api) -> None:
    await api.token("official")
    await api.do("faults", [{"kind": "token", "path": SEND, "count": 1}])

    answers = [(await api.policy())["errcode"] for _ in range(2)]
    api.tokens.clear()

    assert answers == [40001, 40001]
    assert (await api.policy())["errcode"] == 0


async def test_all_tokens_of_an_account_can_be_replaced_elsewhere(api: Api) -> None:
    await api.token("official")
    await api.token("mini")

    killed = await api.do("tokens/kill", {"account": "official"})

    assert killed == {"killed": 1}
    assert (await api.policy())["errcode"] == 40001
    assert (await api.remind())["errcode"] == 43101


async def test_the_token_endpoint_can_be_down_while_the_rest_works(api: Api) -> None:
    await api.token("official")
    await api.do("faults", [{"kind": "html", "path": "/cgi-bin/stable_token"}])

    with pytest.raises(json.JSONDecodeError):
        await api.token("mini")

    assert (await api.policy())["errcode"] == 0


async def test_latency_varies_by_its_seed(api: Api) -> None:
    rule = Fault(kind="latency", seconds=1.0, jitter_s=0.5, seed=1)
    same = Fault(kind="latency", seconds=1.0, jitter_s=0.5, seed=1)

    waits = [rule.wait_s() for _ in range(50)]

    assert waits == [same.wait_s() for _ in range(50)]
    assert 1.0 <= min(waits) < 1.1
    assert 1.4 < max(waits) <= 1.5
    assert await api.do("latency", {"ms": 5, "jitter_ms": 5}) == {"ms": 5, "jitter_ms": 5}
    assert (await api.policy())["errcode"] == 0


async def test_calls_are_counted_by_path_and_errcode(api: Api) -> None:
    await api.do("faults", [{"kind": "errcode", "errcode": 45009, "path": SEND, "count": 2}])

    for _ in range(3):
        await api.policy()

    assert (await api.get("/_sandbox/calls"))[SEND] == {"45009": 2, "0": 1}
