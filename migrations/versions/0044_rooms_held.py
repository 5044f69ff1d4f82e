"""What a room counted, cost and told of while a show held it: also where another brand's shop told of it."""

from alembic import op

revision = "0044"
down_revision = "0043"

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
_TOLD = ", ".join(f"bool_or(n.own AND n.{name} IS NOT NULL) AS {name}" for name in COUNTERS)

# Row-level security shows a brand its own shows and what its own shops told. Which show held a room, what the room had
# counted before, and whose a product is that another's shop told of, needs more: so these run as their owner, and say
# themselves who may ask for what. They give nothing that is not of the one show that is asked for, but for one thing:
# the reading that its counters begin from.
READINGS = f"""
CREATE FUNCTION room_readings(wanted bigint, present timestamptz, slack interval)
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
    ), held AS (
        -- From when on what the room counted was no other show's any more.
        SELECT w.platform, w.room_id, max(CASE WHEN o.ends_at >= w.starts_at THEN w.starts_at
               ELSE o.ends_at + (w.starts_at - o.ends_at) / 2 END) AS cut, {_TOLD}
        FROM mine w
        JOIN other o ON o.platform = w.platform AND o.room_id = w.room_id AND o.starts_at < w.starts_at
        JOIN near n ON n.platform = w.platform AND n.room_id = w.room_id AND n.kind = 'cumulative'
        GROUP BY 1, 2
    )
    SELECT found.* FROM (
        SELECT h.platform, h.room_id, h.cut, 'cumulative', false, NULL::bigint,
{_LEFT}
        FROM held h
        UNION ALL
        SELECT platform, room_id, at, kind, own, CASE WHEN own THEN online END, {_NAMED} FROM (
            SELECT n.*, bool_or(n.own) OVER (PARTITION BY n.platform, n.room_id ORDER BY n.at DESC) AS matters
            FROM near n
        ) told WHERE own OR (matters AND kind = 'cumulative')
    ) found (platform, room_id, at, kind, own) ORDER BY platform, room_id, at, own, kind
$$;
"""

SPEND = """
-- Of a room: the show's that the span lies over longest, else the nearest one's. Of an account without a room: what
-- lies within the show, by the same rule among the account's shows. A span is never split.
CREATE FUNCTION show_spend(wanted bigint, present timestamptz, slack interval)
RETURNS TABLE (currency text, amount_fen bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH mine AS MATERIALIZED (
        SELECT s.id, c.platform, c.room_ids, a.external_id, s.actual_starts_at AS starts_at,
               coalesce(s.actual_ends_at, present) AS ends_at
        FROM live_session s JOIN session_channel c ON c.session_id = s.id
        LEFT JOIN platform_account a ON a.id = c.platform_account_id
        WHERE s.id = wanted AND s.actual_starts_at IS NOT NULL
          AND (app_is_hub() OR app_role() = 'system' OR s.brand_ids = ARRAY[app_brand()])
    ), spent AS (
        SELECT DISTINCT p.* FROM mine w JOIN ad_spend p ON p.platform = w.platform AND (
            p.room_id = ANY (w.room_ids)
            OR (p.room_id = '' AND p.account_id = w.external_id
                AND p.from_at >= w.starts_at AND p.to_at <= w.ends_at + slack))
    ), holder AS MATERIALIZED (
        SELECT * FROM mine
        UNION
        SELECT o.id, c.platform, c.room_ids, a.external_id, o.actual_starts_at, coalesce(o.actual_ends_at, present)
        FROM mine w
        JOIN session_channel c ON c.platform = w.platform AND c.room_ids && w.room_ids
        JOIN live_session o ON o.id = c.session_id
        LEFT JOIN platform_account a ON a.id = c.platform_account_id
        WHERE o.actual_starts_at IS NOT NULL AND o.state IN ('live', 'ended', 'reviewed')
        UNION
        SELECT o.id, c.platform, c.room_ids, a.external_id, o.actual_starts_at, coalesce(o.actual_ends_at, present)
        FROM mine w
        JOIN platform_account a ON a.platform = w.platform AND a.external_id = w.external_id
        JOIN session_channel c ON c.platform_account_id = a.id
        JOIN live_session o ON o.id = c.session_id
        WHERE o.state IN ('live', 'ended', 'reviewed') AND o.actual_starts_at <= w.ends_at + slack
          AND coalesce(o.actual_ends_at, present) >= w.starts_at - slack
    )
    SELECT p.currency, sum(p.amount_fen)::bigint FROM spent p
    WHERE (
        SELECT h.id FROM holder h
        WHERE h.platform = p.platform
          AND CASE WHEN p.room_id = '' THEN h.external_id = p.account_id ELSE p.room_id = ANY (h.room_ids) END
        ORDER BY greatest(least(p.to_at, h.ends_at) - greatest(p.from_at, h.starts_at), interval '0') DESC,
                 greatest(h.starts_at - p.to_at, p.from_at - h.ends_at, interval '0'), h.starts_at, h.id
        LIMIT 1
    ) = wanted
    GROUP BY 1 ORDER BY 2 DESC
$$;
"""

MARKS = """
-- The product, and whose it was that day, are found as a line's are (sales.settling). A brand is given the marks of its
-- own products, and those of its own shop that the catalogue does not know; whoever told of them.
CREATE FUNCTION show_marks(wanted bigint, present timestamptz)
RETURNS TABLE (at timestamptz, until timestamptz, open boolean, sku text, product_id bigint, name text, name_en text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT at, until, open, sku, product_id, name, name_en FROM (
        SELECT m.started_at AS at, coalesce(m.ended_at, lead(m.started_at) OVER room) AS until,
               m.ended_at IS NULL AS open, m.merchant_sku AS sku, p.id AS product_id, coalesce(p.name, '') AS name,
               coalesce(p.name_en, '') AS name_en, coalesce(p.owner, h.brand_id) AS owner
        FROM live_session s
        JOIN session_channel c ON c.session_id = s.id
        JOIN explain_mark m ON m.platform = c.platform AND m.room_id = ANY (c.room_ids)
        JOIN shop h ON h.id = m.shop_id
        LEFT JOIN LATERAL (
            SELECT * FROM (
                SELECT q.id, q.name, q.name_en, count(*) OVER () AS named_so, coalesce((
                    SELECT f.brand_id FROM product_past f, hub WHERE f.product_id = q.id
                    AND f.until > (m.started_at AT TIME ZONE hub.timezone)::date ORDER BY f.until LIMIT 1
                ), q.brand_id) AS owner
                FROM product q WHERE q.sku = m.merchant_sku
            ) found
            WHERE found.owner = h.brand_id OR found.named_so = 1 ORDER BY found.id LIMIT 1
        ) p ON true
        WHERE s.id = wanted AND m.started_at >= s.actual_starts_at
          AND m.started_at < coalesce(s.actual_ends_at, present)
          AND (app_is_hub() OR app_role() = 'system' OR s.brand_ids @> ARRAY[app_brand()])
        WINDOW room AS (PARTITION BY m.platform, m.room_id ORDER BY m.started_at, m.merchant_sku)
    ) told
    WHERE app_is_hub() OR app_role() = 'system' OR owner = app_brand()
    ORDER BY at, sku
$$;
"""

RIGHTS = """
REVOKE ALL ON FUNCTION room_readings, show_spend, show_marks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION room_readings, show_spend, show_marks TO xinji_app, xinji_system;
"""


def upgrade() -> None:
    for part in (READINGS, SPEND, MARKS, RIGHTS):
        op.execute(part)
