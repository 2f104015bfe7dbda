"""Template messages that WeChat holds for review: 40252."""

from typing import Any

from tests.sandbox.api import Api
from tests.sandbox.receiver import Receiver


async def review(api: Api, **script: Any) -> None:
    await api.do("limits", {"review": {"share": 1.0, **script}})


async def test_a_held_message_arrives_by_itself_when_its_time_has_come(api: Api, receiver: Receiver) -> None:
    await review(api, after_s=600)
    answer = await api.policy()
    held = await api.get("/_sandbox/reviews")
    early = await api.deliveries()

    await api.do("clock", {"advance_s": 601})
    await api.settle()

    assert answer["errcode"] == 40252
    assert "msgid" not in answer
    assert (held["waiting"], early["total"]) == (1, 0)
    assert (await api.deliveries())["total"] == 1
    assert (await api.ledger(kind="delivered"))[0]["after_review"]
    assert [push.message["Status"] for push in receiver.received] == ["success"]


async def test_it_arrives_without_anybody_touching_the_clock_too(api: Api) -> None:
    await review(api, after_s=0.1)
    await api.policy()

    while (await api.get("/_sandbox/reviews"))["waiting"]:
        pass

    assert (await api.deliveries())["total"] == 1


async def test_moving_the_clock_back_puts_the_end_of_the_review_off(api: Api) -> None:
    await review(api, after_s=600)
    await api.policy()

    await api.do("clock", {"advance_s": -3600})
    await api.do("clock", {"advance_s": 1200})
    waiting = (await api.get("/_sandbox/reviews"))["waiting"]
    await api.do("clock", {"advance_s": 3600})

    assert waiting == 1
    assert (await api.get("/_sandbox/reviews"))["waiting"] == 0


async def test_a_message_that_does_not_pass_is_listed_as_intercepted(api: Api, receiver: Receiver) -> None:
    await review(api, passes=0.0, after_s=None)
    await api.policy(text="甲政策")

    ended = await api.do("reviews/end", {})
    await api.settle()

    body = {"tmpl_msg_id": "POLICY", "largest_id": 0, "limit": 10}
    listed = (await api.call("official", "/wxa/sec/queryblocktmplmsg", body))["msginfo"]
    assert ended == {"ended": 1, "waiting": 0, "passed": 0, "blocked": 1}
    assert [row["content"] for row in listed] == ["通知内容：甲政策"]
    assert (await api.deliveries())["total"] == 0
    assert receiver.received == []


async def test_whoever_sends_a_held_message_again_doubles_it(api: Api) -> None:
    await review(api, after_s=None)
    await api.policy(text="甲政策")
    await api.policy(text="甲政策")

    await api.do("reviews/end", {"verdict": "deliver"})

    assert (await api.deliveries())["doubled"] == 1


async def test_the_same_client_msg_id_is_held_once_and_answered_alike(api: Api) -> None:
    await review(api, after_s=None)

    answers = [(await api.policy(client_msg_id="m-1"))["errcode"] for _ in range(2)]
    await api.do("reviews/end", {"verdict": "deliver"})

    assert answers == [40252, 40252]
    assert (await api.deliveries())["total"] == 1


async def test_the_share_held_is_the_same_for_the_same_seed(api: Api) -> None:
    runs = []
    for _ in range(2):
        await review(api, share=0.5, seed=3)
        runs.append([(await api.policy())["errcode"] for _ in range(20)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {0, 40252}


async def test_a_script_may_end_some_reviews_and_judge_otherwise(api: Api) -> None:
    await review(api, after_s=None)
    for turn in range(3):
        await api.policy(text=f"第{turn}条")

    blocked = await api.do("reviews/end", {"count": 1, "verdict": "block"})
    passed = await api.do("reviews/end", {"count": 2})

    assert blocked == {"ended": 1, "waiting": 2, "passed": 0, "blocked": 1}
    assert passed == {"ended": 2, "waiting": 0, "passed": 2, "blocked": 1}
    assert [entry["data"]["thing1"] for entry in await api.ledger(kind="delivered")] == ["第1条", "第2条"]
