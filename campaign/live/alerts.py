"""Alerts: what nobody planned and somebody must look at. The same trouble rings once."""

from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.live.models import Alert

KINDS = ("live_unscheduled", "without_claims", "clock_stuck")
"""live_unscheduled: on air while draft, offered, cancelled or not in the schedule at all; without_claims: on air
late, where others have booked meanwhile; clock_stuck: the clock failed five times on one session."""


def ring(
    db: Session, actor: Actor, kind: str, subject: str, *, session_id: int | None = None, **detail: Any
) -> None:
    """Raise an alert unless the same one is open."""
    db.execute(
        insert(Alert)
        .values(kind=kind, subject=subject, session_id=session_id, at=clock.now(db), detail=detail)
        .on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=text("closed_at IS NULL"))
        .inline()
    )


def open_alerts(db: Session, actor: Actor, limit: int = 100) -> list[Alert]:
    """Alerts nobody has closed, newest first. The hub's alone."""
    if not actor.is_hub:
        return []
    return list(
        db.scalars(select(Alert).where(Alert.closed_at.is_(None)).order_by(Alert.at.desc()).limit(limit))
    )


def close(db: Session, actor: Actor, alert_id: int) -> None:
    """Somebody has looked at it. Raises NotFound."""
    done = db.execute(
        update(Alert).where(Alert.id == alert_id, Alert.closed_at.is_(None)).values(closed_at=clock.now(db))
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound
    audit.note(db, actor, "alert.closed", "alert", alert_id, {})


def close_of(db: Session, actor: Actor, session_id: int) -> None:
    """A session set right closes its alerts."""
    db.execute(
        update(Alert)
        .where(Alert.session_id == session_id, Alert.closed_at.is_(None))
        .values(closed_at=clock.now(db))
    )
