"""Which sessions the demo holds: a week behind, one live now, a week ahead. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS_BEHIND = 7
DAYS_AHEAD = 7
_APART = timedelta(hours=1)

# start, hours, studio, turn: `turn` shifts hosts and brands from day to day so that nobody meets himself
_SLOTS = (
    (time(9), 3.0, 0, 0),
    (time(14), 3.5, 1, 2),
    (time(19), 3.5, 0, 4),
    (time(19, 30), 4.0, 1, 5),
    (time(20), 4.0, 2, 6),
    (time(21), 4.0, 3, 7),  # past midnight
)


@dataclass(frozen=True)
class Planned:
    """One session of the demo. host and brands are indexes into people.HOSTS and people.BRANDS."""

    number: int
    starts_at: datetime
    ends_at: datetime
    studio: int
    host: int
    brands: tuple[int, ...]
    title: str


def sessions_around(now: datetime, zone: ZoneInfo) -> Iterator[Planned]:
    """Every planned session, by time. The one that is live now stands in the walking studio."""
    today = now.astimezone(zone).date()
    number = 0
    for offset in range(-DAYS_BEHIND, DAYS_AHEAD + 1):
        for slot in _SLOTS:
            number += 1
            yield _planned(number, today + timedelta(days=offset), slot, zone)


def live_now(now: datetime, others: Sequence[Planned]) -> Planned:
    """A session that began half an hour ago, with a host nobody else has around now: of the agency that can sign in,
    where one of its is free, so that its page has a show on air.
    """
    starts_at = now.replace(second=0, microsecond=0) - timedelta(minutes=30)
    ends_at = starts_at + timedelta(hours=4)
    busy = {
        item.host
        for item in others
        if item.starts_at < ends_at + _APART and item.ends_at > starts_at - _APART
    }
    host = next((index for index in (0, 1, 4, 5, 2, 3, 7, 6) if index not in busy), 4)
    return Planned(900, starts_at, ends_at, 5, host, (0,), "辛皮记 皮衣返场专场")


def _planned(number: int, day: date, slot: tuple[time, float, int, int], zone: ZoneInfo) -> Planned:
    start, hours, studio, turn = slot
    starts_at = datetime.combine(day, start, tzinfo=zone)
    host = (turn + 3 * day.toordinal()) % 8
    first = (turn + day.toordinal()) % 5
    brands = (first, (first + 2) % 5) if turn in (2, 6) else (first,)
    # A title is read by every brand of the session: a mixed show names none of them.
    kind = "双十一混场" if len(brands) > 1 else "专场"
    return Planned(number, starts_at, starts_at + timedelta(hours=hours), studio, host, brands, kind)
