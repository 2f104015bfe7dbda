"""What an account sets up: QR codes with a scene, its menu, its list of templates."""

import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.calls import Answer, Call, Route
from sandbox.config import Template
from sandbox.errors import RefusedCall
from sandbox.world import QrCode

_TEMPORARY = {"QR_SCENE", "QR_STR_SCENE"}
_PERMANENT = {"QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}
_LONGEST_S = 2_592_000
_DEFAULT_S = 60
_MAX_SCENE = 64
_MAX_PERMANENT_ID = 100_000
_KEPT = 200_000
_MENU_LIMITS = ((3, 16, 40016, 40018), (5, 60, 40023, 40025))
_MAX_KEY_BYTES = 128
_BUTTON_VALUE = {"click": "key", "view": "url", "miniprogram": "appid", "scancode_push": "key"}


def qrcode_create(call: Call) -> Answer:
    """POST /cgi-bin/qrcode/create."""
    action = call.body.get("action_name")
    if action not in _TEMPORARY | _PERMANENT:
        raise RefusedCall(40052)
    scene = _scene(call.body, str(action))
    seconds = call.body.get("expire_seconds", _DEFAULT_S)
    if type(seconds) is not int or not 1 <= seconds <= _LONGEST_S:
        raise RefusedCall(40097)
    expires_at = call.now + seconds if action in _TEMPORARY else None
    ticket = "gQ" + secrets.token_urlsafe(48)
    codes = call.world.qr_codes
    codes[scene] = QrCode(scene, ticket, expires_at)
    if len(codes) > _KEPT:
        del codes[next(iter(codes))]
    answer: Answer = {"ticket": ticket, "url": f"http://weixin.qq.com/q/{secrets.token_urlsafe(16)}"}
    return answer if expires_at is None else {**answer, "expire_seconds": seconds}


def _scene(body: Mapping[str, Any], action: str) -> str:
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise RefusedCall(40053)
    if action.endswith("STR_SCENE"):
        text = scene.get("scene_str")
        if not isinstance(text, str) or not 1 <= len(text) <= _MAX_SCENE:
            raise RefusedCall(40053)
        return text
    number = scene.get("scene_id")
    limit = _MAX_PERMANENT_ID if action in _PERMANENT else 2**32 - 1
    if type(number) is not int or not 1 <= number <= limit:
        raise RefusedCall(40053)
    return str(number)


def menu_create(call: Call) -> Answer:
    """POST /cgi-bin/menu/create: three buttons, five below each, names and keys by bytes."""
    _check_buttons(call.body.get("button"), level=0)
    call.world.menu["button"] = call.body["button"]
    return {"errcode": 0, "errmsg": "ok"}


def _check_buttons(buttons: Any, *, level: int) -> None:
    most, name_bytes, size_code, name_code = _MENU_LIMITS[level]
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= most:
        raise RefusedCall(size_code)
    for button in buttons:
        name = button.get("name") if isinstance(button, dict) else None
        if not isinstance(name, str) or not 1 <= len(name.encode()) <= name_bytes:
            raise RefusedCall(name_code)
        if button.get("sub_button") and level == 0:
            _check_buttons(button["sub_button"], level=1)
        else:
            _check_button_value(button)


def _check_button_value(button: Mapping[str, Any]) -> None:
    needed = _BUTTON_VALUE.get(str(button.get("type")))
    if needed is None:
        raise RefusedCall(40017)
    value = button.get(needed)
    if not isinstance(value, str) or not value or (needed == "key" and len(value.encode()) > _MAX_KEY_BYTES):
        raise RefusedCall(40019)


def menu_get(call: Call) -> Answer:
    """GET /cgi-bin/menu/get."""
    if not call.world.menu:
        raise RefusedCall(46003)
    return {"menu": dict(call.world.menu)}


def menu_delete(call: Call) -> Answer:
    """GET /cgi-bin/menu/delete."""
    call.world.menu.clear()
    return {"errcode": 0, "errmsg": "ok"}


def template_list(call: Call) -> Answer:
    """GET /wxaapi/newtmpl/gettemplate: the account's subscription templates, type 2 one-time, 3 long-term."""
    rows = [
        _listed(template)
        for template in call.world.config.templates.values()
        if template.account == call.account.key and template.kind != "template"
    ]
    return {"errcode": 0, "errmsg": "ok", "data": rows}


def _listed(template: Template) -> Answer:
    lines = [f"{rule.label}:{{{{{name}.DATA}}}}\n" for name, rule in template.fields.items()]
    values = [
        {"keywordCode": f"{name}.DATA", "enumValueList": sorted(rule.values)}
        for name, rule in template.fields.items()
        if rule.values
    ]
    return {
        "priTmplId": template.id,
        "title": template.title,
        "content": "".join(lines),
        "example": "",
        "type": 2 if template.kind == "one_time" else 3,
        "keywordEnumValueList": values,
    }


ROUTES = {
    "/cgi-bin/qrcode/create": Route(method="POST", handler=qrcode_create, accounts=("official",)),
    "/cgi-bin/menu/create": Route(method="POST", handler=menu_create, accounts=("official",)),
    "/cgi-bin/menu/get": Route(method="GET", handler=menu_get, accounts=("official",)),
    "/cgi-bin/menu/delete": Route(method="GET", handler=menu_delete, accounts=("official",)),
    "/wxaapi/newtmpl/gettemplate": Route(method="GET", handler=template_list),
}
