"""When time alone may change a session: the moment the clock must look at it next. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

READY_BEFORE = timedelta(minutes=30)
START_GRACE = timedelta(minutes=15)
END_GRACE = timedelta(minutes=15)


@dataclass(frozen=True)
class Times:
    """What the clock knows of a session."""

    state: str
    starts_at: datetime
    ends_at: datetime
    hold_until: datetime | None = None
    offer_deadline_at: datetime | None = None
    last_sign_at: datetime | None = None
    overrunning_at: datetime | None = None


def next_look(times: Times) -> datetime | None:
    """The next moment at which an edge may be due; None where time changes nothing."""
    if times.state == "draft":
        return times.hold_until
    if times.state == "offered":
        return times.offer_deadline_at
    if times.state == "accepted":
        return times.starts_at - READY_BEFORE
    if times.state == "ready":
        return times.starts_at + START_GRACE
    if times.state == "live":
        quiet_at = quiet_since(times) + END_GRACE
        # Its planned end comes first: from there on a sign of life means that it is overrunning.
        return quiet_at if times.overrunning_at else min(times.ends_at, quiet_at)
    return None


def quiet_since(times: Times) -> datetime:
    """The later of the planned end and the last sign of life."""
    return max(times.ends_at, times.last_sign_at or times.ends_at)
