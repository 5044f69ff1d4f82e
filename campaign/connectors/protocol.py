"""What every platform that pushes brings: how it signs, how its pushes read, how it wants to be answered.

One folder per platform; nothing here does I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from campaign.kit.numbers import whole
from campaign.sales.batches import Batch

if TYPE_CHECKING:
    from campaign.connectors.details import Api

UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)
"""A push that tells no time: too old to be merged unseen, so it is held and shown."""


@dataclass(frozen=True)
class Credentials:
    """What a platform gave an account. `path_token` is ours: a secret part of the address it pushes to.

    Without tokens the account is not asked for details. token_until: an instant, empty where none was told.
    """

    app_key: str
    app_secret: str
    path_token: str
    access_token: str = ""
    refresh_token: str = ""
    token_until: str = ""
    shop_cipher: str = ""

    @property
    def can_ask(self) -> bool:
        return bool(self.access_token or self.refresh_token)

    def ends_before(self, at: datetime) -> bool:
        """Whether the access token is of no use at `at`."""
        if not self.access_token:
            return True
        return bool(self.token_until) and datetime.fromisoformat(self.token_until) <= at


@dataclass(frozen=True)
class Platform:
    """One platform's pushes.

    `verify` checks the raw body under any of the credentials (rotation) and raises BadSignature; header names come
    in lower case. `read` gives events in our own form, each under the platform's dedup id, and whose detail they
    ask for; it raises BadPush. `api` is how that detail is asked for.
    """

    kind: str
    verify: Callable[[Sequence[Credentials], Mapping[str, str], str, bytes], None]
    read: Callable[[bytes], Batch]
    answer: bytes
    address: Callable[[str, str], str]
    secret_path: bool = False
    """Whether the address it pushes to holds the account's path_token."""
    api: "Api | None" = None


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
