"""Finding the totals of a session that are on their way, beside those that wait."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute("""
CREATE INDEX webhook_delivery_open_totals ON webhook_delivery (session_id, endpoint_id)
    WHERE type = 'sales.updated' AND state IN ('pending', 'sending', 'held');
DROP INDEX webhook_delivery_totals;
""")
