"""ETag and If-Match: the version a caller has read."""

from flask import request

from campaign.kit.errors import Stale
from campaign.kit.numbers import whole


def etag(version: int) -> str:
    """The ETag header of a version."""
    return f'"v{version}"'


def expected_version() -> int | None:
    """The version in If-Match; None without the header or with "*". Anything else unknown is Stale."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    given = given.strip().removeprefix("W/").strip('"')
    version = whole(given.removeprefix("v")) if given.startswith("v") else None
    if version is None:
        raise Stale
    return version
