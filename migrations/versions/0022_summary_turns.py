"""Summaries that are sent by themselves: to which channel, how often, and when next."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("""
CREATE TABLE summary_turn (
    id bigint PRIMARY KEY DEFAULT new_id(),
    -- Whose it is, as of its channel; of the hub's, brand_id names the one brand it tells of, or none: all.
    audience text NOT NULL CHECK (audience IN ('hub', 'brand')),
    party_id bigint NOT NULL,
    brand_id bigint REFERENCES brand,
    channel_id bigint NOT NULL REFERENCES notice_channel,
    every text NOT NULL CHECK (every IN ('day', 'week', 'month')),
    -- Wall time in the hub's zone.
    at time NOT NULL,
    next_at timestamptz NOT NULL,
    -- After a failure it is left alone until then; what was due stays due.
    retry_at timestamptz,
    sent_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT summary_turn_of_hub CHECK ((audience = 'hub') = (party_id = 0)),
    CONSTRAINT summary_turn_brand CHECK (audience = 'hub' OR brand_id = party_id)
);
CREATE INDEX summary_turn_due ON summary_turn (next_at) WHERE ended_at IS NULL;
CREATE INDEX summary_turn_party ON summary_turn (audience, party_id, id) WHERE ended_at IS NULL;
CREATE INDEX summary_turn_brand_id ON summary_turn (brand_id);
CREATE INDEX summary_turn_channel ON summary_turn (channel_id);
SELECT guard_table('summary_turn', 'app_is_party(audience, party_id)', 'app_is_party(audience, party_id)');
""")
