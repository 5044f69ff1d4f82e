"""Reading lines and refunds under their locks, and writing them back. SQL only; nothing is decided here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.sales import images, merging
from campaign.sales.images import MEASURES, Key, Postings
from campaign.sales.merging import State

LineKey = tuple[int, str]


@dataclass(frozen=True)
class LineRow:
    """A locked line: its merged state, what it last posted, and its refunds by their id."""

    shop_id: int
    line_id: str
    platform: str
    state: State
    posted: Postings
    assigned_session_id: int | None
    session_id: int | None
    counted_as: tuple[str | None, str | None] = (None, None)
    """The order and the buyer that it was last counted as."""
    refunds: Mapping[str, State] = field(default_factory=dict)

    @property
    def key(self) -> LineKey:
        return (self.shop_id, self.line_id)


# Skeletons come first, so that one row lock orders everything that happens to a line. Sorted, or two
# writers with the same lines in another order would deadlock.
_MAKE = text(
    "INSERT INTO order_line (shop_id, line_id, platform)"
    " SELECT r.shop_id, r.line_id, s.platform FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(shop_id bigint, line_id text) JOIN shop s ON s.id = r.shop_id ORDER BY 1, 2"
    " ON CONFLICT DO NOTHING"
)
_LOCK = text(
    "SELECT l.shop_id, l.line_id, l.platform, l.state, l.posted, l.assigned_session_id, l.session_id,"
    " l.parent_order_id, l.buyer_hash"
    " FROM order_line l JOIN (SELECT DISTINCT shop_id, line_id FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(shop_id bigint, line_id text)) r ON l.shop_id = r.shop_id AND l.line_id = r.line_id"
    " ORDER BY l.shop_id, l.line_id FOR UPDATE OF l"
)
_REFUNDS = text(
    "SELECT f.shop_id, f.line_id, f.refund_id, f.state FROM refund f"
    " JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(shop_id bigint, line_id text)"
    " ON f.shop_id = r.shop_id AND f.line_id = r.line_id"
)


def lock_lines(db: Session, keys: Iterable[LineKey], *, make: bool) -> dict[LineKey, LineRow]:
    """Lock lines in key order and read them with their refunds; `make` adds rows for lines never seen."""
    wanted = [{"shop_id": shop_id, "line_id": line_id} for shop_id, line_id in sorted(set(keys))]
    if not wanted:
        return {}
    rows = {"rows": json.dumps(wanted)}
    if make:
        db.execute(_MAKE, rows)
    found = {
        (row.shop_id, row.line_id): LineRow(
            row.shop_id,
            row.line_id,
            row.platform,
            merging.load(row.state),
            images.load(row.posted),
            row.assigned_session_id,
            row.session_id,
            (row.parent_order_id, row.buyer_hash),
        )
        for row in db.execute(_LOCK, rows)
    }
    refunds: dict[LineKey, dict[str, State]] = {}
    for row in db.execute(_REFUNDS, rows):
        refunds.setdefault((row.shop_id, row.line_id), {})[row.refund_id] = merging.load(row.state)
    return {key: replace(row, refunds=refunds.get(key, {})) for key, row in found.items()}


_COLUMNS: dict[str, str] = {
    "known": "boolean",
    "state": "jsonb",
    "posted": "jsonb",
    "kind": "text",
    "status": "text",
    "parent_order_id": "text",
    "ordered_at": "timestamptz",
    "order_day": "date",
    "paid_at": "timestamptz",
    "currency": "text",
    "qty": "bigint",
    "order_fen": "bigint",
    "paid_fen": "bigint",
    "refund_fen": "bigint",
    "merchant_sku": "text",
    "author_id": "text",
    "room_id": "text",
    "buyer_hash": "text",
    "bucket": "text",
    "rung": "text",
    "provisional": "boolean",
    "session_id": "bigint",
    "host_id": "bigint",
    "agency_id": "bigint",
    "brand_id": "bigint",
    "product_id": "bigint",
    "matures_at": "timestamptz",
}
_WRITE_LINES = text(
    f"UPDATE order_line l SET {', '.join(f'{name} = r.{name}' for name in _COLUMNS)}, updated_at = :now"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(shop_id bigint, line_id text, "
    + ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    + ") WHERE l.shop_id = r.shop_id AND l.line_id = r.line_id"
)


def write_lines(db: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Write locked lines back; each mapping has shop_id, line_id and every column of _COLUMNS."""
    if rows:
        db.execute(_WRITE_LINES, {"rows": _json(rows), "now": now})


_REFUND_COLUMNS = {
    "shop_id": "bigint",
    "refund_id": "text",
    "line_id": "text",
    "state": "jsonb",
    "kind": "text",
    "stage": "text",
    "status": "text",
    "currency": "text",
    "amount_fen": "bigint",
    "qty": "bigint",
    "reason": "text",
    "applied_at": "timestamptz",
    "succeeded_at": "timestamptz",
}
_WRITE_REFUNDS = text(
    f"INSERT INTO refund ({', '.join(_REFUND_COLUMNS)}, updated_at) SELECT r.*, :now"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r("
    + ", ".join(f"{name} {kind}" for name, kind in _REFUND_COLUMNS.items())
    + ") ORDER BY r.shop_id, r.refund_id ON CONFLICT (shop_id, refund_id) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}"
        for name in _REFUND_COLUMNS
        if name not in ("shop_id", "refund_id", "line_id")
    )
    + ", updated_at = excluded.updated_at"
)


def write_refunds(db: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Insert or replace refunds whose lines are locked."""
    if rows:
        db.execute(_WRITE_REFUNDS, {"rows": _json(rows), "now": now})


_KEY_TYPES = (
    ("bucket", "text"),
    ("session_id", "bigint"),
    ("shop_id", "bigint"),
    ("brand_id", "bigint"),
    ("product_id", "bigint"),
    ("host_id", "bigint"),
    ("agency_id", "bigint"),
    ("currency", "text"),
    ("minute", "timestamptz"),
    ("cohort_day", "date"),
    ("cash_day", "date"),
    ("age_days", "smallint"),
    ("matures_at", "timestamptz"),
)
_WRITE_CHANGES = text(
    f"INSERT INTO sale_change ({', '.join((*Key._fields, *MEASURES))})"
    f" SELECT {', '.join(Key._fields)}, {', '.join(f'coalesce({name}, 0)' for name in MEASURES)}"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r("
    + ", ".join(f"{name} {kind}" for name, kind in _KEY_TYPES)
    + ", "
    + ", ".join(f"{name} bigint" for name in MEASURES)
    + ")"
)


def write_changes(db: Session, changes: Postings) -> None:
    """Leave the differences for the fold, already added up over the batch."""
    rows = [key._asdict() | amounts for key, amounts in sorted(changes.items())]
    if rows:
        db.execute(_WRITE_CHANGES, {"rows": _json(rows)})


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Days and moments as PostgreSQL reads them."""
    return msgspec.json.encode(rows).decode()
