"""Shared crews: which session needs whom, and claims on them unit by unit. The database holds the capacity."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.names import name_of
from campaign.schedule.claims import LONGEST
from campaign.schedule.models import CrewPool, LiveSession, Resource, SessionCrew
from campaign.schedule.rules.facts import Taken
from campaign.schedule.rules.plan import CrewNeed
from campaign.schedule.spans import Span

# By times and not by &&: under row-level security only leakproof operators may search an index (see claims.py).
_BUSY = """
    c.resource_id = r.id AND c.starts_at < CAST(:ends_at AS timestamptz)
    AND c.starts_at >= CAST(:since AS timestamptz) AND c.ends_at > CAST(:starts_at AS timestamptz)
"""
# Each session begins to look at another unit, so that bookings at the same moment seldom want the same one; who
# does waits for the other's commit, gets nothing, and looks again.
_TAKE = text(f"""
    INSERT INTO claim (session_id, resource_id, unit_no, span, kind, expires_at)
    SELECT CAST(:session_id AS bigint), r.id, unit,
           tstzrange(CAST(:starts_at AS timestamptz), CAST(:ends_at AS timestamptz)),
           CASE WHEN CAST(:expires_at AS timestamptz) IS NULL THEN 'booked' ELSE 'held' END,
           CAST(:expires_at AS timestamptz)
    FROM resource r, generate_series(1, r.capacity) AS unit
    WHERE r.crew_pool_id = CAST(:pool_id AS bigint)
      AND NOT EXISTS (SELECT 1 FROM claim c WHERE {_BUSY} AND c.unit_no = unit)
    ORDER BY (unit + CAST(:session_id AS bigint)) % r.capacity
    LIMIT CAST(:units AS integer)
    ON CONFLICT DO NOTHING
    RETURNING unit_no
""")
_FREE = text(f"""
    SELECT count(*) FROM resource r, generate_series(1, r.capacity) AS unit
    WHERE r.crew_pool_id = CAST(:pool_id AS bigint)
      AND NOT EXISTS (SELECT 1 FROM claim c WHERE {_BUSY} AND c.unit_no = unit
                      AND c.session_id <> CAST(:session_id AS bigint)
                      AND (c.expires_at IS NULL OR c.expires_at > CAST(:now AS timestamptz)))
""")
_LEFT = text(f"""
    SELECT count(*) FROM resource r, generate_series(1, r.capacity) AS unit
    WHERE r.crew_pool_id = CAST(:pool_id AS bigint)
      AND NOT EXISTS (SELECT 1 FROM claim c WHERE {_BUSY} AND c.unit_no = unit)
""")
_BLOCKING = text(f"""
    SELECT c.starts_at, c.ends_at, c.session_id, s.title, s.starts_at AS session_starts_at, s.ends_at AS session_ends_at
    FROM resource r JOIN claim c ON {_BUSY} JOIN live_session s ON s.id = c.session_id
    WHERE r.crew_pool_id = CAST(:pool_id AS bigint) AND c.session_id <> CAST(:session_id AS bigint)
      AND (c.expires_at IS NULL OR c.expires_at > CAST(:now AS timestamptz))
    ORDER BY c.starts_at, c.id LIMIT 1
""")
_CLAIMS = text("""
    SELECT c.starts_at, c.ends_at, r.capacity FROM resource r JOIN claim c ON c.resource_id = r.id
    WHERE r.crew_pool_id = CAST(:pool_id AS bigint) AND c.session_id <> CAST(:but AS bigint)
      AND c.starts_at < CAST(:ends_at AS timestamptz) AND c.starts_at >= CAST(:since AS timestamptz)
      AND c.ends_at > CAST(:starts_at AS timestamptz)
      AND (c.expires_at IS NULL OR c.expires_at > CAST(:now AS timestamptz))
""")


def need_of(pool: CrewPool, units: int) -> CrewNeed:
    """What a session needs of a crew, as the rules see it."""
    before, into = timedelta(minutes=pool.before_minutes), timedelta(minutes=pool.into_minutes)
    return CrewNeed(pool.id, name_of(pool), units, before, into)


def needs_of(db: Session, actor: Actor, session_id: int) -> list[CrewNeed]:
    """The crews a session has."""
    rows = db.execute(
        select(CrewPool, SessionCrew.units)
        .join(SessionCrew, SessionCrew.crew_pool_id == CrewPool.id)
        .where(SessionCrew.session_id == session_id)
        .order_by(CrewPool.sort_key, CrewPool.id)
    )
    return [need_of(pool, units) for pool, units in rows]


def set_needs(db: Session, actor: Actor, row: LiveSession, needs: Sequence[CrewNeed]) -> None:
    """Replace what crews a session needs; the claims are taken apart from it."""
    db.execute(delete(SessionCrew).where(SessionCrew.session_id == row.id))
    db.add_all(SessionCrew(session_id=row.id, crew_pool_id=need.pool_id, units=need.units) for need in needs)


def resources_of(db: Session, actor: Actor, needs: Sequence[CrewNeed]) -> list[int]:
    """The resources behind crews, so that holds on them that ran out can be swept."""
    if not needs:
        return []
    pools = [need.pool_id for need in needs]
    return list(db.scalars(select(Resource.id).where(Resource.crew_pool_id.in_(pools))))


def take(
    db: Session,
    actor: Actor,
    session_id: int,
    session: Span,
    needs: Sequence[CrewNeed],
    *,
    now: datetime,
    expires_at: datetime | None,
) -> list[Taken]:
    """Claim units of every crew needed; gives what is in the way where a crew is too small at that time.

    Pools are taken in the order of their ids, after everything else a session claims.
    """
    taken: list[Taken] = []
    for need in sorted(needs, key=lambda one: one.pool_id):
        values = _values(session_id, session, need) | {"now": now, "expires_at": expires_at}
        missing = need.units
        if missing > 1:
            # Who holds one unit and waits for another must be alone in that, or two could wait for each other.
            db.execute(select(func.pg_advisory_xact_lock(need.pool_id)))
        # A turn that gets less than it asked for has lost units to bookings that have committed: it ends.
        while missing and db.execute(_LEFT, values).scalar_one():
            missing -= len(db.execute(_TAKE, values | {"units": missing}).all())
        if missing:
            taken += _blocking(db, need, values)
    return taken


def in_the_way(
    db: Session, actor: Actor, session_id: int, session: Span, needs: Sequence[CrewNeed], *, now: datetime
) -> list[Taken]:
    """For each crew that is too small at that time, one session that has some of it."""
    taken: list[Taken] = []
    for need in needs:
        values = _values(session_id, session, need) | {"now": now}
        if db.execute(_FREE, values).scalar_one() < need.units:
            taken += _blocking(db, need, values)
    return taken


def full_spans(
    db: Session, actor: Actor, need: CrewNeed, within: Span, *, now: datetime, but: int
) -> list[Span]:
    """When fewer of a crew are free than needed, for proposing other times."""
    values = {"pool_id": need.pool_id, "but": but, "now": now, "since": within.starts_at - LONGEST}
    rows = db.execute(_CLAIMS, values | {"starts_at": within.starts_at, "ends_at": within.ends_at}).all()
    edges = sorted({within.starts_at, *(row.starts_at for row in rows), *(row.ends_at for row in rows)})
    full = []
    for first, last in pairwise(edges):
        busy = sum(1 for row in rows if row.starts_at < last and row.ends_at > first)
        if rows and busy > rows[0].capacity - need.units:
            full.append(Span(first, last))
    return full


def _values(session_id: int, session: Span, need: CrewNeed) -> dict[str, object]:
    span = need.span(session)
    return {
        "session_id": session_id,
        "pool_id": need.pool_id,
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
        "since": span.starts_at - LONGEST,
    }


def _blocking(db: Session, need: CrewNeed, values: dict[str, object]) -> list[Taken]:
    return [
        Taken(
            "crew_pool",
            need.pool_id,
            Span(row.starts_at, row.ends_at),
            row.session_id,
            row.title,
            Span(row.session_starts_at, row.session_ends_at),
        )
        for row in db.execute(_BLOCKING, values)
    ]
