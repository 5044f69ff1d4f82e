"""Signatures in and out: Standard Webhooks, TikTok Shop, Douyin, and our own signed links. No I/O.

Sources: the Standard Webhooks specification (id.timestamp.body, HMAC-SHA256, base64); TikTok Shop and
Douyin shop push documentation. Every comparison takes the same time whatever was given.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from datetime import datetime

from campaign.kit.errors import DomainError, NotFound
from campaign.kit.sealing import derive

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix, not a secret
_SECRET_BYTES = 32
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z", re.ASCII)
_LONGEST_ID = 256


class BadSignature(DomainError):
    """The request is not signed by whom it claims, or not now."""

    status = 401
    code = "bad_signature"


class BadLink(NotFound):
    """The link was changed, revoked or is too old: it looks as if it had never been."""


def new_secret() -> str:
    """A fresh Standard Webhooks secret, 256 bits, written whsec_ and base64."""
    return SECRET_PREFIX + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key within a whsec_ secret (the prefix may be missing). Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("secret") from error
    if not key:
        raise ValueError("secret")
    return key


def sign(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The webhook-signature header: one `v1,…` per secret, separated by spaces."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_mac(key_of(secret), content)}" for secret in secrets)


def signed_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three Standard Webhooks headers. `timestamp` in seconds since 1970."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secrets, message_id, timestamp, body),
    }


def verify(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    tolerance_seconds: int = 300,
) -> str:
    """Check a Standard Webhooks request over its raw body; returns its webhook-id. Raises BadSignature.

    Header names in any case. Any one of `secrets` and of the signatures sent is enough (rotation).
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get("webhook-id", "")
    timestamp = given.get("webhook-timestamp", "")
    if not 0 < len(message_id) <= _LONGEST_ID or not _TIMESTAMP.match(timestamp):
        raise BadSignature
    if abs(now.timestamp() - int(timestamp)) > tolerance_seconds:
        raise BadSignature
    content = f"{message_id}.{timestamp}.".encode() + body
    wanted = [f"v1,{_mac(key_of(secret), content)}".encode() for secret in secrets]
    sent = given.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")
    # No early way out: how long it takes tells nothing about which secret or signature came close.
    found = [hmac.compare_digest(one, other) for one in wanted for other in sent]
    if not any(found):
        raise BadSignature
    return message_id


def tiktok_shop_signature(app_key: str, app_secret: str, body: bytes) -> str:
    """What TikTok Shop sends as Authorization: lowercase hex HMAC-SHA256(secret, app_key + raw body)."""
    return hmac.new(app_secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()


def douyin_signature(app_key: str, app_secret: str, body: bytes) -> str:
    """What the Douyin shop sends as event-sign: md5 hex of app_key + raw body + app_secret.

    MD5 is the platform's choice and weak: the path carries a secret token besides.
    """
    text = app_key.encode() + body + app_secret.encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def matches(expected: str, given: str | None) -> bool:
    """Whether two signatures or tokens are the same, in constant time."""
    return hmac.compare_digest(expected.encode(), (given or "").encode("utf-8", "replace"))


def link_token(secret_key: bytes, purpose: str, *numbers: int, expires_at: datetime | None = None) -> str:
    """A token for a signed link, URL safe and short enough for a QR code.

    `purpose` keeps a token for one kind of link from opening another; put a revision among `numbers`
    so that raising it revokes what was handed out.
    """
    until = int(expires_at.timestamp()) if expires_at is not None else 0
    body = "-".join(f"{number:x}" for number in (until, *numbers))
    return f"{body}.{_link_mac(secret_key, purpose, body)}"


def read_link_token(secret_key: bytes, purpose: str, token: str, now: datetime) -> tuple[int, ...]:
    """The numbers of a link token. Raises BadLink when forged, for another purpose, or expired."""
    body, _, mac = token.partition(".")
    if not matches(_link_mac(secret_key, purpose, body), mac):
        raise BadLink
    until, *numbers = (int(part, 16) for part in body.split("-"))
    if until and now.timestamp() >= until:
        raise BadLink
    return tuple(numbers)


def _link_mac(secret_key: bytes, purpose: str, body: str) -> str:
    key = derive(secret_key, f"link/{purpose}")
    mac = hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def _mac(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()
