"""Claims: the database alone decides who holds a studio, host or account. Bare SQL on the hot path.

Ids are cast to bigint throughout: psycopg sends small Python ints as int2, and btree_gist then leaves the
resource out of the index condition (9.8 ms instead of 0.2).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.schedule.rules.facts import Taken
from campaign.schedule.spans import Span, Wanted

# In the order of their ids, and a statement of its own: what is read afterwards sees what the one before committed.
#
# The statements from here on are the same for every booking and find a handful of rows by index, whatever the values:
# planning them anew each time was half of the server's time in a booking (11 ms, 5 without).
_TAKE_TURNS = text(
    "SELECT count(pg_advisory_xact_lock(id)), set_config('plan_cache_mode', 'force_generic_plan', true) FROM"
    " (SELECT id FROM unnest(CAST(:ids AS bigint[])) AS id ORDER BY id) AS turns"
)
_HELD = text("""
    SELECT DISTINCT coalesce(r.studio_id, r.host_id, r.platform_account_id, r.crew_pool_id) AS thing_id
    FROM claim c JOIN resource r ON r.id = c.resource_id
    WHERE c.session_id = ANY (CAST(:session_ids AS bigint[]))
""")

_FIND_RESOURCES = text("""
    SELECT r.id, r.kind, coalesce(r.studio_id, r.host_id, r.platform_account_id) AS thing_id
    FROM resource r
    WHERE r.studio_id = ANY (CAST(:studio AS bigint[])) OR r.host_id = ANY (CAST(:host AS bigint[]))
       OR r.platform_account_id = ANY (CAST(:platform_account AS bigint[]))
""")

# In order of their numbers: two bookings that make the same rows must not wait for each other in a circle.
_MAKE_RESOURCES = text("""
    INSERT INTO resource (kind, studio_id, host_id, platform_account_id)
    SELECT kind, studio_id, host_id, account_id FROM (
        SELECT 'studio' AS kind, id AS studio_id, NULL::bigint AS host_id, NULL::bigint AS account_id, id
        FROM unnest(CAST(:studio AS bigint[])) AS id
        UNION ALL SELECT 'host', NULL, id, NULL, id FROM unnest(CAST(:host AS bigint[])) AS id
        UNION ALL SELECT 'platform_account', NULL, NULL, id, id
        FROM unnest(CAST(:platform_account AS bigint[])) AS id
    ) AS wanted ORDER BY id
    ON CONFLICT DO NOTHING
""")

_TAKE = text("""
    INSERT INTO claim (session_id, resource_id, unit_no, span, kind, expires_at)
    SELECT CAST(:session_id AS bigint), wanted.resource_id, 1, tstzrange(wanted.starts_at, wanted.ends_at),
           CASE WHEN CAST(:expires_at AS timestamptz) IS NULL THEN 'booked' ELSE 'held' END,
           CAST(:expires_at AS timestamptz)
    FROM unnest(CAST(:resource_ids AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
         AS wanted (resource_id, starts_at, ends_at)
    ORDER BY wanted.resource_id, wanted.starts_at
    ON CONFLICT DO NOTHING
    RETURNING resource_id, lower(span), upper(span)
""")

# Found by times and not by &&: under row-level security only leakproof operators may search an index (&& and the
# subtraction of an interval are not). No claim is longer than LONGEST, which bounds the search from below.
LONGEST = timedelta(hours=72)
_NEAR_WANTED = """
    FROM unnest(CAST(:resource_ids AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
                CAST(:since AS timestamptz[])) AS wanted (resource_id, starts_at, ends_at, since)
    JOIN claim c ON c.resource_id = wanted.resource_id AND c.starts_at < wanted.ends_at
                AND c.starts_at >= wanted.since AND c.ends_at > wanted.starts_at
"""
_OTHERS = """
    WHERE c.session_id <> CAST(:session_id AS bigint)
      AND (c.expires_at IS NULL OR c.expires_at > CAST(:now AS timestamptz))
"""

_IN_THE_WAY = text(f"""
    SELECT c.resource_id, c.session_id, c.starts_at, c.ends_at,
           s.title, s.starts_at AS session_starts_at, s.ends_at AS session_ends_at
    {_NEAR_WANTED} JOIN live_session s ON s.id = c.session_id
    {_OTHERS} ORDER BY c.resource_id, c.starts_at
""")

_TAKEN = text(f"SELECT c.resource_id, c.starts_at, c.ends_at {_NEAR_WANTED} {_OTHERS} ORDER BY c.starts_at")


def take_turns(
    db: Session, actor: Actor, thing_ids: Iterable[int], *, session_ids: Iterable[int] = ()
) -> None:
    """Wait for all who book these studios, hosts, accounts, crews or products, or what these sessions hold.

    Others wait until this transaction ends. Taken whole, before any claim is given up: an insert waits for claims
    that somebody else is deleting, so two that move past each other would wait in a circle.
    """
    wanted, sessions = set(thing_ids), sorted(session_ids)
    if sessions:
        wanted.update(row.thing_id for row in db.execute(_HELD, {"session_ids": sessions}))
    db.execute(_TAKE_TURNS, {"ids": sorted(wanted)})


def resource_ids(db: Session, actor: Actor, wanted: Sequence[Wanted]) -> Mapping[tuple[str, int], int]:
    """(kind, thing id) → resource id; resources seen for the first time are made."""
    by_kind = things(wanted)
    found = _find(db, by_kind)
    if len(found) < sum(len(part) for part in by_kind.values()):
        db.execute(_MAKE_RESOURCES, by_kind)
        found = _find(db, by_kind)
    return found


def _find(db: Session, by_kind: dict[str, list[int]]) -> dict[tuple[str, int], int]:
    return {(row.kind, row.thing_id): row.id for row in db.execute(_FIND_RESOURCES, by_kind)}


def things(wanted: Sequence[Wanted]) -> dict[str, list[int]]:
    """Thing ids by kind, each once, in order."""
    kinds = ("studio", "host", "platform_account")
    return {kind: sorted({want.thing_id for want in wanted if want.kind == kind}) for kind in kinds}


def take(
    db: Session,
    actor: Actor,
    session_id: int,
    wanted: Sequence[Wanted],
    *,
    now: datetime,
    expires_at: datetime | None = None,
    known: Mapping[tuple[str, int], int] | None = None,
) -> list[Taken] | None:
    """Claim all of `wanted` for a session: None when all was had, else what is in the way.

    Claims that could be had stand even when others could not: the caller raises and so rolls back, or goes
    on without. `known`: the resources, where they have been looked up. Waits for bookings in flight on the
    same resources, in resource order, so never in a circle.
    """
    values = _unnested(wanted, resource_ids(db, actor, wanted) if known is None else known)
    values |= {"session_id": session_id, "expires_at": expires_at}
    got = db.execute(_TAKE, values).all()
    if len(got) == len(wanted):
        return None
    return in_the_way(db, actor, session_id, wanted, now=now)


def in_the_way(
    db: Session, actor: Actor, session_id: int, wanted: Sequence[Wanted], *, now: datetime
) -> list[Taken]:
    """Other sessions' claims that overlap what is wanted; expired holds do not count."""
    known = _find(db, things(wanted))
    # What is no resource yet was never claimed.
    claimable = [want for want in wanted if (want.kind, want.thing_id) in known]
    values = _unnested(claimable, known) | {"session_id": session_id, "now": now}
    things_of = {resource_id: thing for thing, resource_id in known.items()}
    return [
        Taken(
            kind=things_of[row.resource_id][0],
            thing_id=things_of[row.resource_id][1],
            span=Span(row.starts_at, row.ends_at),
            session_id=row.session_id,
            title=row.title,
            session=Span(row.session_starts_at, row.session_ends_at),
        )
        for row in db.execute(_IN_THE_WAY, values)
    ]


def taken_near(
    db: Session, actor: Actor, by_kind: dict[str, list[int]], within: Span, *, now: datetime, but: int = 0
) -> dict[tuple[str, int], list[Span]]:
    """(kind, thing id) → spans taken within a window by sessions other than `but`."""
    known = _find(db, by_kind)
    wanted = [Wanted(kind, thing_id, within) for kind, thing_id in known]  # type: ignore[arg-type]
    values = _unnested(wanted, known) | {"session_id": but, "now": now}
    things_of = {resource_id: thing for thing, resource_id in known.items()}
    found: dict[tuple[str, int], list[Span]] = {}
    for row in db.execute(_TAKEN, values):
        found.setdefault(things_of[row.resource_id], []).append(Span(row.starts_at, row.ends_at))
    return found


def drop_all(db: Session, actor: Actor, session_id: int) -> None:
    """Give up every claim of a session, to take others in the same transaction."""
    db.execute(text("DELETE FROM claim WHERE session_id = CAST(:id AS bigint)"), {"id": session_id})


def drop_hosts(db: Session, actor: Actor, session_id: int) -> None:
    """Give up a session's claims on hosts alone, to take others in the same transaction."""
    sql = (
        "DELETE FROM claim c USING resource r WHERE r.id = c.resource_id AND r.host_id IS NOT NULL"
        " AND c.session_id = CAST(:id AS bigint)"
    )
    db.execute(text(sql), {"id": session_id})


def release(db: Session, actor: Actor, session_id: int, at: datetime, *, studio_until: datetime) -> None:
    """Give back what is left of a session's claims after `at`; of the studio after `studio_until`."""
    values = {"id": session_id, "at": at, "until": studio_until}
    end = "CASE r.kind WHEN 'studio' THEN CAST(:until AS timestamptz) ELSE CAST(:at AS timestamptz) END"
    mine = "c.session_id = CAST(:id AS bigint) AND r.id = c.resource_id"
    db.execute(text(f"DELETE FROM claim c USING resource r WHERE {mine} AND lower(c.span) >= {end}"), values)
    db.execute(
        text(
            f"UPDATE claim c SET span = tstzrange(lower(c.span), {end}) FROM resource r"
            f" WHERE {mine} AND upper(c.span) > {end}"
        ),
        values,
    )


def settle(db: Session, actor: Actor, session_id: int) -> None:
    """A hold becomes a booking: its claims no longer expire."""
    db.execute(
        text(
            "UPDATE claim SET kind = 'booked', expires_at = NULL"
            " WHERE session_id = CAST(:id AS bigint) AND kind = 'held'"
        ),
        {"id": session_id},
    )


def hold(db: Session, actor: Actor, session_id: int, until: datetime) -> None:
    """Make a session's claims expire at `until`."""
    db.execute(
        text(
            "UPDATE claim SET kind = 'held', expires_at = CAST(:until AS timestamptz)"
            " WHERE session_id = CAST(:id AS bigint)"
        ),
        {"id": session_id, "until": until},
    )


def expired_on(db: Session, actor: Actor, resources: Iterable[int], *, now: datetime) -> list[int]:
    """Sessions whose hold on one of the resources has run out: to be lapsed before booking."""
    ids = list(resources)
    rows = db.execute(
        text(
            "SELECT DISTINCT session_id FROM claim WHERE resource_id = ANY (CAST(:ids AS bigint[]))"
            " AND expires_at <= CAST(:now AS timestamptz) ORDER BY session_id"
        ),
        {"ids": ids, "now": now},
    )
    return [row.session_id for row in rows]


def _unnested(wanted: Sequence[Wanted], known: Mapping[tuple[str, int], int]) -> dict[str, Any]:
    return {
        "resource_ids": [known[want.kind, want.thing_id] for want in wanted],
        "starts": [want.span.starts_at for want in wanted],
        "ends": [want.span.ends_at for want in wanted],
        "since": [want.span.starts_at - LONGEST for want in wanted],
    }
