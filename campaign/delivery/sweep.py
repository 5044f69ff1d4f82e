"""What the clock does for delivery: partitions ahead, old days away, strays put where they belong."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.delivery import moving
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.outbox.actions import wake

DAYS_AHEAD = 30
MOST_FORGOTTEN = 20_000
"""Facts deleted in one turn: half a million a day."""

_OVERDUE = text("""
SELECT day, id FROM webhook_delivery
WHERE state IN ('pending', 'held') AND day <= CAST(:expires AS date) AND created_at < :expires
LIMIT :most FOR UPDATE SKIP LOCKED
""")


def sweep(db: Session, _actor: Actor, *, event_days: int) -> int:
    """Put strays where they belong, some thousands of them, and wake the sender where something waits; gives how many.

    Strays are what waits for an endpoint that was paused, taken up or removed, and what its sender noted or fanned out
    as if it had not been. What waited for `event_days` is said to be expired. To be called until none is left.
    """
    expires = clock.now(db) - timedelta(days=event_days)
    overdue = db.execute(_OVERDUE, {"expires": expires, "most": moving.BATCH}).all()
    moved = moving.put(db, overdue, "expired")
    endpoints = moving.astray(db)
    for endpoint_id in endpoints:
        # One with a million rows takes no turn from the others.
        share = max(moving.BATCH // len(endpoints), 1)
        moved += moving.settle(db, endpoint_id, most=share)
    # NOTIFY is lost while the sender restarts; its own timer finds the work too, this is the belt.
    if db.execute(text("SELECT 1 FROM outbox_event WHERE fanned_at IS NULL LIMIT 1")).first():
        wake(db)
    return moved


def days_kept(*, event_days: int, attempt_days: int) -> dict[str, int]:
    """The tables that have a partition a day, and how many days of each are kept."""
    return {
        "webhook_message": event_days + 1,
        "webhook_delivery": event_days + 1,
        "webhook_attempt": attempt_days,
    }


def make_days(db: Session, _actor: Actor, table: str) -> int:
    """Make the days ahead; gives how many were made. See drop_days for who waits."""
    made = text("SELECT ensure_day_partitions(CAST(:table AS regclass), :ahead)")
    return int(db.execute(made, {"table": table, "ahead": DAYS_AHEAD}).scalar_one())


def drop_days(db: Session, _actor: Actor, table: str, days: int) -> int:
    """Drop the days past their keeping; gives how many were dropped.

    The table is locked until the commit, which must come at once: one table at a time. Where it is in use just now,
    it is let be after an instant, and its turn comes again: who writes behind us waits no longer than that.
    """
    dropped = text("SELECT drop_day_partitions(CAST(:table AS regclass), :days)")
    return int(db.execute(dropped, {"table": table, "days": days}).scalar_one())


_FORGET = text("""
DELETE FROM outbox_event WHERE id IN (
    SELECT id FROM (SELECT id, fanned_at FROM outbox_event ORDER BY id LIMIT :most) oldest WHERE fanned_at < :before
)
""")


def forget_facts(db: Session, _actor: Actor, *, event_days: int) -> int:
    """Delete the oldest facts whose messages are past their keeping, so many at a time; gives how many."""
    before = clock.now(db) - timedelta(days=event_days + 1)
    gone = db.execute(_FORGET, {"before": before, "most": MOST_FORGOTTEN})
    return int(gone.rowcount)  # type: ignore[attr-defined]
