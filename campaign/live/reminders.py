"""The clock's sweep over what comes: each thing told once, by its key, however many clocks run."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaign.delivery.notices.queries import keys_told
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.live.models import ClockBeat
from campaign.live.offair import watch
from campaign.live.reminding import (
    ARRIVAL_UNTIL,
    LAST,
    SOON_DUE,
    Step,
    call_time,
    is_awaited,
    soon_due_at,
    useful_until,
    was_missed,
    windows,
)
from campaign.schedule.models import LiveSession
from campaign.schedule.reading import views_of
from campaign.schedule.telling import tell_agencies, tell_hosts, tell_hub
from campaign.schedule.views import ParticipantView, SessionView

log = structlog.get_logger(__name__)

_LONGEST_SETUP = timedelta(hours=24)
_LOOKS_BACK = timedelta(hours=12)

_BEAT = text(
    "INSERT INTO notice_clock AS c (id, swept_at) VALUES (1, :now) ON CONFLICT (id)"
    " DO UPDATE SET swept_at = greatest(c.swept_at, excluded.swept_at)"
)


def sweep(db: Session, actor: Actor) -> int:
    """Tell what is due now: reminders, deadlines, arrivals, who is off air. Gives how many things were told."""
    now = clock.now(db)
    swept_at = db.execute(text("SELECT swept_at FROM notice_clock WHERE id = 1 FOR UPDATE")).scalar() or now
    beat = db.get(ClockBeat, 1)
    resumed = beat.resumed_at if beat else now
    parts: list[Callable[[], int]] = [
        *(partial(_remind, db, actor, step, after, until, now) for step, after, until in windows(now)),
        lambda: _own_up(db, actor, swept_at, now),
        lambda: _deadlines(db, actor, now),
        lambda: _arrivals(db, actor, now),
        lambda: watch(db, actor, resumed, now),
    ]
    told = [_tried(db, part) for part in parts]
    if None not in told:
        db.execute(_BEAT, {"now": now})
    return sum(count or 0 for count in told)


def _tried(db: Session, part: Callable[[], int]) -> int | None:
    """One part in a savepoint of its own: a fault in it is seen in the log and stops none of the others."""
    try:
        with db.begin_nested():
            return part()
    except DBAPIError:
        raise
    except Exception:
        log.exception("reminders_failed")
        return None


def _sessions(db: Session, actor: Actor, *where: ColumnElement[bool]) -> list[SessionView]:
    rows = db.scalars(select(LiveSession).where(*where).order_by(LiveSession.starts_at, LiveSession.id)).all()
    return views_of(db, actor, rows, lineup=False)


def _starting(*states: str) -> ColumnElement[bool]:
    return LiveSession.state.in_(states)


def _key(kind: str, view: SessionView) -> str:
    """A session that moves is reminded of anew."""
    return f"{kind}:{view.id}:{int(view.starts_at.timestamp())}"


def _untold(db: Session, actor: Actor, keyed: dict[str, SessionView]) -> dict[str, SessionView]:
    known = keys_told(db, actor, list(keyed))
    return {key: view for key, view in keyed.items() if key not in known}


def _remind(db: Session, actor: Actor, step: Step, after: datetime, until: datetime, now: datetime) -> int:
    # Ids first: of what stands in the window nearly all was told at an earlier sweep.
    kind = f"reminder.{step.name}"
    due = db.execute(
        select(LiveSession.id, LiveSession.starts_at).where(
            _starting("accepted", "ready"),
            LiveSession.starts_at > max(after, now),
            LiveSession.starts_at <= until,
        )
    ).all()
    keys = {f"{kind}:{row.id}:{int(row.starts_at.timestamp())}": row.id for row in due}
    fresh = [keys[key] for key in keys.keys() - keys_told(db, actor, list(keys))]
    views = _sessions(db, actor, LiveSession.id.in_(fresh)) if fresh else []
    for view in views:
        ends = useful_until(step, view.starts_at)
        _tell_all(db, view, kind, view.participants, key=_key(kind, view), until=ends)
    return len(views)


def _own_up(db: Session, actor: Actor, swept_at: datetime, now: datetime) -> int:
    """Say which last reminders were dropped, since the clock stood still until after the start."""
    # Nobody is told at length of a night that the whole installation was off.
    since = max(swept_at + LAST.before, now - _LOOKS_BACK)
    if since >= now:
        return 0
    views = _sessions(
        db,
        actor,
        _starting("accepted", "ready", "live", "no_show", "ended"),
        LiveSession.starts_at > since,
        LiveSession.starts_at <= now,
    )
    missed = {
        _key("reminder.missed", view): view for view in views if was_missed(view.starts_at, swept_at, now)
    }
    told = {_key(f"reminder.{LAST.name}", view) for view in missed.values()}
    told = keys_told(db, actor, list(told))
    found = {
        key: view
        for key, view in _untold(db, actor, missed).items()
        if _key(f"reminder.{LAST.name}", view) not in told
    }
    for key, view in found.items():
        tell_hub(db, view, "reminder.missed", key=key, stood_at=written(swept_at))
    return len(found)


def _deadlines(db: Session, actor: Actor, now: datetime) -> int:
    views = _sessions(
        db,
        actor,
        _starting("offered"),
        LiveSession.offer_deadline_at > now,
        LiveSession.offer_deadline_at <= now + SOON_DUE,
    )
    due: dict[str, SessionView] = {}
    for view in views:
        deadline = view.offer_deadline_at
        asked = [one.asked_at for one in _asked(view) if one.asked_at is not None]
        if deadline is not None and asked and soon_due_at(min(asked), deadline) <= now:
            due[f"deadline.soon:{view.id}:{int(deadline.timestamp())}"] = view
    fresh = _untold(db, actor, due)
    for key, view in fresh.items():
        deadline = view.offer_deadline_at
        at = written(deadline) if deadline else ""
        _tell_all(db, view, "deadline.soon", _asked(view), key=key, until=deadline, deadline_at=at)
    return len(fresh)


def _asked(view: SessionView) -> list[ParticipantView]:
    return [one for one in view.participants if one.acceptance == "asked"]


def _arrivals(db: Session, actor: Actor, now: datetime) -> int:
    ahead = LiveSession.starts_at <= now + _LONGEST_SETUP
    views = _sessions(
        db,
        actor,
        _starting("accepted", "ready", "live"),
        LiveSession.starts_at > now - _LONGEST_SETUP,
        or_(ahead & (LiveSession.starts_at > now - ARRIVAL_UNTIL), LiveSession.state == "live"),
    )
    awaited = {
        f"arrival.missing:{one.id}:{int(one.starts_at.timestamp())}": (view, one)
        for view in views
        for one in view.participants
        if one.starts_at is not None
        and one.arrived_at is None
        and is_awaited(view.state, one.starts_at, view.setup_minutes, now)
    }
    known = keys_told(db, actor, list(awaited))
    fresh = {key: found for key, found in awaited.items() if key not in known}
    for key, (view, one) in fresh.items():
        starts_at = one.starts_at or view.starts_at
        at = written(call_time(starts_at, view.setup_minutes))
        hosts = [{"name": one.name, "name_en": one.name_en}]
        until = starts_at + ARRIVAL_UNTIL
        _tell_all(db, view, "arrival.missing", [one], key=key, until=until, call_at=at, hosts=hosts)
    return len(fresh)


def _tell_all(
    db: Session,
    view: SessionView,
    kind: str,
    people: Sequence[ParticipantView],
    *,
    key: str,
    until: datetime | None,
    **more: object,
) -> None:
    """Tell the hub, the agencies of `people`, each of its own, and the people themselves."""
    tell_hub(db, view, kind, key=key, until=until, **more)
    agencies = {one.agency_id for one in people if one.agency_id is not None}
    tell_agencies(db, view, kind, agencies, key=key, until=until, people=people, **more)
    tell_hosts(db, view, kind, people, key=key, until=until, **more)
