"""Where each session stands on the board: slots of five minutes, and lanes where sessions overlap. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Protocol

from campaign.web.slots import SLOT_MINUTES

MOST_LANES = 6
_SLOT = timedelta(minutes=SLOT_MINUTES)


class Shown(Protocol):
    """What the layout needs to know of a session."""

    @property
    def state(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def actual_starts_at(self) -> datetime | None: ...
    @property
    def actual_ends_at(self) -> datetime | None: ...
    @property
    def setup_minutes(self) -> int: ...
    @property
    def teardown_minutes(self) -> int: ...


class Room(Protocol):
    """A studio with its sessions of the day."""

    @property
    def sessions(self) -> Sequence[Shown]: ...


@dataclass(frozen=True)
class Strip:
    """A stretch of columns [first, last) of the day."""

    first: int
    last: int

    @property
    def css(self) -> str:
        return f"s{self.first} e{self.last}"


@dataclass(frozen=True)
class Block:
    """One session on the board. `late` is how many minutes it started, or is, behind its plan."""

    session: Shown
    at: Strip
    lane: int
    setup: Strip | None
    teardown: Strip | None
    late: int
    overrunning: bool


@dataclass(frozen=True)
class Row:
    """One studio: its blocks, how many lanes they need, and the share of the opening hours that is booked."""

    studio: Room
    blocks: list[Block]
    lanes: int
    used: int


def rows_of(
    studios: Iterable[Room], day: tuple[datetime, datetime], now: datetime, open_minutes: int = 24 * 60
) -> list[Row]:
    """The board of one day [start, end). `used`: 1/10,000 of `open_minutes`, without what was called off."""
    return [_row(studio, day, now, open_minutes) for studio in studios]


def slots_of(day: tuple[datetime, datetime]) -> int:
    """How many columns a day has: 288, twelve more or fewer where clocks change."""
    return (day[1] - day[0]) // _SLOT


def slot_of(at: datetime, day: tuple[datetime, datetime]) -> int | None:
    """The column an instant falls in; None outside the day."""
    return floor((at - day[0]) / _SLOT) if day[0] <= at < day[1] else None


def _row(studio: Room, day: tuple[datetime, datetime], now: datetime, open_minutes: int) -> Row:
    blocks: list[Block] = []
    busy_until: list[datetime] = []
    booked = timedelta()
    for session in sorted(studio.sessions, key=lambda one: (one.starts_at, _called_off(one))):
        starts_at, ends_at = _shown_span(session, now)
        setup = timedelta(minutes=session.setup_minutes)
        teardown = timedelta(minutes=session.teardown_minutes)
        if _called_off(session):
            setup = teardown = timedelta()
        else:
            booked += max(timedelta(), min(ends_at, day[1]) - max(starts_at, day[0]))
        at = strip_of(starts_at, ends_at, day)
        if at is None:
            continue
        lane = _free_lane(busy_until, starts_at - setup, ends_at + teardown)
        blocks.append(
            Block(
                session=session,
                at=at,
                lane=lane,
                setup=strip_of(starts_at - setup, starts_at, day),
                teardown=strip_of(ends_at, ends_at + teardown, day),
                late=_late_minutes(session, now),
                overrunning=session.state == "live" and now > session.ends_at,
            )
        )
    used = round(booked / timedelta(minutes=open_minutes) * 10_000)
    return Row(studio, blocks, max(1, len(busy_until)), min(used, 10_000))


def _shown_span(session: Shown, now: datetime) -> tuple[datetime, datetime]:
    """Actual times where there are any; a live show reaches to now when it runs past its end."""
    starts_at = session.actual_starts_at or session.starts_at
    ends_at = session.actual_ends_at or session.ends_at
    if session.state == "live":
        ends_at = max(ends_at, now)
    return starts_at, max(ends_at, starts_at + _SLOT)


def strip_of(starts_at: datetime, ends_at: datetime, day: tuple[datetime, datetime]) -> Strip | None:
    """The columns a span covers, cut to the day; None where it lies outside."""
    first = max(0, floor((starts_at - day[0]) / _SLOT))
    last = min(slots_of(day), ceil((ends_at - day[0]) / _SLOT))
    return Strip(first, last) if first < last else None


def _free_lane(busy_until: list[datetime], starts_at: datetime, ends_at: datetime) -> int:
    """First lane that is free, 1-based; the last one takes what no longer fits anywhere."""
    for index, until in enumerate(busy_until):
        if until <= starts_at:
            busy_until[index] = ends_at
            return index + 1
    if len(busy_until) < MOST_LANES:
        busy_until.append(ends_at)
    return len(busy_until)


def _late_minutes(session: Shown, now: datetime) -> int:
    if session.actual_starts_at is not None:
        began = session.actual_starts_at
    elif session.state in ("accepted", "ready"):
        began = now
    else:
        return 0
    return max(0, int((began - session.starts_at) / timedelta(minutes=1)))


def _called_off(session: Shown) -> bool:
    return session.state in ("cancelled", "no_show")
