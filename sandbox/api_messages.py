"""The three ways to write to a person: subscription message, template message, customer-service message."""

import re
from typing import Any

from sandbox import events
from sandbox.calls import Answer, Call, Route
from sandbox.config import Template
from sandbox.errors import RefusedCall
from sandbox.fields import check_data
from sandbox.world import CLIENT_MSG_ID_WINDOW_S, World

_PAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/\-]*")
_STATES = ("developer", "trial", "formal")
_LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")
_MAX_URL = 1024
_MAX_TEXT_BYTES = 2048
_NEEDS_MEDIA = {"image", "voice", "video", "music", "mpnews", "mpnewsarticle", "wxcard"}


def subscribe_send(call: Call) -> Answer:
    """POST /cgi-bin/message/subscribe/send: fields first, then the consent, which one message uses up."""
    call.recipient()
    template = _template(call, "one_time", "long_term")
    _check_page(call)
    if (
        call.body.get("miniprogram_state", "formal") not in _STATES
        or call.body.get("lang", "zh_CN") not in _LANGUAGES
    ):
        raise RefusedCall(40097)
    data = check_data(call.body.get("data"), template.fields)
    openid = call.openid
    if call.world.consents.left.get((openid, template.id), 0) < 1:
        raise RefusedCall(43101)
    call.count()
    call.world.consents.use(openid, template)
    msgid = call.world.next_id()
    _deliver(call, template, msgid, data, page=call.body.get("page") or "")
    call.afterwards(lambda: events.sent_event(call.account, openid, template.id, msgid=msgid, now=call.now))
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def template_send(call: Call) -> Answer:
    """POST /cgi-bin/message/template/send: to followers, each client_msg_id once in 10 minutes."""
    user, openid = call.recipient(), call.openid
    if not user.follows:
        raise RefusedCall(43004)
    template = _template(call, "template")
    _check_jump(call)
    data = check_data(call.body.get("data"), template.fields)
    client_msg_id = call.body.get("client_msg_id")
    if client_msg_id is not None and not isinstance(client_msg_id, str):
        raise RefusedCall(40097)
    earlier = _sent_before(call.world, openid, client_msg_id, now=call.now)
    if earlier is not None:
        facts = {"openid": openid, "account": call.account.key, "template_id": template.id, "msgid": earlier}
        call.effects.append(("repeat", {**facts, "client_msg_id": client_msg_id}))
        return {"errcode": 0, "errmsg": "ok", "msgid": earlier}
    call.count()
    msgid = call.world.next_id()
    if client_msg_id:
        call.world.repeats[openid, client_msg_id] = (msgid, call.now)
    jump = {"url": call.body.get("url") or "", "miniprogram": call.body.get("miniprogram")}
    _deliver(call, template, msgid, data, client_msg_id=client_msg_id, **jump)
    call.afterwards(
        lambda: events.template_finished(call.account, openid, msgid=msgid, status="success", now=call.now)
    )
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def custom_send(call: Call) -> Answer:
    """POST /cgi-bin/message/custom/send: only inside the windows that the person's own acts open."""
    user, openid = call.recipient(), call.openid
    message = _custom_message(call.body)
    if call.account.key == "official" and not user.follows:
        raise RefusedCall(45015)
    call.world.windows.use(openid, now=call.now)
    msgid = call.world.next_id()
    facts = {"openid": openid, "account": call.account.key, "channel": "custom", "msgid": msgid}
    call.effects.append(("delivered", {**facts, "message": message}))
    return {"errcode": 0, "errmsg": "ok"}


def _template(call: Call, *kinds: str) -> Template:
    template_id = call.body.get("template_id")
    if not isinstance(template_id, str) or not template_id:
        raise RefusedCall(40036 if call.account.key == "official" else 40037)
    template = call.world.config.templates.get(template_id)
    if template is None or template.account != call.account.key or template.kind not in kinds:
        raise RefusedCall(40037)
    return template


def _check_page(call: Call) -> None:
    page = call.body.get("page")
    if page in (None, ""):
        return
    path = page.split("?", 1)[0] if isinstance(page, str) else ""
    pages = call.account.pages
    if not _PAGE.fullmatch(path) or (pages and path not in pages):
        raise RefusedCall(41030)


def _check_jump(call: Call) -> None:
    url = call.body.get("url") or ""
    if not isinstance(url, str) or len(url) > _MAX_URL:
        raise RefusedCall(40039)
    target = call.body.get("miniprogram")
    if target is None:
        return
    mini = call.world.config.accounts.get("mini")
    if not isinstance(target, dict) or mini is None or target.get("appid") != mini.appid:
        raise RefusedCall(40013)


def _sent_before(world: World, openid: str, client_msg_id: str | None, *, now: float) -> int | None:
    """The msgid answered for this id in the last ten minutes; older ids are dropped on the way."""
    oldest = now - CLIENT_MSG_ID_WINDOW_S
    while world.repeats:
        key, (_, at) = next(iter(world.repeats.items()))
        if at > oldest:
            break
        del world.repeats[key]
    found = world.repeats.get((openid, client_msg_id)) if client_msg_id else None
    return found[0] if found is not None and found[1] > oldest else None


def _deliver(call: Call, template: Template, msgid: int, data: dict[str, str], **facts: Any) -> None:
    channel = "template" if template.kind == "template" else "subscribe"
    entry = {
        "openid": call.openid,
        "account": call.account.key,
        "channel": channel,
        "template_id": template.id,
        "msgid": msgid,
        "data": data,
    }
    call.effects.append(("delivered", {**entry, **facts}))


def _custom_message(body: dict[str, Any]) -> dict[str, Any]:
    kind = body.get("msgtype")
    content = body.get(kind) if isinstance(kind, str) else None
    if kind in _NEEDS_MEDIA:
        raise RefusedCall(40007)
    if kind not in ("text", "news", "msgmenu", "miniprogrampage"):
        raise RefusedCall(40008)
    if not isinstance(content, dict):
        raise RefusedCall(47001)
    if kind == "text":
        text = content.get("content")
        if not isinstance(text, str) or not text:
            raise RefusedCall(44002)
        if len(text.encode()) > _MAX_TEXT_BYTES:
            raise RefusedCall(45002)
        return {"type": "text", "text": text}
    if kind == "news" and len(content.get("articles") or ()) != 1:
        raise RefusedCall(45008)
    return {"type": kind, **content}


ROUTES = {
    "/cgi-bin/message/subscribe/send": Route(method="POST", handler=subscribe_send, accounts=("mini",)),
    "/cgi-bin/message/template/send": Route(method="POST", handler=template_send, accounts=("official",)),
    "/cgi-bin/message/custom/send": Route(method="POST", handler=custom_send),
}
