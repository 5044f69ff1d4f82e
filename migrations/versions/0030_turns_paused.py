"""Summaries that are sent by themselves can rest, and are changed by version."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute("""
ALTER TABLE summary_turn ADD COLUMN paused_at timestamptz, ADD COLUMN rev integer NOT NULL DEFAULT 1;
""")
