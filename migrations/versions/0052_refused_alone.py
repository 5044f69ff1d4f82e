"""A connector of which everything was refused has brought nothing yet."""

from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.execute("ALTER TABLE connector_seen ALTER COLUMN last_event_at DROP NOT NULL")
