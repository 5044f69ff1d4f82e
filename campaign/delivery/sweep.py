"""What the clock does for delivery: partitions ahead, old days away, strays put where they belong."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.outbox.actions import wake

DAYS_AHEAD = 30
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
                f"UPDATE webhook_delivery SET state = '{state}',"
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


def keep_partitions(db: Session, _actor: Actor, *, event_days: int, attempt_days: int) -> int:
    """Make the days ahead and drop those past their keeping; gives how many were made or dropped.

    Nobody waits for it: where a day is being read just now, its turn comes again.
    """
    kept = {
        "webhook_message": event_days + 1,
        "webhook_delivery": event_days + 1,
        "webhook_attempt": attempt_days,
    }
    done = 0
    for table, days in kept.items():
        row = db.execute(
            text(
                "SELECT ensure_day_partitions(CAST(:table AS regclass), :ahead)"
                " + drop_day_partitions(CAST(:table AS regclass), :days)"
            ),
            {"table": table, "ahead": DAYS_AHEAD, "days": days},
        )
        done += row.scalar_one()
    return done
