"""What was given back before shipping and cancelled nothing: price protection, the difference of an exchange."""

from alembic import op

revision = "0050"
down_revision = "0049"

TABLES = ("sale_change", "session_total", "session_minute", "sales_day")

CHANGES = """
-- Lines that a release counts otherwise, to be placed again: at once, and when no process of the one before is left.
-- shop_id, line_id, placed_at: as those of sku_change.
CREATE TABLE line_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    of_shop bigint NOT NULL REFERENCES shop ON DELETE CASCADE,
    of_lines text[] NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now() + interval '1 hour',
    placed_at timestamptz,
    shop_id bigint NOT NULL DEFAULT 0,
    line_id text NOT NULL DEFAULT ''
);
SELECT guard_table('line_change', 'app_is_hub()', 'app_is_hub()');
"""
# Of all others nought is right. Read without a lock: one that the release before merges meanwhile is set right by
# `reconcile --repair`, and by whatever is told of it next.
CONCERNED = """
INSERT INTO line_change (of_shop, of_lines)
SELECT shop_id, array_agg(line_id) FROM (
    SELECT shop_id, line_id, (row_number() OVER (PARTITION BY shop_id ORDER BY line_id) - 1) / 1000 AS part FROM (
        SELECT DISTINCT shop_id, line_id FROM refund WHERE kind IN ('price_protection', 'exchange')
            AND status = 'success' AND coalesce(stage, 'pre_ship') = 'pre_ship') told) numbered
GROUP BY shop_id, part ORDER BY shop_id, part
"""


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN uncancelled_fen bigint NOT NULL DEFAULT 0")
    op.execute(CHANGES)
    op.execute(CONCERNED)
