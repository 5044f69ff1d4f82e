"""Why a plan cannot be released, or be added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaign.kit import ids
from campaign.kit.errors import Conflict as ConflictError
from campaign.kit.errors import DomainError, Invalid
from campaign.schedule.errors import Conflicting, NeedsOverride, written_conflict


@dataclass(frozen=True)
class Trouble:
    """What one entry meets."""

    entry_id: int
    session_id: int | None
    title: str
    error: DomainError

    @property
    def soft(self) -> bool:
        """A reason would let it through."""
        return isinstance(self.error, NeedsOverride)

    def written(self) -> dict[str, Any]:
        """As the API gives it; the gate adds the words."""
        error = self.error
        return {
            "entry_id": ids.public("ple", self.entry_id),
            "session_id": ids.public_or_none("ses", self.session_id),
            "title": self.title,
            "code": error.error_code,
            "params": error.params,
            "conflicts": [written_conflict(one) for one in error.conflicts]
            if isinstance(error, Conflicting)
            else [],
            "errors": [{"field": one.field, "code": one.code, "params": one.params} for one in error.errors]
            if isinstance(error, Invalid)
            else [],
        }


class ReleaseRefused(ConflictError):
    """Nothing was released. Names every entry that collides or was overtaken."""

    code = "plan_refused"

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__()
        self.troubles = tuple(troubles)

    def extra(self) -> dict[str, Any]:
        return {"entries": [one.written() for one in self.troubles]}


class ReleaseNeedsReason(ReleaseRefused):
    """Only soft rules stand in the way: one reason lets all of it through."""

    code = "plan_needs_reason"


class PlanEmpty(ConflictError):
    """There is nothing in it to release."""

    code = "plan_empty"


class PlanFull(ConflictError):
    """It has as many entries as a plan may have."""

    code = "plan_full"


class AlreadyPlanned(ConflictError):
    """The session has an entry in this plan: that one is changed instead."""

    code = "already_planned"
