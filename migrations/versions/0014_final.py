"""Final: which figures of a session were told as final, and how often."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """The version that was final last, and the number of that revision; none yet where null and 0."""
    op.execute(
        "ALTER TABLE session_sales ADD COLUMN final_version bigint, ADD COLUMN revision integer NOT NULL DEFAULT 0"
    )
    op.execute(
        "CREATE INDEX session_sales_unfinished ON session_sales (session_id)"
        " WHERE version > 0 AND version IS DISTINCT FROM final_version"
    )
