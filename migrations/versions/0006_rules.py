"""Rules: opening hours, closures, availability and leave, exclusivity, crew pools."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
