"""From facts to messages and deliveries: one message per agency, one delivery per endpoint that wants it."""

import functools
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog

from campaign.delivery.bodies import body_of
from campaign.delivery.sender.connection import Connection
from campaign.delivery.states import FEED
from campaign.kit import ids

log = structlog.get_logger(__name__)

BATCH = 500
MOST_MESSAGES = 1000
"""Of one turn, or those of one event where it alone has more: what was fanned out is sent before the next."""

LONGEST_NOTIFICATION = 7_900
"""PostgreSQL takes 8,000 bytes."""

SUPERSEDING = ("sales.updated", "sales.final")
"""Totals as of a moment: the newest of a session say all that sales.updated before them said."""

# One fan-out at a time, so that feed positions become visible in the order they are given.
_LOCK = 7_301_001

_WAITING = """
SELECT id, type, at, session_id, seq, agency_ids, data, agency_data
FROM outbox_event WHERE fanned_at IS NULL ORDER BY id LIMIT %s
"""

# In binary: as text, arrays of bodies took longer to write than all of their sending. Only tests have a target,
# and they are joined by themselves: a join with all that is given would look through all of it for each message.
_KEEP = """
WITH given AS (
    SELECT * FROM unnest(
        %(days)b::date[], %(events)b::bigint[], %(agencies)b::bigint[], %(types)b::text[],
        %(sessions)b::bigint[], %(seqs)b::int[], %(ats)b::timestamptz[], %(bodies)b::bytea[]
    ) WITH ORDINALITY AS g (day, event_id, agency_id, type, session_id, seq, at, body, place)
), kept AS (
    INSERT INTO webhook_message (day, event_id, agency_id, type, session_id, seq, at, body)
    SELECT day, event_id, agency_id, type, session_id, seq, at, body FROM given ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING day, position, event_id, agency_id, type, session_id
), given_out AS (
    INSERT INTO webhook_delivery
        (day, endpoint_id, agency_id, event_id, position, type, session_id, state, next_at, created_at)
    SELECT k.day, e.id, k.agency_id, k.event_id, k.position, k.type, k.session_id,
           CASE WHEN e.state = 'active' THEN 'pending' ELSE 'held' END, %(now)s, %(now)s
    FROM kept k
    JOIN webhook_endpoint e ON e.agency_id = k.agency_id AND e.archived_at IS NULL
    LEFT JOIN unnest(%(tests)s::bigint[], %(targets)s::bigint[]) AS t (event_id, target) ON t.event_id = k.event_id
    WHERE t.target = e.id OR (t.target IS NULL AND e.event_types && ARRAY['*', k.type])
    ORDER BY k.position, e.id
    ON CONFLICT DO NOTHING
    RETURNING endpoint_id, state
)
SELECT coalesce(array_agg(DISTINCT endpoint_id), '{}') FROM given_out WHERE state = 'pending'
"""


class Fanned(NamedTuple):
    """How many events were taken, whether more wait already, and which endpoints have something to be sent."""

    events: int = 0
    more: bool = False
    endpoints: Sequence[int] = ()


# What waits for an endpoint, behind its rate or while it is away, tells less than the newest that it gets. What is on
# its way is only marked: should it fail, it is not tried again. Rows are locked by number, as notes are written: the
# two meet at the same rows. The feed keeps all of them.
_SUPERSEDE = """
WITH told AS (
    SELECT DISTINCT ON (m.session_id, m.agency_id) m.session_id, m.agency_id, m.day, m.event_id, m.position
    FROM unnest(%(days)b::date[], %(events)b::bigint[], %(agencies)b::bigint[], %(types)b::text[])
        AS g (day, event_id, agency_id, type)
    JOIN webhook_message m ON m.day = g.day AND m.event_id = g.event_id AND m.agency_id = g.agency_id
    WHERE g.type = ANY(%(superseding)s) AND m.session_id IS NOT NULL
    ORDER BY m.session_id, m.agency_id, m.position DESC
), older AS (
    SELECT d.day, d.id
    FROM told t JOIN webhook_delivery newer ON newer.day = t.day AND newer.event_id = t.event_id
    JOIN webhook_delivery d ON d.session_id = t.session_id AND d.endpoint_id = newer.endpoint_id
    WHERE d.type = 'sales.updated' AND d.state IN ('pending', 'sending', 'held')
      AND d.position < newer.position AND d.day <= newer.day
    ORDER BY d.id FOR UPDATE OF d
)
UPDATE webhook_delivery d
SET state = CASE WHEN d.state = 'sending' THEN 'sending' ELSE 'expired' END, last_error = 'superseded',
    finished_at = CASE WHEN d.state <> 'sending' THEN CAST(%(now)s AS timestamptz) END
FROM older WHERE d.day = older.day AND d.id = older.id
"""


async def fan_out(db: Connection, now: datetime) -> Fanned:
    """Take up to BATCH waiting events; none also while another sender is at it."""
    async with db.transaction():
        free = await (await db.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))).fetchone()
        if free is None or not free[0]:
            return Fanned()
        events = await (await db.execute(_WAITING, (BATCH,))).fetchall()
        if not events:
            return Fanned()
        more = len(events) == BATCH
        messages: list[tuple[Any, ...]] = []
        tests: dict[int, int] = {}
        endpoints: list[int] = []
        for number, event in enumerate(events):
            if len(messages) >= MOST_MESSAGES:
                events, more = events[:number], True
                break
            try:
                if event[1] == "endpoint.test":
                    tests[event[0]] = _target(event)
                messages += _messages(event)
            except Exception:
                # Our fault: the hub is told, and it must not stop the events behind it.
                log.exception("event_unusable", event_id=event[0], type=event[1])
                await _ring(db, event, now)
        if messages:
            # Readers of the feed keep the positions given here as their cursors: what a crash undid would be given
            # to others, below those.
            await db.execute("SET LOCAL synchronous_commit = on")
            names = ("days", "events", "agencies", "types", "sessions", "seqs", "ats", "bodies")
            columns = (list(column) for column in zip(*messages, strict=True))
            given = dict(zip(names, columns, strict=True)) | {
                "tests": list(tests),
                "targets": list(tests.values()),
            }
            for (found,) in await (await db.execute(_KEEP, given | {"now": now})).fetchall():
                endpoints = found
            if not set(SUPERSEDING).isdisjoint(given["types"]):
                await db.execute(_SUPERSEDE, given | {"now": now, "superseding": list(SUPERSEDING)})
            await db.execute("SELECT pg_notify(%s, %s)", (FEED, _topics(message[2] for message in messages)))
        taken = [event[0] for event in events]
        await db.execute("UPDATE outbox_event SET fanned_at = %s WHERE id = ANY(%s)", (now, taken))
        return Fanned(len(events), more, endpoints)


def _topics(agency_ids: Iterable[int]) -> str:
    """Whose feed has news; nothing, which means everybody's, where they are too many for a notification."""
    named = ",".join(map(str, sorted(set(agency_ids))))
    return named if len(named) <= LONGEST_NOTIFICATION else ""


async def _ring(db: Connection, event: tuple[Any, ...], now: datetime) -> None:
    """Raise an alert for an event that no agency will hear of by webhook."""
    event_id, event_type, session_id = event[0], event[1], event[3]
    facts = json.dumps({"event": ids.public("evt", event_id), "type": event_type})
    # An event of a session that is not there any more still rings.
    found = await (await db.execute("SELECT id FROM live_session WHERE id = %s", (session_id,))).fetchone()
    known = None if found is None else found[0]
    about = f"event:{event_id}"
    await db.execute(
        "SELECT ring_alert('event_unusable', %s, %s::bigint, %s::jsonb, %s, interval '15 minutes')",
        (about, known, facts, now),
    )


def _messages(event: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    event_id, event_type, at, session_id, seq, agency_ids, data, agency_data = event
    day = at.astimezone(UTC).date()
    # Those who are told nothing of their own share one body.
    shared = functools.cache(lambda: body_of(event_type, at, data, {}))
    return [
        (
            day,
            event_id,
            agency_id,
            event_type,
            session_id,
            seq,
            at,
            body_of(event_type, at, data, own) if (own := agency_data.get(str(agency_id))) else shared(),
        )
        for agency_id in agency_ids
    ]


def _target(event: tuple[Any, ...]) -> int:
    """The one endpoint that a test is for."""
    return ids.internal("whe", event[6]["endpoint_id"])
