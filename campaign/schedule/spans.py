"""Spans of time: half-open [start, end), the board's day, and what a session claims of whom. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from campaign.kit.instants import day_span, is_skipped, on_wall

BOARD_STARTS = time(6)
LONGEST = timedelta(hours=24)
SHORTEST = timedelta(minutes=5)

ResourceKind = Literal["studio", "host", "platform_account"]


@dataclass(frozen=True, order=True)
class Span:
    """[starts_at, ends_at), both aware."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """True when they share an instant; touching ends do not."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def holds(self, other: "Span") -> bool:
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


@dataclass(frozen=True)
class Wanted:
    """One claim a session needs: a studio, host or platform account (by its own id) for a span."""

    kind: ResourceKind
    thing_id: int
    span: Span


def board_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The board's day 06:00-06:00 in the hub's zone, in UTC."""
    return day_span(day, zone, starts_at=BOARD_STARTS)


def board_day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Which board day an instant belongs to: 01:30 still belongs to the evening before."""
    local = instant.astimezone(zone)
    return local.date() if local.time() >= BOARD_STARTS else local.date() - timedelta(days=1)


def claims_of(
    session: Span,
    *,
    studio_id: int,
    setup_minutes: int,
    teardown_minutes: int,
    hosts: Iterable[tuple[int, Span]],
    account_ids: Iterable[int],
) -> list[Wanted]:
    """What a session claims: the studio with its turnaround, each host for its shift, each account on air."""
    around = Span(
        session.starts_at - timedelta(minutes=setup_minutes),
        session.ends_at + timedelta(minutes=teardown_minutes),
    )
    return [
        Wanted("studio", studio_id, around),
        *(Wanted("host", host_id, shift) for host_id, shift in hosts),
        *(Wanted("platform_account", account_id, session) for account_id in sorted(set(account_ids))),
    ]


def shift_of(session: Span, starts_at: datetime | None, ends_at: datetime | None) -> Span:
    """A participant's span: the whole session where nothing else is said."""
    return Span(starts_at or session.starts_at, ends_at or session.ends_at)


def moved_days(before: Span, days: int, zone: ZoneInfo) -> Span:
    """The same so many days later: both ends keep their wall time, over a clock change too.

    Where clocks skip one of the ends, or leave nothing in between or more than a day, it keeps its length instead.
    """
    if days == 0:
        return before
    walls = [_wall(at, zone) + timedelta(days=days) for at in (before.starts_at, before.ends_at)]
    after = Span(*(on_wall(wall, zone) for wall in walls))
    if not SHORTEST <= after.length <= LONGEST or any(is_skipped(wall, zone) for wall in walls):
        return Span(after.starts_at, after.starts_at + before.length)
    return after


def moved_shift(shift: Span, before: Span, after: Span, zone: ZoneInfo | None = None) -> Span:
    """A shift after its session moved: whole ones stay whole, others are shifted and cut to fit.

    With a zone: where the session kept its wall time and not its length, over a clock change, so does what lies within.
    """
    by = after.starts_at - before.starts_at

    def moved(at: datetime) -> datetime:
        if zone is None or after.length == before.length:
            return at + by
        walls = _wall(after.starts_at, zone) - _wall(before.starts_at, zone)
        if _wall(after.ends_at, zone) - _wall(before.ends_at, zone) != walls:
            return at + by
        return on_wall(_wall(at, zone) + walls, zone)

    starts_at = after.starts_at if shift.starts_at == before.starts_at else moved(shift.starts_at)
    ends_at = after.ends_at if shift.ends_at == before.ends_at else moved(shift.ends_at)
    starts_at = min(max(starts_at, after.starts_at), after.ends_at)
    ends_at = max(min(ends_at, after.ends_at), after.starts_at)
    # A shift that no longer fits at all becomes a whole one, for the planner to cut again.
    return Span(starts_at, ends_at) if starts_at < ends_at else after


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def gaps(within: Span, taken: Sequence[Span]) -> list[Span]:
    """The free spans of `within`, in order, when `taken` (any order, may overlap) is taken out."""
    free: list[Span] = []
    at = within.starts_at
    for span in sorted(taken):
        if span.starts_at >= within.ends_at:
            break
        if span.starts_at > at:
            free.append(Span(at, span.starts_at))
        at = max(at, span.ends_at)
    if at < within.ends_at:
        free.append(Span(at, within.ends_at))
    return free
