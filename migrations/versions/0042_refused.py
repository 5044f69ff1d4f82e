"""What each connector's newest event told of, and how many of its events were refused, and why the last one."""

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.execute("""
ALTER TABLE connector_seen
    ADD COLUMN told_at timestamptz,
    ADD COLUMN refused bigint NOT NULL DEFAULT 0,
    ADD COLUMN refused_at timestamptz,
    -- The code of the last refusal, and the field at fault where one was.
    ADD COLUMN refused_why text;
""")
