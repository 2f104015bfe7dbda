"""The ways to write to one person: subscription message, template message, customer-service message."""

import re
from typing import Any

from sandbox import events
from sandbox.calls import Answer, Call, Route
from sandbox.config import Template
from sandbox.errors import ERRMSG, RefusedCall, refusal
from sandbox.fields import check_data
from sandbox.people import User
from sandbox.receipts import Receipt
from sandbox.world import CLIENT_MSG_ID_WINDOW_S, World

_PAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/\-]*")
_STATES = ("developer", "trial", "formal")
_LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")
_UNDER_REVIEW = 40252
_MAX_URL = 1024
_MAX_TEXT_BYTES = 2048
_NEEDS_MEDIA = {"image", "voice", "video", "music", "mpnews", "mpnewsarticle", "wxcard"}


def subscribe_send(call: Call) -> Answer:
    """POST /cgi-bin/message/subscribe/send: fields first, then the consent, which one message uses up."""
    user = call.recipient()
    template = _template(call, "one_time", "long_term")
    _check_page(call)
    _check_language(call)
    msgid = _send_by_consent(call, user, template, page=call.body.get("page") or "")
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def biz_send(call: Call) -> Answer:
    """POST /cgi-bin/message/subscribe/bizsend: 订阅通知 of the service account, to anybody who agreed.

    Nobody has to follow for it, `page` is a web address, and the answer tells no msgid: only the sent event
    does.
    """
    user = call.recipient()
    template = _template(call, "one_time", "long_term")
    page = _check_jump(call, "page")
    _check_language(call)
    _send_by_consent(call, user, template, url=page, miniprogram=call.body.get("miniprogram"))
    return {"errcode": 0, "errmsg": "ok"}


def _send_by_consent(call: Call, user: User, template: Template, **jump: Any) -> int:
    data = check_data(call.body.get("data"), template.fields)
    world, account, now = call.world, call.account, call.now
    openid = user.openids[account.key]
    if world.limits.forbidden(data.values()):
        raise RefusedCall(45168)
    if world.consents.left.get((openid, template.id), 0) < 1:
        raise RefusedCall(43101)
    world.limits.count_message(openid, template.id, now=now)
    world.consents.use(openid, template)
    msgid, failure = world.next_id(), world.receipts.failure()
    _deliver(call, _facts(call, user, template, msgid, data, **jump), failure)
    call.afterwards(
        Receipt(
            msgid,
            lambda msgid: events.sent_event(
                account, openid, template.id, msgid=msgid, failure=failure, now=now
            ),
        )
    )
    return msgid


def template_send(call: Call) -> Answer:
    """POST /cgi-bin/message/template/send: to followers, each client_msg_id once in 10 minutes."""
    user = call.recipient()
    if not user.follows:
        raise RefusedCall(43004)
    template = _template(call, "template")
    url = _check_jump(call, "url")
    data = check_data(call.body.get("data"), template.fields)
    client_id = call.body.get("client_msg_id")
    if client_id is not None and not isinstance(client_id, str):
        raise RefusedCall(40097)
    world, now, openid = call.world, call.now, user.openids["official"]
    earlier = _sent_before(world, openid, client_id, now=now)
    if earlier is not None:
        return _repeated(call, template, earlier)
    if world.limits.forbidden(data.values()):
        world.reviews.block(template.id, openid, data, now=now)
        raise RefusedCall(40249)
    world.limits.count_message(openid, template.id, now=now)
    jump = {"url": url, "miniprogram": call.body.get("miniprogram")}
    facts = _facts(call, user, template, world.next_id(), data, client_msg_id=client_id, **jump)
    return _send_or_hold(call, facts)


def _send_or_hold(call: Call, facts: dict[str, Any]) -> Answer:
    world, account, now = call.world, call.account, call.now
    openid, msgid, client_id = facts["openid"], facts["msgid"], facts["client_msg_id"]
    review = world.reviews.holds()
    if client_id:
        world.repeats[openid, client_id] = (msgid, now, 0 if review is None else _UNDER_REVIEW)
    failure = world.receipts.failure() if review is None else None
    status = failure or "success"
    receipt = Receipt(
        msgid,
        lambda msgid: events.template_finished(account, openid, msgid=msgid, status=status, now=now),
    )
    if review is not None:
        world.reviews.hold(review, facts, receipt if account.push_url else None, now=now)
        call.effects.append(("held", facts))
        return refusal(_UNDER_REVIEW, ERRMSG[_UNDER_REVIEW], now=now)
    _deliver(call, facts, failure)
    call.afterwards(receipt)
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def _repeated(call: Call, template: Template, earlier: tuple[int, int]) -> Answer:
    """The answer given the first time, and nothing sent."""
    msgid, errcode = earlier
    facts = {"openid": call.openid, "account": call.account.key, "template_id": template.id, "msgid": msgid}
    call.effects.append(("repeat", {**facts, "client_msg_id": call.body["client_msg_id"]}))
    if errcode:
        return refusal(errcode, ERRMSG[errcode], now=call.now)
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def custom_send(call: Call) -> Answer:
    """POST /cgi-bin/message/custom/send: only inside the windows that the person's own acts open."""
    user, openid = call.recipient(), call.openid
    message = _custom_message(call.body)
    if call.account.key == "official" and not user.follows:
        raise RefusedCall(45015)
    call.world.windows.use(openid, now=call.now)
    msgid = call.world.next_id()
    own = user.openids[call.account.key]
    facts = {"openid": own, "account": call.account.key, "channel": "custom", "msgid": msgid}
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


def _check_language(call: Call) -> None:
    state, language = call.body.get("miniprogram_state", "formal"), call.body.get("lang", "zh_CN")
    if state not in _STATES or language not in _LANGUAGES:
        raise RefusedCall(40097)


def _check_jump(call: Call, name: str) -> str:
    """The web address in the field of this name, empty when there is none."""
    url = call.body.get(name) or ""
    if not isinstance(url, str) or len(url) > _MAX_URL:
        raise RefusedCall(40039)
    target = call.body.get("miniprogram")
    if target is None:
        return url
    mini = call.world.config.accounts.get("mini")
    if not isinstance(target, dict) or mini is None or target.get("appid") != mini.appid:
        raise RefusedCall(40013)
    return url


def _sent_before(
    world: World, openid: str, client_msg_id: str | None, *, now: float
) -> tuple[int, int] | None:
    """Tell what this id was answered in the last ten minutes, msgid and errcode; older ones are dropped."""
    oldest = now - CLIENT_MSG_ID_WINDOW_S
    while world.repeats:
        key, (_, at, _) = next(iter(world.repeats.items()))
        if at > oldest:
            break
        del world.repeats[key]
    found = world.repeats.get((openid, client_msg_id)) if client_msg_id else None
    return (found[0], found[2]) if found is not None and found[1] > oldest else None


def _facts(
    call: Call, user: User, template: Template, msgid: int, data: dict[str, str], **more: Any
) -> dict[str, Any]:
    return {
        "openid": user.openids[call.account.key],
        "account": call.account.key,
        "channel": "template" if template.kind == "template" else "subscribe",
        "template_id": template.id,
        "msgid": msgid,
        "data": data,
        **more,
    }


def _deliver(call: Call, facts: dict[str, Any], failure: str | None) -> None:
    call.effects.append(("delivered", facts) if failure is None else ("lost", {**facts, "status": failure}))


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
    "/cgi-bin/message/subscribe/send": Route(
        method="POST", handler=subscribe_send, accounts=("mini",), one_at_a_time=True
    ),
    "/cgi-bin/message/subscribe/bizsend": Route(
        method="POST", handler=biz_send, accounts=("official",), one_at_a_time=True
    ),
    "/cgi-bin/message/template/send": Route(
        method="POST", handler=template_send, accounts=("official",), one_at_a_time=True
    ),
    "/cgi-bin/message/custom/send": Route(method="POST", handler=custom_send),
}
