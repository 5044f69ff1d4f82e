"""What waits for an endpoint goes where its endpoint is, some thousands at a time.

An endpoint's own state changes at once: claims ask for it, and readers are told by it (standing). A million rows would
take minutes in one transaction, and everybody who needs the endpoint's row would wait for them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.database import after_commit
from campaign.kit.queue import nudge
from campaign.outbox.actions import wake

BATCH = 2000
"""So many rows in one transaction."""

_STATE = text("""
SELECT CASE WHEN archived_at IS NOT NULL THEN 'aborted' WHEN state = 'active' THEN 'pending' ELSE 'held' END
FROM webhook_endpoint WHERE id = :endpoint
""")
_STRAYS = {"aborted": ("pending", "held"), "pending": ("held",), "held": ("pending",)}

# Endpoints that are taken up first: somebody waits for what was held.
_ASTRAY = text("""
SELECT e.id FROM webhook_endpoint e
WHERE ((e.archived_at IS NOT NULL OR e.state = 'active')
       AND EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'held'))
   OR ((e.archived_at IS NOT NULL OR e.state <> 'active')
       AND EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.state = 'pending'))
ORDER BY e.archived_at IS NOT NULL, e.state <> 'active', e.id
""")

# Each in the order of its partial index. What somebody holds is left for the next turn.
_FOUND = "SELECT day, id FROM webhook_delivery WHERE endpoint_id = :endpoint AND state ="
_LOCKED = "LIMIT :most FOR UPDATE SKIP LOCKED"
_TAKE = {
    "held": text(f"{_FOUND} 'held' ORDER BY id {_LOCKED}"),
    "pending": text(f"{_FOUND} 'pending' ORDER BY next_at, id {_LOCKED}"),
}
_TAKE_LATER = text(f"{_FOUND} 'pending' AND next_at > :now ORDER BY next_at, id {_LOCKED}")

# When each was due stays, so that batches keep the order in which they would have gone. What was tried, or is to wait
# for its next try, goes at the place of its event.
_MOVE = text("""
UPDATE webhook_delivery
SET state = :state, updated_at = :now,
    finished_at = CASE WHEN :state IN ('aborted', 'expired') THEN CAST(:now AS timestamptz) END,
    next_at = CASE WHEN :state = 'pending' AND (attempts > 0 OR next_at > :now) THEN least(next_at, created_at)
                   ELSE next_at END
WHERE day = ANY(:days) AND id = ANY(:ids)
""")


def astray(db: Session) -> Sequence[int]:
    """Endpoints for which something waits that is not in the state they ask for."""
    return db.execute(_ASTRAY).scalars().all()


def settle(db: Session, endpoint_id: int, *, most: int = BATCH) -> int:
    """Put so many of an endpoint's deliveries where they belong; gives how many were put there."""
    state = db.execute(_STATE, {"endpoint": endpoint_id}).scalar_one()
    moved = 0
    for before in _STRAYS[state]:
        given = {"endpoint": endpoint_id, "most": most - moved}
        moved += put(db, db.execute(_TAKE[before], given).all(), state)
    if moved and state == "pending":
        wake(db)
    return moved


def begin(db: Session, endpoint_id: int) -> None:
    """After a change of an endpoint's state: the first are put where they belong at once, the sweep goes on from there.

    Of one that is taken up, what waits for its next try is tried at once as well.
    """
    db.flush()
    if settle(db, endpoint_id) >= BATCH:
        after_commit(db, lambda: nudge("delivery.sweep"))
    if db.execute(_STATE, {"endpoint": endpoint_id}).scalar_one() == "pending":
        given = {"endpoint": endpoint_id, "most": BATCH, "now": clock.now(db)}
        put(db, db.execute(_TAKE_LATER, given).all(), "pending")
        wake(db)


def put(db: Session, rows: Sequence[Row[Any]], state: str) -> int:
    """Bring these (day, id), which are locked, into a state; gives how many."""
    if rows:
        days, ids = sorted({row.day for row in rows}), [row.id for row in rows]
        db.execute(_MOVE, {"state": state, "now": clock.now(db), "days": days, "ids": ids})
    return len(rows)
