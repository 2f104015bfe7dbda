"""One account that the federation holds with WeChat: a mini program 小程序 or a service account 服务号."""

import base64
from dataclasses import dataclass, field

AES_KEY_CHARS = 43
AES_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatAccount:
    """Name and secrets of one account, as its page under 开发设置 shows them.

    Args:
        appid: public name of the account, ``wx…``.
        secret: AppSecret, with which access tokens are fetched.
        token: the word both sides mix into callback signatures (消息推送 Token).
        aes_key: EncodingAESKey, 43 characters.
        json_pushes: the account may be set to push JSON (数据格式 JSON). Only mini programs can be; a service
            account pushes XML only (developers.weixin.qq.com/doc/service/guide/dev/push).

    Raises:
        ValueError: the key is not 43 characters that stand for 32 bytes.
    """

    appid: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    json_pushes: bool = False
    key: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _aes_bytes(self.aes_key))


def _aes_bytes(aes_key: str) -> bytes:
    if len(aes_key) != AES_KEY_CHARS:
        raise ValueError("EncodingAESKey must have 43 characters")
    try:
        # Not strict: a random 43rd character may carry bits beyond the 32nd byte, and WeChat ignores them.
        key = base64.b64decode(aes_key + "=")
    except ValueError:  # binascii.Error, or characters beyond ASCII
        raise ValueError("EncodingAESKey is not base64") from None
    if len(key) != AES_KEY_BYTES:
        raise ValueError("EncodingAESKey must stand for 32 bytes")
    return key
