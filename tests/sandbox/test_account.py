from typing import Any

import pytest

from tests.sandbox.api import Api


async def create(api: Api, **change: Any) -> Any:
    scene = {"scene": {"scene_str": "g:7f3a"}}
    body = {"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": scene}
    return await api.call("official", "/cgi-bin/qrcode/create", {**body, **change})


async def test_a_qr_code_has_a_ticket_and_an_end(api: Api) -> None:
    answer = await create(api)

    assert answer["ticket"]
    assert answer["url"].startswith("http://weixin.qq.com/q/")
    assert answer["expire_seconds"] == 600


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"action_name": "QR_PICTURE"}, 40052),
        ({"action_info": {"scene": {"scene_str": ""}}}, 40053),
        ({"action_info": {"scene": {"scene_str": "x" * 65}}}, 40053),
        ({"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}}, 40053),
        ({"expire_seconds": 2_592_001}, 40097),
    ],
)
async def test_a_malformed_qr_code_is_refused(api: Api, change: dict[str, Any], errcode: int) -> None:
    assert (await create(api, **change))["errcode"] == errcode


async def test_an_expired_qr_code_cannot_be_scanned(api: Api) -> None:
    await create(api)
    await api.do("clock", {"advance_s": 601})

    answer = await api.http.post("/_sandbox/users/guardian/scan", json={"scene_str": "g:7f3a"})

    assert answer.status_code == 404


async def test_a_menu_is_kept_and_deleted(api: Api) -> None:
    button = [{"type": "click", "name": "我的进度", "key": "progress"}]
    token = {"access_token": await api.token("official")}

    made = await api.call("official", "/cgi-bin/menu/create", {"button": button})
    kept = await api.get("/cgi-bin/menu/get", **token)
    await api.get("/cgi-bin/menu/delete", **token)

    assert made["errcode"] == 0
    assert kept == {"menu": {"button": button}}
    assert (await api.get("/cgi-bin/menu/get", **token))["errcode"] == 46003


@pytest.mark.parametrize(
    ("button", "errcode"),
    [
        ([], 40016),
        ([{"type": "click", "name": "一", "key": "k"}] * 4, 40016),
        ([{"type": "click", "name": "名字太长的按钮", "key": "k"}], 40018),
        ([{"type": "dance", "name": "一", "key": "k"}], 40017),
        ([{"type": "click", "name": "一", "key": "k" * 129}], 40019),
        ([{"name": "一", "sub_button": [{"type": "click", "name": "二", "key": "k"}] * 6}], 40023),
    ],
)
async def test_a_menu_against_the_rules_is_refused(api: Api, button: list[Any], errcode: int) -> None:
    assert (await api.call("official", "/cgi-bin/menu/create", {"button": button}))["errcode"] == errcode


async def test_the_mini_programs_templates_are_listed_with_their_kind(api: Api) -> None:
    answer = await api.get("/wxaapi/newtmpl/gettemplate", access_token=await api.token("mini"))

    assert [(row["priTmplId"], row["type"]) for row in answer["data"]] == [("REMIND", 2), ("YEARLY", 3)]
    assert answer["data"][0]["content"] == "提醒事项:{{thing1.DATA}}\n最晚日期:{{date2.DATA}}\n"
