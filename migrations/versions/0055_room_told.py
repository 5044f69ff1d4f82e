"""What a show's room told is summed once, however many shows held the room before it."""

from alembic import op

revision = "0055"
down_revision = "0054"

COUNTERS = ("viewers", "views", "product_impressions", "product_clicks", "likes", "comments", "follows") + (
    "shares",
    "ad_spend_fen",
)
_NAMED = ", ".join(COUNTERS)
_TYPED = ", ".join(f"{name} bigint" for name in COUNTERS)
# Only what the show itself told is worth looking for in those before it: else all of a room's past is read in vain.
_LEFT = ",\n".join(
    f"               CASE WHEN h.{name} THEN (SELECT m.{name} FROM metric_sample m WHERE m.platform = h.platform"
    " AND m.room_id = h.room_id"
    f"\n                   AND m.kind = 'cumulative' AND m.at < h.cut AND m.{name} IS NOT NULL"
    " ORDER BY m.at DESC LIMIT 1) END"
    for name in COUNTERS
)
_TOLD = ", ".join(f"bool_or(own AND {name} IS NOT NULL) AS {name}" for name in COUNTERS)
_OF_TOLD = ", ".join(f"t.{name}" for name in COUNTERS)

# As in 0044, but for `told`: what the show told is summed before it meets the shows that held the room before. Joined
# first, each reading met each of them: a show in a room that two hundred had held took a fifth of a second.
READINGS = f"""
CREATE OR REPLACE FUNCTION room_readings(wanted bigint, present timestamptz, slack interval)
RETURNS TABLE (platform text, room_id text, at timestamptz, kind text, own boolean, online bigint, {_TYPED})
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH mine AS MATERIALIZED (
        SELECT DISTINCT s.id, c.platform, r.room_id, s.actual_starts_at AS starts_at,
               coalesce(s.actual_ends_at, present) AS ends_at
        FROM live_session s JOIN session_channel c ON c.session_id = s.id CROSS JOIN unnest(c.room_ids) r(room_id)
        WHERE s.id = wanted AND s.actual_starts_at IS NOT NULL
          AND (app_is_hub() OR app_role() = 'system' OR s.brand_ids = ARRAY[app_brand()])
    ), other AS MATERIALIZED (
        SELECT DISTINCT o.id, w.platform, w.room_id, o.actual_starts_at AS starts_at,
               coalesce(o.actual_ends_at, present) AS ends_at
        FROM mine w
        JOIN session_channel c ON c.platform = w.platform AND c.room_ids @> ARRAY[w.room_id] AND c.session_id <> w.id
        JOIN live_session o ON o.id = c.session_id
        WHERE o.actual_starts_at IS NOT NULL AND o.state IN ('live', 'ended', 'reviewed')
    ), beside AS MATERIALIZED (
        SELECT o.* FROM other o JOIN mine w USING (platform, room_id)
        WHERE o.starts_at <= w.ends_at + slack AND o.ends_at >= w.starts_at - slack
    ), near AS MATERIALIZED (
        -- Of two shows that name a room its reading is the nearer one's in time, as a line is (sales.attribution).
        SELECT m.*, NOT EXISTS (
            SELECT FROM beside o WHERE o.platform = m.platform AND o.room_id = m.room_id
            AND (greatest(o.starts_at - m.at, m.at - o.ends_at, interval '0'), o.id)
                < (greatest(m.at - w.ends_at, interval '0'), w.id)
        ) AS own
        FROM mine w JOIN metric_sample m ON m.platform = w.platform AND m.room_id = w.room_id
                                        AND m.at BETWEEN w.starts_at AND w.ends_at + slack
    ), told AS (
        SELECT platform, room_id, {_TOLD} FROM near WHERE kind = 'cumulative' GROUP BY 1, 2
    ), held AS (
        -- From when on what the room counted was no other show's any more.
        SELECT platform, room_id, g.cut, {_OF_TOLD} FROM told t JOIN (
            SELECT w.platform, w.room_id, max(CASE WHEN o.ends_at >= w.starts_at THEN w.starts_at
                   ELSE o.ends_at + (w.starts_at - o.ends_at) / 2 END) AS cut
            FROM mine w
            JOIN other o ON o.platform = w.platform AND o.room_id = w.room_id AND o.starts_at < w.starts_at
            GROUP BY 1, 2
        ) g USING (platform, room_id)
    )
    SELECT found.* FROM (
        SELECT h.platform, h.room_id, h.cut, 'cumulative', false, NULL::bigint,
{_LEFT}
        FROM held h
        UNION ALL
        SELECT platform, room_id, at, kind, own, CASE WHEN own THEN online END, {_NAMED} FROM (
            SELECT n.*, bool_or(n.own) OVER (PARTITION BY n.platform, n.room_id ORDER BY n.at DESC) AS matters
            FROM near n
        ) heard WHERE own OR (matters AND kind = 'cumulative')
    ) found (platform, room_id, at, kind, own) ORDER BY platform, room_id, at, own, kind
$$;
"""


def upgrade() -> None:
    op.execute(READINGS)
