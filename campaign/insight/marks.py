"""When which product was talked about in a session, as its rooms' platforms tell."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor

ASSUMED = timedelta(minutes=3)
"""A mark without an end lasts until the next one of its room, but no longer than this."""


@dataclass(frozen=True)
class Mark:
    """A product explained from `at` to `until`. product_id is None where it is not in the catalogue."""

    at: datetime
    until: datetime
    sku: str
    product_id: int | None
    name: str
    name_en: str


# A room may serve one show after another: only what was said while this one was on air is its own. A function of the
# database (migration 0044) gives a brand the marks of its own products: another brand's shop may have told of them,
# which row-level security hides from it.
_MARKS = text("SELECT * FROM show_marks(:id, :now)")


def marks_of(db: Session, actor: Actor, session_id: int) -> tuple[Mark, ...]:
    """The marks of a session that is or was on air: the hub's all, a brand's own, nobody else's."""
    if not actor.is_hub and actor.role != "brand":
        return ()
    now = clock.now(db)
    rows = db.execute(_MARKS, {"id": session_id, "now": now})
    return tuple(
        Mark(
            row.at,
            _end(row.at, row.until, now, is_open=row.open),
            row.sku,
            row.product_id,
            row.name,
            row.name_en,
        )
        for row in rows
    )


def _end(at: datetime, until: datetime | None, now: datetime, *, is_open: bool) -> datetime:
    if until is None:
        return min(max(now, at), at + ASSUMED)
    return min(until, at + ASSUMED) if is_open else max(at, until)
