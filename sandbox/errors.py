"""WeChat's errcodes with the text it answers, ending in a `rid` as every real refusal does."""

import secrets

ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40023: "invalid sub button size",
    40025: "invalid sub button name size",
    40029: "invalid code",
    40031: "invalid openid list",
    40032: "invalid openid list size",
    40036: "invalid template_id size",
    40037: "invalid template_id",
    40039: "invalid url size",
    40052: "invalid action name",
    40053: "invalid action info",
    40097: "invalid args",
    40125: "invalid appsecret",
    40130: "invalid openid list size, at least two openid",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40241: "The message is duplicate in 60 seconds",
    40249: "blocked for illegal content",
    40252: "模板下发的部分内容已进入平台审核流程",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    43107: "subscribe message capability is banned",
    43108: "concurrent send to the same user",
    43116: "template is banned",
    43117: "Sending messages to this openid too frequently,please try later",
    44002: "empty post data",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45028: "has no masssend quota",
    45029: "qrcode count out of limit",
    45047: "out of response count limit",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    45168: "sensitive word",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    50002: "user limited",
    50005: "user is unsubscribed",
    76003: "invalid cgi_path",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path,no permission",
}


class RefusedCall(Exception):
    """WeChat answers HTTP 200 with this errcode, `more` beside it, and does nothing else."""

    def __init__(self, errcode: int, errmsg: str | None = None, **more: object) -> None:
        super().__init__(errcode)
        self.more = more
        self.errcode = errcode
        self.errmsg = errmsg or ERRMSG.get(errcode, "unknown error")


def refusal(errcode: int, errmsg: str, *, now: float) -> dict[str, object]:
    """The JSON answer of a refused call, with a fresh `rid`."""
    rid = f"{int(now):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    return {"errcode": errcode, "errmsg": f"{errmsg} rid: {rid}"}
