"""Plan against actual: time on air, and the gaps in it while no room of the show was open. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.schedule.spans import Span, gaps
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class Opening:
    """A platform said that a room opened (started True) or closed."""

    room_id: str | None
    at: datetime
    started: bool


def off_air(openings: Iterable[Opening], on_air: Span) -> timedelta:
    """How long within `on_air` no room was open."""
    return sum((gap.length for gap in interruptions(openings, on_air)), timedelta(0))


def interruptions(openings: Iterable[Opening], on_air: Span) -> list[Span]:
    """When within `on_air` no room was open, between the first room that opened and the last that closed.

    Before the first opening and after the last closing nothing is known, so nothing is counted: a show that was
    started by a tap has no rooms to go by.
    """
    open_since: dict[str | None, datetime] = {}
    spans: list[Span] = []
    first: datetime | None = None
    for one in sorted(openings, key=lambda opening: (opening.at, not opening.started)):
        if one.started:
            first = first or one.at
            open_since.setdefault(one.room_id, one.at)
        elif one.room_id in open_since:
            spans.append(Span(open_since.pop(one.room_id), one.at))
    last = max([*open_since.values(), *(span.ends_at for span in spans)], default=None)
    if first is None or last is None:
        return []
    if open_since:
        last = on_air.ends_at
        spans += [Span(since, last) for since in open_since.values() if since < last]
    within = Span(max(first, on_air.starts_at), min(last, on_air.ends_at))
    return [] if within.starts_at >= within.ends_at else gaps(within, spans)


@dataclass(frozen=True)
class PersonActual:
    """A participant: its shift, when it came, and by how many minutes too late (None: nobody noted it)."""

    name: str
    name_en: str
    starts_at: datetime | None
    arrived_at: datetime | None
    late_minutes: int | None


@dataclass(frozen=True)
class Actuals:
    """A session as planned and as it was, in minutes; None where it has not come to that."""

    start_late: int | None
    end_late: int | None
    planned: int
    aired: int | None
    off_air: int
    people: tuple[PersonActual, ...]


def actuals_of(view: SessionView, now: datetime) -> Actuals:
    """Plan against actual of a session. Late is positive, early negative; aired has the gaps taken out."""
    started, ended = view.actual_starts_at, view.actual_ends_at
    until = ended or (now if view.state == "live" else None)
    gap = timedelta(seconds=view.off_air_seconds)
    aired = max(timedelta(0), until - started - gap) if started and until else None
    return Actuals(
        start_late=_minutes(started - view.starts_at) if started else None,
        end_late=_minutes(ended - view.ends_at) if ended else None,
        planned=_minutes(view.ends_at - view.starts_at),
        aired=None if aired is None else _minutes(aired),
        off_air=_minutes(gap),
        people=tuple(
            PersonActual(
                person.name,
                person.name_en,
                person.starts_at,
                person.arrived_at,
                _minutes(person.arrived_at - person.starts_at)
                if person.arrived_at and person.starts_at
                else None,
            )
            for person in view.participants
        ),
    )


def _minutes(length: timedelta) -> int:
    """Whole minutes, towards zero: 59 s late is on time."""
    return int(length.total_seconds() / 60)
