"""Campaigns as a tree with goals, the days of the trade, and the waiting list."""

from alembic import op

revision = "0008"
down_revision = "0007"

TREE = """
-- A season holds fairs and festivals, these hold brand groups. A parent stands strictly above its child, so no circle can
-- be closed and no branch is deeper than three: the key of both columns keeps parent_rank true.
ALTER TABLE campaign
    ADD COLUMN kind text NOT NULL DEFAULT 'festival' CHECK (kind IN ('season', 'fair', 'festival', 'group')),
    ADD COLUMN rank smallint NOT NULL GENERATED ALWAYS AS (CASE kind WHEN 'season' THEN 1 WHEN 'group' THEN 3 ELSE 2 END) STORED,
    ADD COLUMN parent_id bigint,
    ADD COLUMN parent_rank smallint,
    ADD COLUMN agency_ids bigint[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT campaign_rank UNIQUE (id, rank),
    ADD CONSTRAINT campaign_parent_has_rank CHECK ((parent_id IS NULL) = (parent_rank IS NULL)),
    ADD CONSTRAINT campaign_below_parent CHECK (parent_rank < rank),
    ADD CONSTRAINT campaign_parent FOREIGN KEY (parent_id, parent_rank) REFERENCES campaign (id, rank) ON UPDATE CASCADE;
CREATE INDEX campaign_children ON campaign (parent_id) WHERE parent_id IS NOT NULL;
DROP POLICY app_read ON campaign;
CREATE POLICY app_read ON campaign FOR SELECT TO xinji_app USING (
    app_is_hub() OR app_brand() = ANY (brand_ids) OR app_agency() = ANY (agency_ids));

-- What a campaign is to reach: as a whole (no brand), and for each brand apart. Rows of their own, since row-level
-- security knows no columns: a brand reads its own goals, and the whole's only where the campaign is its alone.
CREATE TABLE campaign_goal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id bigint NOT NULL REFERENCES campaign,
    brand_id bigint REFERENCES brand,
    paid_fen bigint CHECK (paid_fen >= 0),
    net_fen bigint CHECK (net_fen >= 0),
    sessions integer CHECK (sessions >= 0),
    hours integer CHECK (hours >= 0),
    budget_fen bigint CHECK (budget_fen >= 0),
    CONSTRAINT campaign_goal_once UNIQUE NULLS NOT DISTINCT (campaign_id, brand_id)
);
SELECT guard_table('campaign_goal',
    'app_is_hub() OR brand_id = app_brand()
     OR (brand_id IS NULL AND EXISTS (SELECT 1 FROM campaign c WHERE c.id = campaign_id AND c.brand_ids = ARRAY[app_brand()]))',
    'app_is_hub()');
INSERT INTO campaign_goal (campaign_id, paid_fen, net_fen)
    SELECT id, target_paid_fen, target_net_fen FROM campaign
    WHERE target_paid_fen IS NOT NULL OR target_net_fen IS NOT NULL;
ALTER TABLE campaign DROP COLUMN target_paid_fen, DROP COLUMN target_net_fen;

-- Days of the trade as this hub keeps them: its own, and those of the built-in table (code) that it moved or hid.
CREATE TABLE trade_day (
    id bigint PRIMARY KEY DEFAULT new_id(),
    code text,
    year integer NOT NULL CHECK (year BETWEEN 2000 AND 2200),
    kind text NOT NULL CHECK (kind IN ('platform', 'fair', 'holiday', 'own')),
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    hidden boolean NOT NULL DEFAULT false,
    rev integer NOT NULL DEFAULT 1,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trade_day_dates CHECK (ends_on >= starts_on AND ends_on - starts_on <= 366),
    CONSTRAINT trade_day_once UNIQUE (code, year)
);
SELECT guard_table('trade_day', 'true', 'app_is_hub()');
"""

WAITING = """
CREATE TABLE waiting_entry (
    id bigint PRIMARY KEY DEFAULT new_id(),
    title text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'offered', 'taken', 'withdrawn', 'expired')),
    -- Empty lists of studios or hosts: any.
    brand_ids bigint[] NOT NULL CHECK (cardinality(brand_ids) > 0),
    studio_ids bigint[] NOT NULL DEFAULT '{}',
    host_ids bigint[] NOT NULL DEFAULT '{}',
    agency_id bigint REFERENCES agency,
    campaign_id bigint REFERENCES campaign,
    platform text NOT NULL CHECK (platform IN ('douyin', 'kuaishou', 'taobao', 'wechat', 'tiktok_shop', 'other')),
    platform_account_id bigint REFERENCES platform_account,
    minutes integer NOT NULL CHECK (minutes BETWEEN 5 AND 1440),
    priority smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 9),
    note text NOT NULL DEFAULT '',
    valid_until timestamptz NOT NULL,
    -- When the clock looks for a place again, with or without word that something was freed.
    look_at timestamptz NOT NULL,
    session_id bigint REFERENCES live_session,
    rev integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT waiting_entry_taken CHECK ((state = 'taken') = (session_id IS NOT NULL))
);
CREATE INDEX waiting_entry_line ON waiting_entry (priority DESC, created_at, id) WHERE state = 'waiting';
CREATE TABLE waiting_window (
    entry_id bigint NOT NULL REFERENCES waiting_entry ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (entry_id, starts_at),
    CONSTRAINT waiting_window_span CHECK (starts_at < ends_at)
);
-- A held place: the session is a draft that lapses at expires_at. At most one open at a time for an entry.
CREATE TABLE waiting_offer (
    id bigint PRIMARY KEY DEFAULT new_id(),
    entry_id bigint NOT NULL REFERENCES waiting_entry,
    session_id bigint NOT NULL UNIQUE REFERENCES live_session,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'taken', 'passed', 'expired', 'withdrawn')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT waiting_offer_closed CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX waiting_offer_open ON waiting_offer (entry_id) WHERE state = 'open';
CREATE INDEX waiting_offer_entry ON waiting_offer (entry_id, made_at);
SELECT guard_table('waiting_entry', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('waiting_window', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('waiting_offer', 'app_is_hub()', 'app_is_hub()');

-- What claims gave back: written with the change itself, whichever verb made it, and gone once the line was asked.
CREATE TABLE freed_claim (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resource_id bigint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
SELECT guard_table('freed_claim', 'app_is_hub()', 'true');
CREATE FUNCTION note_freed_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO freed_claim (resource_id, starts_at, ends_at)
        SELECT resource_id, lower(span), upper(span) FROM gone WHERE upper(span) > now();
    RETURN NULL;
END $$;
CREATE TRIGGER claim_freed AFTER DELETE ON claim REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_freed_claims();
CREATE FUNCTION note_shortened_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO freed_claim (resource_id, starts_at, ends_at)
        VALUES (OLD.resource_id, lower(OLD.span), upper(OLD.span));
    RETURN NULL;
END $$;
CREATE TRIGGER claim_shortened AFTER UPDATE OF span ON claim
    FOR EACH ROW WHEN (NOT NEW.span @> OLD.span AND upper(OLD.span) > now()) EXECUTE FUNCTION note_shortened_claim();
"""


def upgrade() -> None:
    for part in (TREE, WAITING):
        op.execute(part)
