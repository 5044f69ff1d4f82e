"""Ranges in query strings: each end an instant, or a day in the hub's zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import day_span, parse, parse_day


def read_range(
    from_at: str | None, to_at: str | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """[from, to) in UTC. A day as `to` is included whole. Raises Invalid naming the end at fault."""
    first = _end(from_at, "from", zone)
    last = _end(to_at, "to", zone)
    start, end = first[0] if first else None, last[1] if last else None
    if start is not None and end is not None and end <= start:
        raise Invalid([FieldError("to", "ends_before_start")])
    return start, end


def _end(given: str | None, field: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    if given is None:
        return None
    try:
        if len(given) == 10:
            return day_span(parse_day(given), zone)
        instant = parse(given)
    except (ValueError, OverflowError):
        raise Invalid([FieldError(field, "instant")]) from None
    return instant, instant
