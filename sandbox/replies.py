"""What the product answers to a push: nothing, `success`, or an encrypted passive reply that is shown."""

import hmac
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sandbox.crypto import Garbled, MessageCrypto
from sandbox.events import Event

FAULT_NOTICE = "该公众号提供的服务出现故障，请稍后再试"
_EMPTY = ("", "success")
_MEDIA = {"image", "voice", "video", "music"}


class BadReply(Exception):
    """The answer is not one WeChat understands; the user sees that the service is out of order."""


def read_reply(body: bytes, event: Event, crypto: MessageCrypto) -> dict[str, Any] | None:
    """The passive reply as shown to the user, or None when the answer says only "received".

    Raises:
        BadReply: not encrypted, wrongly signed, for somebody else, or of a kind that does not exist.
    """
    text = body.decode(errors="replace").strip()
    if text in _EMPTY:
        return None
    envelope = _parse(text)
    encrypted = _text(envelope, "Encrypt")
    expected = crypto.sign(
        timestamp=_text(envelope, "TimeStamp"), nonce=_text(envelope, "Nonce"), encrypted=encrypted
    )
    if not hmac.compare_digest(expected, _text(envelope, "MsgSignature")):
        raise BadReply("the reply's MsgSignature is wrong")
    try:
        message = _parse(crypto.decrypt(encrypted))
    except Garbled as error:
        raise BadReply(f"the reply cannot be decrypted: {error}") from error
    return _shown(message, event)


def _shown(message: Element, event: Event) -> dict[str, Any] | None:
    ends = (_text(message, "ToUserName"), _text(message, "FromUserName"))
    if ends != (event.openid, event.account.original_id):
        raise BadReply("the reply is addressed to somebody else")
    if not _text(message, "CreateTime").isdigit():
        raise BadReply("the reply's CreateTime is no number")
    kind = _text(message, "MsgType")
    if kind == "text":
        return {"type": "text", "text": _text(message, "Content")}
    if kind == "news":
        return {"type": "news", "articles": _articles(message)}
    if kind in _MEDIA:
        return {"type": kind}
    if kind == "transfer_customer_service":
        return None
    raise BadReply(f"the reply's MsgType is {kind}")


def _articles(message: Element) -> list[dict[str, str]]:
    items = message.findall("Articles/item")
    if not items or str(len(items)) != _text(message, "ArticleCount"):
        raise BadReply("the reply's ArticleCount does not fit its articles")
    names = ("Title", "Description", "PicUrl", "Url")
    return [{name.lower(): item.findtext(name, "") for name in names} for item in items]


def _parse(text: str) -> Element:
    try:
        root: Element = fromstring(text)
    except (ParseError, DefusedXmlException) as error:
        raise BadReply("the reply is no XML") from error
    if root.tag != "xml":
        raise BadReply("the reply's root is not <xml>")
    return root


def _text(node: Element, name: str) -> str:
    value = node.findtext(name)
    if value is None:
        raise BadReply(f"the reply has no {name}")
    return value
