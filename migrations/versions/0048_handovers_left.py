"""Who handed a show on air over to whom, and when: marks that shifts follow, kept also where they were taken back.

And orders and cases whose detail could not be had and that a person said to leave: complete to goes past them.
"""

from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.execute("""
CREATE TABLE handover (
    id bigint PRIMARY KEY DEFAULT new_id(),
    session_id bigint NOT NULL REFERENCES live_session,
    at timestamptz NOT NULL,
    left_host_id bigint NOT NULL REFERENCES host,
    came_host_id bigint NOT NULL REFERENCES host CHECK (came_host_id <> left_host_id),
    -- The shifts that the mark parts; a correction may have put others in their place, so these refer to nothing.
    left_id bigint NOT NULL,
    came_id bigint NOT NULL,
    -- As they were before it: the start only where the mark moved it, no start of a shift that the mark made.
    left_starts_at timestamptz,
    left_ends_at timestamptz NOT NULL,
    came_starts_at timestamptz,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    changed_by text,
    updated_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    withdrawn_by text,
    withdrawn_at timestamptz,
    rev integer NOT NULL DEFAULT 1,
    CONSTRAINT handover_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE INDEX handover_session ON handover (session_id, at);
-- A shift is ended by one hand-over, and begun by one.
CREATE UNIQUE INDEX handover_left ON handover (left_id) WHERE withdrawn_at IS NULL;
CREATE UNIQUE INDEX handover_came ON handover (came_id) WHERE withdrawn_at IS NULL;
SELECT guard_table('handover', 'app_is_hub() OR EXISTS (SELECT FROM live_session s WHERE s.id = handover.session_id)',
                   'app_is_hub()');

ALTER TABLE detail_ask ADD COLUMN left_at timestamptz, ADD COLUMN left_by text, ADD COLUMN left_reason text;
""")


def downgrade() -> None:
    op.execute("DROP TABLE handover")
    op.execute("ALTER TABLE detail_ask DROP COLUMN left_at, DROP COLUMN left_by, DROP COLUMN left_reason")
