"""Errors as code and parameters. They are worded at the edge, in the reader's language (gate.words)."""

import dataclasses
from typing import Any, ClassVar

from sqlalchemy.orm import Session


class DomainError(Exception):
    """Something the user asked for cannot be. `code` is stable snake_case; `params` fill the words."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    retry_after: int | None = None
    """After how many seconds the same may be asked again, where that is all it takes."""

    def __init__(self, code: str | None = None, **params: Any) -> None:
        super().__init__(code or type(self).code)
        self.error_code = code or type(self).code
        self.params = params

    @property
    def has_more(self) -> bool:
        """Whether there is anything for look_further() to look up."""
        return False

    def look_further(self, db: Session) -> None:
        """Look up what the answer says besides. Called once the refused work is undone and its locks are given back."""

    def extra(self) -> dict[str, Any]:
        """Members that a problem answer carries beside title and code."""
        return {}


@dataclasses.dataclass(frozen=True)
class FieldError:
    """One field at fault. `field` is its path in the input, such as participants.0.host_id."""

    field: str
    code: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


class Invalid(DomainError):
    """The input's shape or a value in it is wrong: 422 with the fields at fault."""

    status = 422
    code = "invalid"

    def __init__(self, errors: list[FieldError], code: str | None = None) -> None:
        super().__init__(code)
        self.errors = errors


class NotFound(DomainError):
    """It is not there, or not for this actor: both look the same."""

    status = 404
    code = "not_found"


class Unauthenticated(DomainError):
    status = 401
    code = "unauthenticated"


class Forbidden(DomainError):
    status = 403
    code = "forbidden"


class Conflict(DomainError):
    status = 409
    code = "conflict"


class WrongState(DomainError):
    """The state of the thing does not allow the verb."""

    status = 409
    code = "wrong_state"


class Stale(DomainError):
    """Somebody changed it since the caller read it (If-Match)."""

    status = 412
    code = "stale"


class TooOften(DomainError):
    """The same was asked for more often than it may be; again after `retry_after` seconds."""

    status = 429
    code = "too_often"

    def __init__(self, retry_after: int) -> None:
        super().__init__(seconds=retry_after)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """A part is down or full; try again after `retry_after` seconds."""

    status = 503
    code = "unavailable"

    def __init__(self, code: str | None = None, retry_after: int = 2, **params: Any) -> None:
        super().__init__(code, **params)
        self.retry_after = retry_after
