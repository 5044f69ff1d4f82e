"""From facts to messages and deliveries: one message per agency, one delivery per endpoint that wants it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import structlog

from campaign.delivery.bodies import body_of
from campaign.delivery.sender.claims import LEASE, Claimed, Target
from campaign.delivery.sender.connection import Connection
from campaign.delivery.states import FEED
from campaign.kit import ids

log = structlog.get_logger(__name__)

BATCH = 500
MOST_MESSAGES = 2000
"""Of one turn, or those of one event where it alone has more: enough that lanes are at work while the next is made."""

LONGEST_NOTIFICATION = 7_900
"""PostgreSQL takes 8,000 bytes."""

SUPERSEDING = ("sales.updated", "sales.final")
"""Totals as of a moment: the newest of a session say all that sales.updated before them said."""

# One fan-out at a time, so that feed positions become visible in the order they are given.
_LOCK = 7_301_001

# Those whose messages fit in one turn, the first in any case. Newer totals take the place of those that wait: where
# somebody holds one of these, all that is new of its session waits for the next turn, and nothing of any other.
_WAITING = """
WITH first AS MATERIALIZED (
    SELECT id, type, at, session_id, seq, agency_ids, data, agency_data
    FROM outbox_event WHERE fanned_at IS NULL ORDER BY id LIMIT %(most)s
), held AS MATERIALIZED (
    SELECT DISTINCT older.session_id
    FROM (SELECT DISTINCT session_id FROM first WHERE type = ANY(%(superseding)s)) told
    JOIN webhook_delivery older ON older.session_id = told.session_id
     AND older.type = 'sales.updated' AND older.state IN ('pending', 'sending', 'held')
    LEFT JOIN LATERAL (
        SELECT id FROM webhook_delivery WHERE day = older.day AND id = older.id FOR UPDATE SKIP LOCKED
    ) free ON true
    WHERE free.id IS NULL
), waiting AS (
    SELECT first.*, held.session_id IS NOT NULL AS is_held,
           sum(CASE WHEN held.session_id IS NULL THEN cardinality(agency_ids) ELSE 0 END)
               OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS messages_before
    FROM first LEFT JOIN held USING (session_id)
)
SELECT id, type, at, session_id, seq, agency_ids, data, agency_data, is_held
FROM waiting WHERE is_held OR coalesce(messages_before, 0) < %(messages)s ORDER BY id
"""

# A body that all agencies of an event share goes over once. In binary: as text, bodies took longer to write than all
# of their sending. Only tests have a target, and they are joined by themselves: a join with all that is given would
# look through all of it for each message.
# What the sender that fans out has room for is claimed as it is made, which spares each such delivery a write and a
# look-up; but totals, which go in turn (claims.py), and what waits behind others of its endpoint, are left to claims.
_KEEP = """
WITH given AS (
    SELECT e.place, a.place AS agency_place, e.day, o.id AS event_id, a.agency_id, o.type, o.session_id, o.seq, o.at,
           e.body
    FROM unnest(%(places)b::int[], %(days)b::date[], %(events)b::bigint[], %(bodies)b::bytea[])
        AS e (place, day, event_id, body)
    JOIN outbox_event o ON o.id = e.event_id
    CROSS JOIN LATERAL unnest(o.agency_ids) WITH ORDINALITY AS a (agency_id, place)
    UNION ALL
    SELECT e.place, e.agency_place, e.day, o.id, e.agency_id, o.type, o.session_id, o.seq, o.at, e.body
    FROM unnest(
        %(own_places)b::int[], %(own_days)b::date[], %(own_events)b::bigint[], %(own_agencies)b::bigint[],
        %(own_bodies)b::bytea[]
    ) WITH ORDINALITY AS e (place, day, event_id, agency_id, body, agency_place)
    JOIN outbox_event o ON o.id = e.event_id
), kept AS (
    INSERT INTO webhook_message (day, event_id, agency_id, type, session_id, seq, at, body)
    SELECT day, event_id, agency_id, type, session_id, seq, at, body FROM given ORDER BY place, agency_place
    ON CONFLICT DO NOTHING
    RETURNING day, position, event_id, agency_id, type, session_id, at
), wanted AS (
    SELECT k.*, e.id AS endpoint_id, e.state = 'active' AS is_active,
           CASE WHEN e.state = 'active' AND e.streak = 0 AND e.failing_since IS NULL AND e.paused_until IS NULL
                     AND k.type <> 'sales.updated'
                THEN coalesce((%(rooms)s::jsonb ->> e.id::text)::int, 0) ELSE 0 END
           >= row_number() OVER (PARTITION BY e.id ORDER BY k.position) AS has_room
    FROM kept k
    JOIN webhook_endpoint e ON e.agency_id = k.agency_id AND e.archived_at IS NULL
    LEFT JOIN unnest(%(tests)s::bigint[], %(targets)s::bigint[]) AS t (event_id, target) ON t.event_id = k.event_id
    WHERE t.target = e.id OR (t.target IS NULL AND e.event_types && ARRAY['*', k.type])
), given_out AS (
    INSERT INTO webhook_delivery (
        day, endpoint_id, agency_id, event_id, position, type, session_id, state, lease, next_at, created_at
    )
    SELECT day, endpoint_id, agency_id, event_id, position, type, session_id,
           CASE WHEN has_room THEN 'sending' WHEN is_active THEN 'pending' ELSE 'held' END,
           CASE WHEN has_room THEN %(lease)s END, CASE WHEN has_room THEN %(until)s ELSE %(now)s END, at
    FROM wanted ORDER BY position, endpoint_id
    ON CONFLICT DO NOTHING
    RETURNING day, id, endpoint_id, agency_id, event_id, state
)
SELECT day, id, endpoint_id, agency_id, event_id, state = 'sending' FROM given_out WHERE state <> 'held' ORDER BY id
"""


# After what was kept: an endpoint that changed in between is called as it is now.
_TARGETS = """
SELECT id, url, rev, max_in_flight, per_second, streak = 0 AND failing_since IS NULL
FROM webhook_endpoint WHERE agency_id = ANY(%s)
"""


class Hands(NamedTuple):
    """What the sender that fans out can take itself: its lease, and for how many each endpoint has room with it."""

    lease: int
    rooms: Mapping[int, int]


class Fanned(NamedTuple):
    """How many events were taken, and whether more wait already, or some for what somebody holds.

    `taken` was claimed on the way, with where to send it; `endpoints` have something that is still to be claimed.
    """

    events: int = 0
    more: bool = False
    held_up: bool = False
    taken: Sequence[tuple[Claimed, Target]] = ()
    endpoints: Sequence[int] = ()


# What waits for an endpoint, behind its rate or while it is away, tells less than the newest that it gets. What is on
# its way is only marked: should it fail, it is not tried again. Most rows are locked since _WAITING; what was put in
# line again since is locked by number, as notes are written. The feed keeps all of them.
_SUPERSEDE = """
WITH told AS (
    SELECT DISTINCT ON (m.session_id, m.agency_id) m.session_id, m.agency_id, m.day, m.event_id, m.position
    FROM unnest(%(days)b::date[], %(events)b::bigint[], %(agencies)b::bigint[], %(types)b::text[])
        AS g (day, event_id, agency_id, type)
    JOIN webhook_message m ON m.day = g.day AND m.event_id = g.event_id AND m.agency_id = g.agency_id
    WHERE g.type = ANY(%(superseding)s) AND m.session_id IS NOT NULL
    ORDER BY m.session_id, m.agency_id, m.position DESC
), found AS (
    SELECT d.day, d.id
    FROM told t JOIN webhook_delivery newer ON newer.day = t.day AND newer.event_id = t.event_id
    JOIN webhook_delivery d ON d.session_id = t.session_id AND d.endpoint_id = newer.endpoint_id
    WHERE d.type = 'sales.updated' AND d.state IN ('pending', 'sending', 'held')
      AND d.position < newer.position AND d.day <= newer.day
    ORDER BY d.id
), older AS (
    -- Not in the join above: what changed while it was waited for would be left out (campaign.sales.rows).
    SELECT d.* FROM found f, LATERAL (
        SELECT day, id FROM webhook_delivery
        WHERE day = f.day AND id = f.id AND state IN ('pending', 'sending', 'held') FOR UPDATE) d
)
UPDATE webhook_delivery d
SET state = CASE WHEN d.state = 'sending' THEN 'sending' ELSE 'expired' END, last_error = 'superseded',
    finished_at = CASE WHEN d.state <> 'sending' THEN CAST(%(now)s AS timestamptz) END
FROM older WHERE d.day = older.day AND d.id = older.id
"""


async def fan_out(db: Connection, now: datetime, hands: Hands | None = None) -> Fanned:
    """Take up to BATCH waiting events; none also while another sender is at it. Without `hands` nothing is claimed.

    Statements go over together where the next does not need what the one before it gave: beside a thousand calls
    under way each answer is a long wait.
    """
    async with db.pipeline(), db.transaction():
        lock = await db.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))
        first = {"most": BATCH, "messages": MOST_MESSAGES, "superseding": list(SUPERSEDING)}
        found = await db.execute(_WAITING, first)
        if await lock.fetchone() != (True,):
            return Fanned()
        rows = await found.fetchall()
        events = [_Event(*columns) for *columns, is_held in rows if not is_held]
        if not events:
            return Fanned(held_up=bool(rows))
        bodies = _Bodies()
        for event in events:
            try:
                bodies.add(event)
            except Exception:
                # Our fault: the hub is told, and it must not stop the events behind it.
                log.exception("event_unusable", event_id=event.id, type=event.type)
                await _ring(db, event, now)
        more = len(rows) == BATCH or sum(len(event.agency_ids) for event in events) >= MOST_MESSAGES
        fanned = Fanned(len(events), more, held_up=len(rows) > len(events))
        if bodies:
            # Readers of the feed keep the positions given here as their cursors, and lanes hold what is claimed here:
            # what a crash undid would be given to others, below those, or sent again.
            await db.execute("SET LOCAL synchronous_commit = on")
            await db.execute("SELECT pg_notify(%s, %s)", (FEED, _topics(one[2] for one in bodies.messages)))
            taken, endpoints = await _keep(db, bodies, hands or Hands(0, {}), now)
            fanned = fanned._replace(taken=taken, endpoints=endpoints)
        await db.execute(
            "UPDATE outbox_event SET fanned_at = %s WHERE id = ANY(%s)", (now, [event.id for event in events])
        )
        return fanned


async def _keep(
    db: Connection, bodies: "_Bodies", hands: Hands, now: datetime
) -> tuple[list[tuple[Claimed, Target]], list[int]]:
    """Write messages and deliveries; gives those that fit into our hands as claimed, and who has others due."""
    until = now + LEASE
    rooms = json.dumps({str(endpoint): room for endpoint, room in hands.rooms.items()})
    given = bodies.columns() | {"lease": hands.lease, "rooms": rooms, "now": now, "until": until}
    kept = await db.execute(_KEEP, given, binary=True)
    known = await db.execute(_TARGETS, (sorted({one[2] for one in bodies.messages}),))
    if totals := [one for one in bodies.messages if one[3] in SUPERSEDING]:
        columns = _columns(("days", "events", "agencies", "types"), totals)
        await db.execute(_SUPERSEDE, columns | {"now": now, "superseding": list(SUPERSEDING)})
    taken: list[tuple[Claimed, Target]] = []
    endpoints: set[int] = set()
    targets = {row[0]: Target(*row) for row in await known.fetchall()}
    for day, row_id, endpoint, agency, event, is_ours in await kept.fetchall():
        if is_ours:
            body = bodies.of(event, agency)
            one = Claimed(day, row_id, endpoint, agency, event, 0, body, hands.lease, until, probe=False)
            taken.append((one, targets[endpoint]))
        else:
            endpoints.add(endpoint)
    return taken, sorted(endpoints)


def _topics(agency_ids: Iterable[int]) -> str:
    """Whose feed has news; nothing, which means everybody's, where they are too many for a notification."""
    named = ",".join(map(str, sorted(set(agency_ids))))
    return named if len(named) <= LONGEST_NOTIFICATION else ""


async def _ring(db: Connection, event: "_Event", now: datetime) -> None:
    """Raise an alert for an event that no agency will hear of by webhook."""
    facts = json.dumps({"event": ids.public("evt", event.id), "type": event.type})
    # An event of a session that is not there any more still rings.
    found = await (
        await db.execute("SELECT id FROM live_session WHERE id = %s", (event.session_id,))
    ).fetchone()
    known = None if found is None else found[0]
    about = f"event:{event.id}"
    await db.execute(
        "SELECT ring_alert('event_unusable', %s, %s::bigint, %s::jsonb, %s, interval '15 minutes')",
        (about, known, facts, now),
    )


class _Event(NamedTuple):
    id: int
    type: str
    at: datetime
    session_id: int | None
    seq: int | None
    agency_ids: list[int]
    data: dict[str, Any]
    agency_data: dict[str, dict[str, Any]]


class _Bodies:
    """The bodies of a turn: of most events one for all agencies, of some one for each."""

    def __init__(self) -> None:
        self.messages: list[tuple[date, int, int, str]] = []
        """Day, event, agency and type of each."""
        self._shared: list[tuple[int, date, int, bytes]] = []
        self._own: list[tuple[int, date, int, int, bytes]] = []
        self._tests: dict[int, int] = {}
        self._by_event: dict[int, bytes] = {}
        self._by_agency: dict[tuple[int, int], bytes] = {}

    def __bool__(self) -> bool:
        return bool(self.messages)

    def add(self, event: _Event) -> None:
        """All messages of one event, or none where one cannot be made."""
        day, place = event.at.astimezone(UTC).date(), len(self.messages)
        target = ids.internal("whe", event.data["endpoint_id"]) if event.type == "endpoint.test" else None
        if any(event.agency_data.get(str(agency)) for agency in event.agency_ids):
            own = [
                (agency, _body(event, event.agency_data.get(str(agency), {}))) for agency in event.agency_ids
            ]
            self._own += [(place, day, event.id, agency, body) for agency, body in own]
            self._by_agency |= {(event.id, agency): body for agency, body in own}
        else:
            body = _body(event, {})
            self._shared.append((place, day, event.id, body))
            self._by_event[event.id] = body
        if target is not None:
            self._tests[event.id] = target
        self.messages += [(day, event.id, agency, event.type) for agency in event.agency_ids]

    def of(self, event_id: int, agency_id: int) -> bytes:
        """What that agency is told of that event."""
        return self._by_event.get(event_id) or self._by_agency[event_id, agency_id]

    def columns(self) -> dict[str, list[Any]]:
        """As _KEEP takes them."""
        shared = _columns(("places", "days", "events", "bodies"), self._shared)
        names = ("own_places", "own_days", "own_events", "own_agencies", "own_bodies")
        tests = {"tests": list(self._tests), "targets": list(self._tests.values())}
        return shared | _columns(names, self._own) | tests


def _body(event: _Event, own: Mapping[str, Any]) -> bytes:
    return body_of(event.type, event.at, event.data, own)


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: [row[number] for row in rows] for number, name in enumerate(names)}
