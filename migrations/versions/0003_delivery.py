"""Delivery: seq per session, the feed, endpoints with their secrets, deliveries and attempts."""

from alembic import op

revision = "0003"
down_revision = "0002"

PARTITIONS = """
-- ensure_day_partitions('t', 30): a partition per UTC day from today on, for tables partitioned by a date
-- column. It runs as the owner, since the roles of the product may not make tables. Gives how many it made.
CREATE FUNCTION ensure_day_partitions(parent regclass, days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE wanted date; part text; made integer := 0;
BEGIN
    FOR wanted IN SELECT generate_series(current_date, current_date + days_ahead, interval '1 day') LOOP
        part := format('%s_%s', parent::text, to_char(wanted, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                           part, parent, wanted, wanted + 1);
            made := made + 1;
        -- Another process made it, or rows of that day already went to the default partition and stay there.
        EXCEPTION WHEN duplicate_table OR check_violation OR invalid_object_definition THEN NULL;
        END;
    END LOOP;
    RETURN made;
END $$;

-- drop_day_partitions('t', 30): throw away whole days older than that. Gives how many it dropped.
CREATE FUNCTION drop_day_partitions(parent regclass, days_kept integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE part regclass; dropped integer := 0;
BEGIN
    FOR part IN
        SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class ON oid = inhrelid
        WHERE inhparent = parent AND relname ~ '_[0-9]{8}$'
          AND to_date(right(relname, 8), 'YYYYMMDD') < current_date - days_kept
    LOOP
        EXECUTE format('DROP TABLE %s', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION ensure_day_partitions, drop_day_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_day_partitions, drop_day_partitions TO xinji_system;
"""

OUTBOX = """
-- What one agency alone may see of an event, by agency id: it replaces whole parts of the data that all get.
ALTER TABLE outbox_event ADD COLUMN agency_data jsonb NOT NULL DEFAULT '{}';
-- So an agency reads its own messages of the feed, not the event with everybody's part.
DROP POLICY app_read ON outbox_event;
CREATE POLICY app_read ON outbox_event FOR SELECT TO xinji_app USING (app_is_hub());

-- The last seq of each session. A row of its own: its lock puts the events of a session in order, and an
-- agency's transaction, which may not read other agencies' events, still counts on.
CREATE TABLE outbox_seq (
    session_id bigint PRIMARY KEY,
    seq integer NOT NULL
);
SELECT guard_table('outbox_seq', 'true', 'true');
"""

ENDPOINTS = """
CREATE TABLE webhook_endpoint (
    id bigint PRIMARY KEY DEFAULT new_id(),
    agency_id bigint NOT NULL REFERENCES agency,
    url text NOT NULL,
    event_types text[] NOT NULL CHECK (cardinality(event_types) > 0),
    description text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
    disabled_reason text CHECK (disabled_reason IN ('gone', 'failing')),
    max_in_flight integer NOT NULL DEFAULT 4 CHECK (max_in_flight BETWEEN 1 AND 64),
    per_second integer NOT NULL DEFAULT 50 CHECK (per_second BETWEEN 1 AND 10000),
    -- Health, kept by the sender: failures in a row, how often the breaker reopened, until when it waits.
    streak integer NOT NULL DEFAULT 0,
    breaker_level integer NOT NULL DEFAULT 0,
    paused_until timestamptz,
    failing_since timestamptz,
    last_success_at timestamptz,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhook_endpoint_disabled CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL))
);
CREATE INDEX webhook_endpoint_agency ON webhook_endpoint (agency_id) WHERE archived_at IS NULL;
CREATE TABLE webhook_secret (
    id bigint PRIMARY KEY DEFAULT new_id(),
    endpoint_id bigint NOT NULL REFERENCES webhook_endpoint,
    agency_id bigint NOT NULL REFERENCES agency,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Null for the current one; a replaced one signs along until then.
    active_until timestamptz
);
CREATE UNIQUE INDEX webhook_secret_current ON webhook_secret (endpoint_id) WHERE active_until IS NULL;
CREATE INDEX webhook_secret_endpoint ON webhook_secret (endpoint_id);
SELECT guard_table('webhook_endpoint', 'app_is_hub() OR agency_id = app_agency()', 'app_is_hub() OR agency_id = app_agency()');
SELECT guard_table('webhook_secret', 'app_is_hub() OR agency_id = app_agency()', 'app_is_hub() OR agency_id = app_agency()');
"""

MESSAGES = """
-- The feed: one row per event and agency, with the very bytes that are signed and sent. `position` is given
-- at fan-out, by one transaction at a time, so a reader that asks for "after" misses nothing that commits late.
CREATE TABLE webhook_message (
    day date NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    event_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    type text NOT NULL,
    session_id bigint,
    seq integer,
    at timestamptz NOT NULL,
    body bytea NOT NULL CHECK (octet_length(body) <= 20480),
    PRIMARY KEY (day, position),
    -- The day is that of the event, so this is once per event and agency whatever the day of the fan-out.
    CONSTRAINT webhook_message_once UNIQUE (day, event_id, agency_id)
) PARTITION BY RANGE (day);
CREATE INDEX webhook_message_feed ON webhook_message (agency_id, position);
CREATE INDEX webhook_message_position ON webhook_message (position);
CREATE TABLE webhook_message_default PARTITION OF webhook_message DEFAULT;

CREATE TABLE webhook_delivery (
    day date NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    endpoint_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    event_id bigint NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    session_id bigint,
    state text NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'exhausted', 'aborted', 'held', 'expired')),
    -- When it may be taken next: a pending one's due time, the end of the lease of one being sent.
    next_at timestamptz NOT NULL,
    -- Token of the sender that holds the lease: a note by one that lost it changes nothing (fencing).
    lease bigint,
    -- Place in the retry table, 0 before the first try; starts again on resend. `attempts` counts them all.
    step integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    last_status integer,
    last_error text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (day, id),
    CONSTRAINT webhook_delivery_once UNIQUE (day, event_id, endpoint_id),
    CONSTRAINT webhook_delivery_lease CHECK ((state = 'sending') = (lease IS NOT NULL))
) PARTITION BY RANGE (day);
-- By endpoint first: one that is dead with a million rows due costs the others nothing.
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, next_at, id) WHERE state IN ('pending', 'sending');
CREATE INDEX webhook_delivery_held ON webhook_delivery (endpoint_id, id) WHERE state = 'held';
CREATE INDEX webhook_delivery_log ON webhook_delivery (endpoint_id, id);
CREATE INDEX webhook_delivery_agency ON webhook_delivery (agency_id, id);
CREATE INDEX webhook_delivery_id ON webhook_delivery (id);
CREATE TABLE webhook_delivery_default PARTITION OF webhook_delivery DEFAULT;

CREATE TABLE webhook_attempt (
    day date NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    delivery_id bigint NOT NULL,
    endpoint_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    at timestamptz NOT NULL,
    took_ms integer NOT NULL,
    status integer,
    error text,
    answer bytea NOT NULL CHECK (octet_length(answer) <= 4096),
    PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);
CREATE INDEX webhook_attempt_delivery ON webhook_attempt (delivery_id);
CREATE TABLE webhook_attempt_default PARTITION OF webhook_attempt DEFAULT;

-- Who sends at the moment, each with an advisory lock on its token.
CREATE TABLE webhook_sender (
    token bigint PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT now()
);
SELECT guard_table('webhook_sender', 'false', 'false');
SELECT guard_table('webhook_message', 'app_is_hub() OR agency_id = app_agency()', 'false');
SELECT guard_table('webhook_delivery', 'app_is_hub() OR agency_id = app_agency()', 'app_is_hub() OR agency_id = app_agency()');
SELECT guard_table('webhook_attempt', 'app_is_hub() OR agency_id = app_agency()', 'false');
SELECT ensure_day_partitions('webhook_message', 30), ensure_day_partitions('webhook_delivery', 30),
       ensure_day_partitions('webhook_attempt', 30);
"""


def upgrade() -> None:
    for part in (PARTITIONS, OUTBOX, ENDPOINTS, MESSAGES):
        op.execute(part)
