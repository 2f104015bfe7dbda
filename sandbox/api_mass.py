"""One message to many followers (群发): POST /cgi-bin/message/mass/send, and the event that tells its end."""

import json
from hashlib import sha256
from typing import Any

from sandbox import events
from sandbox.calls import Answer, Call, Route
from sandbox.errors import RefusedCall
from sandbox.limits import MASS_PATH
from sandbox.people import openid_for
from sandbox.receipts import Receipt

_FEWEST, _MOST = 2, 10_000
_MAX_TEXT_BYTES = 2048
#: 64 bytes by the guide, yet one of 36 was refused (community thread 0000c403d88548712a5042bc26bc00).
_MAX_CLIENT_ID_BYTES = 32
_NEEDS_MEDIA = {"voice", "image", "images", "music", "video", "mpvideo", "wxcard"}


def mass_send(call: Call) -> Answer:
    """POST /cgi-bin/message/mass/send: each clientmsgid once in 24 hours, four messages a month per person.

    People without a message left this month, and openids that do not follow, are left out silently; without
    a clientmsgid the recipients and the content are the id.
    """
    listed = _listed(call.body.get("touser"))
    message = _message(call.body)
    client_id = _client_id(call.body, listed)
    world, account, now = call.world, call.account, call.now
    world.masses.check_id(client_id, now=now)
    followers = [user for user in map(_follower(call), listed) if user]
    if not followers:
        raise RefusedCall(40003)
    free = world.masses.take(followers, now=now)
    msg_id = world.next_id()
    world.masses.remember(client_id, msg_id, now=now)
    arrived = _deliver(call, free, message, msg_id, client_id)
    counts = {"total": len(followers), "free": len(free), "arrived": arrived}
    call.afterwards(
        Receipt(
            msg_id,
            lambda msgid: events.mass_finished(
                account, openid_for(account.appid, "mphelper"), msgid=msgid, counts=counts, now=now
            ),
        )
    )
    answer: Answer = {"errcode": 0, "errmsg": "send job submission success", "msg_id": msg_id}
    return {**answer, "msg_data_id": world.next_id()} if message["type"] == "mpnews" else answer


def _listed(openids: Any) -> list[str]:
    if not isinstance(openids, list) or not all(isinstance(openid, str) for openid in openids):
        raise RefusedCall(40031)
    if len(openids) < _FEWEST:
        raise RefusedCall(40130)
    if len(openids) > _MOST:
        raise RefusedCall(40032)
    return list(dict.fromkeys(openids))


def _message(body: dict[str, Any]) -> dict[str, Any]:
    kind = body.get("msgtype")
    if kind in _NEEDS_MEDIA:
        raise RefusedCall(40007)
    if kind not in ("text", "mpnews"):
        raise RefusedCall(40008)
    content = body.get(kind)
    if not isinstance(content, dict):
        raise RefusedCall(47001)
    value = content.get("content" if kind == "text" else "media_id")
    if not isinstance(value, str) or not value:
        raise RefusedCall(44002 if kind == "text" else 40007)
    if kind == "mpnews":
        return {"type": kind, "media_id": value}
    if len(value.encode()) > _MAX_TEXT_BYTES:
        raise RefusedCall(45002)
    return {"type": kind, "text": value}


def _client_id(body: dict[str, Any], listed: list[str]) -> str:
    given = body.get("clientmsgid")
    if given is None or given == "":
        content = [sorted(listed), body.get("msgtype"), body.get("text"), body.get("mpnews")]
        return "digest:" + sha256(json.dumps(content).encode()).hexdigest()
    if not isinstance(given, str):
        raise RefusedCall(40097)
    if len(given.encode()) > _MAX_CLIENT_ID_BYTES:
        raise RefusedCall(45067)
    return given


def _follower(call: Call) -> Any:
    people = call.world.people

    def openid_of(openid: str) -> str | None:
        user = people.with_openid(openid, "official")
        return user.openids["official"] if user is not None and user.follows else None

    return openid_of


def _deliver(call: Call, openids: list[str], message: dict[str, Any], msg_id: int, client_id: str) -> int:
    """Write down who sees it; returns how many do."""
    same = {"account": call.account.key, "channel": "mass", "msgid": msg_id, "message": message}
    arrived = 0
    for openid in openids:
        lost = call.world.receipts.failure()
        arrived += lost is None
        facts = {"openid": openid, **same, "client_msg_id": client_id}
        call.effects.append(("delivered", facts) if lost is None else ("lost", {**facts, "status": lost}))
    return arrived


ROUTES = {MASS_PATH: Route(method="POST", handler=mass_send, accounts=("official",))}
