"""The log of deliveries: when each last changed, and those of a session, or that failed, found by index."""

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.execute("""
-- When it was last tried, held or taken up again; of older rows unknown. The beginning, the end and what was asked for
-- by hand have columns of their own.
ALTER TABLE webhook_delivery ADD COLUMN updated_at timestamptz;

-- Of a session there are a few hundred at most: without the id equal keys share a place, which keeps it small.
CREATE INDEX webhook_delivery_session ON webhook_delivery (session_id);
-- Failures are few beside what was delivered: a search for them must not read all that lies between.
CREATE INDEX webhook_delivery_failed ON webhook_delivery (endpoint_id, last_status, id) WHERE last_status >= 300;
""")
