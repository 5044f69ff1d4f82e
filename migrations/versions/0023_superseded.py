"""Finding what waits of a session's totals when newer ones come."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX webhook_delivery_totals ON webhook_delivery (session_id, endpoint_id)"
        " WHERE type = 'sales.updated' AND state IN ('pending', 'held')"
    )
