"""Which addresses a platform's account may push from; none written: any."""

from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.execute("ALTER TABLE connector ADD COLUMN push_from text[] NOT NULL DEFAULT '{}'")
