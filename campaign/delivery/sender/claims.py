"""Taking deliveries that are due, under a lease, a few per endpoint; and giving them back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from campaign.delivery.bodies import LARGEST
from campaign.delivery.breaker import OPENS_AT
from campaign.delivery.sender.connection import Connection

LEASE = timedelta(seconds=40)
"""Longer than one POST may take, with room to wait for a place in the lane before it."""

ALL_DAYS = 40
"""More than retention keeps."""

AHEAD = 8
"""How many times its places in flight an endpoint gets claimed: a lane must not run dry between claims."""

SECONDS_AHEAD = 10
"""No more than it may be sent in so long, or answers in so long: what waits longer than its lease allows is given back
unsent, and where all of it does, nothing is ever sent."""


class Claimed(NamedTuple):
    """A delivery in our hands until `until`. `probe`: sent because an open breaker's pause had ended."""

    day: date
    id: int
    endpoint_id: int
    agency_id: int
    event_id: int
    step: int
    body: bytes
    lease: int
    until: datetime
    probe: bool


LARGEST_SIZE = LARGEST + 512


def size_of(claimed: Claimed) -> int:
    """The bytes it takes in memory, near enough."""
    return len(claimed.body) + 512


class Target(NamedTuple):
    """Where a lane sends to, as the claim found it."""

    id: int
    url: str
    rev: int
    max_in_flight: int
    per_second: int
    healthy: bool

    @property
    def most(self) -> int:
        """How many of it one sender holds at most, as long as it answers soon."""
        return min(self.max_in_flight * AHEAD, self.per_second * SECONDS_AHEAD)


class Held(NamedTuple):
    """What a lane has of its endpoint, and how many it can make use of."""

    load: int
    most: int

    @property
    def room(self) -> int:
        return self.most - self.load


_CLAIM = f"""
WITH busy AS (
    SELECT * FROM unnest(%(endpoints)s::bigint[], %(loads)s::int[], %(mosts)s::int[]) AS b (id, load, most)
), free AS (
    -- A probe writes to its endpoint's row: where somebody holds that, the others do not wait behind it.
    SELECT id FROM webhook_endpoint
    WHERE streak >= {OPENS_AT} AND state = 'active' AND archived_at IS NULL
      AND (%(only)s::bigint[] IS NULL OR id = ANY(%(only)s::bigint[]))
      AND (paused_until IS NULL OR paused_until <= %(now)s)
    FOR NO KEY UPDATE SKIP LOCKED
), ready AS (
    SELECT e.id, e.url, e.rev, e.max_in_flight, e.per_second, e.streak >= {OPENS_AT} AS probe,
           e.streak = 0 AND e.failing_since IS NULL AS healthy,
           CASE WHEN e.streak >= {OPENS_AT} THEN 1
                ELSE least(e.max_in_flight * {AHEAD}, e.per_second * {SECONDS_AHEAD}, b.most) END
               - coalesce(b.load, 0) AS room
    FROM webhook_endpoint e LEFT JOIN busy b USING (id)
    WHERE e.state = 'active' AND e.archived_at IS NULL
      AND (%(only)s::bigint[] IS NULL OR e.id = ANY(%(only)s::bigint[]))
      AND (e.paused_until IS NULL OR e.paused_until <= %(now)s)
      AND (e.streak < {OPENS_AT} OR e.id IN (SELECT id FROM free))
), due AS (
    -- Where there is not enough memory for all, each endpoint has its turn.
    SELECT r.*, d.day, d.id AS delivery_id, row_number() OVER (PARTITION BY r.id ORDER BY d.next_at, d.id) AS turn
    FROM ready r CROSS JOIN LATERAL (
        SELECT day, id, next_at FROM webhook_delivery waiting
        WHERE endpoint_id = r.id AND state IN ('pending', 'sending') AND next_at <= %(now)s
          AND day BETWEEN %(since)s AND %(through)s AND id <> ALL(%(ours)s::bigint[])
          AND (type <> 'sales.updated' OR NOT EXISTS (
              -- Totals of a session go one after the other: newer ones wait for those on their way.
              SELECT FROM webhook_delivery older
              WHERE older.type = 'sales.updated' AND older.state = 'sending'
                AND older.session_id = waiting.session_id AND older.endpoint_id = waiting.endpoint_id
                AND older.position < waiting.position AND older.day BETWEEN %(ever)s AND %(through)s))
        ORDER BY next_at, id LIMIT least(greatest(r.room, 0), %(each)s)
        FOR UPDATE SKIP LOCKED
    ) d
    ORDER BY turn LIMIT %(rows)s
), taken AS (
    UPDATE webhook_delivery d
    SET state = 'sending', lease = %(lease)s, next_at = %(until)s
    FROM due WHERE d.day = due.day AND d.id = due.delivery_id
    RETURNING d.day, d.id, d.endpoint_id, d.agency_id, d.event_id, d.step, d.position,
              due.probe, due.url, due.rev, due.max_in_flight, due.per_second, due.healthy
), probing AS (
    -- Nobody else probes until ours is back or given up.
    UPDATE webhook_endpoint SET paused_until = %(until)s
    WHERE id IN (SELECT endpoint_id FROM taken WHERE probe)
)
SELECT t.day, t.id, t.endpoint_id, t.agency_id, t.event_id, t.step, m.body, t.probe,
       t.url, t.rev, t.max_in_flight, t.per_second, t.healthy
FROM taken t JOIN webhook_message m ON m.day = t.day AND m.position = t.position
ORDER BY t.position
"""

GIVEN_BACK = """
    state = CASE WHEN last_error = 'superseded' THEN 'expired' ELSE 'pending' END, lease = NULL,
    next_at = least(created_at, %(now)s),
    finished_at = CASE WHEN last_error = 'superseded' THEN CAST(%(now)s AS timestamptz) END
"""
"""What is set of a delivery that was claimed and not sent: it was the next, and no younger one is to pass it. Newer
totals may have come meanwhile.
"""

# As it was claimed: by the lease alone, one that was claimed again since would be taken out of its lane's hands. Nobody
# waits for a row that somebody holds: it may be one endpoint's, and all others would wait as well.
_RELEASE = f"""
WITH free AS (
    SELECT d.day, d.id
    FROM unnest(%(days)s::date[], %(ids)s::bigint[], %(leases)s::bigint[], %(untils)s::timestamptz[])
        AS g (day, id, lease, until)
    CROSS JOIN LATERAL (
        SELECT day, id FROM webhook_delivery
        WHERE day = g.day AND id = g.id AND state = 'sending' AND lease = g.lease AND next_at = g.until
        FOR UPDATE SKIP LOCKED
    ) d
)
UPDATE webhook_delivery d SET {GIVEN_BACK} FROM free WHERE d.day = free.day AND d.id = free.id RETURNING d.id
"""


async def claim(
    db: Connection,
    *,
    now: datetime,
    lease: int,
    held: Mapping[int, Held],
    since: date,
    only: Sequence[int] | None = None,
    ours: Sequence[int] = (),
    rows: int = 10_000,
    each: int = 10_000,
) -> list[tuple[Claimed, Target]]:
    """Take what is due, per endpoint up to its room. `held`: what our lanes have, by endpoint.

    `since` bounds the days looked at; a clock may be a day ahead of ours. Rows whose lease ran out (a sender
    died) are taken like due ones, but for `ours`: those that we have in hand still. `only`: of these endpoints; of
    all when None. `rows` at most, and `each` of one endpoint.
    """
    until = now + LEASE
    # In binary: bodies as text would be read twice.
    found = await db.execute(
        _CLAIM,
        {
            "endpoints": list(held),
            "loads": [one.load for one in held.values()],
            "mosts": [one.most for one in held.values()],
            "now": now,
            "since": since,
            "ever": now.date() - timedelta(days=ALL_DAYS),
            # Partitions are made a month ahead: without an end each endpoint would look into all of them.
            "through": now.date() + timedelta(days=1),
            "lease": lease,
            "until": until,
            "only": None if only is None else list(only),
            "ours": list(ours),
            "rows": rows,
            "each": each,
        },
        binary=True,
    )
    return [
        (
            Claimed(day, row_id, endpoint, agency, event, step, body, lease, until, probe),
            Target(endpoint, url, rev, most, rate, healthy),
        )
        for day, row_id, endpoint, agency, event, step, body, probe, url, rev, most, rate, healthy in (
            await found.fetchall()
        )
    ]


_CHANGED = """
SELECT e.id, e.url, e.rev, e.max_in_flight, e.per_second, e.streak = 0 AND e.failing_since IS NULL,
       e.state = 'active' AND e.archived_at IS NULL
FROM unnest(%s::bigint[], %s::bigint[]) AS known (id, rev) JOIN webhook_endpoint e USING (id) WHERE e.rev <> known.rev
"""


async def changed(db: Connection, revisions: Mapping[int, int]) -> list[tuple[Target, bool]]:
    """Endpoints that are not any more as we know them, and whether they are still to be sent to."""
    found = await db.execute(_CHANGED, (list(revisions), list(revisions.values())))
    return [(Target(*columns), goes_on) for *columns, goes_on in await found.fetchall()]


async def release(db: Connection, claimed: Sequence[Claimed], now: datetime) -> list[Claimed]:
    """Give back what was not sent; no try is counted. Gives those that could not be, since somebody holds them."""
    found = await db.execute(
        _RELEASE,
        {
            "now": now,
            "days": [one.day for one in claimed],
            "ids": [one.id for one in claimed],
            "leases": [one.lease for one in claimed],
            "untils": [one.until for one in claimed],
        },
    )
    free = {row_id for (row_id,) in await found.fetchall()}
    return [one for one in claimed if one.id not in free]
