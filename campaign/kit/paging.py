"""Pages that stay stable under inserts: a cursor names the last row seen, not a count."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from campaign.kit.errors import FieldError, Invalid

Row = TypeVar("Row")

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 500


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the cursor after them (None at the end)."""

    items: Sequence[Row]
    next_cursor: str | None


def to_cursor(position: Sequence[Any]) -> str:
    """Write a position (plain JSON values of the sort key) as opaque text."""
    return (
        base64.urlsafe_b64encode(json.dumps(list(position), separators=(",", ":")).encode())
        .decode()
        .rstrip("=")
    )


def from_cursor(cursor: str, shape: tuple[type, ...], *, field: str = "cursor") -> tuple[Any, ...]:
    """Read a position; raises Invalid (of the field it was given under) unless to_cursor wrote one of this shape."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        position = json.loads(raw)
    except (ValueError, binascii.Error, UnicodeError, RecursionError):
        position = None
    if (
        not isinstance(position, list)
        or len(position) != len(shape)
        or any(type(value) is not wanted for value, wanted in zip(position, shape, strict=True))
        or any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in position)
    ):
        raise Invalid([FieldError(field, "bad_cursor")])
    return tuple(position)


def page_from(rows: Sequence[Row], limit: int, position: Callable[[Row], Sequence[Any]]) -> Page[Row]:
    """Cut limit + 1 fetched rows to a page."""
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], to_cursor(position(rows[limit - 1])))
