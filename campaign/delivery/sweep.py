"""What the clock does for delivery: partitions ahead, old days away, strays put where they belong."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.outbox.actions import wake

DAYS_AHEAD = 30
MOST_FORGOTTEN = 20_000
"""Facts deleted in one turn: half a million a day."""

# The sender notes a failed try as pending whatever became of the endpoint meanwhile.
_STRAYS = {
    "held": "state = 'pending' AND endpoint_id IN"
    " (SELECT id FROM webhook_endpoint WHERE archived_at IS NULL AND state <> 'active')",
    "aborted": "state IN ('pending', 'held') AND endpoint_id IN"
    " (SELECT id FROM webhook_endpoint WHERE archived_at IS NOT NULL)",
    "expired": "state IN ('pending', 'held') AND day <= CAST(:expires AS date) AND created_at < :expires",
}


def sweep(db: Session, _actor: Actor, *, event_days: int) -> int:
    """Put strays where they belong and wake the sender where something waits; gives how many strays.

    What waited for `event_days` is said to be expired.
    """
    now = clock.now(db)
    given = {"now": now, "expires": now - timedelta(days=event_days)}
    moved = 0
    for state, which in _STRAYS.items():
        found = db.execute(
            text(
                f"UPDATE webhook_delivery SET state = '{state}', updated_at = :now,"
                f" finished_at = CASE WHEN '{state}' <> 'held' THEN CAST(:now AS timestamptz) END"
                f" WHERE {which} RETURNING 1"
            ),
            given,
        )
        moved += len(found.all())
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
