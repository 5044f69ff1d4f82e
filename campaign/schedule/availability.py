"""Availability of hosts and closures of studios and hub: recorded whatever is booked, and read by the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.errors import FieldError, Forbidden, Invalid, NotFound
from campaign.kit.queue import nudge
from campaign.parties.models import Host, HostContract, Studio
from campaign.parties.queries import get, today, zone_of_hub
from campaign.schedule import gathering
from campaign.schedule.models import TimeWindow
from campaign.schedule.spans import Span
from campaign.schedule.window_schemas import ExceptionIn, WindowsIn

LONGEST_WINDOW = timedelta(days=400)


@dataclass(frozen=True)
class Owner:
    """Whose windows: a host's, a studio's, or the hub's (id 0)."""

    kind: Literal["host", "studio", "hub"]
    id: int = 0

    @property
    def columns(self) -> dict[str, int | None]:
        """The columns of a window that name its owner."""
        return {
            "host_id": self.id if self.kind == "host" else None,
            "studio_id": self.id if self.kind == "studio" else None,
        }

    @property
    def rows(self) -> ColumnElement[bool]:
        """Its windows."""
        return and_(
            TimeWindow.host_id.is_not_distinct_from(self.columns["host_id"]),
            TimeWindow.studio_id.is_not_distinct_from(self.columns["studio_id"]),
        )


@dataclass(frozen=True)
class ShutSpan:
    """Away or closed, for display. kind: host | studio | hub; code: host_away, host_unavailable, studio_closed, …"""

    kind: str
    id: int
    code: str
    starts_at: datetime
    ends_at: datetime
    reason: str


def owner_of_host(db: Session, actor: Actor, host_id: int) -> Owner:
    """The host, where the actor may keep its times: the hub, its agency of today, itself. Raises NotFound."""
    get(db, actor, Host, host_id)
    if actor.role == "agency" and host_id not in hosts_of_agency(db, actor):
        raise NotFound
    return Owner("host", host_id)


def owner_of_studio(db: Session, actor: Actor, studio_id: int | None) -> Owner:
    """The studio, or the hub for None. Raises NotFound."""
    if not actor.is_hub:
        raise Forbidden
    return Owner("hub") if studio_id is None else Owner("studio", get(db, actor, Studio, studio_id).id)


def hosts_of_agency(db: Session, actor: Actor) -> dict[int, Host]:
    """The hosts an agency stands for today, by id."""
    rows = db.scalars(
        select(Host)
        .join(HostContract, HostContract.host_id == Host.id)
        .where(HostContract.agency_id == actor.agency_id, HostContract.during.contains(today(db, actor)))
        .where(Host.archived_at.is_(None))
        .order_by(Host.sort_key, Host.id)
    )
    return {host.id: host for host in rows}


def windows_of(db: Session, actor: Actor, owner: Owner) -> list[TimeWindow]:
    """All windows of one owner: weekly ones first, then by time."""
    order = (TimeWindow.weekday.asc().nulls_last(), TimeWindow.from_time, TimeWindow.starts_at, TimeWindow.id)
    return list(db.scalars(select(TimeWindow).where(owner.rows).order_by(*order)))


def leave_ahead(
    db: Session, actor: Actor, host_ids: Sequence[int], until: datetime
) -> dict[int, list[TimeWindow]]:
    """Host id → leave that has not ended and begins before `until`, by time."""
    rows = select(TimeWindow).where(
        TimeWindow.host_id.in_(host_ids),
        TimeWindow.shut,
        TimeWindow.ends_at > clock.now(db),
        TimeWindow.starts_at < until,
    )
    found: dict[int, list[TimeWindow]] = {host_id: [] for host_id in host_ids}
    for row in db.scalars(rows.order_by(TimeWindow.starts_at)):
        if row.host_id is not None:
            found[row.host_id].append(row)
    return found


def availability_of(
    db: Session,
    actor: Actor,
    host_ids: Sequence[int],
    studio_ids: Sequence[int],
    from_at: datetime,
    to_at: datetime,
) -> list[ShutSpan]:
    """When hosts are away and studios or the hub closed within [from_at, to_at), by time: for display.

    One statement. The hub's own closures come with every question; reasons are the hub's alone to read.
    """
    if not actor.is_hub:
        raise Forbidden
    within = Span(from_at, to_at)
    zone = zone_of_hub(db, actor)
    found = [
        ShutSpan(kind, thing_id, _code(kind, one.dated), one.span.starts_at, one.span.ends_at, one.reason)
        for (kind, thing_id), part in gathering.windows_of(db, actor, host_ids, studio_ids, within).items()
        for one in part.shut(within, zone)
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.kind, one.id))


def _code(kind: str, dated: bool) -> str:
    if kind == "host":
        return "host_away" if dated else "host_unavailable"
    return f"{kind}_closed"


def set_windows(db: Session, actor: Actor, owner: Owner, given: WindowsIn) -> None:
    """Replace all windows of one owner. Raises Invalid; what is booked in them stays, and is flagged to the hub."""
    faults = [
        fault
        for at, one in enumerate(given.exceptions)
        for fault in _faults_of(one, f"exceptions.{at}.ends_at")
    ]
    if faults:
        raise Invalid(faults)
    db.execute(delete(TimeWindow).where(owner.rows))
    usual = owner.kind == "host"
    for one in given.weekly:
        available = usual if one.available is None else one.available
        values = {"weekday": one.weekday, "from_time": one.from_time, "to_time": one.to_time}
        db.add(TimeWindow(**owner.columns, shut=not available, **values))
    for part in given.exceptions:
        db.add(_dated(owner, part))
    _changed(db, actor, owner, "replaced", {"weekly": len(given.weekly), "exceptions": len(given.exceptions)})


def add_exception(db: Session, actor: Actor, owner: Owner, given: ExceptionIn) -> None:
    """One leave or closure more (or, with available, an exception the other way). Raises Invalid."""
    faults = list(_faults_of(given, "ends_at"))
    if faults:
        raise Invalid(faults)
    db.add(_dated(owner, given))
    _changed(
        db, actor, owner, "added", {"from": given.starts_at.isoformat(), "to": given.ends_at.isoformat()}
    )


def set_weekly(
    db: Session, actor: Actor, owner: Owner, hours: Sequence[tuple[int, time, time]], *, available: bool
) -> None:
    """Replace the weekly windows of one kind: (weekday, from, to)."""
    weekly = TimeWindow.weekday.is_not(None)
    db.execute(delete(TimeWindow).where(owner.rows, weekly, TimeWindow.shut.is_(not available)))
    for weekday, from_time, to_time in hours:
        values: dict[str, Any] = {"weekday": weekday, "from_time": from_time, "to_time": to_time}
        db.add(TimeWindow(**owner.columns, shut=not available, **values))
    _changed(db, actor, owner, "weekly", {"weekly": len(hours)})


def remove_window(db: Session, actor: Actor, owner: Owner, window_id: int) -> None:
    """Take one window back. Raises NotFound."""
    done = db.execute(delete(TimeWindow).where(TimeWindow.id == window_id, owner.rows))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound
    _changed(db, actor, owner, "removed", {})


def _dated(owner: Owner, given: ExceptionIn) -> TimeWindow:
    return TimeWindow(
        **owner.columns,
        shut=not given.available,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        reason=given.reason,
    )


def _faults_of(given: ExceptionIn, field: str) -> list[FieldError]:
    if given.ends_at <= given.starts_at:
        return [FieldError(field, "ends_before_start")]
    if given.ends_at - given.starts_at > LONGEST_WINDOW:
        return [FieldError(field, "window_too_long", {"days": LONGEST_WINDOW.days})]
    return []


def _changed(db: Session, actor: Actor, owner: Owner, how: str, detail: dict[str, Any]) -> None:
    """Keep it in the audit, and have what it clashes with looked for: with eyes that see every session."""
    db.flush()
    at = clock.now(db).isoformat()
    audit.note(
        db, actor, f"windows.{how}", owner.kind, owner.id or None, detail | {"owner": owner.kind, "at": at}
    )
    after_commit(db, lambda: nudge("live.clashes"))
