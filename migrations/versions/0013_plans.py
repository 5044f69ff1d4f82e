"""Plans: a week set aside, and its release."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Nothing yet."""
