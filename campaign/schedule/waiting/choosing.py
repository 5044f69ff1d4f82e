"""Which places suit an entry, before anything is asked of the database. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.schedule.ranking import Ranked
from campaign.schedule.spans import Span

LEAD = timedelta(minutes=60)
"""Nobody can take a place that begins sooner."""

ANSWERED_BEFORE = timedelta(minutes=30)
"""A place is held no longer than until so long before its start."""


@dataclass(frozen=True)
class WaitingSettings:
    """How long a place is held for an entry (hub.settings.waiting.hold_minutes)."""

    hold_minutes: int = 120

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "WaitingSettings":
        given = settings.get("waiting")
        minutes = given.get("hold_minutes") if isinstance(given, dict) else None
        return cls(minutes) if type(minutes) is int and 10 <= minutes <= 7 * 1440 else cls()


@dataclass(frozen=True)
class Candidate:
    """A place with the host who would be on."""

    slot: Ranked
    host_id: int


def ahead(windows: Iterable[Span], minutes: int, now: datetime) -> list[Span]:
    """What is left of the windows from LEAD on, where the show still fits in."""
    length = timedelta(minutes=minutes)
    cut = [Span(max(one.starts_at, now + LEAD), one.ends_at) for one in windows]
    return [one for one in cut if one.ends_at - one.starts_at >= length]


def suited(found: Iterable[Candidate], refused: Sequence[Span], *, most: int) -> list[Candidate]:
    """The best ones, none at a time that was held for this entry before and came to nothing."""
    fresh = [
        one
        for one in found
        if not any(span.overlaps(Span(one.slot.starts_at, one.slot.ends_at)) for span in refused)
    ]
    fresh.sort(key=lambda one: (-one.slot.score, one.slot.starts_at, one.slot.studio_id, one.host_id))
    return fresh[:most]


def held_until(now: datetime, starts_at: datetime, hold_minutes: int) -> datetime:
    """When an offer made now lapses."""
    return min(now + timedelta(minutes=hold_minutes), starts_at - ANSWERED_BEFORE)


def touched(windows: Iterable[Span], freed: Sequence[Span]) -> bool:
    """Whether something freed lies within an entry's times."""
    return any(one.overlaps(window) for window in windows for one in freed)
