"""Lines held against the rules: what each one posted is what it would post now, by schedule, catalogue and windows.

Rollups are held against what lines posted (campaign.sales.mending), and lines against raw events
(campaign.sales.reconciling). Between the two stands where a line counts, whose it is and when it matures: a line that
something should have placed again, and nothing did, is found here.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.sales import images
from campaign.sales.images import NOT_MATURING, Key, Postings
from campaign.sales.reconciling import Difference
from campaign.sales.rows import LineKey, lock_lines, look_at_lines
from campaign.sales.settling import posted_anew

MOST_LINES = 2000

_NEXT = text(
    "SELECT shop_id, line_id FROM order_line WHERE (shop_id, line_id) > (:shop_id, :line_id)"
    " ORDER BY shop_id, line_id LIMIT :most"
)


def keys_of_lines(db: Session, actor: Actor) -> Iterator[list[LineKey]]:
    """All lines by key, so many at a time."""
    last: LineKey = (0, "")
    while True:
        values = {"shop_id": last[0], "line_id": last[1], "most": MOST_LINES}
        keys = [(row.shop_id, row.line_id) for row in db.execute(_NEXT, values)]
        if not keys:
            return
        yield keys
        last = keys[-1]


def suspects(db: Session, actor: Actor, keys: Sequence[LineKey]) -> list[LineKey]:
    """Lines that would post something else now, or moved while they were looked at: to be looked at under lock."""
    rows = look_at_lines(db, keys)
    now = clock.now(db)
    anew = posted_anew(db, list(rows.values()))
    return [key for key, row in rows.items() if _standing(row.posted, now) != _standing(anew[key], now)]


def misplaced(db: Session, actor: Actor, keys: Sequence[LineKey]) -> list[Difference]:
    """What suspects posted that they would not post now. Locks them."""
    rows = lock_lines(db, keys, make=False)
    now = clock.now(db)
    anew = posted_anew(db, list(rows.values()))
    return [
        Difference("place", f"{key[0]} {key[1]}", "posted", _written(anew[key]), _written(row.posted))
        for key, row in rows.items()
        if _standing(row.posted, now) != _standing(anew[key], now)
    ]


def _standing(posted: Postings, now: datetime) -> Postings:
    """When a line that is mature became so says nothing any more: the window may have been another then."""
    return images.summed([{_past(key, now): amounts for key, amounts in posted.items()}])


def _past(key: Key, now: datetime) -> Key:
    return key._replace(matures_at=now) if NOT_MATURING < key.matures_at <= now else key


def _written(posted: Postings) -> str:
    return images.dump(posted)[:500]
