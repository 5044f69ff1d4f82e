"""Why a series cannot be booked or changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.kit.errors import Conflict as ConflictError
from campaign.kit.errors import DomainError
from campaign.schedule.errors import Conflicting, NeedsOverride, written_conflict
from campaign.schedule.spans import Span


@dataclass(frozen=True)
class Tried:
    """A date and what it met; error is None where it is free."""

    on_date: date
    span: Span
    error: DomainError | None

    @property
    def soft(self) -> bool:
        """A reason would let it through."""
        return isinstance(self.error, NeedsOverride)

    def written(self) -> dict[str, Any]:
        """As the API gives it; the gate adds the words."""
        conflicts = self.error.conflicts if isinstance(self.error, Conflicting) else ()
        return {
            "date": self.on_date.isoformat(),
            "code": self.error.error_code if self.error else None,
            "params": self.error.params if self.error else {},
            "conflicts": [written_conflict(one) for one in conflicts],
        }


class SeriesRefused(ConflictError):
    """Nothing was booked or changed. Names every date that is not free."""

    code = "series_refused"

    def __init__(self, tried: Sequence[Tried]) -> None:
        super().__init__()
        self.tried = tuple(one for one in tried if one.error is not None)

    def extra(self) -> dict[str, Any]:
        return {"dates": [one.written() for one in self.tried]}


class SeriesNeedsReason(SeriesRefused):
    """Only soft rules stand in the way: one reason (override.reason) lets all of it through."""

    code = "series_needs_reason"


class NoSuchDate(ConflictError):
    """The date is none of this series, or is not in the state the verb needs."""

    code = "series_no_such_date"


class NothingAhead(ConflictError):
    """No date of the series lies ahead."""

    code = "series_nothing_ahead"
