"""Series: one show on many dates."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
-- rule is an RRULE without its end; times are those of the wall, in `timezone`. Each date is an ordinary session: what a
-- date was changed to singly is seen by comparing it with the template.
CREATE TABLE series (
    id bigint PRIMARY KEY DEFAULT new_id(),
    rule text NOT NULL,
    timezone text NOT NULL,
    first_on date NOT NULL,
    until_on date NOT NULL,
    starts time NOT NULL,
    ends time NOT NULL,
    title text NOT NULL,
    studio_id bigint NOT NULL REFERENCES studio,
    template jsonb NOT NULL,
    split_from bigint REFERENCES series,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX series_studio ON series (studio_id);
CREATE INDEX series_split_from ON series (split_from) WHERE split_from IS NOT NULL;
CREATE TABLE series_date (
    series_id bigint NOT NULL REFERENCES series,
    on_date date NOT NULL,
    session_id bigint REFERENCES live_session,
    skipped text,
    PRIMARY KEY (series_id, on_date),
    CONSTRAINT series_date_session UNIQUE (session_id),
    CONSTRAINT series_date_why CHECK (session_id IS NOT NULL OR skipped IS NOT NULL)
);
SELECT guard_table('series', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('series_date', 'app_is_hub()', 'app_is_hub()');
"""


def upgrade() -> None:
    op.execute(TABLES)
