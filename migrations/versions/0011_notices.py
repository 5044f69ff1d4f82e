"""Notices: what is told to whom, by which way, and what was acknowledged."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing yet."""
