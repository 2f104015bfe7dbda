"""The envelope around what WeChat posts to us in secure mode: signature, cipher, and whose it is.

wechatpy's parts are used where they are sound: `WeChatSigner`, `WeChatCipher`, `PKCS7Encoder.encode`. Its
`WeChatCrypto` is not: it compares signatures character by character with ``!=`` (time tells how many were
right), does not look at the padding, answers a damaged text with IndexError, struct.error or KeyError, and
fills the first 16 bytes from `random`, which can be foretold.
"""

import base64
import hmac
import secrets
import struct
from enum import StrEnum

from wechatpy.crypto.base import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder
from wechatpy.utils import WeChatSigner

from app.wechat.account import WeChatAccount

RANDOM_BYTES = 16
LENGTH_BYTES = 4
AES_BLOCK = 16
# WeChat pads to 32 bytes, not to the 16 of AES.
LONGEST_PADDING = 32


class RejectReason(StrEnum):
    """Why a push is not believed."""

    TOO_LARGE = "too_large"
    UNSIGNED = "unsigned"
    STALE = "stale"
    SIGNATURE = "signature"
    CIPHERTEXT = "ciphertext"
    APPID = "appid"
    MALFORMED = "malformed"


class CallbackRejected(Exception):
    """A request to a callback address that did not come from WeChat, or not whole.

    Args:
        reason: what was wrong with it; the text never repeats what was sent.
    """

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def signature_of(*parts: str) -> str:
    """Return WeChat's signature: SHA-1 of the parts, sorted and joined."""
    signer = WeChatSigner()
    signer.add_data(*(part.encode("utf-8", "surrogatepass") for part in parts))
    return str(signer.signature)


def same(left: str, right: str) -> bool:
    """Compare two texts in a time that tells nothing about where they differ."""
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


def unseal(*, account: WeChatAccount, sealed: str) -> bytes:
    """Decrypt what is addressed to this account. Check the signature over ``sealed`` first.

    Raises:
        CallbackRejected: not base64, not whole blocks, wrong padding or length, or another account's.
    """
    try:
        cipher = base64.b64decode(sealed, validate=True)
    except ValueError:  # binascii.Error, or characters beyond ASCII
        raise CallbackRejected(RejectReason.CIPHERTEXT) from None
    if not cipher or len(cipher) % AES_BLOCK:
        raise CallbackRejected(RejectReason.CIPHERTEXT)
    padded = WeChatCipher(account.key).decrypt(cipher)
    content = _unpadded(padded)[RANDOM_BYTES:]
    if len(content) < LENGTH_BYTES:
        raise CallbackRejected(RejectReason.CIPHERTEXT)
    (length,) = struct.unpack(">I", content[:LENGTH_BYTES])
    end = LENGTH_BYTES + length
    if end > len(content):
        raise CallbackRejected(RejectReason.CIPHERTEXT)
    if not hmac.compare_digest(content[end:], account.appid.encode()):
        raise CallbackRejected(RejectReason.APPID)
    return content[LENGTH_BYTES:end]


def _unpadded(padded: bytes) -> bytes:
    count = padded[-1]
    if not 1 <= count <= min(LONGEST_PADDING, len(padded)):
        raise CallbackRejected(RejectReason.CIPHERTEXT)
    if padded[-count:] != bytes([count]) * count:
        raise CallbackRejected(RejectReason.CIPHERTEXT)
    return padded[:-count]


def seal(*, account: WeChatAccount, content: bytes, random: bytes | None = None) -> str:
    """Encrypt what this account answers; ``random`` (16 bytes) is drawn when not given."""
    first = secrets.token_hex(RANDOM_BYTES // 2).encode() if random is None else random
    if len(first) != RANDOM_BYTES:
        raise ValueError("the random beginning has 16 bytes")
    whole = first + struct.pack(">I", len(content)) + content + account.appid.encode()
    return base64.b64encode(WeChatCipher(account.key).encrypt(PKCS7Encoder.encode(whole))).decode()
