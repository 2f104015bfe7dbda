"""WeChat's message encryption (消息加解密), written from the published description.

AES-256-CBC, key = base64(EncodingAESKey + "="), iv = key[:16], PKCS7 with a block of 32 bytes, plain text =
16 random bytes + 4-byte big-endian length + message + appid.
"""

import base64
import binascii
import hmac
import secrets
import struct
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32
_AES_BLOCK = 16
_HEAD = 20


class Garbled(Exception):
    """This text was not made with this account's key."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts joined: (token, timestamp, nonce) or those and the encrypted text."""
    return sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat fixes the algorithm


class MessageCrypto:
    """Encrypts, decrypts and signs the messages of one account."""

    def __init__(self, *, token: str, aes_key: str, appid: str) -> None:
        self._token = token
        self._appid = appid.encode()
        key = base64.b64decode(aes_key + "=")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def sign(self, *, timestamp: str, nonce: str, encrypted: str = "") -> str:
        """`signature` without, `msg_signature` with the encrypted text."""
        parts = (self._token, timestamp, nonce, encrypted) if encrypted else (self._token, timestamp, nonce)
        return signature(*parts)

    def encrypt(self, message: str, *, salt: bytes | None = None) -> str:
        """Encrypt one message; `salt` is the 16 random bytes, given only to repeat a known result."""
        body = message.encode()
        plain = (salt or secrets.token_hex(8).encode()) + struct.pack(">I", len(body)) + body + self._appid
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Decrypt one message and check the trailing appid.

        Raises:
            Garbled: not base64, not whole blocks, wrong padding, wrong length or another account's message.
        """
        try:
            cipher_text = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Garbled("not base64") from error
        if not cipher_text or len(cipher_text) % _AES_BLOCK:
            raise Garbled("not whole blocks")
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(cipher_text) + decryptor.finalize()
        pad = padded[-1]
        if not 1 <= pad <= _BLOCK or padded[-pad:] != bytes([pad]) * pad:
            raise Garbled("wrong padding")
        return self._message(padded[:-pad])

    def _message(self, plain: bytes) -> str:
        if len(plain) < _HEAD:
            raise Garbled("too short")
        end = _HEAD + struct.unpack(">I", plain[16:_HEAD])[0]
        if end > len(plain) or not hmac.compare_digest(plain[end:], self._appid):
            raise Garbled("made for another appid")
        try:
            return plain[_HEAD:end].decode()
        except UnicodeDecodeError as error:
            raise Garbled("not UTF-8") from error
