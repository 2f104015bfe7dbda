import asyncio
from typing import Any

import httpx
import pytest

from tests.sandbox.api import Api
from tests.sandbox.receiver import Receiver, after


def msgids(receiver: Receiver) -> list[str]:
    return [push.message["MsgID"] for push in receiver.received]


async def send(api: Api, count: int) -> list[str]:
    return [str((await api.policy(text=f"第{turn}条"))["msgid"]) for turn in range(count)]


async def test_receipts_are_held_until_released(api: Api, receiver: Receiver) -> None:
    await api.do("receipts", {"hold": True})
    sent = await send(api, 3)
    await api.settle()
    before = msgids(receiver)

    first = await api.do("receipts/release", {"count": 1})
    rest = await api.do("receipts/release", {})
    await api.settle()

    assert before == []
    assert (first, rest) == ({"released": 1, "held": 2}, {"released": 2, "held": 0})
    assert msgids(receiver) == sent


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
async def test_held_receipts_of_one_person_go_out_in_another_order(
    api: Api, receiver: Receiver, order: str
) -> None:
    await api.do("receipts", {"hold": True, "order": order, "seed": 1})
    sent = await send(api, 8)

    await api.do("receipts/release", {})
    await api.settle()

    assert sorted(msgids(receiver)) == sorted(sent)
    assert msgids(receiver) != sent
    assert (msgids(receiver) == sent[::-1]) == (order == "reversed")


async def test_a_receipt_comes_as_often_as_told_newly_sealed_but_the_same(
    api: Api, receiver: Receiver
) -> None:
    await api.do("receipts", {"copies": 3})
    sent = await send(api, 1)
    await api.settle()

    assert msgids(receiver) == sent * 3
    assert len({push.raw for push in receiver.received}) == 3
    assert len({str(push.message) for push in receiver.received}) == 1


async def test_a_receipt_can_come_before_the_answer(api: Api, receiver: Receiver) -> None:
    await api.token("official")
    await api.do("receipts", {"early": True})
    receiver.script = [after(0.2)]

    sending = asyncio.create_task(api.policy())
    while not receiver.received:
        await asyncio.sleep(0.01)
    answered_already = sending.done()

    assert not answered_already
    assert msgids(receiver) == [str((await sending)["msgid"])]


async def test_a_receipt_comes_although_the_answer_was_lost(api: Api, receiver: Receiver) -> None:
    await api.do("faults", [{"kind": "drop", "path": "/cgi-bin/message/*", "count": 1}])
    with pytest.raises(httpx.RemoteProtocolError):
        await api.policy()
    await api.settle()

    delivered = await api.ledger(kind="delivered")
    assert msgids(receiver) == [str(entry["msgid"]) for entry in delivered]


async def test_receipts_can_be_lost(api: Api, receiver: Receiver) -> None:
    await api.do("receipts", {"drop": 0.5, "seed": 4})
    sent = await send(api, 20)
    await api.settle()

    told = await api.get("/_sandbox/receipts")
    assert 0 < len(receiver.received) < 20
    assert set(msgids(receiver)) < set(sent)
    assert (told["pushed"], told["dropped"]) == (len(receiver.received), 20 - len(receiver.received))


async def test_receipts_for_messages_nobody_sent_come_beside_the_true_ones(
    api: Api, receiver: Receiver
) -> None:
    await api.do("receipts", {"stray": 1.0})
    sent = await send(api, 2)
    await api.settle()

    strays = set(msgids(receiver)) - set(sent)
    assert len(strays) == 2
    assert set(sent) < set(msgids(receiver))
    assert strays.isdisjoint(await send(api, 2))


async def test_an_accepted_message_can_get_lost_and_its_receipt_says_so(api: Api, receiver: Receiver) -> None:
    await api.do("users/cadre/subscriptions", {"template_id": "REMIND"})
    await api.settle()
    receiver.clear()
    await api.do("receipts", {"failed": 1.0, "failed_status": "failed:user block"})

    answers = [await api.policy(), await api.remind()]
    await api.settle()

    lost = await api.ledger(kind="lost")
    by_template, by_consent = sorted(receiver.received, key=lambda push: push.place, reverse=True)
    assert [answer["errcode"] for answer in answers] == [0, 0]
    assert [entry["msgid"] for entry in lost] == [answer["msgid"] for answer in answers]
    assert by_template.message["Status"] == "failed:user block"
    assert by_consent.message["SubscribeMsgSentEvent"]["List"]["ErrorStatus"] == "failed:user block"
    assert (await api.deliveries())["total"] == 0


async def test_a_mass_message_tells_how_many_did_not_arrive(api: Api, receiver: Receiver) -> None:
    openids = (await api.do("crowd", {"count": 40}))["official"]
    await api.do("receipts", {"failed": 0.5, "seed": 2})
    await api.mass(touser=openids)
    await api.settle()

    told = receiver.received[0].message
    sent, errors = int(told["SentCount"]), int(told["ErrorCount"])
    assert sent + errors == int(told["FilterCount"]) == 40
    assert 0 < errors < 40
    assert (await api.deliveries())["total"] == sent


async def test_what_people_do_is_not_held(api: Api, receiver: Receiver) -> None:
    await api.do("receipts", {"hold": True, "copies": 3})

    await api.do("users/guardian/say", {"text": "在吗"})

    assert [push.message["MsgType"] for push in receiver.received] == ["text"]


@pytest.mark.parametrize("script", [{"copies": 0}, {"drop": 1.5}, {"order": "random"}, {"kept": True}])
async def test_a_script_that_does_not_exist_is_refused(api: Api, script: dict[str, Any]) -> None:
    answer = await api.http.post("/_sandbox/receipts", json=script)

    assert answer.status_code == 422
