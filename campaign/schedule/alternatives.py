"""Where a refused session would fit instead: near in time first, the wanted studio first. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.schedule.spans import Span

STEP = timedelta(minutes=15)
REACH = timedelta(hours=12)
MOST = 5
_PER_TIME = 2


@dataclass(frozen=True)
class Slot:
    """A free place for a session: [starts_at, ends_at) without set-up and tear-down."""

    studio_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Room:
    """A studio with its turnaround and what is taken of it, set-up and tear-down inside."""

    studio_id: int
    setup: timedelta
    teardown: timedelta
    taken: Sequence[Span]

    def free(self, session: Span) -> bool:
        around = Span(session.starts_at - self.setup, session.ends_at + self.teardown)
        return not any(span.overlaps(around) for span in self.taken)


def near(
    wanted: Span,
    studio_id: int,
    rooms: Sequence[Room],
    people: Sequence[tuple[Span, Sequence[Span]]],
    *,
    not_before: datetime,
    most: int = MOST,
) -> list[Slot]:
    """Up to `most` slots of the wanted length, at most two per time so that the choice is wide.

    `people`: for each host and account, which must be free at the new time too, the span needed of it
    and what is taken of it.
    """
    found: list[Slot] = []
    ordered = sorted(rooms, key=lambda room: room.studio_id != studio_id)
    for by in _offsets():
        if len(found) >= most:
            break
        session = Span(wanted.starts_at + by, wanted.ends_at + by)
        if session.starts_at < not_before or not _all_free(people, by):
            continue
        fitting = [room for room in ordered if room.free(session)][:_PER_TIME]
        found.extend(Slot(room.studio_id, session.starts_at, session.ends_at) for room in fitting)
    return found[:most]


def _all_free(people: Sequence[tuple[Span, Sequence[Span]]], by: timedelta) -> bool:
    return not any(
        span.overlaps(Span(needed.starts_at + by, needed.ends_at + by))
        for needed, taken in people
        for span in taken
    )


def _offsets() -> Iterator[timedelta]:
    yield timedelta(0)
    by = STEP
    while by <= REACH:
        yield by
        yield -by
        by += STEP


def free_in(
    within: Span,
    length: timedelta,
    rooms: Sequence[Room],
    busy: Sequence[Span],
    *,
    step: timedelta,
    most: int,
) -> list[Slot]:
    """Free slots within a span, earliest first. `busy`: when the hosts are taken."""
    found: list[Slot] = []
    starts_at = within.starts_at
    while starts_at + length <= within.ends_at and len(found) < most:
        session = Span(starts_at, starts_at + length)
        if not any(span.overlaps(session) for span in busy):
            found.extend(
                Slot(room.studio_id, session.starts_at, session.ends_at)
                for room in rooms
                if room.free(session)
            )
        starts_at += step
    return found[:most]


def by_studio(taken: Mapping[int, Sequence[Span]], rooms: Sequence[tuple[int, int, int]]) -> list[Room]:
    """Rooms from (studio id, set-up minutes, tear-down minutes) and what is taken by studio id."""
    return [
        Room(studio_id, timedelta(minutes=setup), timedelta(minutes=teardown), taken.get(studio_id, ()))
        for studio_id, setup, teardown in rooms
    ]
