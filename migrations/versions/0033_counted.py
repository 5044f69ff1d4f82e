"""Orders and buyers of a brand are counted from indexes alone, in their order, and kept by the brand's version.

A line that names no order is one by itself from here on. The release before leaves that open; such a line is put right
when it is next settled.
"""

from alembic import op

revision = "0033"
down_revision = "0032"

_COUNTED = "WHERE kind = 'sale' AND paid_at IS NOT NULL AND bucket = 'live'"
# All that row-level security asks is among them: or each line would be fetched to be judged.
_TOLD_APART = "INCLUDE (order_day, paid_at, session_id, product_id, host_id, agency_id)"

COUNTED = f"""
CREATE TABLE sales_version (
    brand_id bigint PRIMARY KEY,
    -- Never the same again: what was counted at another one is counted anew.
    version bigint NOT NULL
);
SELECT guard_table('sales_version', 'app_is_hub() OR brand_id = app_brand()', 'app_is_hub()');
UPDATE order_line SET parent_order_id = line_id WHERE known AND parent_order_id IS NULL;
INSERT INTO sales_version (brand_id, version) SELECT id, new_id() FROM brand;
CREATE INDEX order_line_orders ON order_line (brand_id, currency, shop_id, parent_order_id) {_TOLD_APART} {_COUNTED};
CREATE INDEX order_line_buyers ON order_line (brand_id, currency, buyer_hash) {_TOLD_APART} {_COUNTED};
"""


def upgrade() -> None:
    op.execute(COUNTED)
