"""Windows of time: weekly rules by local wall time and dated exceptions, and when they shut something. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaign.schedule.spans import Span, gaps


@dataclass(frozen=True)
class Weekly:
    """Each week on a day (1 Monday … 7 Sunday), [from_time, to_time) by the hub's clocks.

    to_time at or before from_time lies on the next day; the same time is a whole day round.
    """

    weekday: int
    from_time: time
    to_time: time
    shut: bool = False


@dataclass(frozen=True)
class Dated:
    """Once: away or closed (shut), or available against the weekly rule."""

    span: Span
    shut: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Shut:
    """A span in which something is not to be had. dated: by leave or closure; else by the weekly rule."""

    span: Span
    dated: bool
    reason: str = ""


@dataclass(frozen=True)
class Windows:
    """All windows of one host, studio or hub. Without weekly open ones it is open unless something shuts it."""

    weekly: Sequence[Weekly] = ()
    dated: Sequence[Dated] = ()

    def shut(self, within: Span, zone: ZoneInfo) -> list[Shut]:
        """When it is shut within a span, by time. A dated shut beats a dated open, which beats the weekly rule."""
        if not self.weekly and not self.dated:
            return []
        closed = [Shut(one.span, True, one.reason) for one in self.dated if one.shut]
        opened = [one.span for one in self.dated if not one.shut]
        weekly_open = [span for one in self.weekly if not one.shut for span in occurrences(one, within, zone)]
        weekly_shut = [span for one in self.weekly if one.shut for span in occurrences(one, within, zone)]
        if any(not one.shut for one in self.weekly):
            closed += [Shut(span, False) for span in gaps(within, weekly_open + opened)]
        closed += [Shut(rest, False) for span in weekly_shut for rest in gaps(span, opened)]
        return sorted(_cut(closed, within), key=lambda one: (one.span, not one.dated))


def occurrences(rule: Weekly, within: Span, zone: ZoneInfo) -> Iterator[Span]:
    """The rule's spans that touch `within`, in UTC. Wall times hold over clock changes."""
    # A window may begin on the local day before and reach in.
    day = within.starts_at.astimezone(zone).date() - timedelta(days=1)
    last = within.ends_at.astimezone(zone).date()
    while day <= last:
        if day.isoweekday() == rule.weekday:
            over = rule.to_time <= rule.from_time
            span = Span(
                _instant(datetime.combine(day, rule.from_time), zone),
                _instant(datetime.combine(day + timedelta(days=over), rule.to_time), zone),
            )
            if span.starts_at < span.ends_at and span.overlaps(within):
                yield span
        day += timedelta(days=1)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _cut(shuts: Iterable[Shut], within: Span) -> Iterator[Shut]:
    for one in shuts:
        span = Span(max(one.span.starts_at, within.starts_at), min(one.span.ends_at, within.ends_at))
        if span.starts_at < span.ends_at:
            yield Shut(span, one.dated, one.reason)
