"""Parcels: what pushes brought waits as one document a sender, and its rows of the log are written when it is merged.

sale_inbox stays for the release before, which still writes to it; what it left is adopted by the sweep.
"""

from alembic import op

revision = "0029"
down_revision = "0028"

PARCELS = """
CREATE TABLE sale_parcel (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    connector_id bigint,
    events integer NOT NULL CHECK (events > 0),
    -- JSON arrays: the shop of each event, and the places of those that are not to be merged unseen.
    shop_ids text NOT NULL,
    held text NOT NULL,
    -- The events as one JSON array, people's data dropped, compressed by zlib.
    payload bytea NOT NULL,
    -- Failures to merge it: a parcel that fails again and again is parked and shown.
    attempts smallint NOT NULL DEFAULT 0
);
ALTER TABLE sale_parcel ALTER payload SET STORAGE EXTERNAL;
SELECT guard_table('sale_parcel', 'app_is_hub()', 'app_is_hub()');
"""


def upgrade() -> None:
    op.execute(PARCELS)
