"""A file of sales is kept as rows, in parts that are taken over one by one, and its headers may be pointed at fields.

A file that was looked at and not taken over before this must be brought again: it was kept as statements.
"""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute("""
DELETE FROM import_file WHERE state = 'checked' AND shop_id IS NOT NULL;
ALTER TABLE import_file
    ADD COLUMN done integer NOT NULL DEFAULT 0,
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    DROP CONSTRAINT import_file_state_check,
    ADD CONSTRAINT import_file_state_check
        CHECK (state IN ('unmapped', 'checking', 'checked', 'committing', 'committed', 'failed'));
CREATE INDEX import_file_under_way ON import_file (id) WHERE state IN ('checking', 'committing');
CREATE TABLE import_part (
    import_id bigint NOT NULL REFERENCES import_file ON DELETE CASCADE,
    n integer NOT NULL,
    -- As the file has them, people's data dropped, until they are committed.
    packed bytea,
    -- Rows of this part that stand in the file before: those that say the same, and those that do not.
    again integer[] NOT NULL DEFAULT '{}',
    repeated integer[] NOT NULL DEFAULT '{}',
    done boolean NOT NULL DEFAULT false,
    refused bytea,
    PRIMARY KEY (import_id, n)
);
SELECT guard_table('import_part', 'app_is_hub()', 'app_is_hub()');
CREATE TABLE import_mapping (
    kind text NOT NULL,
    shop_id bigint NOT NULL REFERENCES shop,
    -- Normalised, as headers are compared.
    header text NOT NULL,
    -- NULL: the column is not used.
    field text,
    told_by text NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (kind, shop_id, header)
);
CREATE INDEX import_mapping_shop ON import_mapping (shop_id);
SELECT guard_table('import_mapping', 'app_is_hub()', 'app_is_hub()');
""")
