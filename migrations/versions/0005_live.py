"""Live: what platforms say of rooms, alerts, and the clock's own pulse."""

from alembic import op

revision = "0005"
down_revision = "0004"

LIVE = """
CREATE TABLE room_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL CHECK (type IN ('room.started', 'room.ended')),
    platform text NOT NULL,
    room_id text,
    account_external_id text,
    author_id text,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    session_id bigint REFERENCES live_session,
    CONSTRAINT room_event_once UNIQUE NULLS NOT DISTINCT (platform, type, room_id, account_external_id, author_id, at)
);
CREATE INDEX room_event_session ON room_event (session_id);

CREATE TABLE alert (
    id bigint PRIMARY KEY DEFAULT new_id(),
    kind text NOT NULL,
    session_id bigint REFERENCES live_session,
    -- What the alert is about, so that the same trouble rings once.
    subject text NOT NULL,
    at timestamptz NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    closed_at timestamptz
);
CREATE UNIQUE INDEX alert_open_once ON alert (kind, subject) WHERE closed_at IS NULL;
CREATE INDEX alert_session ON alert (session_id);

-- One row: when the clock last ticked, and since when it has been ticking without an outage.
CREATE TABLE clock_beat (
    id smallint PRIMARY KEY CHECK (id = 1),
    ticked_at timestamptz NOT NULL,
    resumed_at timestamptz NOT NULL
);

SELECT guard_table('room_event', 'app_is_hub()', 'app_is_hub() OR app_role() = ''connector''');
SELECT guard_table('alert', 'app_is_hub()', 'app_is_hub() OR app_role() IN (''connector'', ''host'')');
SELECT guard_table('clock_beat', 'true', 'app_is_hub()');
"""


def upgrade() -> None:
    op.execute(LIVE)
