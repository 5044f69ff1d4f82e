"""Calendar feeds."""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = """
-- A party's calendar address holds this number: raising it revokes what was handed out. No row: it is 1.
CREATE TABLE calendar_feed (
    kind text NOT NULL CHECK (kind IN ('studio', 'host', 'agency', 'brand')),
    party_id bigint NOT NULL,
    rev integer NOT NULL CHECK (rev > 1),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (kind, party_id)
);
SELECT guard_table(
    'calendar_feed',
    'app_is_hub() OR (kind = ''agency'' AND party_id = app_agency()) OR (kind = ''brand'' AND party_id = app_brand())',
    'app_is_hub() OR (kind = ''agency'' AND party_id = app_agency()) OR (kind = ''brand'' AND party_id = app_brand())');
"""


def upgrade() -> None:
    op.execute(TABLES)
