"""What every platform that pushes brings: how it signs, how its pushes read, how it wants to be answered.

One folder per platform; nothing here does I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from campaign.kit.numbers import whole
from campaign.sales.batches import Batch

UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)
"""A push that tells no time: too old to be merged unseen, so it is held and shown."""


@dataclass(frozen=True)
class Credentials:
    """What a platform gave an account. `path_token` is ours: a secret part of the address it pushes to."""

    app_key: str
    app_secret: str
    path_token: str


@dataclass(frozen=True)
class Platform:
    """One platform's pushes.

    `verify` checks the raw body under any of the credentials (rotation) and raises BadSignature; header names come
    in lower case. `read` gives events in our own form, each under the platform's dedup id; it raises BadPush.
    """

    kind: str
    verify: Callable[[Sequence[Credentials], Mapping[str, str], str, bytes], None]
    read: Callable[[bytes], Batch]
    answer: bytes
    address: Callable[[str, str], str]


def moment(seconds: Any) -> str:
    """Seconds since 1970 as an instant; what is none counts as UNTIMED."""
    number = whole(seconds, 10) if isinstance(seconds, str) else seconds
    if type(number) is not int or not 0 < number < 2**32:
        return UNTIMED.isoformat()
    return datetime.fromtimestamp(number, UTC).isoformat()


def written_id(value: Any) -> str | None:
    """An id as text, whether it came as text or as a number; None for what is no id."""
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) and value else None
