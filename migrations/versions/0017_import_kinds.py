"""Kinds of files are the code's matter: a new reader needs no new schema."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE import_file DROP CONSTRAINT import_file_kind_check, DROP CONSTRAINT import_file_sales,"
        " ADD CONSTRAINT import_file_kind_check CHECK (kind ~ '^[a-z_]{1,40}$'),"
        # Files of sales name their shop and the moment they were made; sheets neither.
        " ADD CONSTRAINT import_file_sales CHECK ((shop_id IS NULL) = (exported_at IS NULL))"
    )
