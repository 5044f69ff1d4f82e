"""The lines of a shop that got another brand are placed again in turns, and once more for batches that had read it."""

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.execute("""
-- placing_rev, placing_line: how far the turn is that places its lines under that revision of the shop.
ALTER TABLE shop_progress
    ADD COLUMN placed_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN placing_rev integer NOT NULL DEFAULT 0,
    ADD COLUMN placing_line text NOT NULL DEFAULT '';
""")
