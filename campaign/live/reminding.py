"""When people are told of what comes: reminders, deadlines, arrivals, and who is off air. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MISSING_AFTER = timedelta(minutes=5)
"""A show that has not begun this long after its start is off air: its grace still runs, but somebody must look."""

SILENT_AFTER = timedelta(minutes=10)
EARLY_BY = timedelta(minutes=15)
ARRIVAL_UNTIL = timedelta(minutes=15)
SOON_DUE = timedelta(hours=2)


@dataclass(frozen=True)
class Step:
    """A reminder `before` the start. It may still be told for `late`; the next one takes over after that."""

    name: str
    before: timedelta
    late: timedelta


STEPS = (
    Step("day", timedelta(hours=24), timedelta(hours=2)),
    Step("hour", timedelta(hours=1), timedelta(minutes=30)),
    Step("quarter", timedelta(minutes=15), timedelta(minutes=15)),
)
LAST = STEPS[-1]


def windows(now: datetime) -> tuple[tuple[Step, datetime, datetime], ...]:
    """Each step with the starts, (after, until], that it is to be told of now."""
    return tuple((step, now + step.before - step.late, now + step.before) for step in STEPS)


def useful_until(step: Step, starts_at: datetime) -> datetime:
    """Until when this reminder is worth reading: the next one's turn, or the start."""
    later = [one.before for one in STEPS if one.before < step.before]
    return starts_at - (max(later) if later else timedelta(0))


def was_missed(starts_at: datetime, swept_at: datetime, now: datetime) -> bool:
    """Whether the clock stood still from before the last reminder's turn until after the start."""
    return swept_at < starts_at - LAST.before and starts_at <= now


def soon_due_at(asked_at: datetime, deadline_at: datetime) -> datetime:
    """When to remind of an answer: two hours before its deadline, or half of a shorter time to answer."""
    return deadline_at - min(SOON_DUE, (deadline_at - asked_at) / 2)


def call_time(shift_starts_at: datetime, setup_minutes: int) -> datetime:
    """When to be there: the set-up before the own shift."""
    return shift_starts_at - timedelta(minutes=setup_minutes)


def is_awaited(state: str, shift_starts_at: datetime, setup_minutes: int, now: datetime) -> bool:
    """Whether somebody who has not arrived should be here. Once a show is on, only for shifts that come."""
    if not call_time(shift_starts_at, setup_minutes) <= now < shift_starts_at + ARRIVAL_UNTIL:
        return False
    return state in ("accepted", "ready") or (state == "live" and shift_starts_at > now)


@dataclass(frozen=True)
class OnAir:
    """What is known of a session about its time on air."""

    state: str
    starts_at: datetime
    ends_at: datetime
    actual_ends_at: datetime | None
    end_evidence: str | None
    last_sign_at: datetime | None


def off_air(show: OnAir, resumed: datetime, now: datetime) -> str | None:
    """Why a show that is planned to be on air is not (late, silent, early), None when all is well.

    `resumed`: since when the clock runs; what should have come while it stood still may still be on its way.
    """
    if not show.starts_at <= now < show.ends_at:
        return None
    if show.state in ("accepted", "ready"):
        return "late" if now >= max(show.starts_at, resumed) + MISSING_AFTER else None
    if show.state == "live" and show.last_sign_at is not None:
        return "silent" if now >= max(show.last_sign_at, resumed) + SILENT_AFTER else None
    if show.state == "ended" and show.end_evidence == "platform" and show.actual_ends_at is not None:
        return "early" if show.actual_ends_at <= show.ends_at - EARLY_BY else None
    return None
