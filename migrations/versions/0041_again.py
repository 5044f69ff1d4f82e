"""When somebody asked for a delivery to be sent again: how long it took then says nothing about the receiver."""

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.execute("ALTER TABLE webhook_delivery ADD COLUMN again_at timestamptz")
