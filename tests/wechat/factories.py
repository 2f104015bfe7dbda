"""Accounts of the federation, and pushes sealed as WeChat seals them."""

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.wechat.account import WeChatAccount
from app.wechat.callback import CallbackRejected, Push, RejectReason, open_push

NOW = datetime(2026, 9, 14, 9, 30, tzinfo=UTC)
OPENID = "oGuardian_of-Wang000000000001"
NONCE = "415670741"

MINI = WeChatAccount(
    appid="wxmini0000000001",
    secret="mini-secret",
    token="mini-token",
    aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    json_pushes=True,
)
OFFICIAL = WeChatAccount(
    appid="wxofficial000001",
    secret="official-secret",
    token="official-token",
    aes_key="GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba",
)


def seconds(moment: datetime = NOW) -> str:
    return str(int(moment.timestamp()))


def sha1_of(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's rule


def padded(content: bytes) -> bytes:
    count = 32 - len(content) % 32
    return content + bytes([count]) * count


def encrypted(account: WeChatAccount, whole: bytes) -> str:
    """Encrypt bytes that are padded already, right or wrong."""
    encryptor = Cipher(algorithms.AES(account.key), modes.CBC(account.key[:16])).encryptor()
    return base64.b64encode(encryptor.update(whole) + encryptor.finalize()).decode()


def sealed(account: WeChatAccount, plain: str | bytes, *, appid: str | None = None) -> str:
    content = plain.encode() if isinstance(plain, str) else plain
    trailing = (account.appid if appid is None else appid).encode()
    return encrypted(account, padded(b"R" * 16 + len(content).to_bytes(4, "big") + content + trailing))


@dataclass(frozen=True)
class Delivery:
    """One POST to a callback address."""

    query: dict[str, str]
    body: bytes

    def with_query(self, **changes: str) -> "Delivery":
        return replace(self, query=self.query | changes)

    def without_query(self, *names: str) -> "Delivery":
        return replace(self, query={name: value for name, value in self.query.items() if name not in names})


def delivery_of(
    account: WeChatAccount, seal: str, *, as_json: bool = False, moment: datetime = NOW
) -> Delivery:
    timestamp = seconds(moment)
    query = {
        "signature": sha1_of(account.token, timestamp, NONCE),
        "timestamp": timestamp,
        "nonce": NONCE,
        "openid": OPENID,
        "encrypt_type": "aes",
        "msg_signature": sha1_of(account.token, timestamp, NONCE, seal),
    }
    if as_json:
        body = json.dumps({"ToUserName": "gh_1", "Encrypt": seal})
    else:
        body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{seal}]]></Encrypt></xml>"
    return Delivery(query, body.encode())


def delivered(account: WeChatAccount, plain: str | bytes, **how: Any) -> Delivery:
    return delivery_of(account, sealed(account, plain), **how)


def xml_push(**fields: str) -> str:
    """Write a push as XML; a value that begins with ``<`` stands as it is."""
    whole = {"ToUserName": "gh_1", "FromUserName": OPENID, "CreateTime": seconds()} | fields
    inside = "".join(
        f"<{name}>{value if value.startswith('<') else f'<![CDATA[{value}]]>'}</{name}>"
        for name, value in whole.items()
        if value
    )
    return f"<xml>{inside}</xml>"


def json_push(**fields: Any) -> str:
    whole = {"ToUserName": "gh_1", "FromUserName": OPENID, "CreateTime": seconds()} | fields
    return json.dumps(whole, ensure_ascii=False)


def event(name: str, **fields: str) -> str:
    return xml_push(MsgType="event", Event=name, **fields)


TEXT = xml_push(MsgType="text", Content="低保怎么申请", MsgId="23456789012345678")


def opened(account: WeChatAccount, delivery: Delivery, now: datetime = NOW) -> Push:
    return open_push(account=account, query=delivery.query, body=delivery.body, now=now)


def refused(account: WeChatAccount, delivery: Delivery, now: datetime = NOW) -> RejectReason:
    with pytest.raises(CallbackRejected) as caught:
        opened(account, delivery, now)
    return caught.value.reason
