"""Drill-down: every figure opens down to the lines that make it."""

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.figures import LineRow
from campaign.insight.tallies import wall_params, walls
from campaign.kit.actor import Actor
from campaign.kit.paging import Page, from_cursor, page_from

_COLUMNS = (
    ("id", "shop_id", "platform", "parent_order_id", "line_id", "kind", "status", "ordered_at", "order_day")
    + (
        "paid_at",
        "currency",
        "qty",
        "order_fen",
        "paid_fen",
        "refund_fen",
        "session_id",
        "host_id",
        "brand_id",
    )
    + ("merchant_sku", "author_id", "bucket", "rung", "provisional", "matures_at")
)


def page_of_lines(
    db: Session,
    actor: Actor,
    *,
    brand_id: int | None = None,
    session_id: int | None = None,
    first: date | None = None,
    last: date | None = None,
    product_id: int | None = None,
    bucket: str | None = "live",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[LineRow]:
    """Lines that count, the newest order first; product_id 0 asks for what the catalogue does not know."""
    where = [*walls(actor, "l"), "l.known", "l.kind IN ('sale', 'service')"]
    given: dict[str, Any] = {"brand_id": brand_id, "session_id": session_id, "bucket": bucket}
    where += [f"l.{name} = :{name}" for name, value in given.items() if value is not None]
    if first is not None and last is not None:
        where.append("l.order_day BETWEEN :first AND :last")
    if product_id is not None:
        where.append("coalesce(l.product_id, 0) = :product_id")
    if cursor is not None:
        at, line = from_cursor(cursor, (int, int))
        where.append("(l.ordered_at, l.id) < (to_timestamp(0) + make_interval(secs => :at / 1e6), :line)")
        given |= {"at": at, "line": line}
    sql = (
        f"SELECT {', '.join(f'l.{name}' for name in _COLUMNS)}, p.name AS product_name FROM order_line l"
        f" LEFT JOIN product p ON p.id = l.product_id WHERE {' AND '.join(where)}"
        " ORDER BY l.ordered_at DESC, l.id DESC LIMIT :limit"
    )
    params = given | wall_params(actor) | {"first": first, "last": last, "product_id": product_id}
    found = db.execute(text(sql), params | {"limit": limit + 1}).mappings()
    return page_from([LineRow(**row) for row in found], limit, _position)


def _position(row: LineRow) -> list[int]:
    assert row.ordered_at is not None  # noqa: S101 - a known line has its moment
    return [round(row.ordered_at.timestamp() * 1_000_000), row.id]
