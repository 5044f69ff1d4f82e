"""Plans: a week laid out beside the board."""

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = """
-- Days are board days, both counted in. rev rises with each change of the plan or of an entry.
CREATE TABLE week_plan (
    id bigint PRIMARY KEY DEFAULT new_id(),
    name text NOT NULL,
    note text NOT NULL DEFAULT '',
    first_day date NOT NULL,
    last_day date NOT NULL,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'released', 'dropped')),
    rev integer NOT NULL DEFAULT 1,
    made_by text NOT NULL DEFAULT '',
    released_by text,
    released_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT week_plan_days CHECK (first_day <= last_day AND last_day - first_day < 62),
    CONSTRAINT week_plan_released CHECK ((state = 'released') = (released_at IS NOT NULL))
);
CREATE INDEX week_plan_updated ON week_plan (updated_at);
-- What is to become of one session. base_version: the session's when the entry was made, so that a change by
-- somebody else is seen. A booking has no session before the release, and names it after.
CREATE TABLE plan_entry (
    id bigint PRIMARY KEY DEFAULT new_id(),
    plan_id bigint NOT NULL REFERENCES week_plan ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('book', 'change', 'cancel')),
    session_id bigint REFERENCES live_session,
    base_version integer,
    given jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT plan_entry_session CHECK (kind = 'book' OR (session_id IS NOT NULL AND base_version IS NOT NULL)),
    CONSTRAINT plan_entry_once UNIQUE (plan_id, session_id)
);
CREATE INDEX plan_entry_session ON plan_entry (session_id);
SELECT guard_table('week_plan', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('plan_entry', 'app_is_hub()', 'app_is_hub()');
"""


def upgrade() -> None:
    op.execute(TABLES)
