"""What a series' wall times are on a date. Pure."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaign.kit.instants import is_skipped, on_wall
from campaign.schedule.spans import LONGEST, SHORTEST, Span


def length_of(starts: time, ends: time) -> timedelta:
    """By the clock on the wall: an end at or before the start lies on the next day."""
    first = datetime.combine(date.min, starts)
    last = datetime.combine(date.min, ends)
    return (last - first) if last > first else (last - first + timedelta(days=1))


def span_on(on: date, starts: time, ends: time, zone: ZoneInfo) -> Span:
    """The show of a date. Each end is what clocks show, so a night of a clock change is an hour shorter or longer;
    where clocks skip an end, or leave next to nothing in between, the show keeps its length instead.
    """
    walls = [datetime.combine(on, starts)]
    walls.append(walls[0] + length_of(starts, ends))
    span = Span(*(on_wall(wall, zone) for wall in walls))
    if not SHORTEST <= span.length <= LONGEST or any(is_skipped(wall, zone) for wall in walls):
        return Span(span.starts_at, span.starts_at + length_of(starts, ends))
    return span


def instant_within(on: date, starts: time, at: time, zone: ZoneInfo) -> datetime:
    """A wall time of the show that starts at `starts`: what lies before that is after midnight."""
    wall = datetime.combine(on if at >= starts else on + timedelta(days=1), at)
    return on_wall(wall, zone)
