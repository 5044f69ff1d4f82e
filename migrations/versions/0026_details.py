"""Asking platforms for the detail of what they push: accounts that ask, and what they still have to ask for."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute("""
ALTER TABLE sale_event DROP CONSTRAINT sale_event_source_check,
    ADD CONSTRAINT sale_event_source_check CHECK (source IN ('push', 'import', 'detail'));

-- An account that is asked. A listing under way has its end and page, a turn its lease.
CREATE TABLE connector_pull (
    connector_id bigint PRIMARY KEY REFERENCES connector,
    base_url text,
    opened_at timestamptz NOT NULL,
    listed_through timestamptz,
    list_until timestamptz,
    list_page text,
    busy_until timestamptz,
    paused_until timestamptz,
    failures integer NOT NULL DEFAULT 0,
    ok_at timestamptz,
    error text,
    said text NOT NULL DEFAULT '',
    error_at timestamptz,
    test_asked_at timestamptz,
    tested_at timestamptz,
    test_error text,
    test_said text NOT NULL DEFAULT ''
);
-- Orders and after-sale cases whose detail is to be asked for; parked ones are due at infinity.
CREATE TABLE detail_ask (
    connector_id bigint NOT NULL REFERENCES connector,
    subject text NOT NULL CHECK (subject IN ('order', 'aftersale')),
    ref text NOT NULL,
    shop_ref text,
    asked integer NOT NULL DEFAULT 1,
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    PRIMARY KEY (connector_id, subject, ref)
);
CREATE INDEX detail_ask_due ON detail_ask (connector_id, due_at);
-- When each connector last brought something; written every few seconds at most.
CREATE TABLE connector_seen (
    connector_id bigint PRIMARY KEY REFERENCES connector,
    last_event_at timestamptz NOT NULL
);
SELECT guard_table('connector_seen', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('connector_pull', 'app_is_hub()', 'app_is_hub()');
SELECT guard_table('detail_ask', 'app_is_hub()', 'app_is_hub()');
""")
