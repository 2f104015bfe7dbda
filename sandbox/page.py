"""The page with the two phones, and the state it asks for every second."""

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
        "ledger": [_line(entry) for entry in world.ledger.newest(_LEDGER)],
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


def _line(entry: Entry) -> dict[str, Any]:
    what = entry.get("path") or entry.get("event") or entry.get("act") or entry.get("channel") or ""
    result = str(entry.get("outcome") or entry.get("errmsg") or entry.get("fault") or "")
    return {
        "seq": entry["seq"],
        "at": entry["at"],
        "kind": entry["kind"],
        "what": what,
        "errcode": entry.get("errcode"),
        "result": result,
        "raw": entry,
    }
