"""What can go wrong with a session, by name."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from campaign.kit import ids
from campaign.kit.errors import Conflict as ConflictError
from campaign.kit.instants import written
from campaign.schedule.alternatives import Slot
from campaign.schedule.rules.conflict import Conflict

_PREFIXES = {
    "studio": "std",
    "host": "hst",
    "platform_account": "acc",
    "session": "ses",
    "brand": "brd",
    "product": "prd",
    "crew_pool": "crw",
}


class Conflicting(ConflictError):
    """Something is taken. Names each thing in the way, and up to five places where it would fit.

    find: how these are found, which takes longer than the refusal and must not keep others waiting for their turn.
    """

    code = "conflict"

    def __init__(
        self, conflicts: Sequence[Conflict], find: Callable[[Session], Sequence[Slot]] | None = None
    ) -> None:
        super().__init__()
        self.conflicts = tuple(conflicts)
        self.alternatives: tuple[Slot, ...] = ()
        self._find = find

    @property
    def has_more(self) -> bool:
        return self._find is not None

    def look_further(self, db: Session) -> None:
        """Find the alternatives, the first time."""
        find, self._find = self._find, None
        if find is not None:
            self.alternatives = tuple(find(db))

    def extra(self) -> dict[str, Any]:
        """The members of the answer; the gate adds a message to each conflict from its code and params."""
        return {
            "conflicts": [written_conflict(conflict) for conflict in self.conflicts],
            "alternatives": [written_slot(slot) for slot in self.alternatives],
        }


class NeedsOverride(Conflicting):
    """Only soft rules stand in the way: a reason (override.reason) lets it through."""

    code = "needs_override"


class NobodyToAsk(ConflictError):
    """Nobody in the session must answer: the hub confirms it instead of offering it."""

    code = "nobody_to_ask"


class MustBeAsked(ConflictError):
    """Somebody in the session must answer first: it is offered, not confirmed."""

    code = "must_be_asked"


class NothingToAnswer(ConflictError):
    """No participant of this actor is asked."""

    code = "nothing_to_answer"


class ProposalClosed(ConflictError):
    """The proposal was decided already, or the session is no longer the one it was made for."""

    code = "proposal_closed"


class PeopleMissing(ConflictError):
    """Somebody who must agree has not."""

    code = "people_missing"


class NotWhileLive(ConflictError):
    """While live only room ids, line-up and end may change."""

    code = "not_while_live"


class TooLate(ConflictError):
    """There is no tap so young that it could be taken back."""

    code = "too_late"


class TooEarly(ConflictError):
    """A tap so long before the planned start is a slip of the finger."""

    code = "too_early"


def written_conflict(conflict: Conflict) -> dict[str, Any]:
    """A conflict as the API gives it, with public ids."""
    return {
        "rule": conflict.rule,
        "resource_type": conflict.resource_type,
        "resource_id": ids.public_or_none(_PREFIXES[conflict.resource_type], conflict.resource_id),
        "session_id": ids.public_or_none("ses", conflict.session_id),
        "starts_at": written(conflict.starts_at),
        "ends_at": written(conflict.ends_at),
        "code": conflict.code,
        "params": dict(conflict.params),
    }


def written_slot(slot: Slot) -> dict[str, Any]:
    return {
        "studio_id": ids.public("std", slot.studio_id),
        "starts_at": written(slot.starts_at),
        "ends_at": written(slot.ends_at),
    }
