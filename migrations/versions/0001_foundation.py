"""Foundation: roles, ids, parties, accounts, catalogue, audit, outbox."""

from alembic import op

revision = "0001"
down_revision = None

ROLES = """
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['xinji_app', 'xinji_system'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        -- Roles belong to the whole cluster: another database, or a migration beside us, may have made it.
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
END $$;
-- The transaction changes into one of the two; without membership a plain owner could not.
GRANT xinji_app, xinji_system TO CURRENT_USER;
-- /readyz compares the revision.
GRANT SELECT ON alembic_version TO xinji_system;
"""

FUNCTIONS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SEQUENCE id_sequence;

-- 42 bits of milliseconds since 2020, then 21 bits of a sequence: ordered by time, unique up to
-- two million ids a millisecond, and never small enough to travel as int2.
CREATE FUNCTION new_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT ((extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1577836800000) * 2097152
           + nextval('id_sequence') % 2097152
$$;

-- The actor's scope as the transaction set it; empty means none.
CREATE FUNCTION app_role() RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT current_setting('app.role', true) $$;
CREATE FUNCTION app_brand() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('app.brand_id', true), '')::bigint $$;
CREATE FUNCTION app_agency() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('app.agency_id', true), '')::bigint $$;
CREATE FUNCTION app_host() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('app.host_id', true), '')::bigint $$;
CREATE FUNCTION app_is_hub() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT current_setting('app.role', true) IN ('admin', 'hub') $$;

-- grant_table('t'): both roles may use the table; row-level security is on and forced, the system role
-- sees all rows. The app role sees none until a policy says so: deny by default.
CREATE FUNCTION grant_table(wanted regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO xinji_app, xinji_system', wanted);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', wanted);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', wanted);
    EXECUTE format('CREATE POLICY system_all ON %s TO xinji_system USING (true) WITH CHECK (true)', wanted);
END $$;

-- grant_table and one policy for the app role: who may see a row, and who may write it.
CREATE FUNCTION guard_table(wanted regclass, seen_by text, written_by text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grant_table(wanted);
    EXECUTE format('CREATE POLICY app_read ON %s FOR SELECT TO xinji_app USING (%s)', wanted, seen_by);
    EXECUTE format('CREATE POLICY app_insert ON %s FOR INSERT TO xinji_app WITH CHECK (%s)', wanted, written_by);
    EXECUTE format('CREATE POLICY app_update ON %s FOR UPDATE TO xinji_app USING (%s) WITH CHECK (%s)',
                   wanted, written_by, written_by);
    EXECUTE format('CREATE POLICY app_delete ON %s FOR DELETE TO xinji_app USING (%s)', wanted, written_by);
END $$;
GRANT USAGE ON SEQUENCE id_sequence TO xinji_app, xinji_system;
"""

PARTIES = """
CREATE TABLE hub (
    id bigint PRIMARY KEY CHECK (id = 1),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    timezone text NOT NULL DEFAULT 'Asia/Shanghai',
    opens time NOT NULL DEFAULT '06:00',
    closes time NOT NULL DEFAULT '06:00',
    settings jsonb NOT NULL DEFAULT '{}',
    rev integer NOT NULL DEFAULT 1
);
-- One installation serves one hub; its row is always there, to be renamed.
INSERT INTO hub (id, name, name_en) VALUES (1, '辛集直播基地', 'Xinji Live Base');
CREATE TABLE studio (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    sort_key text NOT NULL DEFAULT '',
    setup_minutes integer NOT NULL DEFAULT 30 CHECK (setup_minutes BETWEEN 0 AND 1440),
    teardown_minutes integer NOT NULL DEFAULT 15 CHECK (teardown_minutes BETWEEN 0 AND 1440),
    door_rev integer NOT NULL DEFAULT 1,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE brand (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    sort_key text NOT NULL DEFAULT '',
    return_window_days integer NOT NULL DEFAULT 7 CHECK (return_window_days BETWEEN 0 AND 90),
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE agency (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    sort_key text NOT NULL DEFAULT '',
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE host (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    sort_key text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'independent' CHECK (kind IN ('in_house', 'signed', 'independent')),
    card_rev integer NOT NULL DEFAULT 1,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE host_contract (
    id bigint PRIMARY KEY DEFAULT new_id(),
    host_id bigint NOT NULL REFERENCES host,
    agency_id bigint NOT NULL REFERENCES agency,
    during daterange NOT NULL CHECK (NOT isempty(during)),
    CONSTRAINT host_contract_one_agency EXCLUDE USING gist (host_id WITH =, during WITH &&)
);
CREATE INDEX host_contract_agency ON host_contract (agency_id);
CREATE TABLE shop (
    id bigint PRIMARY KEY DEFAULT new_id(),
    platform text NOT NULL CHECK (platform IN ('douyin', 'kuaishou', 'taobao', 'wechat', 'tiktok_shop', 'other')),
    external_id text NOT NULL,
    brand_id bigint REFERENCES brand,
    name text NOT NULL,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT shop_external UNIQUE (platform, external_id)
);
CREATE INDEX shop_brand ON shop (brand_id);

SELECT guard_table('hub', 'true', 'app_is_hub()');
SELECT guard_table('studio', 'true', 'app_is_hub()');
SELECT guard_table('brand', 'true', 'app_is_hub()');
SELECT guard_table('agency', 'app_is_hub() OR app_role() = ''host'' OR id = app_agency()', 'app_is_hub()');
SELECT guard_table('host', 'true', 'app_is_hub()');
SELECT guard_table('host_contract', 'app_is_hub() OR agency_id = app_agency() OR host_id = app_host()', 'app_is_hub()');
SELECT guard_table('shop', 'app_is_hub() OR brand_id = app_brand() OR app_role() = ''connector''',
                   'app_is_hub() OR app_role() = ''connector''');
"""

ACCOUNTS = """
CREATE TABLE app_user (
    id bigint PRIMARY KEY DEFAULT new_id(),
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    locale text NOT NULL DEFAULT 'zh_CN' CHECK (locale IN ('zh_CN', 'en')),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX app_user_email ON app_user (lower(email));
CREATE TABLE membership (
    id bigint PRIMARY KEY DEFAULT new_id(),
    user_id bigint NOT NULL REFERENCES app_user,
    role text NOT NULL CHECK (role IN ('admin', 'hub', 'brand', 'agency', 'host')),
    hub_role text CHECK (hub_role IN ('manager', 'scheduler', 'viewer')),
    brand_id bigint REFERENCES brand,
    agency_id bigint REFERENCES agency,
    host_id bigint REFERENCES host,
    -- A role carries exactly the scope it means, so that no row can act for a party by accident.
    CONSTRAINT membership_scope CHECK (
        (role = 'hub') = (hub_role IS NOT NULL) AND (role = 'brand') = (brand_id IS NOT NULL)
        AND (role = 'agency') = (agency_id IS NOT NULL) AND (role = 'host') = (host_id IS NOT NULL)),
    CONSTRAINT membership_once UNIQUE NULLS NOT DISTINCT (user_id, role, brand_id, agency_id, host_id)
);
CREATE TABLE sign_in (
    id bigint PRIMARY KEY DEFAULT new_id(),
    token_hash bytea NOT NULL UNIQUE,
    user_id bigint NOT NULL REFERENCES app_user,
    membership_id bigint NOT NULL REFERENCES membership,
    user_agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sign_in_user ON sign_in (user_id);
CREATE TABLE connector (
    id bigint PRIMARY KEY DEFAULT new_id(),
    kind text NOT NULL CHECK (kind IN ('push')),
    name text NOT NULL,
    shop_ids bigint[] NOT NULL DEFAULT '{}',
    secret_sealed bytea NOT NULL,
    previous_sealed bytea,
    previous_until timestamptz,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE api_key (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('admin', 'hub', 'brand', 'agency', 'host', 'connector')),
    hub_role text CHECK (hub_role IN ('manager', 'scheduler', 'viewer')),
    brand_id bigint REFERENCES brand,
    agency_id bigint REFERENCES agency,
    host_id bigint REFERENCES host,
    connector_id bigint REFERENCES connector,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT api_key_scope CHECK (
        (role = 'hub') = (hub_role IS NOT NULL) AND (role = 'brand') = (brand_id IS NOT NULL)
        AND (role = 'agency') = (agency_id IS NOT NULL) AND (role = 'host') = (host_id IS NOT NULL)
        AND (role = 'connector') = (connector_id IS NOT NULL))
);
CREATE TABLE idempotency (
    actor text NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Accounts are never read as a party: only the system role (sign-in, keys) and admins see them.
SELECT guard_table('app_user', 'app_role() = ''admin''', 'app_role() = ''admin''');
SELECT guard_table('membership', 'app_role() = ''admin''', 'app_role() = ''admin''');
SELECT guard_table('sign_in', 'app_role() = ''admin''', 'app_role() = ''admin''');
SELECT guard_table('connector', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('api_key', 'app_role() = ''admin''', 'app_role() = ''admin''');
SELECT guard_table('idempotency', 'true', 'true');
"""

CATALOG = """
CREATE TABLE product (
    id bigint PRIMARY KEY DEFAULT new_id(),
    brand_id bigint NOT NULL REFERENCES brand,
    sku text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    category text NOT NULL DEFAULT '',
    price_fen bigint CHECK (price_fen >= 0),
    currency text NOT NULL DEFAULT 'CNY' CHECK (currency ~ '^[A-Z]{3}$'),
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT product_sku UNIQUE (brand_id, sku)
);
CREATE INDEX product_by_sku ON product (sku);
CREATE TABLE platform_account (
    id bigint PRIMARY KEY DEFAULT new_id(),
    platform text NOT NULL CHECK (platform IN ('douyin', 'kuaishou', 'taobao', 'wechat', 'tiktok_shop', 'other')),
    external_id text NOT NULL,
    name text NOT NULL,
    host_id bigint REFERENCES host,
    shop_id bigint REFERENCES shop,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT platform_account_external UNIQUE (platform, external_id)
);
CREATE TABLE campaign (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    starts_on date,
    ends_on date,
    target_paid_fen bigint CHECK (target_paid_fen >= 0),
    target_net_fen bigint CHECK (target_net_fen >= 0),
    currency text NOT NULL DEFAULT 'CNY' CHECK (currency ~ '^[A-Z]{3}$'),
    brand_ids bigint[] NOT NULL DEFAULT '{}',
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT campaign_dates CHECK (ends_on >= starts_on)
);
SELECT guard_table('product', 'app_is_hub() OR brand_id = app_brand() OR app_role() = ''connector''', 'app_is_hub()');
SELECT guard_table('platform_account', 'app_is_hub() OR app_role() IN (''connector'', ''agency'', ''host'', ''brand'')',
                   'app_is_hub()');
SELECT guard_table('campaign', 'app_is_hub() OR app_brand() = ANY (brand_ids)', 'app_is_hub()');
"""

RECORDS = """
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_role text NOT NULL,
    actor_id bigint,
    actor_name text NOT NULL,
    action text NOT NULL,
    subject_type text NOT NULL,
    subject_id bigint,
    detail jsonb NOT NULL DEFAULT '{}',
    -- Filled later by the clock: chaining at write time would serialise every transaction.
    sealed bytea
);
CREATE INDEX audit_subject ON audit_entry (subject_type, subject_id);
SELECT grant_table('audit_entry');
REVOKE UPDATE, DELETE ON audit_entry FROM xinji_app;
CREATE POLICY app_read ON audit_entry FOR SELECT TO xinji_app USING (app_is_hub());
CREATE POLICY app_insert ON audit_entry FOR INSERT TO xinji_app WITH CHECK (true);

-- When each part that runs by itself was last seen at work: the clock (with a worker), the sender.
CREATE TABLE heartbeat (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);
SELECT guard_table('heartbeat', 'true', 'false');

CREATE TABLE outbox_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    at timestamptz NOT NULL,
    session_id bigint,
    seq integer,
    agency_ids bigint[] NOT NULL DEFAULT '{}',
    data jsonb NOT NULL,
    fanned_at timestamptz
);
CREATE INDEX outbox_event_waiting ON outbox_event (id) WHERE fanned_at IS NULL;
CREATE UNIQUE INDEX outbox_event_seq ON outbox_event (session_id, seq);
SELECT guard_table('outbox_event', 'app_is_hub() OR app_agency() = ANY (agency_ids)', 'true');
"""


def upgrade() -> None:
    for part in (ROLES, FUNCTIONS, PARTIES, ACCOUNTS, CATALOG, RECORDS):
        op.execute(part)
