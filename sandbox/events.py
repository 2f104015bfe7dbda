"""The XML that WeChat pushes: messages people write and events that happen to them.

Every text stands in CDATA; "]]>" inside a text is split so that nobody can write XML into an event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.config import Account

Node = tuple[str, "str | int | Sequence[Node]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One push before encryption. `shows_reply` is False where WeChat ignores a passive reply."""

    account: Account
    openid: str
    name: str
    xml: str
    shows_reply: bool = True


def element(name: str, content: "str | int | Sequence[Node]") -> str:
    """One XML element: text in CDATA, a number as it is, a list as nested elements."""
    if isinstance(content, str):
        inner = "<![CDATA[" + content.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    elif isinstance(content, int):
        inner = str(content)
    else:
        inner = "".join(element(child, value) for child, value in content)
    return f"<{name}>{inner}</{name}>"


def text_message(account: Account, openid: str, text: str, *, msg_id: int, now: float) -> Event:
    """Somebody writes a text to the service account (or to the mini program's customer service)."""
    nodes: list[Node] = [("MsgType", "text"), ("Content", text), ("MsgId", msg_id)]
    return _event(account, openid, "text", nodes, now=now)


def follow_event(account: Account, openid: str, *, scene: str, ticket: str, now: float) -> Event:
    """Somebody begins to follow; by a QR code the key carries the scene with the prefix `qrscene_`."""
    nodes: list[Node] = [("EventKey", f"qrscene_{scene}" if scene else "")]
    if ticket:
        nodes.append(("Ticket", ticket))
    return _named(account, openid, "subscribe", nodes, now=now)


def unfollow_event(account: Account, openid: str, *, now: float) -> Event:
    """Somebody stops following; no reply reaches them."""
    return _named(account, openid, "unsubscribe", [("EventKey", "")], now=now, shows_reply=False)


def scan_event(account: Account, openid: str, *, scene: str, ticket: str, now: float) -> Event:
    """A follower scans a QR code: the scene without prefix."""
    return _named(account, openid, "SCAN", [("EventKey", scene), ("Ticket", ticket)], now=now)


def click_event(account: Account, openid: str, key: str, *, now: float) -> Event:
    """A follower taps a menu button of type click."""
    return _named(account, openid, "CLICK", [("EventKey", key)], now=now)


def popup_event(account: Account, openid: str, results: Sequence[tuple[str, str]], *, now: float) -> Event:
    """Somebody answered the subscription popup: (template id, accept | reject) each."""
    scene = "0" if account.key == "mini" else "1"
    rows: list[Node] = [
        ("List", [("TemplateId", template), ("SubscribeStatusString", answer), ("PopupScene", scene)])
        for template, answer in results
    ]
    return _subscription(account, openid, "Popup", rows, now=now)


def change_event(account: Account, openid: str, template_id: str, *, now: float) -> Event:
    """Somebody switched a template off in the settings; only refusals are pushed."""
    rows: list[Node] = [("List", [("TemplateId", template_id), ("SubscribeStatusString", "reject")])]
    return _subscription(account, openid, "Change", rows, now=now)


def sent_event(
    account: Account, openid: str, template_id: str, *, msgid: int, failure: str | None, now: float
) -> Event:
    """A subscription message was delivered, or got lost on the way."""
    row: list[Node] = [
        ("TemplateId", template_id),
        ("MsgID", str(msgid)),
        ("ErrorCode", "-1" if failure else "0"),
        ("ErrorStatus", failure or "success"),
    ]
    return _subscription(account, openid, "Sent", [("List", row)], now=now)


def template_finished(account: Account, openid: str, *, msgid: int, status: str, now: float) -> Event:
    """A template message arrived, or did not (`failed:user block`, `failed: system failed`)."""
    nodes: list[Node] = [("MsgID", msgid), ("Status", status)]
    return _named(account, openid, "TEMPLATESENDJOBFINISH", nodes, now=now, shows_reply=False)


def mass_finished(
    account: Account, helper: str, *, msgid: int, counts: Mapping[str, int], now: float
) -> Event:
    """A mass message is through; it comes from the account's 群发助手, not from a person.

    `counts`: `total` followers that were listed, `free` with a message left this month, `arrived` of these.
    """
    nodes: list[Node] = [
        ("MsgID", msgid),
        ("Status", "send success"),
        ("TotalCount", counts["total"]),
        ("FilterCount", counts["free"]),
        ("SentCount", counts["arrived"]),
        ("ErrorCount", counts["free"] - counts["arrived"]),
        ("CopyrightCheckResult", [("Count", 0), ("ResultList", []), ("CheckState", 0)]),
        ("ArticleUrlResult", [("Count", 0), ("ResultList", [])]),
    ]
    return _named(account, helper, "MASSSENDJOBFINISH", nodes, now=now, shows_reply=False)


def _subscription(account: Account, openid: str, what: str, rows: Sequence[Node], *, now: float) -> Event:
    nodes: list[Node] = [(f"SubscribeMsg{what}Event", rows)]
    return _named(account, openid, f"subscribe_msg_{what.lower()}_event", nodes, now=now, shows_reply=False)


def _named(
    account: Account, openid: str, name: str, nodes: Sequence[Node], *, now: float, shows_reply: bool = True
) -> Event:
    all_nodes: list[Node] = [("MsgType", "event"), ("Event", name), *nodes]
    return _event(account, openid, name, all_nodes, now=now, shows_reply=shows_reply)


def _event(
    account: Account, openid: str, name: str, nodes: Sequence[Node], *, now: float, shows_reply: bool = True
) -> Event:
    head: list[Node] = [
        ("ToUserName", account.original_id),
        ("FromUserName", openid),
        ("CreateTime", int(now)),
    ]
    xml = element("xml", [*head, *nodes])
    return Event(account=account, openid=openid, name=name, xml=xml, shows_reply=shows_reply)
