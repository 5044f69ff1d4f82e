"""What time makes of a session: one edge at a time, decided on plain values. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from campaign.schedule.due import END_GRACE, READY_BEFORE, START_GRACE, Times, quiet_since

OUTAGE = timedelta(seconds=60)
"""A clock that stood still for longer is catching up: what it missed may still be on its way."""

LOOK_AGAIN = timedelta(minutes=1)

Verb = Literal["lapse", "expire", "ready", "no_show", "overrun", "end", "wait"]


@dataclass(frozen=True)
class Edge:
    """What to do with the session now; `again_at` is when to look next where nothing is done yet."""

    verb: Verb
    again_at: datetime | None = None


def resumed_at(ticked_at: datetime | None, resumed: datetime | None, now: datetime) -> datetime:
    """Since when the clock has run without an outage, asked at each tick."""
    if ticked_at is None or resumed is None or now - ticked_at > OUTAGE:
        return now
    return resumed


def no_show_at(starts_at: datetime, resumed: datetime) -> datetime:
    """The end of grace. After an outage that covered the start, the whole grace runs again:
    evidence that waited outside must have the time to come in first.
    """
    return max(starts_at, resumed) + START_GRACE


def due_edge(times: Times, *, all_answered: bool, resumed: datetime, now: datetime) -> Edge:
    """The one edge that is due at `now`, or wait."""
    if times.state == "draft":
        return _when(times.hold_until, "lapse", now)
    if times.state == "offered":
        return _when(times.offer_deadline_at, "expire", now)
    if times.state in ("accepted", "ready"):
        return _before_air(times, all_answered, resumed, now)
    if times.state == "live":
        return _on_air(times, now)
    return Edge("wait")


def _when(at: datetime | None, verb: Verb, now: datetime) -> Edge:
    if at is None or at > now:
        return Edge("wait", at)
    return Edge(verb)


def _before_air(times: Times, all_answered: bool, resumed: datetime, now: datetime) -> Edge:
    missed_at = no_show_at(times.starts_at, resumed)
    if now >= missed_at:
        return Edge("no_show")
    ready_at = times.starts_at - READY_BEFORE
    if times.state == "ready":
        return Edge("wait", missed_at)
    if now < ready_at:
        return Edge("wait", ready_at)
    if all_answered:
        return Edge("ready")
    return Edge("wait", min(missed_at, now + LOOK_AGAIN))


def _on_air(times: Times, now: datetime) -> Edge:
    if now < times.ends_at:
        return Edge("wait", times.ends_at)
    quiet_at = quiet_since(times) + END_GRACE
    if now >= quiet_at:
        return Edge("end")
    overrunning = times.last_sign_at is not None and times.last_sign_at > times.ends_at
    if overrunning and times.overrunning_at is None:
        return Edge("overrun")
    return Edge("wait", quiet_at)
