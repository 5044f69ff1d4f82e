"""Which platforms push is the code's matter: a new one needs no new schema."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE connector DROP CONSTRAINT connector_kind_check,"
        " ADD CONSTRAINT connector_kind_check CHECK (kind ~ '^[a-z_]{1,40}$')"
    )
