"""Refunds that were put to a line by hand, by the line that they name: a recount of part of a shop asks for them."""

from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.execute("CREATE INDEX refund_told ON refund (shop_id, told_line_id) WHERE told_line_id IS NOT NULL")
