"""Each order and buyer of a brand by the days it bought on, and how many of them any range of days holds.

The release before does not keep them up: what it merges beside this one is set right by `reconcile --repair`.
"""

from alembic import op

revision = "0039"
down_revision = "0038"

SEEN = """
-- An order or a buyer of paid live sale lines: on which days of order, and how many lines on each (in the same place).
CREATE TABLE sales_seen (
    brand_id bigint NOT NULL,
    currency text NOT NULL,
    what text NOT NULL CHECK (what IN ('order', 'buyer', 'nobody')),
    -- Of an order its shop and number; of lines without a buyer nothing.
    name text NOT NULL,
    days date[] NOT NULL,
    lines bigint[] NOT NULL
) PARTITION BY HASH (brand_id);
DO $$ BEGIN
    FOR i IN 0..7 LOOP
        EXECUTE format('CREATE TABLE sales_seen_%s PARTITION OF sales_seen'
                       ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
    END LOOP;
END $$;
INSERT INTO sales_seen (brand_id, currency, what, name, days, lines)
SELECT brand_id, currency, what, name, array_agg(day), array_agg(lines) FROM (
    SELECT l.brand_id, l.currency, t.what, t.name, l.order_day AS day, count(*) AS lines
    FROM order_line l CROSS JOIN LATERAL (VALUES
        ('order', l.shop_id || ' ' || coalesce(l.parent_order_id, l.line_id)),
        (CASE WHEN l.buyer_hash IS NULL THEN 'nobody' ELSE 'buyer' END, coalesce(l.buyer_hash, ''))) AS t (what, name)
    WHERE l.kind = 'sale' AND l.paid_at IS NOT NULL AND l.bucket = 'live' AND l.brand_id IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5) told
GROUP BY 1, 2, 3, 4;
ALTER TABLE sales_seen ADD PRIMARY KEY (brand_id, currency, what, name);

-- How many were seen on `day`, and last before it on `before` (-infinity: never).
CREATE TABLE sales_distinct (
    brand_id bigint NOT NULL,
    day date NOT NULL,
    before date NOT NULL,
    currency text NOT NULL,
    what text NOT NULL,
    seen bigint NOT NULL,
    PRIMARY KEY (brand_id, day, before, currency, what)
);
INSERT INTO sales_distinct (brand_id, day, before, currency, what, seen)
SELECT s.brand_id, step.day, step.before, s.currency, s.what, count(*) FROM sales_seen s, LATERAL (
    SELECT day, coalesce(lag(day) OVER (ORDER BY day), '-infinity') AS before FROM unnest(s.days) AS u(day)) step
GROUP BY 1, 2, 3, 4, 5;

-- What lines that were settled together add to sales_seen, waiting to be folded: the n-th of each array belong together.
CREATE TABLE seen_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_ids bigint[] NOT NULL,
    currencies text[] NOT NULL,
    whats text[] NOT NULL,
    names text[] NOT NULL,
    days date[] NOT NULL,
    lines bigint[] NOT NULL
);
SELECT guard_table('sales_seen', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('sales_distinct', 'app_is_hub() OR brand_id = app_brand()', 'app_is_hub()');
SELECT guard_table('seen_change', 'app_is_hub()', 'app_is_hub()');
"""


def upgrade() -> None:
    op.execute(SEEN)
