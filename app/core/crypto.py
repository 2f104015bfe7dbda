"""Personal data at rest: sealed values and blind indexes.

A sealed value is ASCII text, `enc:v1:<key id>:<nonce>.<ciphertext and tag>`, so that it survives every
database and driver unchanged and a retired key can be found by a plain text search. The algorithm version
and the key id stand in each value: SM4-GCM and an HSM can follow without rewriting the table.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED_PREFIX = "enc:v1:"
_NONCE_BYTES = 12


class SealBroken(Exception):
    """A stored value does not open: wrong key, wrong column, or somebody changed it."""


@dataclass(frozen=True)
class Keyring:
    """The keys of one installation; `current` seals, all of them open.

    Args:
        current: id of the key that seals new values.
        ciphers: AES-256-GCM by key id.
        index_key: for blind indexes only; whoever holds it can test guesses, so it is never in the database.
        chain_key: for the digests of the audit trail.
    """

    current: str
    ciphers: Mapping[str, AESGCM]
    index_key: bytes
    chain_key: bytes

    @classmethod
    def parse(cls, *, field_keys: str, index_key: str, secret_key: str) -> "Keyring":
        """Read `id:base64,…` pairs; raises ValueError when a key is not 32 bytes."""
        ciphers: dict[str, AESGCM] = {}
        # Told by place: without its colon the key itself would stand where the id should.
        for place, pair in enumerate(field_keys.split(","), start=1):
            key_id, _, encoded = pair.strip().partition(":")
            try:
                raw = base64.b64decode(encoded, validate=True)
            except ValueError:  # binascii.Error, or characters beyond ASCII
                raise ValueError(f"field key {place} is not id:base64") from None
            if len(raw) != 32:  # noqa: PLR2004
                raise ValueError(f"field key {place} has {len(raw)} bytes, AES-256 needs 32")
            ciphers[key_id] = AESGCM(raw)
        return cls(
            current=next(iter(ciphers)),
            ciphers=ciphers,
            index_key=hashlib.sha256(index_key.encode()).digest(),
            chain_key=hashlib.sha256(secret_key.encode()).digest(),
        )

    def seal(self, plain: str, *, place: str) -> str:
        """Encrypt one value for one column (`table.column`), which it cannot leave."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self.ciphers[self.current].encrypt(nonce, plain.encode(), place.encode())
        return f"{SEALED_PREFIX}{self.current}:{_text(nonce)}.{_text(sealed)}"

    def open(self, sealed: str, *, place: str) -> str:
        """Decrypt one value of one column; raises SealBroken."""
        try:
            key_id, _, rest = sealed.removeprefix(SEALED_PREFIX).rpartition(":")
            nonce, _, ciphertext = rest.partition(".")
            return self.ciphers[key_id].decrypt(_raw(nonce), _raw(ciphertext), place.encode()).decode()
        except (KeyError, InvalidTag, binascii.Error, ValueError) as error:
            raise SealBroken(f"a value of {place} does not open") from error

    def blind_index(self, value: str, *, label: str) -> str:
        """Return 64 hex digits that find an equal value without telling it; normalise before calling."""
        return hmac.new(self.index_key, f"{label}\0{value}".encode(), hashlib.sha256).hexdigest()


_keyring: Keyring | None = None


def use_keyring(keyring: Keyring) -> None:
    """Set the keys of this process; bootstrap and the test session call it once."""
    global _keyring  # noqa: PLW0603 - model fields are built at import, long before settings are read
    _keyring = keyring


def keyring() -> Keyring:
    """Return the keys of this process."""
    if _keyring is None:
        raise RuntimeError("use_keyring() has not been called")
    return _keyring


def hash_token(token: str) -> str:
    """Return what is stored of a bearer token or one-time code that has at least 128 bits of its own."""
    return hashlib.sha256(token.encode()).hexdigest()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
