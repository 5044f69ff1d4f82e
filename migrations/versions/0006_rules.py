"""Rules: windows of hosts, studios and hub, exclusivity, brands that compete, shared crews."""

from alembic import op

revision = "0006"
down_revision = "0005"

WINDOWS = """
-- When a host may be booked, when a studio or the whole hub (neither named) is closed. Either every week by local wall
-- time (to_time at or before from_time: past midnight) or once, by instants. shut: away or closed; else available.
CREATE TABLE time_window (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id bigint REFERENCES host,
    studio_id bigint REFERENCES studio,
    shut boolean NOT NULL,
    weekday smallint CHECK (weekday BETWEEN 1 AND 7),
    from_time time,
    to_time time,
    starts_at timestamptz,
    ends_at timestamptz,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT time_window_of_one CHECK (host_id IS NULL OR studio_id IS NULL),
    CONSTRAINT time_window_weekly_or_dated CHECK (
        (weekday IS NOT NULL AND from_time IS NOT NULL AND to_time IS NOT NULL AND starts_at IS NULL AND ends_at IS NULL)
        OR (weekday IS NULL AND from_time IS NULL AND to_time IS NULL AND starts_at IS NOT NULL AND ends_at IS NOT NULL)),
    CONSTRAINT time_window_span CHECK (starts_at < ends_at AND ends_at - starts_at <= interval '400 days')
);
CREATE INDEX time_window_host ON time_window (host_id, ends_at) WHERE host_id IS NOT NULL;
CREATE INDEX time_window_studio ON time_window (studio_id, ends_at) WHERE studio_id IS NOT NULL;
CREATE INDEX time_window_hub ON time_window (ends_at) WHERE host_id IS NULL AND studio_id IS NULL;

-- Whether an agency stands for the host on the hub's day of now. Through the contract's own policy: an agency sees its own alone.
CREATE FUNCTION app_stands_for(wanted bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM host_contract c WHERE c.host_id = wanted AND c.agency_id = app_agency()
                   AND c.during @> (now() AT TIME ZONE (SELECT timezone FROM hub WHERE id = 1))::date)
$$;
SELECT guard_table('time_window', 'app_is_hub() OR host_id = app_host() OR (app_role() = ''agency'' AND app_stands_for(host_id))',
                                  'app_is_hub() OR host_id = app_host() OR (app_role() = ''agency'' AND app_stands_for(host_id))');
"""

BONDS = """
-- An exclusive contract: the host works through this agency alone.
ALTER TABLE host_contract ADD COLUMN exclusive boolean NOT NULL DEFAULT false;

-- A host promised to a brand: sells for no other brand (all), or for none that competes with it (rivals).
CREATE TABLE host_exclusivity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id bigint NOT NULL REFERENCES host,
    brand_id bigint NOT NULL REFERENCES brand,
    scope text NOT NULL CHECK (scope IN ('all', 'rivals')),
    during daterange NOT NULL CHECK (NOT isempty(during)),
    CONSTRAINT host_exclusivity_once EXCLUDE USING gist (host_id WITH =, brand_id WITH =, during WITH &&)
);
SELECT guard_table('host_exclusivity', 'app_is_hub()', 'app_is_hub()');

-- Brands of the same group compete with each other. The hub's alone to see.
CREATE TABLE rival_group (
    brand_id bigint NOT NULL REFERENCES brand,
    name text NOT NULL CHECK (name <> ''),
    PRIMARY KEY (brand_id, name)
);
CREATE INDEX rival_group_name ON rival_group (name);
SELECT guard_table('rival_group', 'app_is_hub()', 'app_is_hub()');
"""

CREWS = """
-- People several studios share, such as make-up artists: so many at once, from so long before a show's start until so
-- long into it.
CREATE TABLE crew_pool (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    sort_key text NOT NULL DEFAULT '',
    capacity smallint NOT NULL CHECK (capacity BETWEEN 1 AND 200),
    before_minutes integer NOT NULL DEFAULT 60 CHECK (before_minutes BETWEEN 0 AND 1440),
    into_minutes integer NOT NULL DEFAULT 0 CHECK (into_minutes BETWEEN 0 AND 1440),
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT crew_pool_is_needed_for_a_time CHECK (before_minutes + into_minutes > 0)
);
SELECT guard_table('crew_pool', 'app_is_hub()', 'app_is_hub()');

CREATE TABLE session_crew (
    session_id bigint NOT NULL REFERENCES live_session,
    crew_pool_id bigint NOT NULL REFERENCES crew_pool,
    units smallint NOT NULL DEFAULT 1 CHECK (units BETWEEN 1 AND 20),
    PRIMARY KEY (session_id, crew_pool_id)
);
CREATE INDEX session_crew_pool ON session_crew (crew_pool_id);
SELECT guard_table('session_crew', 'app_is_hub()', 'app_is_hub()');

ALTER TABLE resource ADD COLUMN crew_pool_id bigint UNIQUE REFERENCES crew_pool;
ALTER TABLE resource DROP CONSTRAINT resource_names_its_kind;
ALTER TABLE resource ADD CONSTRAINT resource_names_its_kind CHECK (
    (kind = 'studio') = (studio_id IS NOT NULL) AND (kind = 'host') = (host_id IS NOT NULL)
    AND (kind = 'platform_account') = (platform_account_id IS NOT NULL) AND (kind = 'crew_pool') = (crew_pool_id IS NOT NULL));
ALTER TABLE resource ADD CONSTRAINT resource_pools_alone_hold_many CHECK (kind = 'crew_pool' OR capacity = 1);

-- A pool is a resource from the start, and a change of its capacity is one of the resource's.
CREATE FUNCTION crew_pool_resource() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO resource (kind, crew_pool_id, capacity) VALUES ('crew_pool', NEW.id, NEW.capacity);
    ELSE
        UPDATE resource SET capacity = NEW.capacity WHERE crew_pool_id = NEW.id AND capacity <> NEW.capacity;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER crew_pool_resource AFTER INSERT OR UPDATE OF capacity ON crew_pool
    FOR EACH ROW EXECUTE FUNCTION crew_pool_resource();

-- No claim on a unit that is not there. Only units past the first ask: the hot path of studios, hosts and accounts
-- pays nothing. The share lock makes a claim and a cut of the capacity take turns.
ALTER TABLE claim ADD CONSTRAINT claim_unit CHECK (unit_no >= 1);
CREATE FUNCTION claim_within_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE most smallint;
BEGIN
    SELECT capacity INTO most FROM resource WHERE id = NEW.resource_id FOR SHARE;
    IF most IS NULL OR NEW.unit_no > most THEN
        RAISE EXCEPTION 'unit % of resource % is not there', NEW.unit_no, NEW.resource_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_within_capacity';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER claim_within_capacity BEFORE INSERT OR UPDATE OF unit_no, resource_id ON claim
    FOR EACH ROW WHEN (NEW.unit_no > 1) EXECUTE FUNCTION claim_within_capacity();

-- A pool does not shrink below what is promised of it.
CREATE FUNCTION resource_keeps_promises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM claim WHERE resource_id = NEW.id AND unit_no > NEW.capacity AND ends_at > now()) THEN
        RAISE EXCEPTION 'units above % of resource % are promised', NEW.capacity, NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'resource_keeps_promises';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER resource_keeps_promises BEFORE UPDATE OF capacity ON resource
    FOR EACH ROW WHEN (NEW.capacity < OLD.capacity) EXECUTE FUNCTION resource_keeps_promises();
"""


def upgrade() -> None:
    for part in (WINDOWS, BONDS, CREWS):
        op.execute(part)
