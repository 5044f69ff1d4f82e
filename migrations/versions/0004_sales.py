"""Sales: the raw log, merged lines and refunds, change rows and rollups."""

from alembic import op

revision = "0004"
down_revision = "0003"

# Who sees a row of sales: the hub all, a brand its own, an agency and a host what their shifts sold.
SEEN = "app_is_hub() OR brand_id = app_brand() OR agency_id = app_agency() OR host_id = app_host()"

MEASURES = (
    "placed_fen",
    "paid_fen",
    "merchant_fen",
    "deposit_fen",
    "refund_pre_ship_fen",
    "refund_post_ship_fen",
    "refund_post_receipt_fen",
    "returned_fen",
    "protection_fen",
    "compensation_fen",
    "disputed_fen",
    "lines",
    "units",
    "refunded_lines",
    "refunded_units",
)
NET = ("counted_lines", "maturing_fen")


def columns(names: tuple[str, ...]) -> str:
    return ",\n    ".join(f"{name} bigint NOT NULL DEFAULT 0" for name in names)


RAW = """
-- Every event as it came (people's data dropped), by the day received. Kept three years and more.
CREATE TABLE sale_event (
    received_on date NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    received_at timestamptz NOT NULL,
    source text NOT NULL CHECK (source IN ('push', 'import')),
    connector_id bigint,
    import_id bigint,
    shop_id bigint NOT NULL,
    type text NOT NULL,
    event_id text NOT NULL,
    line_id text,
    occurred_at timestamptz NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('accepted', 'quarantined')),
    payload jsonb NOT NULL,
    PRIMARY KEY (received_on, id)
) PARTITION BY RANGE (received_on);
CREATE TABLE sale_event_default PARTITION OF sale_event DEFAULT;
CREATE INDEX sale_event_line ON sale_event (shop_id, line_id);
CREATE INDEX sale_event_quarantined ON sale_event (id) WHERE verdict = 'quarantined';

-- The dedup keys carry no date, so that a repetition is found however late it comes.
CREATE TABLE sale_event_key (
    shop_id bigint NOT NULL,
    type text NOT NULL,
    event_id text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (shop_id, type, event_id)
) PARTITION BY HASH (shop_id);

-- The same key with other content: never merged, always shown.
CREATE TABLE sale_conflict (
    id bigint NOT NULL DEFAULT new_id(),
    shop_id bigint NOT NULL,
    type text NOT NULL,
    event_id text NOT NULL,
    digest bytea NOT NULL,
    seen_at timestamptz NOT NULL,
    payload jsonb NOT NULL,
    PRIMARY KEY (shop_id, type, event_id, digest)
);
CREATE INDEX sale_conflict_id ON sale_conflict (id);
"""

LINES = """
-- One row per order line: the merged state, where it counts, and what it last posted to the rollups.
-- A refund of a line nobody has described yet makes a row with known = false, so that one row lock orders all.
CREATE TABLE order_line (
    shop_id bigint NOT NULL REFERENCES shop,
    line_id text NOT NULL,
    id bigint NOT NULL DEFAULT new_id(),
    platform text NOT NULL,
    known boolean NOT NULL DEFAULT false,
    state jsonb NOT NULL DEFAULT '{}',
    posted jsonb NOT NULL DEFAULT '[]',
    kind text NOT NULL DEFAULT 'sale',
    status text NOT NULL DEFAULT 'created',
    parent_order_id text,
    ordered_at timestamptz,
    order_day date,
    paid_at timestamptz,
    currency text NOT NULL DEFAULT 'CNY',
    qty bigint NOT NULL DEFAULT 0,
    order_fen bigint NOT NULL DEFAULT 0,
    paid_fen bigint NOT NULL DEFAULT 0,
    refund_fen bigint NOT NULL DEFAULT 0,
    merchant_sku text,
    author_id text,
    room_id text,
    buyer_hash text,
    bucket text NOT NULL DEFAULT 'unattributed' CHECK (bucket IN ('live', 'unattributed', 'outside_live')),
    rung text NOT NULL DEFAULT 'unattributed',
    provisional boolean NOT NULL DEFAULT false,
    session_id bigint,
    host_id bigint,
    agency_id bigint,
    brand_id bigint,
    product_id bigint,
    assigned_session_id bigint,
    assigned_reason text,
    matures_at timestamptz,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shop_id, line_id)
) PARTITION BY HASH (shop_id);
CREATE INDEX order_line_id ON order_line (id);
CREATE INDEX order_line_session ON order_line (session_id, ordered_at);
CREATE INDEX order_line_brand ON order_line (brand_id, order_day);
CREATE INDEX order_line_author ON order_line (author_id, ordered_at);
CREATE INDEX order_line_room ON order_line (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX order_line_sku ON order_line (merchant_sku) WHERE merchant_sku IS NOT NULL;
CREATE INDEX order_line_shop_time ON order_line (shop_id, ordered_at);
CREATE INDEX order_line_loose ON order_line (id) WHERE bucket = 'unattributed' AND known;
CREATE INDEX order_line_unknown ON order_line (id) WHERE NOT known;

CREATE TABLE refund (
    shop_id bigint NOT NULL REFERENCES shop,
    refund_id text NOT NULL,
    id bigint NOT NULL DEFAULT new_id(),
    line_id text NOT NULL,
    state jsonb NOT NULL,
    kind text NOT NULL,
    stage text,
    status text NOT NULL,
    currency text,
    amount_fen bigint NOT NULL,
    qty bigint,
    reason text,
    applied_at timestamptz,
    succeeded_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shop_id, refund_id)
) PARTITION BY HASH (shop_id);
CREATE INDEX refund_line ON refund (shop_id, line_id);

CREATE TABLE shop_progress (
    shop_id bigint PRIMARY KEY REFERENCES shop,
    complete_through timestamptz,
    received_at timestamptz NOT NULL,
    placed_rev integer NOT NULL DEFAULT 0
);
CREATE TABLE metric_sample (
    platform text NOT NULL,
    room_id text NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('cumulative', 'gauge')),
    shop_id bigint NOT NULL REFERENCES shop,
    viewers bigint,
    views bigint,
    online bigint,
    impressions bigint,
    product_impressions bigint,
    product_clicks bigint,
    likes bigint,
    comments bigint,
    shares bigint,
    follows bigint,
    ad_spend_fen bigint,
    PRIMARY KEY (platform, room_id, at, kind)
);
CREATE TABLE import_file (
    id bigint PRIMARY KEY DEFAULT new_id(),
    kind text NOT NULL CHECK (kind IN ('douyin_orders')),
    filename text NOT NULL,
    file_hash bytea NOT NULL,
    shop_id bigint NOT NULL REFERENCES shop,
    exported_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('checked', 'committed')),
    report jsonb NOT NULL,
    -- The rows as read, people's data dropped, until they are committed.
    staged bytea,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX import_file_shop ON import_file (shop_id, file_hash);
"""

ROLLUPS = f"""
-- What a merge, a refund or a new attribution changed: after minus before, waiting to be folded.
CREATE TABLE sale_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bucket text NOT NULL,
    session_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    brand_id bigint NOT NULL,
    product_id bigint NOT NULL,
    host_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    currency text NOT NULL,
    minute timestamptz NOT NULL,
    cohort_day date NOT NULL,
    cash_day date NOT NULL,
    age_days smallint NOT NULL,
    matures_at timestamptz NOT NULL,
    {columns(MEASURES + NET)}
);

-- Ids are 0 for none (no session, no brand, shared), so that they can stand in keys.
CREATE TABLE session_total (
    session_id bigint NOT NULL,
    currency text NOT NULL,
    brand_id bigint NOT NULL,
    host_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    {columns(MEASURES)},
    PRIMARY KEY (session_id, currency, brand_id, host_id, agency_id)
);
-- One row per session: its lock orders the folds, so a greater version always means later figures.
CREATE TABLE session_sales (
    session_id bigint PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0,
    folded_at timestamptz,
    projected_version bigint NOT NULL DEFAULT 0,
    attributed_version integer NOT NULL DEFAULT 0,
    attributed_at timestamptz,
    told_version bigint NOT NULL DEFAULT 0,
    told_at timestamptz
);
CREATE INDEX session_sales_unprojected ON session_sales (session_id) WHERE version > projected_version;
CREATE TABLE session_minute (
    session_id bigint NOT NULL,
    minute timestamptz NOT NULL,
    currency text NOT NULL,
    brand_id bigint NOT NULL,
    host_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    {columns(MEASURES)},
    PRIMARY KEY (session_id, minute, currency, brand_id, host_id, agency_id)
);
CREATE TABLE sales_day (
    day date NOT NULL,
    basis text NOT NULL CHECK (basis IN ('cohort', 'cash')),
    age_days smallint NOT NULL,
    bucket text NOT NULL,
    session_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    brand_id bigint NOT NULL,
    product_id bigint NOT NULL,
    host_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    currency text NOT NULL,
    {columns(MEASURES)},
    PRIMARY KEY (day, basis, brand_id, bucket, session_id, product_id, shop_id, host_id, agency_id, currency, age_days)
) PARTITION BY RANGE (day);
CREATE TABLE sales_day_default PARTITION OF sales_day DEFAULT;
CREATE INDEX sales_day_session ON sales_day (session_id, basis);
CREATE TABLE sales_maturity (
    cohort_day date NOT NULL,
    matures_at timestamptz NOT NULL,
    bucket text NOT NULL,
    session_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    brand_id bigint NOT NULL,
    product_id bigint NOT NULL,
    host_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    currency text NOT NULL,
    {columns(NET)},
    PRIMARY KEY (brand_id, cohort_day, matures_at, bucket, session_id, product_id, shop_id, host_id, agency_id, currency)
);
CREATE INDEX sales_maturity_session ON sales_maturity (session_id, matures_at);
"""

PARTITIONS = """
DO $$
BEGIN
    FOR i IN 0..7 LOOP
        EXECUTE format('CREATE TABLE sale_event_key_%s PARTITION OF sale_event_key'
                       ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE order_line_%s PARTITION OF order_line'
                       ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TABLE refund_%s PARTITION OF refund'
                       ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
    END LOOP;
END $$;

-- Makes the day partitions of the raw log and the month partitions of the day rows, from today to `ahead` days
-- on; returns how many were made. Runs as the owner, because the system role makes no tables. A span whose
-- rows already stand in the default partition stays there.
CREATE FUNCTION make_sales_partitions(today date, ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
    name text;
    made integer := 0;
BEGIN
    FOR day IN SELECT today + n FROM generate_series(0, ahead) n LOOP
        name := 'sale_event_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(name) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF sale_event FOR VALUES FROM (%L) TO (%L)',
                               name, day, day + 1);
                made := made + 1;
            EXCEPTION WHEN check_violation OR duplicate_table THEN NULL;
            END;
        END IF;
    END LOOP;
    FOR day IN SELECT DISTINCT date_trunc('month', today + n)::date FROM generate_series(0, ahead) n LOOP
        name := 'sales_day_' || to_char(day, 'YYYYMM');
        IF to_regclass(name) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF sales_day FOR VALUES FROM (%L) TO (%L)',
                               name, day, (day + interval '1 month')::date);
                made := made + 1;
            EXCEPTION WHEN check_violation OR duplicate_table THEN NULL;
            END;
        END IF;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION make_sales_partitions(date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_sales_partitions(date, integer) TO xinji_system;
SELECT make_sales_partitions(current_date, 30);
"""

GUARDS = f"""
SELECT guard_table('sale_event', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('sale_event_key', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('sale_conflict', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('order_line', '{SEEN}', 'app_is_hub()');
-- The line's own policy decides: a refund is seen by whoever sees its line.
SELECT guard_table('refund', 'app_is_hub() OR EXISTS (SELECT FROM order_line l'
    ' WHERE l.shop_id = refund.shop_id AND l.line_id = refund.line_id)', 'app_is_hub()');
SELECT guard_table('shop_progress', 'EXISTS (SELECT FROM shop s WHERE s.id = shop_progress.shop_id)', 'app_is_hub()');
SELECT guard_table('metric_sample', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('import_file', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('sale_change', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('session_total', '{SEEN}', 'app_is_hub()');
SELECT guard_table('session_sales', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('session_minute', '{SEEN}', 'app_is_hub()');
SELECT guard_table('sales_day', '{SEEN}', 'app_is_hub()');
SELECT guard_table('sales_maturity', '{SEEN}', 'app_is_hub()');
"""


def upgrade() -> None:
    for part in (RAW, LINES, ROLLUPS, PARTITIONS, GUARDS):
        op.execute(part)
