"""Secrets encrypted at rest, and subkeys of the one secret key of the installation."""

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE_BYTES = 12


class Unsealable(Exception):
    """The sealed bytes were changed, belong elsewhere, or were sealed under another secret key."""


@lru_cache(maxsize=64)
def derive(secret_key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose; knowing it tells nothing of the others (HKDF-SHA256)."""
    return HKDF(SHA256(), length=32, salt=None, info=f"xinji-live/{purpose}".encode()).derive(secret_key)


def seal(secret_key: bytes, text: str, *, context: str) -> bytes:
    """Encrypt `text` (AES-256-GCM). `context` says what it is a secret of and must be the same to unseal."""
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(derive(secret_key, "sealing"))
    return _VERSION + nonce + cipher.encrypt(nonce, text.encode(), context.encode())


def unseal(secret_key: bytes, sealed: bytes, *, context: str) -> str:
    """The text that was sealed. Raises Unsealable."""
    if len(sealed) <= 1 + _NONCE_BYTES or sealed[:1] != _VERSION:
        raise Unsealable
    nonce, hidden = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(derive(secret_key, "sealing")).decrypt(nonce, hidden, context.encode()).decode()
    except InvalidTag as error:
        raise Unsealable from error
