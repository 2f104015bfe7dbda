"""Who is calling and who is the user: tokens, login codes, phone numbers, followers."""

from typing import Any

from sandbox.calls import Answer, Call, Route
from sandbox.config import Account
from sandbox.errors import RefusedCall


def _by_secret(call: Call, values: dict[str, Any]) -> Account:
    """The account that proves itself by appid and secret, in that order of checks."""
    appid, secret = values.get("appid"), values.get("secret")
    if not appid:
        raise RefusedCall(41002)
    account = next((each for each in call.world.config.accounts.values() if each.appid == appid), None)
    if account is None:
        raise RefusedCall(40013)
    if not secret:
        raise RefusedCall(41004)
    if secret != account.secret:
        raise RefusedCall(40125)
    call.caller = account
    return account


def token(call: Call) -> Answer:
    """GET /cgi-bin/token."""
    if call.query.get("grant_type") != "client_credential":
        raise RefusedCall(40002)
    return call.world.tokens.plain(_by_secret(call, call.query), now=call.now)


def stable_token(call: Call) -> Answer:
    """POST /cgi-bin/stable_token."""
    if call.body.get("grant_type") != "client_credential":
        raise RefusedCall(40002)
    account = _by_secret(call, call.body)
    return call.world.tokens.stable(account, force=call.body.get("force_refresh") is True, now=call.now)


def code_to_session(call: Call) -> Answer:
    """GET /sns/jscode2session; a good answer carries no errcode."""
    account = _by_secret(call, call.query)
    if account.key != "mini":
        raise RefusedCall(40013)
    if not call.query.get("js_code"):
        raise RefusedCall(41008)
    if call.query.get("grant_type") != "authorization_code":
        raise RefusedCall(40002)
    user = call.world.codes.redeem(call.query["js_code"], "login", now=call.now)
    session_key = call.world.codes.session_key()
    return {"openid": user.openids["mini"], "session_key": session_key, "unionid": user.unionid}


def phone_number(call: Call) -> Answer:
    """POST /wxa/business/getuserphonenumber; `openid`, when given, must be the one the code was made for."""
    if "code" not in call.body:
        raise RefusedCall(41008)
    openid = call.body.get("openid")
    user = call.world.codes.redeem(call.body["code"], "phone", now=call.now, openid=openid)
    phone = {
        "phoneNumber": user.phone,
        "purePhoneNumber": user.phone,
        "countryCode": "86",
        "watermark": {"timestamp": int(call.now), "appid": call.account.appid},
    }
    return {"errcode": 0, "errmsg": "ok", "phone_info": phone}


def user_info(call: Call) -> Answer:
    """GET /cgi-bin/user/info; without following little more than `subscribe: 0`."""
    user = call.world.people.with_openid(call.query.get("openid"), "official")
    if user is None:
        raise RefusedCall(40003)
    if not user.follows:
        return {"subscribe": 0, "openid": call.query["openid"], "unionid": user.unionid}
    return {
        "subscribe": 1,
        "openid": call.query["openid"],
        "language": "zh_CN",
        "subscribe_time": int(user.followed_at),
        "unionid": user.unionid,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE" if user.scene else "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": user.scene,
    }


ROUTES = {
    "/cgi-bin/token": Route(method="GET", handler=token, needs_token=False),
    "/cgi-bin/stable_token": Route(method="POST", handler=stable_token, needs_token=False),
    "/sns/jscode2session": Route(method="GET", handler=code_to_session, needs_token=False),
    "/wxa/business/getuserphonenumber": Route(method="POST", handler=phone_number, accounts=("mini",)),
    "/cgi-bin/user/info": Route(method="GET", handler=user_info, accounts=("official",)),
}
