"""The page with the two phones, and the state it asks for every second."""

import json
from html import escape
from pathlib import Path
from string import Template as Text
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from sandbox.config import Template
from sandbox.control import TheWorld
from sandbox.ledger import Entry
from sandbox.people import User
from sandbox.world import World

router = APIRouter()

_PAGE = Text((Path(__file__).parent / "assets" / "index.html").read_text(encoding="utf-8"))
_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_SCREEN = 60
_CHANNELS = {"subscribe": "订阅消息", "template": "模板消息", "custom": "客服消息", "mass": "群发消息"}
_HANDED_OVER = {"received": "已收到", "replied": "已回复"}
_ACTS = {
    "admit": "拿到手机",
    "follow": "关注服务号",
    "unfollow": "取消关注",
    "scan": "扫码",
    "say": "发消息",
    "click": "点菜单",
    "accept": "同意订阅",
    "reject": "拒绝订阅",
    "withdraw": "关闭订阅",
    "reset": "重新开始",
}
_MESSAGES = {"delivered", "repeat", "held", "blocked", "lost"}
_FAULTS = {
    "errcode": "按剧本拒绝",
    "html": "按剧本返回网页",
    "reset": "按剧本断开，未受理",
    "drop": "按剧本断开，已受理",
    "hang": "按剧本拖延应答",
    "half": "按剧本只答一半",
    "latency": "按剧本延迟",
    "stall": "按剧本拖延受理",
    "token": "按剧本换掉凭证",
    "content_type": "按剧本标错类型",
    "string_errcode": "按剧本把错误码写成文字",
}
_LEDGER = 40


@router.get("/", response_class=HTMLResponse)
async def phones_page(world: TheWorld, left: str = "", right: str = "") -> HTMLResponse:
    """Two phones side by side: 干部 on the left, 监护人 on the right."""
    users = list(world.people)
    html = _PAGE.substitute(
        left=_options(users, left, default=0),
        right=_options(users, right, default=1),
        account=escape(world.account("official").name),
        mini=escape(world.account("mini").name),
    )
    return HTMLResponse(html, headers={"content-security-policy": _POLICY, "cache-control": "no-store"})


def _options(users: list[User], chosen: str, *, default: int) -> str:
    ids = [user.id for user in users]
    selected = chosen if chosen in ids else (ids[min(default, len(ids) - 1)] if ids else "")
    marks = {True: " selected", False: ""}
    return "\n".join(
        f'<option value="{escape(user.id)}"{marks[user.id == selected]}>{escape(user.name)}</option>'
        for user in users
    )


@router.get("/_sandbox/screen")
async def screen(
    world: TheWorld,
    left: Annotated[str, Query(max_length=64)] = "",
    right: Annotated[str, Query(max_length=64)] = "",
    seen: int = -1,
) -> dict[str, Any]:
    """What both phones and the ledger show; only `seq` when nothing happened since `seen`."""
    seq = world.ledger.last_seq
    if seq == seen:
        return {"seq": seq}
    people = [{"id": user.id, "name": user.name} for user in world.people]
    return {
        "seq": seq,
        "people": people,
        "left": _phone(world, left, "mini"),
        "right": _phone(world, right, "official"),
        "menu": world.menu.get("button", []),
        "ledger": [_line(world, entry) for entry in world.ledger.newest(_LEDGER)],
    }


def _phone(world: World, who: str, account: str) -> dict[str, Any] | None:
    user = world.people.find(who)
    if user is None:
        return None
    openid = user.openids[world.account(account).key]
    messages = [_message(world, entry) for entry in world.ledger.screen(openid, limit=_SCREEN)]
    return {"id": user.id, "name": user.name, "follows": user.follows, "messages": messages}


def _message(world: World, entry: Entry) -> dict[str, Any]:
    template = world.config.templates.get(entry.get("template_id", ""))
    if template is not None:
        return {"seq": entry["seq"], "at": entry["at"], "type": "card", **_card(template, entry)}
    if entry["kind"] == "act":
        return {"seq": entry["seq"], "at": entry["at"], "type": entry["act"], "text": entry.get("text", "")}
    return {"seq": entry["seq"], "at": entry["at"], **entry.get("message", {})}


def _card(template: Template, entry: Entry) -> dict[str, Any]:
    rows = [[rule.label, entry["data"].get(name, "")] for name, rule in template.fields.items()]
    return {"title": template.title, "rows": rows, "page": entry.get("page", ""), "url": entry.get("url", "")}


def _line(world: World, entry: Entry) -> dict[str, Any]:
    refused = bool(entry.get("errcode") or entry.get("status") or entry.get("fault") or entry.get("gave_up"))
    undelivered = entry["kind"] == "push" and entry["outcome"] not in _HANDED_OVER
    return {
        "seq": entry["seq"],
        "at": entry["at"],
        "kind": entry["kind"],
        "what": _what(world, entry),
        "result": _result(entry),
        "bad": refused or undelivered or entry["kind"] == "notice",
        "raw": json.dumps(entry, ensure_ascii=False, indent=1),
    }


def _what(world: World, entry: Entry) -> str:
    if entry["kind"] in _MESSAGES:
        template = world.config.templates.get(entry.get("template_id", ""))
        channel = _CHANNELS.get(entry.get("channel", ""), "模板消息")
        return f"{channel}：{template.title}" if template else channel
    if entry["kind"] == "act":
        user = world.people.find(entry.get("user", ""))
        return f"{user.name if user else ''} {_ACTS[entry['act']]}".strip()
    if entry["kind"] == "reply":
        return "被动回复"
    return str(entry.get("path") or entry.get("event"))


def _result(entry: Entry) -> str:
    parts = [
        str(entry["status"]) if "status" in entry else "",
        f"{entry['errcode']} {entry['errmsg']}" if entry.get("errcode") else "",
        _FAULTS[entry["fault"]] if "fault" in entry else "",
        _HANDED_OVER.get(entry.get("outcome", ""), entry.get("outcome", "")),
        f"client_msg_id {entry['client_msg_id']}" if entry["kind"] == "repeat" else "",
        entry.get("message", {}).get("text", ""),
        entry.get("text") or entry.get("scene") or entry.get("key") or "",
    ]
    return "，".join(part for part in parts if part)
