"""Rollups held against what the lines posted, part by part, and set right: each session, and each shop's sales outside.

A part is compared in one statement per rollup (one snapshot), with what still waits to be folded counted in, so it may
be looked at at any time, beside writers. What is missing is added as a difference and never written as a total: a fold
that passes at the same moment adds its own, and both count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import business_day, day_span
from campaign.live.alerts import ring
from campaign.sales import distinct
from campaign.sales.folding import ROLLUPS, Rollup
from campaign.sales.images import MEASURES, Key
from campaign.sales.reconciling import MOST_SHOWN, Difference
from campaign.sales.settling import zone_of

NIGHT = time(4)
"""By the hub's clock: the evening's last orders are in, and nobody plans yet."""

SETTLES = timedelta(minutes=10)
"""After its end a session is first looked at."""

_TYPES = {"minute": "timestamptz", "cohort_day": "date", "cash_day": "date", "matures_at": "timestamptz"} | {
    "bucket": "text",
    "currency": "text",
    "age_days": "smallint",
}
_POSTED = (
    (
        "(SELECT {keys}, {figures} FROM order_line l CROSS JOIN LATERAL jsonb_array_elements(l.posted) p"
        " WHERE {where}) posted"
    )
    .replace(
        "{keys}",
        ", ".join(
            f"(p -> 0 ->> {place})::{_TYPES.get(name, 'bigint')} AS {name}"
            for place, name in enumerate(Key._fields)
        ),
    )
    .replace(
        "{figures}", ", ".join(f"coalesce((p -> 1 ->> '{name}')::bigint, 0) AS {name}" for name in MEASURES)
    )
)


@dataclass(frozen=True)
class Part:
    """A session, or what a shop sold outside of all sessions (session_id 0): each line posts in one part alone."""

    session_id: int
    shop_id: int = 0

    @property
    def name(self) -> str:
        return f"session:{self.session_id}" if self.session_id else f"shop:{self.shop_id}"

    @property
    def _lines(self) -> str:
        return (
            "l.session_id = :session_id"
            if self.session_id
            else "l.session_id IS NULL AND l.shop_id = :shop_id"
        )

    @property
    def _rows(self) -> str:
        return "session_id = :session_id" + ("" if self.session_id else " AND shop_id = :shop_id")

    def missing(self, rollup: Rollup) -> str:
        """CTEs; `missing` has what a rollup lacks of what the lines posted, by key and figure."""
        names, figures = ", ".join(rollup.names), ", ".join(rollup.figures)
        stands = (
            f"SELECT {names}, {figures} FROM {rollup.table} WHERE {rollup.rows} AND {self._rows}"
            f" UNION ALL ({rollup.sums('sale_change', self._rows)})"
        )
        sums = ", ".join(f"sum({name})::bigint AS {name}" for name in rollup.figures)
        lacks = ", ".join(
            f"coalesce(t.{name}, 0) - coalesce(s.{name}, 0) AS {name}" for name in rollup.figures
        )
        unequal = " OR ".join(f"coalesce(t.{name}, 0) <> coalesce(s.{name}, 0)" for name in rollup.figures)
        expected = ", ".join(f"coalesce(t.{name}, 0) AS expected_{name}" for name in rollup.figures)
        return (
            f"WITH told AS ({rollup.sums(_POSTED.format(where=self._lines))}),"
            f" stands AS (SELECT {names}, {sums} FROM ({stands}) both_of_it GROUP BY {rollup.grouped}),"
            f" missing AS (SELECT {names}, {lacks}, {expected} FROM told t FULL JOIN stands s USING ({names})"
            f" WHERE {unequal})"
        )

    @property
    def values(self) -> dict[str, int]:
        return {"session_id": self.session_id} | ({} if self.session_id else {"shop_id": self.shop_id})

    @property
    def rollups(self) -> Sequence[Rollup]:
        return [one for one in ROLLUPS if self.session_id or one.where == "true"]


def check_part(db: Session, actor: Actor, part: Part) -> list[Difference]:
    """What of the part's rollups differs from its lines; nothing is changed."""
    found = []
    for rollup in part.rollups:
        rows = db.execute(text(f"{part.missing(rollup)} SELECT * FROM missing"), part.values).mappings()
        found += [one for row in rows for one in _differences(rollup, row)]
    return found


_LOCK = text(
    "INSERT INTO sales_check (session_id, shop_id, checked_at) VALUES (:session_id, :shop_id, :now)"
    " ON CONFLICT (session_id, shop_id) DO UPDATE SET checked_at = excluded.checked_at"
)
_BUMP = text(
    "UPDATE session_sales SET version = version + 1, folded_at = :now WHERE session_id = :session_id"
)
_NOTE = text(
    "UPDATE sales_check SET differences = :differences, mended_at = CASE WHEN :differences > 0"
    " THEN CAST(:now AS timestamptz) ELSE mended_at END WHERE session_id = :session_id AND shop_id = :shop_id"
)


class _Everything(Part):
    """All parts at once, to be looked at alone."""

    _lines = _rows = "true"


@dataclass(frozen=True)
class _Some(Part):
    """Sessions that a SELECT finds, to be looked at alone."""

    session_ids: str = ""

    @property
    def _lines(self) -> str:
        return f"l.session_id IN ({self.session_ids})"

    @property
    def _rows(self) -> str:
        return f"session_id IN ({self.session_ids})"


def check_everything(db: Session, actor: Actor) -> list[Difference]:
    """Every rollup by every key and figure, against what all lines posted."""
    db.execute(text("SET LOCAL statement_timeout = 0"))
    whole = _Everything(0)
    return [
        one
        for rollup in ROLLUPS
        for row in db.execute(
            text(f"{whole.missing(rollup)} SELECT * FROM missing LIMIT {MOST_SHOWN}")
        ).mappings()
        for one in _differences(rollup, row)
    ]


def check_sessions(db: Session, rollup: Rollup, session_ids: str) -> list[Difference]:
    """A rollup of sessions against what their lines posted; session_ids is a SELECT of those to be looked at."""
    db.execute(text("SET LOCAL statement_timeout = 0"))
    some = _Some(0, session_ids=session_ids)
    rows = db.execute(text(f"{some.missing(rollup)} SELECT * FROM missing LIMIT {MOST_SHOWN}")).mappings()
    return [one for row in rows for one in _differences(rollup, row)]


def mend_part(db: Session, actor: Actor, part: Part) -> list[Difference]:
    """Look at a part and set its rollups right; gives what differed. The hub hears of a difference.

    Two at once would add the same difference twice: the part's row lets one at a time in, before it looks.
    """
    now = clock.now(db)
    key = {"session_id": part.session_id, "shop_id": part.shop_id, "now": now}
    db.execute(_LOCK, key)
    found = check_part(db, actor, part)
    if found:
        # As a fold does, the session before its rollups; and Redis is told again.
        db.execute(_BUMP, {"session_id": part.session_id, "now": now})
        for rollup in part.rollups:
            names = ", ".join((*rollup.names, *rollup.figures))
            db.execute(
                text(
                    f"{part.missing(rollup)} INSERT INTO {rollup.table} ({names}) SELECT {names} FROM missing"
                    f" ORDER BY {rollup.grouped} {rollup.added}"
                ),
                part.values,
            )
        session_id = part.session_id or None
        ring(db, actor, "sales_drift", part.name, session_id=session_id, figures=len(found))
    db.execute(_NOTE, key | {"differences": len(found)})
    return found


_VERSION = text("SELECT version FROM sales_version WHERE brand_id = :brand_id")
_TAKE = text(
    "INSERT INTO sales_version (brand_id, version) VALUES (:brand_id, new_id())"
    " ON CONFLICT (brand_id) DO UPDATE SET version = excluded.version RETURNING version"
)
_CHECKED = text(
    "UPDATE sales_version SET checked_version = :version, checked_at = :now WHERE brand_id = :brand_id"
)


def mend_brand(db: Session, actor: Actor, brand_id: int) -> list[Difference]:
    """The same of a brand's orders and buyers: all of its lines are read again.

    Looking locks nothing. Setting right takes the brand's version first, as a fold does: one at a time, and no fold in
    between.
    """
    db.execute(text("SET LOCAL statement_timeout = 0"))
    version = db.execute(_VERSION, {"brand_id": brand_id}).scalar_one_or_none()
    found = [Difference(*told) for told in distinct.differences(db, brand_id, most=MOST_SHOWN)]
    if found:
        version = db.execute(_TAKE, {"brand_id": brand_id}).scalar_one()
        distinct.mend(db, brand_id)
        ring(db, actor, "sales_drift", f"brand:{brand_id}", figures=len(found))
    db.execute(_CHECKED, {"brand_id": brand_id, "version": version, "now": clock.now(db)})
    return found


# An hour: by then no process of the release before is left, which did not keep orders and buyers up (or has it all to
# do again in a week).
_BRANDS_DUE = text(
    "SELECT brand_id FROM sales_version WHERE brand_id <> 0 AND (checked_version IS NULL AND checked_at <= :settled"
    " OR checked_version <> version AND checked_at < :week) ORDER BY checked_at, brand_id LIMIT :most"
)
_TRIED = text("UPDATE sales_version SET checked_at = :now WHERE brand_id = :brand_id")


def due_brands(db: Session, actor: Actor, *, most: int = 5) -> list[int]:
    """Brands never looked at since they are kept so, and in the night of each week those that changed."""
    now = clock.now(db)
    values = {"settled": now - timedelta(hours=1), "week": _last_night(db, now) - timedelta(days=6)}
    return list(db.execute(_BRANDS_DUE, values | {"most": most}).scalars())


def note_try(db: Session, actor: Actor, brand_id: int) -> None:
    """It is about to be looked at: one that cannot be looked at in time is not tried at each turn."""
    db.execute(_TRIED, {"brand_id": brand_id, "now": clock.now(db)})


# A minute more: what committed while the part was being looked at bears an earlier time.
_DUE = text("""
    SELECT s.id AS session_id, 0 AS shop_id FROM live_session s
    JOIN session_sales v ON v.session_id = s.id
    LEFT JOIN sales_check c ON c.session_id = s.id AND c.shop_id = 0
    WHERE v.version > 0 AND s.state IN ('ended', 'reviewed', 'no_show', 'cancelled')
      AND coalesce(s.actual_ends_at, s.ends_at) <= :settled
      AND (c.checked_at IS NULL OR c.checked_at < coalesce(s.actual_ends_at, s.ends_at)
           OR (c.checked_at < :night AND v.folded_at > c.checked_at - interval '1 minute'))
    UNION ALL
    SELECT 0, p.shop_id FROM shop_progress p
    LEFT JOIN sales_check c ON c.session_id = 0 AND c.shop_id = p.shop_id
    WHERE c.checked_at IS NULL OR (c.checked_at < :night
          AND greatest(p.received_at, p.placed_at) > c.checked_at - interval '1 minute')
    ORDER BY 1, 2 LIMIT :most
""")


def due_parts(db: Session, actor: Actor, *, most: int = 50) -> list[Part]:
    """Sessions that ended since they were last looked at, and at night whatever changed since."""
    now = clock.now(db)
    values = {"settled": now - SETTLES, "night": _last_night(db, now), "most": most}
    return [Part(row.session_id, row.shop_id) for row in db.execute(_DUE, values)]


def all_parts(db: Session, actor: Actor) -> list[Part]:
    """Every session and shop that has sales."""
    query = "SELECT session_id, 0 FROM session_sales WHERE version > 0 UNION ALL SELECT 0, shop_id FROM shop_progress"
    return [Part(*row) for row in db.execute(text(f"{query} ORDER BY 1, 2"))]


def all_brands(db: Session, actor: Actor) -> list[int]:
    """Every brand that has sales, or had."""
    return list(
        db.execute(text("SELECT brand_id FROM sales_version WHERE brand_id <> 0 ORDER BY 1")).scalars()
    )


def _last_night(db: Session, now: datetime) -> datetime:
    zone = zone_of(db)
    today = business_day(now, zone)
    tonight, _ = day_span(today, zone, starts_at=NIGHT)
    return tonight if tonight <= now else day_span(today - timedelta(days=1), zone, starts_at=NIGHT)[0]


def _differences(rollup: Rollup, row: Any) -> list[Difference]:
    subject = " ".join(str(row[name]) for name in rollup.names)
    return [
        Difference(rollup.table, subject, name, row[f"expected_{name}"], row[f"expected_{name}"] - row[name])
        for name in rollup.figures
        if row[name]
    ]
