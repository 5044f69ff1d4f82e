"""Reading lines and refunds under their locks, and writing them back. SQL only; nothing is decided here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from psycopg.errors import UniqueViolation
from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.kit.arrays import Column, bigints, booleans, dates, instants, texts
from campaign.sales import images, merging
from campaign.sales.images import MEASURES, Key, Postings
from campaign.sales.merging import State

LineKey = tuple[int, str]


class LineRow(msgspec.Struct, frozen=True):
    """A locked line: its merged state, what it last posted, and its refunds by their id.

    `is_new`: no row of it stands yet, and its first is written whole.
    """

    shop_id: int
    line_id: str
    platform: str
    state: State
    posted: Postings
    assigned_session_id: int | None
    session_id: int | None
    counted_as: tuple[str | None, str | None] = (None, None)
    """The order and the buyer that it was last counted as."""
    refunds: Mapping[str, State] = {}
    is_new: bool = False

    @property
    def key(self) -> LineKey:
        return (self.shop_id, self.line_id)


class RefundMoved(Exception):
    """A refund was put to another line since it was looked for. The transaction is lost: merged again, it is found."""


class MadeMeanwhile(Exception):
    """A line that was not there when it was looked for is there now. Lock it, and go on from what it says."""


_MISSING = text(
    "SELECT r.shop_id, r.line_id, s.platform FROM unnest(CAST(:shops AS bigint[]), CAST(:lines AS text[]))"
    " AS r(shop_id, line_id) JOIN shop s ON s.id = r.shop_id WHERE NOT EXISTS"
    " (SELECT FROM order_line l WHERE l.shop_id = r.shop_id AND l.line_id = r.line_id) ORDER BY 1, 2"
)


def missing_lines(db: Session, keys: Iterable[LineKey]) -> list[LineRow]:
    """The lines without a row, by key and without a lock: another writer may make them first."""
    wanted = sorted(keys)
    columns = {"shops": bigints([key[0] for key in wanted]), "lines": texts([key[1] for key in wanted])}
    return [
        LineRow(row.shop_id, row.line_id, row.platform, State(), {}, None, None, is_new=True)
        for row in db.execute(_MISSING, columns)
    ]


# Skeletons come first, so that one row lock orders everything that happens to a line. Sorted, or two
# writers with the same lines in another order would deadlock.
_MAKE = text(
    "INSERT INTO order_line (shop_id, line_id, platform)"
    " SELECT r.shop_id, r.line_id, s.platform FROM unnest(CAST(:shops AS bigint[]), CAST(:lines AS text[]))"
    " AS r(shop_id, line_id) JOIN shop s ON s.id = r.shop_id ORDER BY 1, 2"
    " ON CONFLICT DO NOTHING"
)
# Locked one by one inside, and not by a join that is sorted and then locked: there PostgreSQL (18.6) looks again for a
# row that changed while it waited for it, does so in another row's partition, and leaves it out.
_FIND = (
    "SELECT l.* FROM (SELECT * FROM unnest(CAST(:shops AS bigint[]), CAST(:lines AS text[])) AS g(shop_id, line_id)"
    " ORDER BY 1, 2) r, LATERAL (SELECT l.shop_id, l.line_id, l.platform, l.state, l.posted, l.assigned_session_id,"
    " l.session_id, l.parent_order_id, l.buyer_hash FROM order_line l"
    " WHERE l.shop_id = r.shop_id AND l.line_id = r.line_id{lock}) l"
)
_READ_ONLY, _LOCK = text(_FIND.format(lock="")), text(_FIND.format(lock=" FOR UPDATE"))
_REFUNDS = text(
    "SELECT f.shop_id, f.line_id, f.refund_id, f.state FROM refund f"
    " JOIN unnest(CAST(:shops AS bigint[]), CAST(:lines AS text[])) AS r(shop_id, line_id)"
    " ON f.shop_id = r.shop_id AND f.line_id = r.line_id"
)


def lock_lines(db: Session, keys: Iterable[LineKey], *, make: bool) -> dict[LineKey, LineRow]:
    """Lock lines in key order and read them with their refunds; `make` adds rows for lines never seen.

    Raises LookupError where one is not there: what is said of it must not be taken for merged.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = {"shops": bigints([key[0] for key in wanted]), "lines": texts([key[1] for key in wanted])}
    if make:
        db.execute(_MAKE, rows)
    found = _found(db, _LOCK, rows)
    if len(found) < len(wanted):
        raise LookupError(f"no such lines: {[key for key in wanted if key not in found][:3]}")
    return found


def look_at_lines(db: Session, keys: Iterable[LineKey]) -> dict[LineKey, LineRow]:
    """The same without a lock: a line and its refunds may be of two moments."""
    wanted = sorted(set(keys))
    rows = {"shops": bigints([key[0] for key in wanted]), "lines": texts([key[1] for key in wanted])}
    return _found(db, _READ_ONLY, rows)


def _found(db: Session, sql: TextClause, rows: Mapping[str, Column]) -> dict[LineKey, LineRow]:
    found = db.execute(sql, rows).all()
    refunds: dict[LineKey, dict[str, State]] = {}
    for row in db.execute(_REFUNDS, rows):
        refunds.setdefault((row.shop_id, row.line_id), {})[row.refund_id] = merging.load(row.state)
    return {
        (row.shop_id, row.line_id): LineRow(
            row.shop_id,
            row.line_id,
            row.platform,
            merging.load(row.state),
            images.load(row.posted),
            row.assigned_session_id,
            row.session_id,
            (row.parent_order_id, row.buyer_hash),
            refunds.get((row.shop_id, row.line_id), {}),
        )
        for row in found
    }


class LineColumns(NamedTuple):
    """A line as its row is to be. `state` and `posted` are JSON."""

    shop_id: int
    line_id: str
    platform: str
    known: bool
    state: str
    posted: str
    kind: str
    status: str
    parent_order_id: str
    ordered_at: datetime | None
    order_day: date | None
    paid_at: datetime | None
    currency: str
    qty: int
    order_fen: int
    paid_fen: int
    refund_fen: int
    merchant_sku: str | None
    author_id: str | None
    room_id: str | None
    buyer_hash: str | None
    bucket: str
    rung: str
    provisional: bool
    session_id: int | None
    host_id: int | None
    agency_id: int | None
    brand_id: int | None
    product_id: int | None
    matures_at: datetime | None


_MADE: Mapping[str, Callable[[Sequence[Any]], Column]] = {
    **dict.fromkeys(LineColumns._fields, texts),
    **dict.fromkeys(("shop_id", "session_id", "host_id", "agency_id", "brand_id", "product_id"), bigints),
    **dict.fromkeys(("qty", "order_fen", "paid_fen", "refund_fen"), bigints),
    **dict.fromkeys(("known", "provisional"), booleans),
    **dict.fromkeys(("ordered_at", "paid_at", "matures_at"), instants),
    "order_day": dates,
}
_KEPT = ("shop_id", "line_id", "platform")
_GIVEN = f"unnest({', '.join(['%b'] * len(LineColumns._fields))}) AS r({', '.join(LineColumns._fields)})"
_READ = {"state": "r.state::jsonb", "posted": "r.posted::jsonb"}
_ADD_LINES = (
    f"INSERT INTO order_line ({', '.join(LineColumns._fields)}, updated_at)"
    f" SELECT {', '.join(_READ.get(name, f'r.{name}') for name in LineColumns._fields)}, %s::timestamptz FROM {_GIVEN}"
)
_WRITE_LINES = (
    "UPDATE order_line l SET "
    + ", ".join(
        f"{name} = {_READ.get(name, f'r.{name}')}" for name in LineColumns._fields if name not in _KEPT
    )
    + f", updated_at = %s::timestamptz FROM {_GIVEN} WHERE l.shop_id = r.shop_id AND l.line_id = r.line_id"
)


def add_lines(db: Session, rows: Sequence[LineColumns], now: datetime) -> None:
    """Insert lines that were missing, whole: a skeleton first would write each of their indexes twice.

    In key order, as skeletons are, or two writers with the same lines would deadlock. Raises MadeMeanwhile, the
    savepoint around it undone.
    """
    try:
        with db.begin_nested():
            _execute(db, _ADD_LINES, sorted(rows), now)
    except IntegrityError as error:
        told = error.orig.diag.table_name if isinstance(error.orig, UniqueViolation) else None
        if told is not None and told.startswith("order_line"):
            raise MadeMeanwhile from error
        raise


def write_lines(db: Session, rows: Sequence[LineColumns], now: datetime) -> None:
    """Write locked lines back."""
    _execute(db, _WRITE_LINES, rows, now)


def _execute(db: Session, statement: str, rows: Sequence[LineColumns], now: datetime) -> None:
    made = [
        _MADE[name](column) for name, column in zip(LineColumns._fields, zip(*rows, strict=True), strict=True)
    ]
    db.connection().exec_driver_sql(statement, (now, *made))


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
    + ", updated_at = excluded.updated_at WHERE refund.line_id = excluded.line_id"
)


def write_refunds(db: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Insert or replace refunds whose lines are locked. Raises RefundMoved."""
    if rows:
        written = db.execute(_WRITE_REFUNDS, {"rows": _json(rows), "now": now})
        if written.rowcount < len(rows):  # type: ignore[attr-defined]
            raise RefundMoved


_ASSIGNED = text(
    "SELECT f.shop_id, f.refund_id, f.line_id FROM unnest(CAST(:shops AS bigint[]), CAST(:refunds AS text[]))"
    " AS r(shop_id, refund_id) JOIN refund f USING (shop_id, refund_id) WHERE f.told_line_id IS NOT NULL"
)


def assigned_refunds(db: Session, refunds: Iterable[LineKey]) -> dict[LineKey, str]:
    """Of refunds (shop, refund id) those that a person put to another line than they name, and to which."""
    wanted = sorted(set(refunds))
    if not wanted:
        return {}
    columns = {"shops": bigints([key[0] for key in wanted]), "refunds": texts([key[1] for key in wanted])}
    return {(row.shop_id, row.refund_id): row.line_id for row in db.execute(_ASSIGNED, columns)}


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
