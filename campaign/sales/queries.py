"""Reading what needs a person's eye: lines without a session, refunds without a line, held and contradicted events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden
from campaign.kit.paging import Page, from_cursor, page_from


@dataclass(frozen=True)
class Loose:
    """Something that counts in no session: a line, or a refund whose line nobody has described.

    Money in minor units; author_id and room_id are the platform's, as told.
    """

    id: int
    kind: Literal["line", "refund"]
    shop_id: int
    shop_name: str
    platform: str
    line_id: str
    parent_order_id: str | None
    refund_id: str | None
    at: datetime | None
    currency: str
    amount_fen: int
    author_id: str | None
    room_id: str | None


_LOOSE = text(
    "SELECT id, kind, shop_id, shop_name, platform, line_id, parent_order_id, refund_id, at, currency, amount_fen,"
    " author_id, room_id FROM ("
    " SELECT l.id, 'line' AS kind, l.shop_id, s.name AS shop_name, l.platform, l.line_id, l.parent_order_id,"
    " NULL::text AS refund_id, l.ordered_at AS at, l.currency, l.paid_fen AS amount_fen, l.author_id, l.room_id,"
    " l.updated_at"
    " FROM order_line l JOIN shop s ON s.id = l.shop_id"
    " WHERE l.bucket = 'unattributed' AND l.known AND l.kind IN ('sale', 'service')"
    " UNION ALL"
    " SELECT f.id, 'refund', f.shop_id, s.name, s.platform, f.line_id, NULL, f.refund_id,"
    " coalesce(f.succeeded_at, f.applied_at), coalesce(f.currency, l.currency), f.amount_fen, NULL, NULL,"
    " greatest(f.updated_at, l.updated_at)"
    " FROM order_line l JOIN refund f ON f.shop_id = l.shop_id AND f.line_id = l.line_id"
    " JOIN shop s ON s.id = l.shop_id WHERE NOT l.known"
    ") loose WHERE id < :before AND (CAST(:since AS timestamptz) IS NULL OR updated_at >= :since)"
    " ORDER BY id DESC LIMIT :limit"
)


def page_of_unattributed(
    db: Session,
    actor: Actor,
    *,
    limit: int = 50,
    cursor: str | None = None,
    since: datetime | None = None,
) -> Page[Loose]:
    """Lines and refunds without a session, the newest first; since: those alone that changed then or later.

    Raises Forbidden to others than the hub.
    """
    return _page(db, actor, _LOOSE, limit, cursor, Loose, since=since)


@dataclass(frozen=True)
class Oddity:
    """An event that was held (quarantined) or contradicts one with the same id (conflict)."""

    id: int
    shop_id: int
    shop_name: str
    type: str
    event_id: str
    at: datetime
    payload: Mapping[str, Any]


_HELD = text(
    "SELECT e.id, e.shop_id, s.name AS shop_name, e.type, e.event_id, e.received_at AS at, e.payload"
    " FROM sale_event e JOIN shop s ON s.id = e.shop_id WHERE e.verdict = 'quarantined' AND e.id < :before"
    " ORDER BY e.id DESC LIMIT :limit"
)
_CONTRADICTED = text(
    "SELECT c.id, c.shop_id, s.name AS shop_name, c.type, c.event_id, c.seen_at AS at, c.payload"
    " FROM sale_conflict c JOIN shop s ON s.id = c.shop_id WHERE c.id < :before ORDER BY c.id DESC LIMIT :limit"
)


def page_of_quarantined(
    db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None
) -> Page[Oddity]:
    """Events whose times are too far off, the newest first."""
    return _page(db, actor, _HELD, limit, cursor, Oddity)


def page_of_conflicts(
    db: Session, actor: Actor, *, limit: int = 50, cursor: str | None = None
) -> Page[Oddity]:
    """Events that came again with other content, the newest first."""
    return _page(db, actor, _CONTRADICTED, limit, cursor, Oddity)


def _page(
    db: Session, actor: Actor, sql: Any, limit: int, cursor: str | None, shape: type[Any], **more: Any
) -> Page[Any]:
    if not actor.is_hub:
        raise Forbidden
    before = from_cursor(cursor, (int,))[0] if cursor else 2**63 - 1
    found = db.execute(sql, {"before": before, "limit": limit + 1} | more).mappings()
    return page_from([shape(**row) for row in found], limit, lambda row: [row.id])


@dataclass(frozen=True)
class WayIn:
    """How one shop's data comes in. Counts are of what waits for a person; money in minor units per currency."""

    shop_id: int
    shop_name: str
    platform: str
    has_brand: bool
    complete_through: datetime | None
    received_at: datetime | None
    loose_lines: int
    orphan_refunds: int
    held: int
    contradicted: int

    @property
    def is_clean(self) -> bool:
        return self.has_brand and not (
            self.loose_lines or self.orphan_refunds or self.held or self.contradicted
        )


# Each count by its own partial index: what waits is little, however much was sold.
_WAYS = text(
    "SELECT s.id AS shop_id, s.name AS shop_name, s.platform, s.brand_id IS NOT NULL AS has_brand,"
    " p.complete_through, p.received_at, coalesce(l.n, 0) AS loose_lines, coalesce(o.n, 0) AS orphan_refunds,"
    " coalesce(h.n, 0) AS held, coalesce(c.n, 0) AS contradicted FROM shop s"
    " LEFT JOIN shop_progress p ON p.shop_id = s.id"
    " LEFT JOIN (SELECT shop_id, count(*) AS n FROM order_line WHERE bucket = 'unattributed' AND known"
    "   AND kind IN ('sale', 'service') GROUP BY 1) l ON l.shop_id = s.id"
    " LEFT JOIN (SELECT u.shop_id, count(*) AS n FROM order_line u WHERE NOT u.known AND EXISTS (SELECT FROM refund f"
    "   WHERE f.shop_id = u.shop_id AND f.line_id = u.line_id) GROUP BY 1) o ON o.shop_id = s.id"
    " LEFT JOIN (SELECT shop_id, count(*) AS n FROM sale_event WHERE verdict = 'quarantined' GROUP BY 1) h"
    "   ON h.shop_id = s.id"
    " LEFT JOIN (SELECT shop_id, count(*) AS n FROM sale_conflict GROUP BY 1) c ON c.shop_id = s.id"
    " WHERE s.archived_at IS NULL OR p.shop_id IS NOT NULL ORDER BY s.platform, s.name, s.id"
)


def ways_in(db: Session, actor: Actor) -> list[WayIn]:
    """Every shop with how far its data goes and what of it waits. Raises Forbidden to others than the hub."""
    if not actor.is_hub:
        raise Forbidden
    return [WayIn(**row) for row in db.execute(_WAYS).mappings()]


@dataclass(frozen=True)
class Checks:
    """How often sums were held against their order lines: parts looked at, when last, and what differed."""

    parts: int
    at: datetime | None
    mended: int
    mended_at: datetime | None


def checks(db: Session, actor: Actor) -> Checks:
    """The hub's alone: others see none."""
    row = db.execute(
        text("SELECT count(*), max(checked_at), count(mended_at), max(mended_at) FROM sales_check")
    ).one()
    return Checks(*row)
