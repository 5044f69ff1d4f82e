"""Messages and deliveries by their number first: one index in place of two, where each try writes every index."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("""
ALTER TABLE webhook_message DROP CONSTRAINT webhook_message_pkey, ADD PRIMARY KEY (position, day);
ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_pkey, ADD PRIMARY KEY (id, day);
DROP INDEX webhook_message_position, webhook_delivery_id;
""")
