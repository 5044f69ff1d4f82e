"""The clock: what time alone decides, each edge once, however many clocks run and whichever dies."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.kit import clock, heartbeat
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.live import edges
from campaign.live.alerts import ring
from campaign.live.models import ClockBeat
from campaign.live.running import all_answered, infer_end, miss, overrun, ready_row, times_of
from campaign.schedule.answering import expire
from campaign.schedule.closing import lapse
from campaign.schedule.models import LiveSession

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
BACKOFF = timedelta(seconds=10)
MOST_AT_ONCE = 1000


def tick(database: Database) -> int:
    """Do everything that is due, one session per transaction; gives how many edges were taken.

    A session that fails is pushed forward (its attempt counted before the work) and parked with an alert at
    the fifth; it never stands in the others' way. Safe to run from several processes at once.
    """
    with database.transaction(SYSTEM) as db:
        resumed = beat(db, SYSTEM)
    done = 0
    for _ in range(MOST_AT_ONCE):
        with database.transaction(SYSTEM) as db:
            session_id = claim_due(db, SYSTEM)
        if session_id is None:
            break
        done += _look(database, session_id, resumed)
    return done


def _look(database: Database, session_id: int, resumed: datetime) -> int:
    try:
        with database.transaction(SYSTEM) as db:
            return take_edge(db, SYSTEM, session_id, resumed)
    except Exception:
        # Its attempt is counted and its next look put off: the others must not wait for it.
        log.exception("edge_failed", session_id=session_id)
        return 0


def beat(db: Session, actor: Actor) -> datetime:
    """Note that the clock ticks; gives since when it has done so without an outage."""
    heartbeat.beat(db, "clock")  # what /readyz looks at
    now = clock.now(db)
    row = db.get(ClockBeat, 1, with_for_update=True)
    resumed = edges.resumed_at(row.ticked_at if row else None, row.resumed_at if row else None, now)
    values = {"ticked_at": now, "resumed_at": resumed}
    db.execute(
        insert(ClockBeat).values(id=1, **values).on_conflict_do_update(index_elements=["id"], set_=values)
    )
    return resumed


# No key: whoever writes of a session just now (its sales, a notice) holds its key, and must not put its edges off.
_CLAIM = text("""
    UPDATE live_session SET attempts = attempts + 1,
           due_at = CAST(:now AS timestamptz) + CAST(:backoff AS interval) * (attempts + 1)
    WHERE id = (SELECT id FROM live_session WHERE due_at <= CAST(:now AS timestamptz)
                ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id, attempts
""")


def claim_due(db: Session, actor: Actor) -> int | None:
    """Take the next due session to look at: its attempt is counted before the work, so that one that kills
    its worker is not tried for ever.
    """
    row = db.execute(_CLAIM, {"now": clock.now(db), "backoff": BACKOFF}).first()
    if row is None:
        return None
    if row.attempts > MOST_ATTEMPTS:
        db.execute(update(LiveSession).where(LiveSession.id == row.id).values(due_at=None))
        ring(db, actor, "clock_stuck", f"session:{row.id}", session_id=row.id)
        log.error("edge_parked", session_id=row.id)
        return claim_due(db, actor)
    return int(row.id)


def take_edge(db: Session, actor: Actor, session_id: int, resumed: datetime) -> int:
    """The one edge that is due for a session, decided again under its lock: 1 when taken, 0 when not yet."""
    row = db.get(LiveSession, session_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        return 0
    answered = row.state != "accepted" or all_answered(db, actor, row)
    edge = edges.due_edge(times_of(row), all_answered=answered, resumed=resumed, now=clock.now(db))
    if edge.verb == "wait":
        row.due_at, row.attempts = edge.again_at, 0
        return 0
    _EDGES[edge.verb](db, row)
    return 1


def _ready(db: Session, row: LiveSession) -> None:
    ready_row(db, SYSTEM, row)


_EDGES = {
    "lapse": lapse,
    "expire": expire,
    "ready": _ready,
    "no_show": miss,
    "overrun": overrun,
    "end": infer_end,
}
