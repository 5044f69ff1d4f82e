"""What was spent on advertising, by room or account and span; a brand reads the counters of its own shops' rooms."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute("""
CREATE TABLE ad_spend (
    platform text NOT NULL,
    account_id text NOT NULL,
    -- '' where it is told for all rooms of the account.
    room_id text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    currency text NOT NULL,
    shop_id bigint NOT NULL REFERENCES shop,
    amount_fen bigint NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (platform, account_id, room_id, from_at, to_at, currency)
);
CREATE INDEX ad_spend_shop ON ad_spend (shop_id);
CREATE INDEX ad_spend_room ON ad_spend (platform, room_id) WHERE room_id <> '';
SELECT guard_table('ad_spend', 'EXISTS (SELECT FROM shop s WHERE s.id = ad_spend.shop_id)', 'app_is_hub()');
DROP POLICY app_read ON metric_sample;
CREATE POLICY app_read ON metric_sample FOR SELECT TO xinji_app
    USING (EXISTS (SELECT FROM shop s WHERE s.id = metric_sample.shop_id));
""")
