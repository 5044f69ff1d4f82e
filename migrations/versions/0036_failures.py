"""Failures of an endpoint are counted also where its answer says when to come again: it is switched off by them."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.execute("""
-- Tries without a 2xx since failing_since, kept by the sender.
ALTER TABLE webhook_endpoint ADD COLUMN failures integer NOT NULL DEFAULT 0;
""")
