"""Windows of hosts, studios and the hub, as they come in and go out."""

import re
from datetime import time
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    create_model,
)

from campaign.kit.fields import Line, SessionId, Strict
from campaign.kit.instants import Instant

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z", re.ASCII)


def _clock(value: Any) -> time:
    if isinstance(value, time):
        return value
    match = _CLOCK.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("clock_time")
    return time(int(match[1]), int(match[2]))


Clock = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda at: at.strftime("%H:%M"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}),
]
"""A wall time of the hub, HH:MM."""


class WeeklyIn(Strict):
    """Every week: weekday 1 (Monday) to 7. `to` at or before `from` lies on the next day.

    available: when left out true for a host (the hours it keeps), false for a studio or the hub (closed then).
    """

    model_config = ConfigDict(populate_by_name=True)

    weekday: Annotated[int, Field(strict=True, ge=1, le=7)]
    from_time: Clock = Field(alias="from")
    to_time: Clock = Field(alias="to")
    available: Annotated[bool, Field(strict=True)] | None = None


class HoursIn(Strict):
    """The hub's hours, every day. `closes` at or before `opens` lies on the next day; equal: round the clock."""

    opens: Clock
    closes: Clock


class HoursOut(BaseModel):
    opens: Clock
    closes: Clock
    rev: int


class ExceptionIn(Strict):
    """Once: away or closed, unless `available` says that it is to be had against the weekly rule."""

    starts_at: Instant
    ends_at: Instant
    available: Annotated[bool, Field(strict=True)] = False
    reason: Line = ""


class WindowsIn(Strict):
    """All windows: they replace those that were."""

    weekly: Annotated[list[WeeklyIn], Field(max_length=100)] = Field(default_factory=list)
    exceptions: Annotated[list[ExceptionIn], Field(max_length=500)] = Field(default_factory=list)


# Made by call: "from" is no name a class could give a field.
_WEEKLY: dict[str, Any] = {
    "weekday": (int, ...),
    "from": (Clock, ...),
    "to": (Clock, ...),
    "available": (bool, ...),
}
WeeklyOut: Any = create_model(
    "WeeklyOut", __doc__="A weekly window as WeeklyIn takes it, with `available` always said.", **_WEEKLY
)


class ExceptionOut(BaseModel):
    starts_at: Instant
    ends_at: Instant
    available: bool
    reason: str


class ClashOut(BaseModel):
    """A standing session that lies in a leave or closure, as far as the asker may see it."""

    rule: str
    session_id: SessionId
    title: str
    starts_at: Instant
    ends_at: Instant


class WindowsOut(BaseModel):
    """Without weekly available windows: always, but for the exceptions. clashes: what stands booked against them."""

    weekly: list[WeeklyOut]
    exceptions: list[ExceptionOut]
    clashes: list[ClashOut]
