"""What the sales tables need from time to time."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor

DAYS_AHEAD = 30


def make_partitions(db: Session, actor: Actor) -> int:
    """Make the partitions of the next DAYS_AHEAD days; gives how many were missing."""
    today = clock.now(db).date()
    made = db.execute(
        text("SELECT make_sales_partitions(:today, :ahead)"), {"today": today, "ahead": DAYS_AHEAD}
    )
    return int(made.scalar_one())
