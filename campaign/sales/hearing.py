"""Since when nothing was heard of feeds that should have been heard of. For shows on air."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

LISTED_EVERY = timedelta(minutes=10)
"""An account that is asked answers at least once in so long: it lists each five minutes what changed."""

_QUIET = timedelta(minutes=5)
"""Shorter pauses between the samples of a room are not looked into."""

# Which shops a show may sell of, and since when it is on air.
_SHOWS = """
WITH show AS MATERIALIZED (
    SELECT DISTINCT s.id, coalesce(s.actual_starts_at, s.starts_at) AS began, h.id AS shop_id, h.platform, h.external_id
    FROM live_session s
    JOIN session_channel c ON c.session_id = s.id
    JOIN shop h ON h.platform = c.platform AND h.brand_id = ANY (s.brand_ids)
    WHERE s.id = ANY (CAST(:ids AS bigint[]))
)"""

# An account answers with each listing, whether or not anything is sold: what it does not say is not known since it last
# did, or since the oldest order that it owes was due. One that is tried again later by itself, or was given up, is not
# due. One for any shop counts for those that it told of.
_ASKED = text(f"""{_SHOWS}
SELECT w.id, w.shop_id, max(least(
    CASE WHEN p.error IS NOT NULL OR p.paused_until > :now OR coalesce(p.ok_at, p.opened_at) < :now - :listed
         THEN coalesce(p.ok_at, p.opened_at) END,
    (SELECT min(a.due_at) FROM detail_ask a WHERE a.connector_id = p.connector_id AND a.subject = 'order'
     AND a.due_at <= :now AND (a.shop_ref IS NULL OR a.shop_ref = w.external_id)),
    CAST(:now AS timestamptz))) AS heard_at
FROM show w
JOIN connector k ON k.kind = w.platform AND k.archived_at IS NULL
JOIN connector_pull p ON p.connector_id = k.id
LEFT JOIN shop_progress g ON g.shop_id = w.shop_id
WHERE w.shop_id = ANY (k.shop_ids) OR (cardinality(k.shop_ids) = 0 AND g.asked_by = k.id)
GROUP BY 1, 2
""")

# A connector that pushes says nothing where nothing is sold. But one that has told of a show's room again and again,
# and then stopped for longer than its last four samples took, is known by its last sign of life. It must be one that
# brings the shop's orders too: another may only count rooms.
_PUSHED = text(f"""{_SHOWS}, stopped AS MATERIALIZED (
    SELECT DISTINCT s.id, r.room_id, k.first_at, k.shop_id
    FROM live_session s
    JOIN session_channel c ON c.session_id = s.id
    CROSS JOIN unnest(c.room_ids) r(room_id)
    CROSS JOIN LATERAL (
        SELECT min(t.at) AS first_at, max(t.at) AS last_at, max(t.shop_id) AS shop_id, count(*) AS samples FROM (
            SELECT m.at, max(m.shop_id) AS shop_id FROM metric_sample m
            WHERE m.platform = c.platform AND m.room_id = r.room_id
              AND m.at BETWEEN coalesce(s.actual_starts_at, s.starts_at) AND :now
            GROUP BY 1 ORDER BY 1 DESC LIMIT 4
        ) t
    ) k
    WHERE s.id = ANY (CAST(:ids AS bigint[])) AND k.samples = 4
      AND :now - k.last_at > greatest(k.last_at - k.first_at, CAST(:quiet AS interval))
), teller AS MATERIALIZED (
    SELECT DISTINCT t.id, e.connector_id FROM stopped t
    JOIN sale_event e ON e.shop_id = t.shop_id AND e.line_id IS NULL AND e.type = 'metric.sample'
     AND e.source = 'push' AND e.received_on >= CAST(t.first_at AS date) - 1 AND e.occurred_at >= t.first_at
     AND e.payload->>'room_id' = t.room_id
)
SELECT w.id, w.shop_id, max(greatest(n.last_event_at, g.received_at)) AS heard_at
FROM teller t
JOIN show w ON w.id = t.id
JOIN connector k ON k.id = t.connector_id AND k.archived_at IS NULL
 AND (cardinality(k.shop_ids) = 0 OR w.shop_id = ANY (k.shop_ids))
JOIN connector_seen n ON n.connector_id = k.id
LEFT JOIN shop_progress g ON g.shop_id = w.shop_id
WHERE EXISTS (SELECT FROM sale_event e WHERE e.shop_id = w.shop_id AND e.connector_id = k.id
              AND e.type = 'order.line' AND e.received_on >= CAST(:day AS date) - 1)
   OR NOT EXISTS (SELECT FROM sale_event e WHERE e.shop_id = w.shop_id AND e.type = 'order.line'
                  AND e.received_on >= CAST(:day AS date) - 1)
GROUP BY 1, 2
""")


def unheard(db: Session, session_ids: Sequence[int], now: datetime) -> dict[int, timedelta]:
    """For how long what shows sell is not known, where a feed of them stopped. Of several feeds of a shop the one that
    lives speaks, of several shops the one that is known least.
    """
    values = {
        "ids": list(session_ids),
        "now": now,
        "day": now.date(),
        "listed": LISTED_EVERY,
        "quiet": _QUIET,
    }
    of_shops: dict[tuple[int, int], datetime] = {}
    for row in (*db.execute(_ASKED, values), *db.execute(_PUSHED, values)):
        key = (row.id, row.shop_id)
        of_shops[key] = max(of_shops.get(key, row.heard_at), min(row.heard_at, now))
    found: dict[int, timedelta] = defaultdict(timedelta)
    for (session_id, _), heard_at in of_shops.items():
        found[session_id] = max(found[session_id], now - heard_at)
    return found
