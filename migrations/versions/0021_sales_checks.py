"""When each part of the sales was last held against its lines, and what was found."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("""
-- A session, or (session_id 0) what a shop sold outside of all sessions.
CREATE TABLE sales_check (
    session_id bigint NOT NULL,
    shop_id bigint NOT NULL,
    checked_at timestamptz NOT NULL,
    differences integer NOT NULL DEFAULT 0,
    mended_at timestamptz,
    PRIMARY KEY (session_id, shop_id)
);
SELECT guard_table('sales_check', 'app_is_hub()', 'false');
""")
