"""A session's refunded lines by when they last changed: the refunds that came last, without looking at all it sold."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.execute("""
CREATE INDEX order_line_refunded ON order_line (session_id, updated_at) WHERE refund_fen > 0;
""")
