"""After-sale cases are listed as orders are, with a place of their own: a push that was lost is found."""

from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.execute("""
-- NULL: never listed so far. What lists orders alone meanwhile does not touch them.
ALTER TABLE connector_pull ADD COLUMN cases_through timestamptz, ADD COLUMN cases_until timestamptz,
    ADD COLUMN cases_page text;
""")
