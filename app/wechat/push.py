"""What WeChat tells us: one push, read from XML or JSON into fields that the program uses."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import defusedxml.ElementTree as SafeTree
from defusedxml.common import DefusedXmlException

from app.wechat.envelope import CallbackRejected, RejectReason

# The person stands in OpenID in these; FromUserName is an account of the platform
# (developers.weixin.qq.com/miniprogram/dev/framework/security.html).
_PERSON_IN_OPENID = frozenset(
    {"user_info_modified", "user_authorization_revoke", "user_authorization_cancellation"}
)
_SUBSCRIBE_BLOCKS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
# Menu buttons of the types click and scan; view and miniprogram open nothing
# (/doc/service/api/customer/message/api_sendcustommessage).
_CLICKS = frozenset({"CLICK", "scancode_push", "scancode_waitmsg"})
_SCENE_PREFIX = "qrscene_"
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_PEOPLE = re.compile(r"[0-9]{1,9}")
# 2000-01-01 to 2100-01-01
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800

MAX_RESULTS = 50
MAX_RAW_FIELDS = 40
MAX_RAW_CHARS = 2048
# <xml><SubscribeMsgPopupEvent><List><TemplateId> is the deepest we read.
MAX_DEPTH = 8

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeResult:
    """What became of one template in a subscribe_msg_popup, _change or _sent event.

    Args:
        template_id: the template.
        status: ``accept`` or ``reject`` (popup, change); None in a sent event.
        scene: where the person was asked (popup only).
        msgid: the message, as `SendReceipt.msgid` named it (sent only).
        error_code: 0 when it was delivered (sent only).
        error_status: WeChat's word for that (sent only).
    """

    template_id: str
    status: str | None
    scene: str | None
    msgid: str | None
    error_code: int | None
    error_status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MassResult:
    """How a mass message (群发) ended, in numbers: WeChat names nobody.

    Args:
        msgid: the mass message, as `MassReceipt.msgid` named it.
        status: WeChat's word: ``send success``, ``send fail``, ``err(10008)``, …
        total: followers that were listed.
        filtered: of these, with a mass message left this month.
        sent: of these, reached.
        errors: of these, not reached.
    """

    msgid: str
    status: str
    total: int
    filtered: int
    sent: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One message or event from WeChat, verified and decrypted.

    Args:
        to_user: our account's original id, ``gh_…``.
        openid: the person it is about, as this account knows him.
        created_at: WeChat's own time, aware UTC.
        msg_type: text, image, …; ``event`` for events.
        event: the event, spelled as WeChat does (``subscribe``, ``SCAN``, ``TEMPLATESENDJOBFINISH``).
        event_key: menu key, page, or scene (with ``qrscene_`` before it in a subscribe event).
        ticket: ticket of the QR code that was scanned.
        content: text of a text message.
        msg_id: number of a message; events have none.
        template_msgid: the message a TEMPLATESENDJOBFINISH reports on.
        template_status: its end without blanks: ``success``, ``failed:userblock``, ``failed:systemfailed``, …
        subscriptions: templates of a subscribe_msg event.
        mass: the end of a mass message, in a MASSSENDJOBFINISH.
        raw: every plain field of the push, cut to what is reasonable.
    """

    to_user: str
    openid: str = field(repr=False)
    created_at: datetime
    msg_type: str
    event: str | None
    event_key: str | None = field(repr=False)
    ticket: str | None = field(repr=False)
    content: str | None = field(repr=False)
    msg_id: str | None
    template_msgid: str | None
    template_status: str | None
    subscriptions: tuple[SubscribeResult, ...]
    mass: MassResult | None = None
    raw: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def scene(self) -> str | None:
        """The scene of the QR code through which the person came, if he came through one."""
        if self.ticket is None or not self.event_key:
            return None
        return self.event_key.removeprefix(_SCENE_PREFIX)

    @property
    def opens(self) -> str | None:
        """What the person did that lets us write to him for a while: message, click, follow or scan."""
        if self.msg_type != "event":
            return "message"
        if self.event in _CLICKS:
            return "click"
        if self.event == "SCAN" or (self.event == "subscribe" and self.scene is not None):
            return "scan"
        return "follow" if self.event == "subscribe" else None

    @property
    def dedupe_key(self) -> str:
        """The same for every delivery of one push, different for any other: 32 hexadecimal digits.

        Messages are known by MsgId, events by person and second
        (developers.weixin.qq.com: 关于重试的消息排重). Two events of one person in one second are told apart
        by what they are about.
        """
        parts = [self.to_user, self.openid, str(int(self.created_at.timestamp())), self.msg_type]
        if self.msg_id is not None:
            parts.append(self.msg_id)
        else:
            parts += [self.event or "", self.event_key or "", self.content or ""]
            parts += [self.template_msgid or "", self.raw.get("RevokeInfo", "")]
            # Mass messages that end in one second all come from WeChat's own helper.
            parts += [self.mass.msgid] if self.mass is not None else []
            parts += [f"{one.template_id} {one.status} {one.scene} {one.msgid}" for one in self.subscriptions]
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def read_tree(body: bytes) -> tuple[Tree, bool]:
    """Read a body into names and values, and say whether it was JSON.

    Elements become texts, or trees when they hold elements; a repeated element becomes a list.

    Raises:
        CallbackRejected: neither XML below ``<xml>`` nor a JSON object, not UTF-8, with a DOCTYPE, too deep.
    """
    text = body.lstrip()
    if text.startswith(b"{"):
        return _read_json(text), True
    return _read_xml(text), False


def _read_json(body: bytes) -> Tree:
    try:
        tree = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise CallbackRejected(RejectReason.MALFORMED) from None
    if not isinstance(tree, dict):
        raise CallbackRejected(RejectReason.MALFORMED)
    return tree


def _read_xml(body: bytes) -> Tree:
    try:
        # As text: an encoding declared in the XML would otherwise be obeyed.
        root = SafeTree.fromstring(body.decode("utf-8"), forbid_dtd=True)
    except (SafeTree.ParseError, DefusedXmlException, ValueError):
        raise CallbackRejected(RejectReason.MALFORMED) from None
    if root.tag != "xml":
        raise CallbackRejected(RejectReason.MALFORMED)
    tree = _branch(root, MAX_DEPTH)
    return tree if isinstance(tree, dict) else {}


def _branch(element: Any, depth: int) -> Tree | str:
    if depth == 0:
        raise CallbackRejected(RejectReason.MALFORMED)
    if len(element) == 0:
        return element.text or ""
    tree: Tree = {}
    for child in element:
        value = _branch(child, depth - 1)
        if child.tag not in tree:
            tree[child.tag] = value
        elif isinstance(tree[child.tag], list):
            tree[child.tag].append(value)
        else:
            tree[child.tag] = [tree[child.tag], value]
    return tree


def scalar(tree: Tree, name: str) -> str | None:
    """Return one field as text; None when it is missing or empty.

    Raises:
        CallbackRejected: it stands there twice, or holds other fields.
    """
    value = tree.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        return _whole(value)
    raise CallbackRejected(RejectReason.MALFORMED)


def _whole(value: str | int) -> str:
    # JSON can write half of a character (\\ud83d alone), which no database stores.
    return str(value).encode("utf-8", "replace").decode()


def _required(tree: Tree, name: str) -> str:
    value = scalar(tree, name)
    if value is None:
        raise CallbackRejected(RejectReason.MALFORMED)
    return value


def read_push(tree: Tree) -> Push:
    """Understand one decrypted push.

    Raises:
        CallbackRejected: a field without which nothing can be done is missing or senseless.
    """
    msg_type = _required(tree, "MsgType")
    event = _required(tree, "Event") if msg_type == "event" else None
    finished = event == "TEMPLATESENDJOBFINISH"
    status = scalar(tree, "Status") if finished else None
    openid = _required(tree, "OpenID" if event in _PERSON_IN_OPENID else "FromUserName")
    if not _OPENID.fullmatch(openid):
        raise CallbackRejected(RejectReason.MALFORMED)
    return Push(
        to_user=_required(tree, "ToUserName"),
        openid=openid,
        created_at=_moment(_required(tree, "CreateTime")),
        msg_type=msg_type,
        event=event,
        event_key=scalar(tree, "EventKey"),
        ticket=scalar(tree, "Ticket"),
        content=scalar(tree, "Content"),
        msg_id=scalar(tree, "MsgId") if event is None else None,
        template_msgid=_required(tree, "MsgID") if finished else None,
        template_status=status.replace(" ", "") if status else None,
        subscriptions=_subscriptions(tree, event),
        mass=_mass(tree) if event == "MASSSENDJOBFINISH" else None,
        raw=_raw(tree),
    )


def _moment(seconds: str) -> datetime:
    if not _NUMBER.fullmatch(seconds) or not _EARLIEST <= int(seconds) < _LATEST:
        raise CallbackRejected(RejectReason.MALFORMED)
    return datetime.fromtimestamp(int(seconds), UTC)


def _subscriptions(tree: Tree, event: str | None) -> tuple[SubscribeResult, ...]:
    block = _SUBSCRIBE_BLOCKS.get(event or "")
    if block is None:
        return ()
    # XML wraps the list; JSON has it on top, as an object when there is one, as an array when more.
    inner = tree.get(block, tree)
    found = inner.get("List", []) if isinstance(inner, dict) else []
    results: list[Any] = found if isinstance(found, list) else [found]
    if len(results) > MAX_RESULTS or not all(isinstance(one, dict) for one in results):
        raise CallbackRejected(RejectReason.MALFORMED)
    return tuple(_result(one) for one in results)


def _result(one: Tree) -> SubscribeResult:
    code = scalar(one, "ErrorCode")
    if code is not None and not _NUMBER.fullmatch(code.removeprefix("-")):
        raise CallbackRejected(RejectReason.MALFORMED)
    return SubscribeResult(
        template_id=_required(one, "TemplateId"),
        status=scalar(one, "SubscribeStatusString"),
        scene=scalar(one, "PopupScene"),
        msgid=scalar(one, "MsgID"),
        error_code=None if code is None else int(code),
        error_status=scalar(one, "ErrorStatus"),
    )


def _mass(tree: Tree) -> MassResult:
    return MassResult(
        msgid=_required(tree, "MsgID"),
        status=_required(tree, "Status"),
        total=_count(tree, "TotalCount"),
        filtered=_count(tree, "FilterCount"),
        sent=_count(tree, "SentCount"),
        errors=_count(tree, "ErrorCount"),
    )


def _count(tree: Tree, name: str) -> int:
    value = scalar(tree, name) or "0"
    # What is no number of people is no reason to lose the other numbers.
    return int(value) if _PEOPLE.fullmatch(value) else 0


def _raw(tree: Tree) -> Mapping[str, str]:
    plain = [(_whole(name), _whole(value)) for name, value in tree.items() if isinstance(value, str | int)]
    kept = [(name, value[:MAX_RAW_CHARS]) for name, value in plain if len(name) <= MAX_RAW_CHARS]
    return MappingProxyType(dict(kept[:MAX_RAW_FIELDS]))
