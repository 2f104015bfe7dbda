"""Pushes as WeChat seals and signs them, and its way of reading our replies; from the documents alone."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.accounts.enums import WeChatApp
from app.accounts.models import WeChatIdentity
from app.core.settings import WeChatAccountSettings
from app.people.models import Guardian
from tests.accounts.factories import make_identity
from tests.conftest import NOW
from tests.people.factories import make_beneficiary, make_consent, make_guardian

OPENID = "oMother_of-Zhang0000000000001"
GH = "gh_97417a04a28d"
NONCE = "415670741"


@dataclass(frozen=True)
class Delivery:
    """One POST of WeChat's; sending it again is what WeChat calls a retry."""

    query: dict[str, str]
    body: bytes

    def without(self, *names: str) -> "Delivery":
        return replace(self, query={name: value for name, value in self.query.items() if name not in names})

    def with_query(self, **changes: str) -> "Delivery":
        return replace(self, query=self.query | changes)

    async def post(self, client: httpx.AsyncClient, path: str = "/wechat/official") -> httpx.Response:
        return await client.post(path, params=self.query, content=self.body)


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's rule


def _cipher(account: WeChatAccountSettings) -> Cipher[modes.CBC]:
    key = base64.b64decode(account.aes_key.get_secret_value() + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def sealed(account: WeChatAccountSettings, plain: str, *, appid: str | None = None) -> str:
    content = plain.encode()
    whole = b"R" * 16 + len(content).to_bytes(4, "big") + content + (appid or account.appid).encode()
    count = 32 - len(whole) % 32
    encryptor = _cipher(account).encryptor()
    return base64.b64encode(encryptor.update(whole + bytes([count]) * count) + encryptor.finalize()).decode()


def delivery(
    account: WeChatAccountSettings, plain: str, *, at: datetime = NOW, appid: str | None = None
) -> Delivery:
    """Seal one push, XML or JSON, in the wrapping that goes with it."""
    encrypt = sealed(account, plain, appid=appid)
    token, seconds = account.token.get_secret_value(), str(int(at.timestamp()))
    query = {
        "signature": signature(token, seconds, NONCE),
        "timestamp": seconds,
        "nonce": NONCE,
        "openid": OPENID,
        "encrypt_type": "aes",
        "msg_signature": signature(token, seconds, NONCE, encrypt),
    }
    if plain.startswith("{"):
        return Delivery(query, json.dumps({"ToUserName": GH, "Encrypt": encrypt}).encode())
    wrapped = f"<xml><ToUserName>{GH}</ToUserName><Encrypt>{encrypt}</Encrypt></xml>"
    return Delivery(query, wrapped.encode())


def xml(inner: str, *, msg_type: str = "event", openid: str = OPENID, at: datetime = NOW) -> str:
    return (
        f"<xml><ToUserName>{GH}</ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType>{msg_type}</MsgType>{inner}</xml>"
    )


def text(content: str, **overrides: Any) -> str:
    msg_id = overrides.pop("msg_id", None) or str(secrets.randbits(63))
    words = content.replace("]]>", "]]]]><![CDATA[>")
    inner = f"<Content><![CDATA[{words}]]></Content><MsgId>{msg_id}</MsgId>"
    return xml(inner, msg_type="text", **overrides)


def event(name: str, inner: str = "", **overrides: Any) -> str:
    return xml(f"<Event>{name}</Event>{inner}", **overrides)


def scan(scene: str, *, follows: bool = True, **overrides: Any) -> str:
    """Scan a code as a follower, or follow by it."""
    key = scene if follows else f"qrscene_{scene}"
    inner = f"<EventKey><![CDATA[{key}]]></EventKey><Ticket>gQH47joAAAAAAAAAASxodHRwOi8v</Ticket>"
    return event("SCAN" if follows else "subscribe", inner, **overrides)


def template_receipt(msgid: str, status: str = "success", **overrides: Any) -> str:
    return event(
        "TEMPLATESENDJOBFINISH", f"<MsgID>{msgid}</MsgID><Status><![CDATA[{status}]]></Status>", **overrides
    )


def subscribe_event(kind: str, *entries: dict[str, str], **overrides: Any) -> str:
    """Write a popup, change or sent event with one entry per template."""
    lists = "".join(
        "<List>" + "".join(f"<{name}>{value}</{name}>" for name, value in entry.items()) + "</List>"
        for entry in entries
    )
    block = f"SubscribeMsg{kind.capitalize()}Event"
    return event(f"subscribe_msg_{kind}_event", f"<{block}>{lists}</{block}>", **overrides)


@dataclass(frozen=True)
class ReadReply:
    """What the person's phone shows."""

    to: str
    sender: str
    kind: str
    content: str


def read_reply(account: WeChatAccountSettings, answer: httpx.Response) -> ReadReply:
    """Check and decrypt a passive reply as WeChat does."""
    outer = {node.tag: node.text or "" for node in ET.fromstring(answer.content)}  # noqa: S314 - our own
    token = account.token.get_secret_value()
    assert outer["MsgSignature"] == signature(token, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"])
    decryptor = _cipher(account).decryptor()
    whole = decryptor.update(base64.b64decode(outer["Encrypt"])) + decryptor.finalize()
    whole = whole[: -whole[-1]]
    length = int.from_bytes(whole[16:20], "big")
    assert whole[20 + length :].decode() == account.appid
    inner = {node.tag: node.text or "" for node in ET.fromstring(whole[20 : 20 + length])}  # noqa: S314
    return ReadReply(inner["ToUserName"], inner["FromUserName"], inner["MsgType"], inner["Content"])


async def make_bound_guardian(*, openid: str = OPENID, **overrides: Any) -> Guardian:
    """Make a guardian of one beneficiary who follows, is bound and has agreed to policy notices."""
    beneficiary = overrides.pop("beneficiary", None) or await make_beneficiary()
    guardian = await make_guardian(beneficiary=beneficiary, **overrides)
    await make_identity(app=WeChatApp.OFFICIAL, openid=openid, guardian_id=guardian.id, follows=True)
    await make_consent(guardian)
    return guardian


async def follows(openid: str = OPENID) -> bool:
    identity = await WeChatIdentity.get_or_none(app=WeChatApp.OFFICIAL, openid=openid)
    return identity is not None and identity.follows
