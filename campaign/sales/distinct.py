"""Orders and buyers: kept by the days on which they bought, so that those of any range are counted from a few rows.

Who was seen on a day, and last before it on another, is one in sales_distinct (day, before). A range holds everyone
once, on the first of its days that saw them: that is where `before` lies ahead of the range.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.arrays import bigints, dates, texts
from campaign.sales.images import Postings

MOST_BATCHES = 20
"""Of settled lines that are folded together."""


class Seen(NamedTuple):
    """An order (its shop and number), a buyer, or nobody (a line without a buyer), on one day of a brand."""

    brand_id: int
    currency: str
    what: str
    name: str
    day: date


def seen_by(posted: Postings, order: str, buyer: str | None) -> tuple[Seen, ...]:
    """Whom a line counts for by what it posted: a live line that counts as sold and paid, of some brand. Pure."""
    for key, amounts in posted.items():
        if amounts.get("lines") and key.bucket == "live" and key.brand_id:
            of_brand = (key.brand_id, key.currency)
            return (
                Seen(*of_brand, "order", f"{key.shop_id} {order}", key.cohort_day),
                Seen(*of_brand, "nobody" if buyer is None else "buyer", buyer or "", key.cohort_day),
            )
    return ()


class Sightings:
    """What the lines of a batch add and take away."""

    def __init__(self) -> None:
        self._told: list[tuple[int, str, str, str, date, int]] = []

    def move(self, before: Sequence[Seen], after: Sequence[Seen]) -> None:
        """A line that counted for some counts for others."""
        if before != after:
            self._told += [(*seen, -1) for seen in before]
            self._told += [(*seen, 1) for seen in after]

    def leave(self, db: Session) -> None:
        """Write them down for the fold."""
        if self._told:
            brands, currencies, whats, names, days, lines = zip(*self._told, strict=True)
            values = (
                bigints(brands),
                texts(currencies),
                texts(whats),
                texts(names),
                dates(days),
                bigints(lines),
            )
            db.connection().exec_driver_sql(_LEAVE, values)


_LEAVE = "INSERT INTO seen_change (brand_ids, currencies, whats, names, days, lines) VALUES (%b, %b, %b, %b, %b, %b)"
_NAME = "brand_id, currency, what, name"
_KEY = f"{_NAME}, day"
_SCRATCH = text(
    "CREATE TEMP TABLE IF NOT EXISTS claimed_seen (brand_id bigint, currency text, what text, name text, days date[],"
    " lines bigint[]) ON COMMIT DELETE ROWS"
)
_EMPTY = text("DELETE FROM claimed_seen")
_UNNESTED = f"unnest(c.brand_ids, c.currencies, c.whats, c.names, c.days, c.lines) AS u({_KEY}, lines)"
_CLAIM = text(
    "WITH gone AS (DELETE FROM seen_change WHERE id IN (SELECT id FROM seen_change ORDER BY id LIMIT :most"
    f" FOR UPDATE SKIP LOCKED) RETURNING *), kept AS (INSERT INTO claimed_seen SELECT {_NAME}, array_agg(day),"
    f" array_agg(lines) FROM (SELECT {_KEY}, sum(u.lines)::bigint AS lines FROM gone c, {_UNNESTED}"
    " GROUP BY 1, 2, 3, 4, 5 HAVING sum(u.lines) <> 0) told GROUP BY 1, 2, 3, 4) SELECT count(*) FROM gone"
)
_ADDED = """
SELECT coalesce(array_agg(day), '{}'), coalesce(array_agg(lines), '{}') FROM (
    SELECT day, sum(lines)::bigint AS lines FROM (SELECT * FROM unnest(s.days, s.lines)
        UNION ALL SELECT * FROM unnest(excluded.days, excluded.lines)) AS both_of_it(day, lines)
    GROUP BY 1 HAVING sum(lines) <> 0) told
"""


def _steps(days: str, lines: str) -> str:
    """Each day of a row with the one before it."""
    return (
        "LATERAL (SELECT day, coalesce(lag(day) OVER (ORDER BY day), '-infinity') AS before"
        f" FROM unnest({days}, {lines}) AS u(day, lines) WHERE u.lines > 0) step"
    )


# Whoever is concerned stood at some steps before and stands at others now. Most are new and seen on one day.
_ADD = text(f"""
WITH kept AS (
    INSERT INTO sales_seen AS s ({_NAME}, days, lines) SELECT {_NAME}, days, lines FROM claimed_seen
    ON CONFLICT ({_NAME}) DO UPDATE SET (days, lines) = ({_ADDED})
    RETURNING s.brand_id, s.currency, s.what, old.days AS were, old.lines AS had, new.days AS days, new.lines AS lines
), steps AS (
    SELECT brand_id, days[1] AS day, '-infinity'::date AS before, currency, what, 1 AS seen FROM kept
        WHERE were IS NULL AND cardinality(days) = 1 AND lines[1] > 0
    UNION ALL SELECT brand_id, step.day, step.before, currency, what, 1 FROM kept, {_steps("days", "lines")}
        WHERE were IS NOT NULL OR cardinality(days) > 1
    UNION ALL SELECT brand_id, step.day, step.before, currency, what, -1 FROM kept, {_steps("were", "had")}
        WHERE were IS NOT NULL
)
INSERT INTO sales_distinct (brand_id, day, before, currency, what, seen)
SELECT brand_id, day, before, currency, what, sum(seen) FROM steps GROUP BY 1, 2, 3, 4, 5 HAVING sum(seen) <> 0
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (brand_id, day, before, currency, what) DO UPDATE SET seen = sales_distinct.seen + excluded.seen
""")


def claim(db: Session, most: int) -> int:
    """Take batches that wait into claimed_seen, a table of this transaction; gives how many."""
    db.execute(_SCRATCH)
    db.execute(_EMPTY)
    return int(db.execute(_CLAIM, {"most": min(most, MOST_BATCHES)}).scalar_one())


def add_claimed(db: Session) -> None:
    """Add what was claimed: rows in no order, so the brands' rows of sales_version are to be locked before."""
    db.execute(_ADD)


_OF_LINES = """
SELECT l.brand_id, l.currency, t.what, t.name, l.order_day AS day, count(*) AS lines FROM order_line l
CROSS JOIN LATERAL (VALUES ('order', l.shop_id || ' ' || coalesce(l.parent_order_id, l.line_id)),
    (CASE WHEN l.buyer_hash IS NULL THEN 'nobody' ELSE 'buyer' END, coalesce(l.buyer_hash, ''))) AS t (what, name)
WHERE l.kind = 'sale' AND l.paid_at IS NOT NULL AND l.bucket = 'live' AND l.brand_id = :brand_id GROUP BY 1, 2, 3, 4, 5
"""
_KEPT = f"""
SELECT {_KEY}, sum(lines)::bigint AS lines FROM (
    SELECT {_NAME}, u.day, u.lines FROM sales_seen s, unnest(s.days, s.lines) AS u(day, lines)
        WHERE brand_id = :brand_id
    UNION ALL SELECT {_KEY}, u.lines FROM seen_change c, {_UNNESTED} WHERE brand_id = :brand_id) told
GROUP BY 1, 2, 3, 4, 5
"""
_UNSEEN = (
    f"SELECT {_KEY}, coalesce(l.lines, 0) AS expected, coalesce(k.lines, 0) AS found"
    f" FROM ({_OF_LINES}) l FULL JOIN ({_KEPT}) k USING ({_KEY}) WHERE coalesce(l.lines, 0) <> coalesce(k.lines, 0)"
)
_STEP = "brand_id, day, before, currency, what"
_STEPS = (
    f"SELECT {_STEP}, count(*) AS seen FROM sales_seen s, {_steps('s.days', 's.lines')} WHERE s.brand_id = :brand_id"
    " GROUP BY 1, 2, 3, 4, 5"
)
_MISSTEPS = (
    f"SELECT {_STEP}, coalesce(s.seen, 0) AS expected, coalesce(d.seen, 0) AS found FROM ({_STEPS}) s"
    f" FULL JOIN (SELECT * FROM sales_distinct WHERE brand_id = :brand_id) d USING ({_STEP})"
    " WHERE coalesce(s.seen, 0) <> coalesce(d.seen, 0)"
)


_MEND_SEEN = text(
    "INSERT INTO seen_change (brand_ids, currencies, whats, names, days, lines) SELECT array_agg(brand_id),"
    " array_agg(currency), array_agg(what), array_agg(name), array_agg(day), array_agg(expected - found)"
    f" FROM ({_UNSEEN}) missing HAVING count(*) > 0"
)
_MEND_STEPS = text(
    f"INSERT INTO sales_distinct ({_STEP}, seen) SELECT {_STEP}, expected - found FROM ({_MISSTEPS}) missing"
    f" ORDER BY {_STEP} ON CONFLICT ({_STEP}) DO UPDATE SET seen = sales_distinct.seen + excluded.seen"
)
_CHECKS = tuple(
    (
        table,
        figure,
        text(f"SELECT concat_ws(' ', {key}) AS subject, expected, found FROM ({sql}) told LIMIT :most"),
    )
    for table, figure, key, sql in (
        ("sales_seen", "lines", _KEY, _UNSEEN),
        ("sales_distinct", "seen", _STEP, _MISSTEPS),
    )
)


def differences(db: Session, brand_id: int, *, most: int) -> list[tuple[str, str, str, int, int]]:
    """Where what is kept of a brand is not what its lines say: table, row, figure, expected, found."""
    return [
        (table, row.subject, figure, row.expected, row.found)
        for table, figure, sql in _CHECKS
        for row in db.execute(sql, {"brand_id": brand_id, "most": most})
    ]


def mend(db: Session, brand_id: int) -> None:
    """Leave for the fold what is missing of a brand, and put its steps right. The brand's version is locked."""
    db.execute(_MEND_SEEN, {"brand_id": brand_id})
    db.execute(_MEND_STEPS, {"brand_id": brand_id})
