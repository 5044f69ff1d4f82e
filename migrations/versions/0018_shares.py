"""Links that show one summary, and months whose figures are kept as they stood."""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = """
-- A link that shows one summary to whoever has it. The token itself is kept nowhere.
CREATE TABLE summary_share (
    id bigint PRIMARY KEY DEFAULT new_id(),
    token_hash bytea NOT NULL CONSTRAINT summary_share_token UNIQUE,
    brand_id bigint NOT NULL REFERENCES brand,
    first_day date NOT NULL,
    last_day date NOT NULL,
    basis text NOT NULL CHECK (basis IN ('cohort', 'cash')),
    group_by text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT summary_share_days CHECK (first_day <= last_day)
);
CREATE INDEX summary_share_brand ON summary_share (brand_id);

-- A month's figures as they stood when it was closed: by day and in all, on both bases. Never changed again;
-- what comes later is told as the difference.
CREATE TABLE month_freeze (
    id bigint PRIMARY KEY DEFAULT new_id(),
    brand_id bigint NOT NULL REFERENCES brand,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    figures jsonb NOT NULL,
    frozen_by text NOT NULL,
    frozen_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT month_freeze_once UNIQUE (brand_id, month)
);
SELECT guard_table('summary_share', 'app_is_hub() OR brand_id = app_brand()', 'app_is_hub() OR brand_id = app_brand()');
SELECT guard_table('month_freeze', 'app_is_hub() OR brand_id = app_brand()', 'app_is_hub()');
REVOKE UPDATE, DELETE ON month_freeze FROM xinji_app, xinji_system;
"""


def upgrade() -> None:
    op.execute(TABLES)
