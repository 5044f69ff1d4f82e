"""What each connector brought last and what of it was refused: for the page that tells how it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Seen:
    """Of one connector: the newest moment that its events tell of, how many were refused, and why the last was.

    What is refused is no data: a feed of nothing else falls silent.
    """

    connector_id: int
    newest: datetime | None = None
    refused: int = 0
    why: str | None = None

    @property
    def is_heard(self) -> bool:
        """Whether it was a sign of life."""
        return self.newest is not None or not self.refused


_NOTE = text(
    "INSERT INTO connector_seen AS s (connector_id, last_event_at, told_at, refused, refused_at, refused_why)"
    " SELECT id, CASE WHEN heard THEN CAST(:now AS timestamptz) END, told, refused,"
    " CASE WHEN refused > 0 THEN CAST(:now AS timestamptz) END, why"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:heard AS boolean[]), CAST(:told AS timestamptz[]),"
    " CAST(:refused AS bigint[]), CAST(:why AS text[])) AS g(id, heard, told, refused, why)"
    " ORDER BY id ON CONFLICT (connector_id) DO UPDATE"
    " SET last_event_at = greatest(s.last_event_at, excluded.last_event_at),"
    " told_at = coalesce(excluded.told_at, s.told_at), refused = s.refused + excluded.refused,"
    " refused_at = coalesce(excluded.refused_at, s.refused_at),"
    " refused_why = coalesce(excluded.refused_why, s.refused_why)"
)


def note(db: Session, given: Sequence[Seen], now: datetime) -> None:
    """Each connector once; by ascending id, as all who write here take their locks."""
    if given:
        values = {
            "ids": [one.connector_id for one in given],
            "heard": [one.is_heard for one in given],
            "told": [one.newest for one in given],
            "refused": [one.refused for one in given],
            "why": [one.why for one in given],
        }
        db.execute(_NOTE, values | {"now": now})
