"""In and out: imports of parties and sessions, other names of hosts, calendar feeds."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
-- Other names under which a host appears in files. One name may be several people's: an import then asks, never guesses.
CREATE TABLE host_alias (
    id bigint PRIMARY KEY DEFAULT new_id(),
    host_id bigint NOT NULL REFERENCES host ON DELETE CASCADE,
    alias text NOT NULL CHECK (alias <> ''),
    CONSTRAINT host_alias_once UNIQUE (host_id, alias)
);
CREATE INDEX host_alias_alias ON host_alias (alias);
SELECT guard_table('host_alias', 'app_is_hub()', 'app_is_hub()');

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

-- Files of parties and sessions stand in the same list as files of sales; those alone belong to a shop.
ALTER TABLE import_file
    DROP CONSTRAINT import_file_kind_check,
    ALTER COLUMN shop_id DROP NOT NULL,
    ALTER COLUMN exported_at DROP NOT NULL,
    ADD CONSTRAINT import_file_kind_check CHECK (kind IN (
        'douyin_orders', 'studios', 'brands', 'agencies', 'shops', 'hosts', 'platform_accounts', 'products', 'sessions')),
    ADD CONSTRAINT import_file_shop_check CHECK (
        (kind = 'douyin_orders') = (shop_id IS NOT NULL) AND (kind = 'douyin_orders') = (exported_at IS NOT NULL));
"""


def upgrade() -> None:
    op.execute(TABLES)
