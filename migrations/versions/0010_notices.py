"""Notices: what is told to whom, by which way, and what was acknowledged."""

from alembic import op

revision = "0010"
down_revision = "0009"

NOTICES = """
-- Whether a row for (audience, party) is the actor's own: nobody reads another party's, the hub neither.
CREATE FUNCTION app_is_party(audience text, party_id bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE audience
        WHEN 'hub' THEN app_is_hub()
        WHEN 'brand' THEN party_id = app_brand()
        WHEN 'agency' THEN party_id = app_agency()
        WHEN 'host' THEN party_id = app_host()
        ELSE false END
$$;

CREATE TABLE notice (
    id bigint PRIMARY KEY DEFAULT new_id(),
    -- group.what: the group is what channels choose by, the whole is what words are looked up by.
    kind text NOT NULL CHECK (kind ~ '^[a-z]+[.][a-z_]+$'),
    audience text NOT NULL CHECK (audience IN ('hub', 'brand', 'agency', 'host')),
    party_id bigint NOT NULL,
    session_id bigint REFERENCES live_session,
    alert_id bigint REFERENCES alert,
    -- A test of one channel: no other sends it, and no list shows it.
    channel_id bigint,
    params jsonb NOT NULL DEFAULT '{}',
    -- What it is about, so that sweeps and repeated events tell it once.
    key text NOT NULL,
    at timestamptz NOT NULL,
    -- After that it is of no use to anybody: what was not sent by then expires.
    useful_until timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by bigint,
    acknowledged_name text,
    fanned_at timestamptz,
    CONSTRAINT notice_once UNIQUE (audience, party_id, key),
    CONSTRAINT notice_of_hub CHECK ((audience = 'hub') = (party_id = 0)),
    CONSTRAINT notice_acknowledged CHECK ((acknowledged_at IS NULL) = (acknowledged_name IS NULL))
);
CREATE INDEX notice_party ON notice (audience, party_id, at, id);
CREATE INDEX notice_waiting ON notice (id) WHERE fanned_at IS NULL;
CREATE INDEX notice_session ON notice (session_id);
CREATE INDEX notice_alert ON notice (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX notice_age ON notice (at);

-- Few: what was given up is told of.
CREATE INDEX webhook_delivery_given_up ON webhook_delivery (endpoint_id, finished_at) WHERE state = 'exhausted';
SELECT grant_table('notice');
CREATE POLICY app_read ON notice FOR SELECT TO xinji_app USING (app_is_party(audience, party_id));
-- What one party does is told to another; whoever writes it may not read it back.
CREATE POLICY app_insert ON notice FOR INSERT TO xinji_app WITH CHECK (true);
CREATE POLICY app_update ON notice FOR UPDATE TO xinji_app
    USING (app_is_party(audience, party_id)) WITH CHECK (app_is_party(audience, party_id));

-- Who has read what: "user:17", "key:4".
CREATE TABLE notice_seen (
    reader text NOT NULL,
    notice_id bigint NOT NULL REFERENCES notice ON DELETE CASCADE,
    at timestamptz NOT NULL,
    PRIMARY KEY (reader, notice_id)
);
CREATE INDEX notice_seen_notice ON notice_seen (notice_id);
SELECT guard_table('notice_seen', 'true', 'true');

-- One row: until when sweeps have looked. What fell due before, and was not told, was missed.
CREATE TABLE notice_clock (
    id smallint PRIMARY KEY CHECK (id = 1),
    swept_at timestamptz NOT NULL
);
SELECT guard_table('notice_clock', 'app_is_hub()', 'false');
"""

CHANNELS = """
CREATE TABLE notice_channel (
    id bigint PRIMARY KEY DEFAULT new_id(),
    audience text NOT NULL CHECK (audience IN ('hub', 'brand', 'agency')),
    party_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('dingtalk', 'feishu', 'wecom', 'mail')),
    name text NOT NULL,
    -- A robot's address holds its key: sealed, and shown by its host and last characters.
    address_sealed bytea NOT NULL,
    address_hint text NOT NULL,
    secret_sealed bytea,
    language text NOT NULL CHECK (language IN ('zh_CN', 'en')),
    groups text[] NOT NULL CHECK (cardinality(groups) > 0),
    -- Wall time in the hub's zone; only what is urgent goes out within.
    quiet_from time,
    quiet_to time,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'disabled')),
    disabled_reason text CHECK (disabled_reason IN ('gone', 'failing')),
    -- Kept by the sender: the pace, and the health as of a webhook endpoint.
    next_send_at timestamptz,
    streak integer NOT NULL DEFAULT 0,
    breaker_level integer NOT NULL DEFAULT 0,
    paused_until timestamptz,
    failing_since timestamptz,
    last_success_at timestamptz,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT notice_channel_of_hub CHECK ((audience = 'hub') = (party_id = 0)),
    CONSTRAINT notice_channel_quiet CHECK ((quiet_from IS NULL) = (quiet_to IS NULL)),
    CONSTRAINT notice_channel_disabled CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL))
);
CREATE INDEX notice_channel_party ON notice_channel (audience, party_id) WHERE archived_at IS NULL;
SELECT guard_table('notice_channel', 'app_is_party(audience, party_id)', 'app_is_party(audience, party_id)');
ALTER TABLE notice ADD CONSTRAINT notice_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES notice_channel;

CREATE TABLE notice_delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id bigint NOT NULL REFERENCES notice ON DELETE CASCADE,
    channel_id bigint NOT NULL REFERENCES notice_channel,
    audience text NOT NULL,
    party_id bigint NOT NULL,
    urgent boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'exhausted', 'aborted', 'held', 'expired')),
    -- As of a webhook: due time or end of the lease, the lease's token, place in the retry table, all tries.
    next_at timestamptz NOT NULL,
    lease bigint,
    step integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    useful_until timestamptz,
    last_status integer,
    last_error text,
    -- The robot's own code and words.
    last_code integer,
    last_answer text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT notice_delivery_once UNIQUE (notice_id, channel_id),
    CONSTRAINT notice_delivery_lease CHECK ((state = 'sending') = (lease IS NOT NULL))
);
CREATE INDEX notice_delivery_due ON notice_delivery (channel_id, next_at, id) WHERE state IN ('pending', 'sending');
CREATE INDEX notice_delivery_ends ON notice_delivery (useful_until) WHERE state IN ('pending', 'held');
CREATE INDEX notice_delivery_log ON notice_delivery (channel_id, id);
SELECT guard_table('notice_delivery', 'app_is_party(audience, party_id)', 'app_is_party(audience, party_id)');
"""

ALERTS = """
ALTER TABLE alert
    ADD COLUMN rings integer NOT NULL DEFAULT 1,
    ADD COLUMN last_at timestamptz,
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by bigint,
    ADD COLUMN acknowledged_name text,
    -- Who closed it; without a name it went away by itself.
    ADD COLUMN closed_by bigint,
    ADD COLUMN closed_name text;
UPDATE alert SET last_at = at;
ALTER TABLE alert ALTER COLUMN last_at SET NOT NULL, ALTER COLUMN last_at SET DEFAULT now(),
    ADD CONSTRAINT alert_acknowledged CHECK ((acknowledged_at IS NULL) = (acknowledged_name IS NULL));
CREATE INDEX alert_subject ON alert (kind, subject, closed_at);

-- ring_alert: one way in for the clock, for evidence and for the sender. The same trouble stands once. Within
-- `cool` of its end it is not told again: what went away by itself stands again without a word, what a person
-- closed stays closed. Gives the id of a new alert (its notice to the hub is written beside it), else null.
CREATE FUNCTION ring_alert(ring_kind text, about text, about_session bigint, facts jsonb, told_at timestamptz, cool interval)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE made bigint := new_id(); kept integer; said jsonb := facts || jsonb_build_object('subject', about); found alert%ROWTYPE;
BEGIN
    SELECT * INTO found FROM alert
    WHERE kind = ring_kind AND subject = about AND (closed_at IS NULL OR closed_at > told_at - cool)
    ORDER BY closed_at DESC NULLS FIRST LIMIT 1;
    IF found.id IS NOT NULL THEN
        -- Counted to the minute: a flash of sales must not queue on one row.
        UPDATE alert SET rings = rings + 1, last_at = told_at,
                         closed_at = CASE WHEN closed_name IS NULL THEN NULL ELSE closed_at END
        WHERE id = found.id AND (last_at <= told_at - interval '1 minute'
                                 OR (closed_at IS NOT NULL AND closed_name IS NULL));
        RETURN NULL;
    END IF;
    INSERT INTO alert (id, kind, subject, session_id, at, last_at, detail)
    VALUES (made, ring_kind, about, about_session, told_at, told_at, facts)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept = 0 THEN
        RETURN NULL;
    END IF;
    IF about_session IS NOT NULL THEN
        SELECT said || jsonb_build_object('title', s.title, 'studio', d.name, 'studio_en', d.name_en,
                                           'starts_at', s.starts_at, 'ends_at', s.ends_at)
        INTO said FROM live_session s JOIN studio d ON d.id = s.studio_id WHERE s.id = about_session;
    END IF;
    INSERT INTO notice (kind, audience, party_id, session_id, alert_id, params, key, at)
    VALUES ('alert.' || ring_kind, 'hub', 0, about_session, made, coalesce(said, facts), 'alert:' || made, told_at);
    PERFORM pg_notify('outbox', '');
    RETURN made;
END $$;
"""


def upgrade() -> None:
    for part in (NOTICES, CHANNELS, ALERTS):
        op.execute(part)
