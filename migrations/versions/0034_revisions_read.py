"""Whoever sees a session may read which revision its figures are of; it holds no figures."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute("""
DROP POLICY app_read ON session_sales;
CREATE POLICY app_read ON session_sales FOR SELECT TO xinji_app
    USING (app_is_hub() OR EXISTS (SELECT FROM live_session s WHERE s.id = session_sales.session_id));
""")
