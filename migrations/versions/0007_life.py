"""Life of a session: counter-offers, plan against actual, reviews."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
