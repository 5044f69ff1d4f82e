"""Sheets: parties and sessions from files, hosts' other names."""

from alembic import op

revision = "0012"
down_revision = "0011"

SHEETS = """
CREATE TABLE host_alias (
    host_id bigint NOT NULL REFERENCES host,
    alias text NOT NULL CHECK (alias <> ''),
    PRIMARY KEY (host_id, alias)
);
SELECT guard_table('host_alias', 'app_is_hub()', 'app_is_hub()');

ALTER TABLE import_file
    DROP CONSTRAINT import_file_kind_check,
    ALTER COLUMN shop_id DROP NOT NULL,
    ALTER COLUMN exported_at DROP NOT NULL,
    -- One row at fault keeps the whole sheet out.
    ADD COLUMN whole boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT import_file_kind_check CHECK (kind IN ('douyin_orders', 'studios', 'brands', 'agencies', 'shops',
        'hosts', 'platform_accounts', 'products', 'sessions')),
    -- Sales are of a shop and of a moment; a sheet is neither.
    ADD CONSTRAINT import_file_sales CHECK ((kind = 'douyin_orders') = (shop_id IS NOT NULL)
        AND (kind = 'douyin_orders') = (exported_at IS NOT NULL));
"""


def upgrade() -> None:
    op.execute(SHEETS)
