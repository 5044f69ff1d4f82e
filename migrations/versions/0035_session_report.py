"""What a platform itself counted of a session, as its report says; the newest report of a room stands."""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.execute("""
CREATE TABLE session_report (
    session_id bigint NOT NULL REFERENCES live_session ON DELETE CASCADE,
    platform text NOT NULL,
    -- '' where the report names none.
    room_id text NOT NULL,
    exported_at timestamptz NOT NULL,
    import_id bigint REFERENCES import_file,
    figures jsonb NOT NULL,
    products jsonb NOT NULL,
    kept jsonb NOT NULL,
    PRIMARY KEY (session_id, platform, room_id)
);
CREATE INDEX session_report_import ON session_report (import_id);
-- As with the counters of rooms: a brand sees those of a show that was its own alone.
SELECT guard_table('session_report', 'app_is_hub() OR EXISTS (SELECT FROM live_session s'
    ' WHERE s.id = session_report.session_id AND s.brand_ids = ARRAY[app_brand()])', 'app_is_hub()');
""")
