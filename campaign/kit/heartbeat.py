"""Signs of life of the parts that run by themselves."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

LATE = timedelta(seconds=30)
"""A part that was not seen for this long is taken to be down."""


def beat(db: Session, name: str) -> None:
    """Note that part `name` (clock, sender) is at work now, by the database's own time."""
    db.execute(
        text(
            "INSERT INTO heartbeat (name, at) VALUES (:name, clock_timestamp())"
            " ON CONFLICT (name) DO UPDATE SET at = clock_timestamp()"
        ),
        {"name": name},
    )


def ages(db: Session) -> dict[str, float]:
    """Seconds since each part was last seen; parts never seen are left out."""
    rows = db.execute(text("SELECT name, extract(epoch FROM clock_timestamp() - at)::float8 FROM heartbeat"))
    return {row[0]: row[1] for row in rows}
