import asyncio
from typing import Any

import pytest

from sandbox.errors import RefusedCall
from sandbox.limits import LimitBook, Periods
from tests.sandbox.api import Api
from tests.sandbox.cast import config

SEND = "/cgi-bin/message/template/send"
MIDNIGHT = 1_780_243_200.0  # 2026-06-01 00:00 in China


async def move_to(api: Api, moment: float) -> None:
    now = (await api.get("/_sandbox/clock"))["now"]
    await api.do("clock", {"advance_s": moment - now})
    api.tokens.clear()


async def codes(api: Api, count: int, **more: Any) -> list[int]:
    return [(await api.policy(**more))["errcode"] for _ in range(count)]


async def test_an_apis_day_is_used_up_until_midnight_in_china(api: Api) -> None:
    await move_to(api, MIDNIGHT - 600)
    await api.do("limits", {"daily": {SEND: 2}})

    today = await codes(api, 3)
    await api.do("clock", {"advance_s": 601})
    tomorrow = await codes(api, 3)
    await api.do("clock", {"advance_s": -601})

    assert today == [0, 0, 45009]
    assert tomorrow == [0, 0, 45009]
    assert await codes(api, 1) == [45009]


async def test_a_quota_for_every_api_spares_none(api: Api) -> None:
    await api.do("limits", {"daily": {"*": 1, SEND: 2}})
    token = {"access_token": await api.token("official")}

    menus = [(await api.get("/cgi-bin/menu/get", **token))["errcode"] for _ in range(2)]

    assert menus == [46003, 45009]
    assert await codes(api, 3) == [0, 0, 45009]


async def test_the_quota_of_an_api_can_be_asked_for(api: Api) -> None:
    await api.do("limits", {"daily": {SEND: 5}, "per_minute": {SEND: 100}})
    await codes(api, 2)

    answer = await api.call("official", "/cgi-bin/openapi/quota/get", {"cgi_path": SEND})

    assert answer["quota"] == {"daily_limit": 5, "used": 2, "remain": 3}
    assert answer["rate_limit"] == {"call_count": 100, "refresh_second": 60}


@pytest.mark.parametrize(
    ("account", "path", "errcode"),
    [
        ("official", "cgi-bin/menu/get", 76003),
        ("official", None, 76003),
        ("official", "/cgi-bin/nothing", 76021),
        ("official", "/sns/jscode2session", 76022),
        ("mini", SEND, 76022),
    ],
)
async def test_a_quota_that_cannot_be_asked_for(
    api: Api, account: str, path: str | None, errcode: int
) -> None:
    answer = await api.call(account, "/cgi-bin/openapi/quota/get", {"cgi_path": path})

    assert answer["errcode"] == errcode


async def test_quotas_that_nobody_scripted_are_the_published_ones(api: Api) -> None:
    limits = [
        (await api.call(account, "/cgi-bin/openapi/quota/get", {"cgi_path": path}))["quota"]["daily_limit"]
        for account, path in (
            ("official", SEND),
            ("official", "/cgi-bin/message/mass/send"),
            ("mini", "/cgi-bin/message/subscribe/send"),
        )
    ]

    assert limits == [100_000, 100, 10_000_000]


@pytest.mark.parametrize(("period", "seconds", "errcode"), [("per_second", 1, -1), ("per_minute", 60, 45011)])
async def test_a_rate_is_refused_until_the_next_period(
    api: Api, period: str, seconds: int, errcode: int
) -> None:
    await move_to(api, MIDNIGHT + 30_000)
    await api.do("limits", {period: {SEND: 3}, "rate_errcode": errcode})
    answers = await asyncio.gather(*(api.policy() for _ in range(40)))
    await api.do("clock", {"advance_s": seconds + 5})

    refused = {answer["errcode"] for answer in answers} - {0}
    passed = sum(answer["errcode"] == 0 for answer in answers)
    assert refused == {errcode}
    assert 3 <= passed < 40
    assert (await api.policy())["errcode"] == 0


async def test_mass_messages_have_a_rate_from_the_start(api: Api) -> None:
    await move_to(api, MIDNIGHT + 1)
    openids = (await api.do("crowd", {"count": 2}))["official"]

    answers = [(await api.mass(touser=openids, text=f"{turn}"))["errcode"] for turn in range(61)]

    assert answers[:5] == [0, 0, 0, 0, 45028]
    assert answers[60] == 45011


async def test_one_person_gets_no_more_than_allowed_in_a_while(api: Api) -> None:
    await move_to(api, MIDNIGHT)
    await api.do("users/stranger/follow")
    await api.do("limits", {"per_openid": 2, "per_openid_s": 3600})

    guardian = await codes(api, 3)
    stranger = await codes(api, 1, who="stranger")
    await api.do("clock", {"advance_s": 3600})

    assert guardian == [0, 0, 43117]
    assert stranger == [0]
    assert await codes(api, 1) == [0]


async def test_the_frequency_is_per_person_whatever_the_template(api: Api) -> None:
    await api.do("users/guardian/subscriptions", {"template_id": "NOTICE"})
    await api.do("limits", {"per_openid": 1})

    assert (await api.policy())["errcode"] == 0
    assert (await api.notify())["errcode"] == 43117
    assert (await api.get("/_sandbox/users/guardian"))["credits"]["official"] == {"NOTICE": 1}


async def test_a_template_has_a_day_of_its_own(api: Api) -> None:
    await move_to(api, MIDNIGHT)
    await api.do("users/cadre/subscriptions", {"template_id": "REMIND", "times": 9})
    await api.do("limits", {"template_daily": {"REMIND": 2}})

    today = [(await api.remind())["errcode"] for _ in range(3)]
    other = await api.policy()
    await api.do("clock", {"advance_s": 86_400})
    api.tokens.clear()

    assert today == [0, 0, 45009]
    assert other["errcode"] == 0
    assert (await api.remind())["errcode"] == 0


async def test_two_sends_to_one_person_may_not_overlap(api: Api) -> None:
    await api.do("users/stranger/follow")
    await api.token("official")
    await api.do("limits", {"overlap": True})
    await api.do("latency", {"ms": 200})

    answers = await asyncio.gather(api.policy("guardian"), api.policy("guardian"), api.policy("stranger"))
    afterwards = await api.policy("guardian")

    assert sorted(answer["errcode"] for answer in answers) == [0, 0, 43108]
    assert answers[2]["errcode"] == 0
    assert afterwards["errcode"] == 0
    assert len(await api.ledger(kind="delivered")) == 3


async def test_a_send_whose_answer_is_lost_does_not_block_the_person(api: Api) -> None:
    await api.token("official")
    await api.do("limits", {"overlap": True})
    await api.do("faults", [{"kind": "hang", "seconds": 0.3, "path": SEND, "count": 1}])

    async with asyncio.TaskGroup() as both:
        first = both.create_task(api.policy())
        await asyncio.sleep(0.1)
        second = both.create_task(api.policy())

    assert (first.result()["errcode"], second.result()["errcode"]) == (0, 43108)
    assert (await api.policy())["errcode"] == 0


async def test_forbidden_words_are_refused_and_intercepted_templates_are_listed(api: Api) -> None:
    await api.do("users/cadre/subscriptions", {"template_id": "REMIND"})
    await api.do("limits", {"words": ["抽奖"]})
    data = {"thing1": {"value": "抽奖活动"}, "date2": {"value": "2026-06-01"}}

    by_consent = await api.remind(data=data)
    template = [await api.policy(text="端午抽奖"), await api.policy(text="抽奖啦")]
    clean = await api.policy()
    pages = [await blocked(api, 0), await blocked(api, int((await blocked(api, 0))[0]["id"]))]

    assert by_consent["errcode"] == 45168
    assert [answer["errcode"] for answer in template] == [40249, 40249]
    assert clean["errcode"] == 0
    assert [row["content"] for row in pages[0]] == ["通知内容：端午抽奖", "通知内容：抽奖啦"]
    assert [row["content"] for row in pages[1]] == ["通知内容：抽奖啦"]
    assert (await api.remind())["errcode"] == 0


async def blocked(api: Api, after: int) -> Any:
    body = {"tmpl_msg_id": "POLICY", "largest_id": after, "limit": 100}
    return (await api.call("official", "/wxa/sec/queryblocktmplmsg", body))["msginfo"]


@pytest.mark.parametrize(
    ("change", "errcode"), [({"tmpl_msg_id": ""}, 40037), ({"limit": 101}, 40097), ({"limit": "9"}, 40097)]
)
async def test_a_malformed_question_for_intercepted_templates_is_refused(
    api: Api, change: dict[str, Any], errcode: int
) -> None:
    body = {"tmpl_msg_id": "POLICY", "largest_id": 0, "limit": 10, **change}

    assert (await api.call("official", "/wxa/sec/queryblocktmplmsg", body))["errcode"] == errcode


async def test_limits_are_switched_on_one_by_one_and_off_together(api: Api) -> None:
    await api.do("limits", {"daily": {SEND: 0}})
    both = await api.do("limits", {"per_openid": 0})
    refused = await codes(api, 1)
    await api.http.delete("/_sandbox/limits")

    assert (both["daily"], both["per_openid"]) == ({SEND: 0}, 0)
    assert refused == [45009]
    assert await codes(api, 1) == [0]


@pytest.mark.parametrize("body", [{"dialy": {}}, {"daily": {SEND: -1}}, {"review": {"share": 2}}])
async def test_a_limit_that_does_not_exist_is_refused(api: Api, body: dict[str, Any]) -> None:
    answer = await api.http.post("/_sandbox/limits", json=body)

    assert answer.status_code == 422
    assert (await api.get("/_sandbox/limits"))["daily"] == {}


@pytest.mark.parametrize(("period", "seconds"), [("per_second", 1), ("per_minute", 60)])
def test_a_rate_is_counted_in_periods_of_the_clock(period: str, seconds: int) -> None:
    book, account = LimitBook(), config().accounts["official"]
    book.change({period: {SEND: 2}})

    for moment in (MIDNIGHT, MIDNIGHT + seconds, MIDNIGHT + 5 * seconds):
        for _ in range(2):
            book.count_call(account, SEND, now=moment)
        with pytest.raises(RefusedCall):
            book.count_call(account, SEND, now=moment)

    with pytest.raises(RefusedCall):
        book.count_call(account, SEND, now=MIDNIGHT + seconds)
    assert book.used_today(account, SEND, now=MIDNIGHT) == 6


def test_only_so_many_periods_are_remembered() -> None:
    periods = Periods(kept=2)
    for day in range(3):
        periods.of(day)["calls"] = day

    assert periods.of(2) == {"calls": 2}
    assert periods.of(0) == {}
    assert len(periods.counts) == 2


def test_calls_refused_for_their_rate_do_not_use_up_the_day() -> None:
    book, account = LimitBook(), config().accounts["official"]
    book.change({"per_second": {SEND: 0}})
    with pytest.raises(RefusedCall, match="45011"):
        book.count_call(account, SEND, now=MIDNIGHT)

    assert book.used_today(account, SEND, now=MIDNIGHT) == 0
