"""Schedule: sessions, who and what takes part, and the claims that no two can hold at once."""

from alembic import op

revision = "0002"
down_revision = "0001"

SESSIONS = """
CREATE TABLE live_session (
    id bigint PRIMARY KEY DEFAULT new_id(),
    title text NOT NULL,
    studio_id bigint NOT NULL REFERENCES studio,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'offered', 'accepted', 'ready', 'live', 'ended', 'reviewed', 'cancelled', 'no_show')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    actual_starts_at timestamptz,
    actual_ends_at timestamptz,
    start_evidence text CHECK (start_evidence IN ('platform', 'tap', 'inferred', 'corrected')),
    end_evidence text CHECK (end_evidence IN ('platform', 'tap', 'inferred', 'corrected')),
    campaign_id bigint REFERENCES campaign,
    notes text NOT NULL DEFAULT '',
    review text NOT NULL DEFAULT '',
    hold_until timestamptz,
    offer_deadline_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    brand_ids bigint[] NOT NULL CHECK (cardinality(brand_ids) > 0),
    -- Agencies that have been told: from the offer on. Who is not here does not see the row.
    agency_ids bigint[] NOT NULL DEFAULT '{}',
    host_ids bigint[] NOT NULL DEFAULT '{}',
    warnings jsonb NOT NULL DEFAULT '[]',
    cancel_code text,
    last_sign_at timestamptz,
    overrunning_at timestamptz,
    -- When the clock must look next; null when time alone changes nothing. attempts counts failures of that look.
    due_at timestamptz,
    attempts smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT live_session_span CHECK (starts_at < ends_at AND ends_at - starts_at <= interval '24 hours'),
    CONSTRAINT live_session_actual_span CHECK (actual_starts_at <= actual_ends_at),
    CONSTRAINT live_session_cancel CHECK ((state = 'cancelled') = (cancel_code IS NOT NULL))
);
CREATE INDEX live_session_week ON live_session (starts_at, id);
CREATE INDEX live_session_studio ON live_session (studio_id, starts_at);
CREATE INDEX live_session_campaign ON live_session (campaign_id, starts_at) WHERE campaign_id IS NOT NULL;
CREATE INDEX live_session_due ON live_session (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX live_session_updated ON live_session (updated_at);
CREATE INDEX live_session_on_air ON live_session (state) WHERE state IN ('offered', 'live');
CREATE INDEX live_session_brands ON live_session USING gin (brand_ids);
CREATE INDEX live_session_agencies ON live_session USING gin (agency_ids);
CREATE INDEX live_session_hosts ON live_session USING gin (host_ids);

CREATE TABLE session_channel (
    id bigint PRIMARY KEY DEFAULT new_id(),
    session_id bigint NOT NULL REFERENCES live_session,
    platform text NOT NULL CHECK (platform IN ('douyin', 'kuaishou', 'taobao', 'wechat', 'tiktok_shop', 'other')),
    platform_account_id bigint REFERENCES platform_account,
    room_ids text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX session_channel_session ON session_channel (session_id);
CREATE INDEX session_channel_account ON session_channel (platform_account_id);
CREATE INDEX session_channel_rooms ON session_channel USING gin (room_ids);

CREATE TABLE participant (
    id bigint PRIMARY KEY DEFAULT new_id(),
    session_id bigint NOT NULL REFERENCES live_session,
    host_id bigint NOT NULL REFERENCES host,
    role text NOT NULL DEFAULT 'host' CHECK (role IN ('host', 'assistant', 'influencer')),
    agency_id bigint REFERENCES agency,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    acceptance text NOT NULL DEFAULT 'not_asked' CHECK (acceptance IN ('not_asked', 'asked', 'accepted', 'declined', 'expired')),
    -- How often this person was asked: an answer's link names it, so that an old link answers nothing new.
    round integer NOT NULL DEFAULT 0,
    asked_at timestamptz,
    answered_at timestamptz,
    arrived_at timestamptz,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT participant_span CHECK (starts_at < ends_at)
);
CREATE INDEX participant_session ON participant (session_id);
CREATE INDEX participant_host ON participant (host_id, starts_at);
CREATE INDEX participant_agency ON participant (agency_id, starts_at);

CREATE TABLE session_brand (
    session_id bigint NOT NULL REFERENCES live_session,
    brand_id bigint NOT NULL REFERENCES brand,
    position smallint NOT NULL,
    PRIMARY KEY (session_id, brand_id)
);
CREATE INDEX session_brand_brand ON session_brand (brand_id);

CREATE TABLE lineup_item (
    id bigint PRIMARY KEY DEFAULT new_id(),
    session_id bigint NOT NULL REFERENCES live_session,
    position integer NOT NULL,
    product_id bigint NOT NULL REFERENCES product,
    -- The product's brand when it was lined up: policies read it without asking the product.
    brand_id bigint NOT NULL REFERENCES brand,
    live_price_fen bigint NOT NULL CHECK (live_price_fen >= 0),
    currency text NOT NULL DEFAULT 'CNY' CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT lineup_item_once UNIQUE (session_id, product_id)
);
CREATE INDEX lineup_item_product ON lineup_item (product_id);

CREATE TABLE session_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id bigint NOT NULL REFERENCES live_session,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    verb text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    actor_kind text NOT NULL,
    actor_id bigint,
    actor_name text NOT NULL,
    evidence text,
    reason text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}',
    -- The second guard that a change happens once; the first is the compare-and-set on live_session.
    CONSTRAINT session_history_once UNIQUE (session_id, version)
);
"""

CLAIMS = """
CREATE TABLE resource (
    id bigint PRIMARY KEY DEFAULT new_id(),
    kind text NOT NULL CHECK (kind IN ('studio', 'host', 'platform_account', 'crew_pool')),
    studio_id bigint UNIQUE REFERENCES studio,
    host_id bigint UNIQUE REFERENCES host,
    platform_account_id bigint UNIQUE REFERENCES platform_account,
    capacity smallint NOT NULL DEFAULT 1 CHECK (capacity > 0),
    CONSTRAINT resource_names_its_kind CHECK (
        (kind = 'studio') = (studio_id IS NOT NULL) AND (kind = 'host') = (host_id IS NOT NULL)
        AND (kind = 'platform_account') = (platform_account_id IS NOT NULL))
);

CREATE TABLE claim (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id bigint NOT NULL REFERENCES live_session,
    resource_id bigint NOT NULL REFERENCES resource,
    unit_no smallint NOT NULL DEFAULT 1,
    -- Set-up and tear-down lie inside the span.
    span tstzrange NOT NULL CHECK (NOT isempty(span) AND lower(span) IS NOT NULL AND upper(span) IS NOT NULL),
    -- For reading: under row-level security an index cannot be searched by &&, which is not leakproof; by times it can.
    starts_at timestamptz NOT NULL GENERATED ALWAYS AS (lower(span)) STORED,
    ends_at timestamptz NOT NULL GENERATED ALWAYS AS (upper(span)) STORED,
    kind text NOT NULL DEFAULT 'booked' CHECK (kind IN ('booked', 'held')),
    expires_at timestamptz,
    CONSTRAINT claim_length CHECK (upper(span) - lower(span) <= interval '72 hours'),
    CONSTRAINT claim_hold_expires CHECK ((kind = 'held') = (expires_at IS NOT NULL)),
    CONSTRAINT claim_no_overlap EXCLUDE USING gist (resource_id WITH =, unit_no WITH =, span WITH &&)
);
CREATE INDEX claim_session ON claim (session_id);
CREATE INDEX claim_times ON claim (resource_id, starts_at);
CREATE INDEX claim_expiring ON claim (expires_at) WHERE expires_at IS NOT NULL;
"""

# Brands see their own sessions, agencies those they were told of, hosts those they take part in. Rows that belong
# to a session follow it; the inner SELECT is itself under live_session's policy.
POLICIES = """
SELECT grant_table('live_session');
CREATE POLICY app_read ON live_session FOR SELECT TO xinji_app USING (
    app_is_hub() OR brand_ids @> ARRAY[app_brand()] OR agency_ids @> ARRAY[app_agency()] OR host_ids @> ARRAY[app_host()]);
CREATE POLICY app_insert ON live_session FOR INSERT TO xinji_app WITH CHECK (app_is_hub());
CREATE POLICY app_update ON live_session FOR UPDATE TO xinji_app
    USING (app_is_hub() OR agency_ids @> ARRAY[app_agency()] OR host_ids @> ARRAY[app_host()])
    WITH CHECK (app_is_hub() OR agency_ids @> ARRAY[app_agency()] OR host_ids @> ARRAY[app_host()]);

SELECT grant_table('participant');
CREATE POLICY app_read ON participant FOR SELECT TO xinji_app USING (
    app_is_hub() OR EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id));
CREATE POLICY app_insert ON participant FOR INSERT TO xinji_app WITH CHECK (app_is_hub());
CREATE POLICY app_update ON participant FOR UPDATE TO xinji_app
    USING (app_is_hub() OR agency_id = app_agency() OR host_id = app_host())
    WITH CHECK (app_is_hub() OR agency_id = app_agency() OR host_id = app_host());
CREATE POLICY app_delete ON participant FOR DELETE TO xinji_app USING (app_is_hub());

SELECT guard_table('session_channel', 'app_is_hub() OR EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id)', 'app_is_hub()');
SELECT guard_table('session_brand', 'app_is_hub() OR brand_id = app_brand() OR (app_role() IN (''agency'', ''host'') AND EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id))', 'app_is_hub()');
SELECT guard_table('lineup_item', 'app_is_hub() OR brand_id = app_brand() OR (app_role() IN (''agency'', ''host'') AND EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id))', 'app_is_hub()');
SELECT guard_table('resource', 'app_is_hub() OR app_role() = ''host''', 'app_is_hub() OR app_role() = ''host''');
-- A host's tap may end a show early (its claims shrink) or start one that was given up.
SELECT guard_table('claim', 'app_is_hub() OR (app_role() = ''host'' AND EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id))',
                            'app_is_hub() OR (app_role() = ''host'' AND EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id))');

SELECT grant_table('session_history');
REVOKE UPDATE, DELETE ON session_history FROM xinji_app;
CREATE POLICY app_read ON session_history FOR SELECT TO xinji_app USING (app_is_hub());
CREATE POLICY app_insert ON session_history FOR INSERT TO xinji_app WITH CHECK (
    app_is_hub() OR EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id));

-- Who reads a line-up reads the names of what is on it.
DROP POLICY app_read ON product;
CREATE POLICY app_read ON product FOR SELECT TO xinji_app USING (
    app_is_hub() OR brand_id = app_brand() OR app_role() = 'connector'
    OR (app_role() IN ('agency', 'host') AND EXISTS (SELECT 1 FROM lineup_item l WHERE l.product_id = product.id)));
"""


def upgrade() -> None:
    for part in (SESSIONS, CLAIMS, POLICIES):
        op.execute(part)
