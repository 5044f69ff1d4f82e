"""Series: shows that come back by a rule."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
