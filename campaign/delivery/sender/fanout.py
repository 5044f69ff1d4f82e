"""From facts to messages and deliveries: one message per agency, one delivery per endpoint that wants it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import structlog

from campaign.delivery.bodies import body_of
from campaign.delivery.sender.connection import Connection
from campaign.delivery.states import FEED
from campaign.kit import ids

log = structlog.get_logger(__name__)

BATCH = 500
LONGEST_NOTIFICATION = 7_900
"""PostgreSQL takes 8,000 bytes."""

# One fan-out at a time, so that feed positions become visible in the order they are given.
_LOCK = 7_301_001

_WAITING = """
SELECT id, type, at, session_id, seq, agency_ids, data, agency_data
FROM outbox_event WHERE fanned_at IS NULL ORDER BY id LIMIT %s
"""

_KEEP = """
WITH given AS (
    SELECT * FROM unnest(
        %(days)s::date[], %(events)s::bigint[], %(agencies)s::bigint[], %(types)s::text[],
        %(sessions)s::bigint[], %(seqs)s::int[], %(ats)s::timestamptz[], %(bodies)s::bytea[],
        %(targets)s::bigint[]
    ) WITH ORDINALITY AS g (day, event_id, agency_id, type, session_id, seq, at, body, target, place)
), kept AS (
    INSERT INTO webhook_message (day, event_id, agency_id, type, session_id, seq, at, body)
    SELECT day, event_id, agency_id, type, session_id, seq, at, body FROM given ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING day, position, event_id, agency_id, type, session_id
)
INSERT INTO webhook_delivery
    (day, endpoint_id, agency_id, event_id, position, type, session_id, state, next_at, created_at)
SELECT k.day, e.id, k.agency_id, k.event_id, k.position, k.type, k.session_id,
       CASE WHEN e.state = 'active' THEN 'pending' ELSE 'held' END, %(now)s, %(now)s
FROM kept k
JOIN given g ON g.event_id = k.event_id AND g.agency_id = k.agency_id
JOIN webhook_endpoint e ON e.agency_id = k.agency_id AND e.archived_at IS NULL
WHERE g.target = e.id OR (g.target IS NULL AND e.event_types && ARRAY['*', k.type])
ORDER BY k.position, e.id
ON CONFLICT DO NOTHING
"""


async def fan_out(db: Connection, now: datetime) -> int:
    """Take up to BATCH waiting events; gives how many, 0 also while another sender is at it."""
    async with db.transaction():
        free = await (await db.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))).fetchone()
        if free is None or not free[0]:
            return 0
        events = await (await db.execute(_WAITING, (BATCH,))).fetchall()
        if not events:
            return 0
        messages = []
        for event in events:
            try:
                messages += _messages(event)
            except Exception:
                # Our fault: the hub is told, and it must not stop the events behind it.
                log.exception("event_unusable", event_id=event[0], type=event[1])
                await _ring(db, event, now)
        if messages:
            names = ("days", "events", "agencies", "types", "sessions", "seqs", "ats", "bodies", "targets")
            columns = (list(column) for column in zip(*messages, strict=True))
            await db.execute(_KEEP, dict(zip(names, columns, strict=True)) | {"now": now})
            await db.execute("SELECT pg_notify(%s, %s)", (FEED, _topics(message[2] for message in messages)))
        taken = [event[0] for event in events]
        await db.execute("UPDATE outbox_event SET fanned_at = %s WHERE id = ANY(%s)", (now, taken))
        return len(events)


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
    target = ids.internal("whe", data["endpoint_id"]) if event_type == "endpoint.test" else None
    return [
        (
            at.astimezone(UTC).date(),
            event_id,
            agency_id,
            event_type,
            session_id,
            seq,
            at,
            body_of(event_type, at, data, agency_data.get(str(agency_id), {})),
            target,
        )
        for agency_id in agency_ids
    ]
