"""The bytes of a message: built once, stored, signed and sent as they are. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaign.kit.instants import written
from campaign.outbox.events import VERSION

LARGEST = 20 * 1024

USER_AGENT = "xinji-live/1"
"""Under which every webhook goes out."""

# What is left out first when a body grows too long, dearest last; a receiver that misses it asks the API.
_CUT_IN_TURN = (
    ("session", "lineup"),
    ("participants",),
    ("sessions", "participants"),
    ("sessions",),
    ("session",),
)

_FIRST = ("session_id", "seq")


def body_of(event_type: str, at: datetime, data: Mapping[str, Any], own: Mapping[str, Any]) -> bytes:
    """`{"type", "timestamp", "version", "data"}` in UTF-8, at most LARGEST bytes.

    `own` replaces parts of `data` whole, by name: what one agency may not see of a part must not shine
    through from beneath. Parts that do not fit are left out, and data.truncated is true then.
    """
    # What a receiver orders by stands first; jsonb keeps no order of its own.
    merged = {name: data[name] for name in _FIRST if name in data} | dict(data) | dict(own)
    body = _encoded(event_type, at, merged)
    for path in _CUT_IN_TURN:
        if len(body) <= LARGEST:
            return body
        merged = _without(merged, path) | {"truncated": True}
        body = _encoded(event_type, at, merged)
    if len(body) <= LARGEST:
        return body
    kept = {name: data[name] for name in _FIRST if name in data}
    return _encoded(event_type, at, kept | {"truncated": True})


def _without(data: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    below = data.get(first)
    if rest and isinstance(below, list):
        return dict(data) | {first: [_without(one, tuple(rest)) for one in below]}
    if rest and isinstance(below, Mapping):
        return dict(data) | {first: _without(below, tuple(rest))}
    return {name: value for name, value in data.items() if rest or name != first}


def _encoded(event_type: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    body = {"type": event_type, "timestamp": written(at), "version": VERSION, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
