"""Instants: RFC 3339 with an offset in and out; business days in the hub's zone."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def parse(written: Any) -> datetime:
    """Read an RFC 3339 instant with an offset; digits past microseconds are cut.

    Raises ValueError for numbers, times without an offset, leap seconds and years outside 2000-2099.
    """
    if isinstance(written, datetime) and written.tzinfo is not None:
        instant = written
    else:
        match = _RFC3339.match(written) if isinstance(written, str) else None
        if match is None:
            raise ValueError("instant")
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        micro = int((match[7] or "0").ljust(6, "0")[:6])
        instant = datetime(year, month, day, hour, minute, second, micro, tzinfo=_zone(match[8]))
    try:
        instant = instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("instant") from error
    if not _EARLIEST <= instant < _LATEST:
        raise ValueError("instant")
    return instant


def _zone(written: str) -> timezone:
    if written in "Zz":
        return UTC
    hours, minutes = int(written[1:3]), int(written[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("instant")
    # -00:00 means "offset unknown" in RFC 3339 and is an instant in UTC all the same.
    sign = -1 if written[0] == "-" else 1
    return timezone(timedelta(minutes=sign * (hours * 60 + minutes)))


def written(instant: datetime) -> str:
    """RFC 3339 in UTC, with Z; fractions only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def business_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day in the hub's zone: money's day."""
    return instant.astimezone(zone).date()


def day_span(day: date, zone: ZoneInfo, *, starts_at: time = time(0)) -> tuple[datetime, datetime]:
    """[start, end) of a day in UTC; `starts_at` 06:00 gives the board's day. Right over clock changes."""
    start = datetime.combine(day, starts_at, tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), starts_at, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


Instant = Annotated[
    datetime,
    BeforeValidator(parse),
    PlainSerializer(written, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A pydantic field type: aware UTC datetime, RFC 3339 with an offset on the wire."""
