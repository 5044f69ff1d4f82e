"""ETag and If-Match: the version a caller has read."""

from flask import request

from campaign.kit.errors import Stale


def etag(version: int) -> str:
    """The ETag header of a version."""
    return f'"v{version}"'


def expected_version() -> int | None:
    """The version in If-Match; None without the header or with "*". Anything else unknown is Stale."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    given = given.strip().removeprefix("W/").strip('"')
    if not given.startswith("v") or not given[1:].isascii() or not given[1:].isdigit() or len(given) > 12:
        raise Stale
    return int(given[1:])
