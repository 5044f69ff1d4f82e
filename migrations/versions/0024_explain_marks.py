"""When a product was talked about in a room: the marks under a session's curve."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute("""
CREATE TABLE explain_mark (
    platform text NOT NULL,
    room_id text NOT NULL,
    started_at timestamptz NOT NULL,
    merchant_sku text NOT NULL,
    shop_id bigint NOT NULL REFERENCES shop,
    ended_at timestamptz,
    PRIMARY KEY (platform, room_id, started_at, merchant_sku)
);
CREATE INDEX explain_mark_shop ON explain_mark (shop_id);
SELECT guard_table('explain_mark', 'EXISTS (SELECT FROM shop s WHERE s.id = explain_mark.shop_id)', 'app_is_hub()');
""")
