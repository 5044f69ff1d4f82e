"""ETag and If-Match: the version a caller has read."""

import hashlib

from flask import request
from pydantic import BaseModel

from campaign.kit.errors import Stale
from campaign.kit.numbers import whole


def etag(version: int, told: int | None = None) -> str:
    """The ETag header of a version; `told` marks what is told beside it, which If-Match does not mind."""
    return f'"v{version}"' if told is None else f'"v{version}-{told}"'


def etag_of(body: BaseModel) -> str:
    """The ETag of what has no version, since it is counted anew: what it says."""
    return f'"{hashlib.sha256(body.model_dump_json(by_alias=True).encode()).hexdigest()[:32]}"'


def expect(version: int) -> None:
    """Raises Stale where the caller has read another version: for what changes no version itself."""
    if expected_version() not in (None, version):
        raise Stale


def expected_version() -> int | None:
    """The version in If-Match; None without the header or with "*". Anything else unknown is Stale."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    given = given.strip().removeprefix("W/").strip('"')
    version = whole(given.removeprefix("v").partition("-")[0], 18) if given.startswith("v") else None
    if version is None:
        raise Stale
    return version
