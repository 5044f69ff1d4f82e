"""The inbox: events that are taken in and wait to be merged."""

from alembic import op

revision = "0011"
down_revision = "0010"

INBOX = """
CREATE TABLE sale_inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_on date NOT NULL,
    -- Rows of sale_event of that day, one POST's worth.
    event_ids bigint[] NOT NULL CHECK (cardinality(event_ids) > 0),
    -- Failures to merge it: a parcel that fails again and again is parked and shown.
    attempts smallint NOT NULL DEFAULT 0
);
SELECT guard_table('sale_inbox', 'app_is_hub()', 'app_is_hub()');
-- Which line a refund belongs to is settled when it is first heard of, under the empty type.
INSERT INTO sale_event_key (shop_id, type, event_id, digest)
    SELECT shop_id, '', refund_id, sha256(line_id::bytea) FROM refund;
"""


def upgrade() -> None:
    op.execute(INBOX)
