"""Refused rows that are too many for an import's report are kept beside it, packed."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("ALTER TABLE import_file ADD COLUMN refused bytea")
