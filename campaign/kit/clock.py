"""Time: the database's, read once per transaction, so that every process agrees on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import text
from sqlalchemy.orm import Session

_offset = timedelta(0)


def set_offset(offset: timedelta) -> None:
    """Shift this process's time against the database's (settings.clock_offset_seconds)."""
    global _offset  # noqa: PLW0603 - one clock per process is the point
    _offset = offset


def now(db: Session) -> datetime:
    """This transaction's time, aware, UTC. The same instant however often it is asked."""
    started = db.info.get("transaction_time")
    if started is None:
        started = db.execute(text("SELECT transaction_timestamp()")).scalar_one()
        db.info["transaction_time"] = started
    return cast(datetime, started) + _offset


@contextmanager
def travel(by: timedelta) -> Iterator[None]:
    """For tests: within the block the clock stands `by` further on."""
    before = _offset
    set_offset(before + by)
    try:
        yield
    finally:
        set_offset(before)
