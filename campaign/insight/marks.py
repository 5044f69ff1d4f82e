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


# A room may serve one show after another: only what was said while this one was on air is its own. The product, and
# whose it was that day, are found as a line's are (sales.settling). Row-level security shows a brand what its own shops
# told: of a show sold through a shop of no brand it sees its lines, and no marks.
_MARKS = text("""
    SELECT at, until, open, sku, product_id, name, name_en FROM (
        SELECT m.started_at AS at, coalesce(m.ended_at, lead(m.started_at) OVER room) AS until,
               m.ended_at IS NULL AS open, m.merchant_sku AS sku, p.id AS product_id, coalesce(p.name, '') AS name,
               coalesce(p.name_en, '') AS name_en, coalesce(p.owner, h.brand_id) AS owner
        FROM live_session s
        JOIN session_channel c ON c.session_id = s.id
        JOIN explain_mark m ON m.platform = c.platform AND m.room_id = ANY (c.room_ids)
        JOIN shop h ON h.id = m.shop_id
        LEFT JOIN LATERAL (
            SELECT * FROM (
                SELECT q.id, q.name, q.name_en, count(*) OVER () AS named_so, coalesce((
                    SELECT f.brand_id FROM product_past f, hub WHERE f.product_id = q.id
                    AND f.until > (m.started_at AT TIME ZONE hub.timezone)::date ORDER BY f.until LIMIT 1
                ), q.brand_id) AS owner
                FROM product q WHERE q.sku = m.merchant_sku
            ) found
            WHERE owner = h.brand_id OR named_so = 1 ORDER BY id LIMIT 1
        ) p ON true
        WHERE s.id = :id AND m.started_at >= s.actual_starts_at AND m.started_at < coalesce(s.actual_ends_at, :now)
        WINDOW room AS (PARTITION BY m.platform, m.room_id ORDER BY m.started_at, m.merchant_sku)
    ) told
    WHERE CAST(:brand_id AS bigint) IS NULL OR owner = :brand_id
    ORDER BY at, sku
""")


def marks_of(db: Session, actor: Actor, session_id: int) -> tuple[Mark, ...]:
    """The marks of a session that is or was on air: the hub's all, a brand's own, nobody else's."""
    if not actor.is_hub and actor.role != "brand":
        return ()
    now = clock.now(db)
    rows = db.execute(_MARKS, {"id": session_id, "now": now, "brand_id": actor.brand_id})
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
