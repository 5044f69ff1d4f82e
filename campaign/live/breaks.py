"""When shows were off air between their rooms, from what the platforms said of those."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live.airtime import Opening, interruptions
from campaign.schedule.models import LiveSession
from campaign.schedule.spans import Span
from campaign.schedule.stepping import step

_TOLD = text("SELECT session_id, room_id, at, type FROM room_event WHERE session_id = ANY (:ids)")


def breaks_of(db: Session, on_air: Mapping[int, Span]) -> dict[int, list[Span]]:
    """Session → its interruptions within the time it was on air; the hub's and the system's to ask."""
    openings: dict[int, list[Opening]] = {}
    for row in db.execute(_TOLD, {"ids": list(on_air)}):
        opening = Opening(row.room_id, row.at, row.type == "room.started")
        openings.setdefault(row.session_id, []).append(opening)
    return {session_id: interruptions(told, on_air[session_id]) for session_id, told in openings.items()}


def seconds_off_air(
    db: Session, session_id: int, starts_at: datetime | None, ends_at: datetime | None
) -> int:
    """How long a show was off air within these actual times; one without an end goes on until now."""
    if starts_at is None:
        return 0
    on_air = Span(starts_at, ends_at or clock.now(db))
    found = breaks_of(db, {session_id: on_air}).get(session_id, [])
    return int(sum((one.length for one in found), timedelta(0)).total_seconds())


def note_breaks(db: Session, row: LiveSession) -> None:
    """Keep how long a show was off air, whenever a room opens or closes: either may be told late."""
    if row.actual_starts_at is None:
        return
    seconds = seconds_off_air(db, row.id, row.actual_starts_at, row.actual_ends_at)
    if seconds != row.off_air_seconds:
        step(db, SYSTEM, row, "gap", detail={"seconds": seconds}, off_air_seconds=seconds)
