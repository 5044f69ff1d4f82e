"""Alerts: what nobody planned and somebody must look at. The same trouble rings once, and says who sees to it."""

import json
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.delivery.notices import actions as notices
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.live.models import Alert
from campaign.outbox.notices import Notice

KINDS = (
    "live_unscheduled",
    "off_air",
    "host_mismatch",
    "without_claims",
    "clock_stuck",
    "event_unusable",
    "no_sales",
    "refund_surge",
    "sales_late",
    "sales_drift",
)
"""live_unscheduled: on air while draft, offered, cancelled or not in the schedule at all; off_air: planned to be on
air and is not; host_mismatch: another account than planned is on air; without_claims: on air late, where others have
booked meanwhile; clock_stuck: the clock failed five times on one session; event_unusable: an event that the sender
could not put into a message; no_sales, refund_surge, sales_late: on air and nothing is sold, much of it comes back,
or what is told of it is old; sales_drift: sums that differed from their order lines, set right."""

COOL_DOWN = timedelta(minutes=15)
"""Trouble that comes back within this time is not told again; what a person closed stays closed as long."""

_RING = text(
    "SELECT ring_alert(:kind, :subject, CAST(:session_id AS bigint), CAST(:detail AS jsonb),"
    " CAST(:now AS timestamptz), CAST(:cool AS interval))"
)


def ring(
    db: Session, actor: Actor, kind: str, subject: str, *, session_id: int | None = None, **detail: Any
) -> None:
    """Raise an alert unless the same one stands or has just been closed; a new one is told to the hub."""
    given = {"kind": kind, "subject": subject, "session_id": session_id, "detail": json.dumps(detail)}
    db.execute(_RING, given | {"now": clock.now(db), "cool": COOL_DOWN})


def open_alerts(db: Session, actor: Actor, limit: int = 100) -> list[Alert]:
    """Alerts nobody has closed: those without an owner first, then the newest. The hub's alone."""
    if not actor.is_hub:
        return []
    order = (Alert.acknowledged_at.is_not(None), Alert.at.desc(), Alert.id.desc())
    return list(db.scalars(select(Alert).where(Alert.closed_at.is_(None)).order_by(*order).limit(limit)))


def alerts_of(db: Session, actor: Actor, session_ids: Collection[int]) -> dict[int, list[Alert]]:
    """The same of sessions, by session."""
    found: dict[int, list[Alert]] = {}
    if actor.is_hub and session_ids:
        wanted = select(Alert).where(Alert.closed_at.is_(None), Alert.session_id.in_(list(session_ids)))
        order = (Alert.acknowledged_at.is_not(None), Alert.at.desc(), Alert.id.desc())
        for alert in db.scalars(wanted.order_by(*order)):
            found.setdefault(alert.session_id or 0, []).append(alert)
    return found


def closed_alerts(db: Session, actor: Actor, limit: int = 50) -> list[Alert]:
    """The alerts closed last, the newest first."""
    if not actor.is_hub:
        return []
    wanted = select(Alert).where(Alert.closed_at.is_not(None))
    return list(db.scalars(wanted.order_by(Alert.closed_at.desc(), Alert.id.desc()).limit(limit)))


def acknowledge(db: Session, actor: Actor, alert_id: int) -> Alert:
    """Say that one sees to it: the first one counts, a second press changes nothing. Raises NotFound."""
    alert = db.get(Alert, alert_id) if actor.is_hub else None
    if alert is None:
        raise NotFound
    done = db.execute(
        update(Alert)
        .where(Alert.id == alert_id, Alert.acknowledged_at.is_(None))
        .values(acknowledged_at=clock.now(db), acknowledged_by=actor.id, acknowledged_name=actor.name)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount == 1:  # type: ignore[attr-defined]
        audit.note(db, actor, "alert.acknowledged", "alert", alert_id, {"kind": alert.kind})
        notices.acknowledge_of_alert(db, actor, alert_id)
    db.refresh(alert)
    return alert


def acknowledge_notice(db: Session, actor: Actor, notice_id: int) -> Notice:
    """Acknowledge a notice, and the alert that it tells of. Raises NotFound."""
    notice = notices.acknowledge(db, actor, notice_id)
    if notice.alert_id is not None:
        acknowledge(db, actor, notice.alert_id)
    return notice


def close(db: Session, actor: Actor, alert_id: int) -> None:
    """Somebody has dealt with it. Raises NotFound."""
    done = db.execute(
        update(Alert)
        .where(Alert.id == alert_id, Alert.closed_at.is_(None))
        .values(closed_at=clock.now(db), closed_by=actor.id, closed_name=actor.name)
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


def settle(db: Session, actor: Actor, kind: str, standing: Collection[str]) -> None:
    """Close the alerts of a kind whose trouble is over: those whose subject is not `standing` any more."""
    db.execute(
        update(Alert)
        .where(Alert.kind == kind, Alert.closed_at.is_(None), Alert.subject.not_in(list(standing)))
        .values(closed_at=clock.now(db))
        .execution_options(synchronize_session=False)
    )
