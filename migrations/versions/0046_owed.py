"""When an order changed whose detail is still to come, which account tells a shop's orders; refunds put to a line."""

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.execute("""
-- Since when the shop's data lacks it. Of older rows unknown: not long before it was first asked for.
ALTER TABLE detail_ask ADD COLUMN changed_at timestamptz;
-- How far such a shop's data goes is told by the account's listings, and not by what came last.
ALTER TABLE shop_progress ADD COLUMN asked_by bigint REFERENCES connector;
-- A refund that a person put to another line than it names: it stands with that one, and this is the one that it names.
ALTER TABLE refund ADD COLUMN told_line_id text, ADD COLUMN assigned_reason text;
CREATE INDEX refund_assigned ON refund (id) WHERE told_line_id IS NOT NULL;
""")
