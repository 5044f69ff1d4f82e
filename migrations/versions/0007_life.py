"""Life of a session: proposals that the hub decides, presses that count once, time off air, the review's parts."""

from alembic import op

revision = "0007"
down_revision = "0006"

# What an agency asks of the hub about a session: other times, another host of its own, or to call it off. It names
# the times it was made for: once those are no longer the session's, there is nothing left to decide.
PROPOSALS = """
CREATE TABLE proposal (
    id bigint PRIMARY KEY DEFAULT new_id(),
    session_id bigint NOT NULL REFERENCES live_session,
    agency_id bigint NOT NULL REFERENCES agency,
    kind text NOT NULL CHECK (kind IN ('time', 'person', 'cancel')),
    was_starts_at timestamptz NOT NULL,
    was_ends_at timestamptz NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    participant_id bigint,
    host_id bigint REFERENCES host,
    cancel_code text,
    reason text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'refused', 'withdrawn')),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    answer text NOT NULL DEFAULT '',
    CONSTRAINT proposal_says_what CHECK (
        (kind = 'time') = (starts_at IS NOT NULL) AND (kind = 'time') = (ends_at IS NOT NULL)
        AND (kind = 'person') = (host_id IS NOT NULL) AND (kind = 'person') = (participant_id IS NOT NULL)
        AND (kind = 'cancel') = (cancel_code IS NOT NULL)),
    CONSTRAINT proposal_span CHECK (starts_at < ends_at),
    CONSTRAINT proposal_decided CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX proposal_open_once ON proposal (session_id, agency_id) WHERE state = 'open';
CREATE INDEX proposal_session ON proposal (session_id, made_at);
CREATE INDEX proposal_agency ON proposal (agency_id, made_at);

SELECT grant_table('proposal');
REVOKE DELETE ON proposal FROM xinji_app;
CREATE POLICY app_read ON proposal FOR SELECT TO xinji_app USING (app_is_hub() OR agency_id = app_agency());
CREATE POLICY app_insert ON proposal FOR INSERT TO xinji_app WITH CHECK (
    app_is_hub() OR (agency_id = app_agency() AND EXISTS (SELECT 1 FROM live_session s WHERE s.id = session_id)));
CREATE POLICY app_update ON proposal FOR UPDATE TO xinji_app
    USING (app_is_hub() OR agency_id = app_agency())
    WITH CHECK (app_is_hub() OR (agency_id = app_agency() AND state IN ('open', 'withdrawn')));
"""

# A tap on the studio floor, by the token of the button that was pressed: bad Wi-Fi sends it again, it counts once.
PRESSES = """
CREATE TABLE press (
    token text PRIMARY KEY CHECK (length(token) BETWEEN 8 AND 120),
    session_id bigint NOT NULL REFERENCES live_session,
    verb text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX press_at ON press (at);
CREATE INDEX press_session ON press (session_id);
SELECT guard_table('press', 'app_is_hub()', 'app_is_hub()');
"""

ACTUALS = """
ALTER TABLE live_session
    ADD COLUMN off_air_seconds integer NOT NULL DEFAULT 0 CHECK (off_air_seconds >= 0),
    ADD COLUMN review_well text NOT NULL DEFAULT '',
    ADD COLUMN review_improve text NOT NULL DEFAULT '';
"""


def upgrade() -> None:
    for part in (PROPOSALS, PRESSES, ACTUALS):
        op.execute(part)
