"""Taking moves back: what was, carried by the page itself, as a form and for the script."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from campaign.kit.fields import HostId, Line, SessionId, Strict, StudioId
from campaign.kit.instants import Instant
from campaign.parties.schemas import Day
from campaign.schedule.shifting import Shift, Shifted

MOST_MOVES = 50


class MoveIn(Strict):
    """One session to another place; what is left out stays. `version` as it was read."""

    session_id: SessionId
    version: Annotated[int, Field(strict=True, ge=1, lt=2**31)] | None = None
    studio_id: StudioId | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    day: Day | None = None
    host_id: HostId | None = None
    to_host_id: HostId | None = None

    def shift(self) -> Shift:
        """The same for the action."""
        return Shift(**{name: getattr(self, name) for name in type(self).model_fields})


class MovesIn(Strict):
    """Moves that stand or fall together; the reason lets soft rules through."""

    moves: Annotated[list[MoveIn], Field(min_length=1, max_length=MOST_MOVES)]
    reason: Line = ""

    def shifts(self) -> list[Shift]:
        return [move.shift() for move in self.moves]


_UNDO: TypeAdapter[list[MoveIn]] = TypeAdapter(
    Annotated[list[MoveIn], Field(min_length=1, max_length=MOST_MOVES)]
)


def written_back(done: list[Shifted]) -> list[dict[str, Any]]:
    """The moves that take these back, as the outside writes them."""
    backs = [MoveIn.model_construct(**vars(one.back)) for one in done]
    return [one.model_dump(mode="json", exclude_none=True) for one in backs]


def undo_text(done: list[Shifted]) -> str:
    """The same as one line of text for an address or a hidden field."""
    backs = [MoveIn.model_construct(**vars(one.back)) for one in done]
    return _UNDO.dump_json(backs, exclude_none=True).decode()


def undo_of(text: str) -> list[MoveIn] | None:
    """Moves to take back, from such a line; None for none and for anything else."""
    if not text:
        return None
    try:
        return _UNDO.validate_json(text, context={"outside": True})
    except ValidationError:
        return None
