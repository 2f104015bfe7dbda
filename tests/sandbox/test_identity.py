from typing import Any

from tests.sandbox.api import Api


async def sign_in(api: Api, code: str, **change: str) -> Any:
    query = {
        "appid": "wxmini0001",
        "secret": "minisecret",
        "js_code": code,
        "grant_type": "authorization_code",
    }
    return await api.get("/sns/jscode2session", **{**query, **change})


async def test_a_login_code_tells_who_it_is_once(api: Api) -> None:
    code = (await api.do("users/cadre/login-code"))["code"]

    first, second = await sign_in(api, code), await sign_in(api, code)

    assert first["openid"] == await api.openid("cadre", "mini")
    assert first["unionid"]
    assert first["session_key"]
    assert "errcode" not in first
    assert second["errcode"] == 40163


async def test_a_login_code_is_good_for_five_minutes(api: Api) -> None:
    code = (await api.do("users/cadre/login-code"))["code"]

    await api.do("clock", {"advance_s": 301})

    assert (await sign_in(api, code))["errcode"] == 40029


async def test_a_login_code_needs_the_mini_programs_own_secret(api: Api) -> None:
    code = (await api.do("users/cadre/login-code"))["code"]

    assert (await sign_in(api, code, secret="other"))["errcode"] == 40125
    assert (await sign_in(api, code, appid="wxofficial1", secret="officialsecret"))["errcode"] == 40013
    assert (await sign_in(api, "made-up"))["errcode"] == 40029


async def test_a_phone_code_gives_the_number_once(api: Api) -> None:
    code = (await api.do("users/cadre/phone-code"))["code"]
    body = {"code": code, "openid": await api.openid("cadre", "mini")}

    first = await api.call("mini", "/wxa/business/getuserphonenumber", body)
    second = await api.call("mini", "/wxa/business/getuserphonenumber", body)

    assert first["phone_info"]["purePhoneNumber"] == "13800000001"
    assert first["phone_info"]["watermark"]["appid"] == "wxmini0001"
    assert second["errcode"] == 40163


async def test_a_phone_code_of_somebody_else_is_refused_and_not_used_up(api: Api) -> None:
    code = (await api.do("users/cadre/phone-code"))["code"]
    wrong = {"code": code, "openid": await api.openid("guardian", "mini")}

    refused = await api.call("mini", "/wxa/business/getuserphonenumber", wrong)
    accepted = await api.call("mini", "/wxa/business/getuserphonenumber", {"code": code})

    assert refused["errcode"] == 40029
    assert accepted["errcode"] == 0


async def test_a_login_code_is_no_phone_code(api: Api) -> None:
    code = (await api.do("users/cadre/login-code"))["code"]

    assert (await api.call("mini", "/wxa/business/getuserphonenumber", {"code": code}))["errcode"] == 40029


async def test_both_accounts_know_a_person_by_another_openid_and_the_same_unionid(api: Api) -> None:
    code = (await api.do("users/guardian/login-code"))["code"]
    session = await sign_in(api, code)
    query = {"access_token": await api.token("official"), "openid": await api.openid("guardian", "official")}

    info = await api.get("/cgi-bin/user/info", **query)

    assert info["subscribe"] == 1
    assert info["openid"] != session["openid"]
    assert info["unionid"] == session["unionid"]


async def test_little_is_told_about_a_person_who_does_not_follow(api: Api) -> None:
    query = {"access_token": await api.token("official"), "openid": await api.openid("stranger", "official")}

    info = await api.get("/cgi-bin/user/info", **query)

    assert info["subscribe"] == 0
    assert "subscribe_time" not in info


async def test_an_openid_of_the_mini_program_is_nobody_to_the_service_account(api: Api) -> None:
    query = {"access_token": await api.token("official"), "openid": await api.openid("guardian", "mini")}

    assert (await api.get("/cgi-bin/user/info", **query))["errcode"] == 40003
