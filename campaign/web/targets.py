"""Where a form leads back to: pages of this site only."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException


def own_page(wanted: str | None, default: str = "/") -> str:
    """`wanted` when it is a path of this site, else `default`: never another host, however it is spelt."""
    if not wanted or not wanted.startswith("/") or wanted[1:2] in ("/", "\\"):
        return default
    if any(ord(char) < 33 or char == "\\" for char in wanted) or len(wanted) > 2000:
        return default
    parts = urlsplit(wanted)
    return default if parts.scheme or parts.netloc else wanted


def this_page() -> str:
    """The address of the page being drawn, to come back to; after a POST the nearest that GET shows."""
    return request.full_path.rstrip("?") if request.method == "GET" else nearest_page()


def nearest_page() -> str:
    """The path asked for, or what it stands under, whichever is the first that a GET shows."""
    path, routes = request.path, current_app.url_map.bind("")
    while path:
        with suppress(HTTPException):
            routes.match(path, "GET")
            return path
        path = path.rpartition("/")[0]
    return "/"


def with_query(**changes: Any) -> str:
    """This page with some query values changed; None takes one out."""
    values = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    values += [(name, str(value)) for name, value in changes.items() if value is not None]
    return f"{request.path}?{urlencode(values)}" if values else request.path
