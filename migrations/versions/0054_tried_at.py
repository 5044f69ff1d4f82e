"""To which address each try went: an endpoint's may be another by now. None written of those made before."""

from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.execute("ALTER TABLE webhook_attempt ADD COLUMN url text")
