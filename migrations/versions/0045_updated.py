"""When a connector, and a summary that is sent by itself, last changed."""

from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.execute("""
-- Of what is there already it is not known: when it was made, or sent, is the best there is.
ALTER TABLE connector ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
UPDATE connector SET updated_at = created_at;
ALTER TABLE summary_turn ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
UPDATE summary_turn SET updated_at = greatest(created_at, sent_at, paused_at, ended_at);
""")
