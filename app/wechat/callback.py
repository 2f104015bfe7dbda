"""The callback addresses 消息推送: secure mode only, and one refusal for everything that is not WeChat's."""

import re
from collections.abc import Mapping
from datetime import datetime

from app.wechat.account import WeChatAccount
from app.wechat.envelope import CallbackRejected, RejectReason, same, seal, signature_of, unseal
from app.wechat.push import Push, read_push, read_tree, scalar

__all__ = ["CallbackRejected", "Push", "RejectReason", "check_url", "open_push", "seal_text_reply"]

MAX_BODY_BYTES = 64 * 1024
# WeChat repeats a push for some 20 seconds; the rest is for clocks that disagree.
MAX_AGE_SECONDS = 300
MAX_ECHO_CHARS = 256
MAX_QUERY_CHARS = 128

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
# What XML 1.0 does not allow, not even escaped.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check_url(*, account: WeChatAccount, query: Mapping[str, str]) -> str:
    """Return what WeChat wants to hear when an admin saves the callback address: its ``echostr``.

    Answer it verbatim as text/plain. This request is signed but not encrypted, in secure mode too.

    Raises:
        CallbackRejected: the signature is missing or wrong, or the echo is no plain word.
    """
    signature, timestamp, nonce = (_signed(query, name) for name in ("signature", "timestamp", "nonce"))
    if not same(signature, signature_of(account.token, timestamp, nonce)):
        raise CallbackRejected(RejectReason.SIGNATURE)
    # The signature does not cover the echo: it must be nothing that a browser could take for a page.
    echo = query.get("echostr", "")
    if not 1 <= len(echo) <= MAX_ECHO_CHARS or not echo.isascii() or not echo.isprintable() or "<" in echo:
        raise CallbackRejected(RejectReason.MALFORMED)
    return echo


def open_push(*, account: WeChatAccount, query: Mapping[str, str], body: bytes, now: datetime) -> Push:
    """Verify, decrypt and read one push.

    Args:
        account: whose callback address was called.
        query: the query of the request.
        body: the whole body, as it came.
        now: the present moment, aware.

    Raises:
        CallbackRejected: and nothing else, whatever was sent.
    """
    if len(body) > MAX_BODY_BYTES:
        raise CallbackRejected(RejectReason.TOO_LARGE)
    # A push in clear text is signed over time and nonce alone, so that anyone who saw one could write others:
    # 安全模式 takes msg_signature only.
    if query.get("encrypt_type") != "aes":
        raise CallbackRejected(RejectReason.UNSIGNED)
    signature, timestamp, nonce = (_signed(query, name) for name in ("msg_signature", "timestamp", "nonce"))
    outer, outer_is_json = read_tree(body)
    sealed = scalar(outer, "Encrypt")
    if sealed is None:
        raise CallbackRejected(RejectReason.UNSIGNED)
    if not same(signature, signature_of(account.token, timestamp, nonce, sealed)):
        raise CallbackRejected(RejectReason.SIGNATURE)
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > MAX_AGE_SECONDS:
        raise CallbackRejected(RejectReason.STALE)
    inner, inner_is_json = read_tree(unseal(account=account, sealed=sealed))
    if inner_is_json != outer_is_json or (inner_is_json and not account.json_pushes):
        raise CallbackRejected(RejectReason.MALFORMED)
    return read_push(inner)


def seal_text_reply(*, account: WeChatAccount, push: Push, text: str, now: datetime, nonce: str) -> bytes:
    """Return the answer to a push that shows the person a text at once (被动回复), encrypted.

    Args:
        account: whose callback address was called.
        push: what the person sent.
        text: what he reads.
        now: the present moment, aware.
        nonce: any word; WeChat's own may be sent back.
    """
    seconds = str(int(now.timestamp()))
    plain = (
        f"<xml><ToUserName>{_cdata(push.openid)}</ToUserName>"
        f"<FromUserName>{_cdata(push.to_user)}</FromUserName>"
        f"<CreateTime>{seconds}</CreateTime>"
        f"<MsgType>{_cdata('text')}</MsgType>"
        f"<Content>{_cdata(text)}</Content></xml>"
    )
    sealed = seal(account=account, content=plain.encode())
    clean_nonce = _NOT_XML.sub("", nonce)
    signature = signature_of(account.token, seconds, clean_nonce, sealed)
    return (
        f"<xml><Encrypt>{_cdata(sealed)}</Encrypt>"
        f"<MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{seconds}</TimeStamp>"
        f"<Nonce>{_cdata(clean_nonce)}</Nonce></xml>"
    ).encode()


def _signed(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not 1 <= len(value) <= MAX_QUERY_CHARS:
        raise CallbackRejected(RejectReason.UNSIGNED)
    return value


def _cdata(text: str) -> str:
    # A text that ends the section could go on with elements of its own, so that the end mark is cut in two.
    return f"<![CDATA[{_NOT_XML.sub('', text).replace(']]>', ']]]]><![CDATA[>')}]]>"
