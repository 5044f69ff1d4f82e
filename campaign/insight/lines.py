"""Drill-down: every figure of a summary opens the lines that make it, and their sum is the figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.figures import Foot, LineRow
from campaign.insight.summary import PREFIXES
from campaign.insight.tallies import DIMENSIONS, Scope, owned, scope_params, walls
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.sales.images import OLDEST_AGE

Only = Literal[
    "all",
    "paid",
    "refunded",
    "placed_gmv",
    "merchant_gmv",
    "deposit",
    "refund_pre_ship",
    "refund_post_ship",
    "refund_post_receipt",
    "cancelled",
    "returned",
    "money_only",
    "price_protection",
    "compensation",
    "disputed",
    "maturing",
    "kept",
]
"""Which lines: all of the scope, those with money paid or refunded, or those that add to one figure of the totals."""


@dataclass(frozen=True)
class Drill:
    """Which figure: its scope, the key of its group (as the rollups have it: "0" for none), its currency.

    only: paid leaves out what was never paid, refunded keeps what lost something; any other is a figure of the totals
    by its name there, and keeps what adds to it.
    """

    scope: Scope
    by: str = "none"
    key: str = ""
    currency: str | None = None
    only: Only = "all"


def drill(scope: Scope, by: str = "none", key: str = "", **rest: Any) -> Drill:
    """A drill by the key of a group as summaries write it: a day, a platform, a public id, "" for none.

    Raises Invalid where there is no such key, and for what is final where that is not told.
    """
    if rest.get("only") in _OF_NOW and (scope.basis == "cash" or scope.age is not None):
        raise Invalid([FieldError("only", "final_not_told")])
    if by == "day":
        try:
            day = date.fromisoformat(key)
        except ValueError:
            raise Invalid([FieldError("key", "wrong_type")]) from None
        if not (scope.first and scope.last and scope.first <= day <= scope.last):
            raise Invalid([FieldError("key", "unknown_id")])
        return Drill(replace(scope, first=day, last=day), **rest)
    if by not in PREFIXES:
        return Drill(scope, by, key, **rest)
    try:
        return Drill(scope, by, str(ids.internal(PREFIXES[by], key)) if key else "0", **rest)
    except ValueError:
        raise Invalid([FieldError("key", "unknown_id")]) from None


# What a line adds to the whole of its cohort stands in columns of its own.
_PLAIN = (
    "l.order_fen AS placed, CASE WHEN l.paid_at IS NOT NULL THEN l.paid_fen ELSE 0 END AS paid,"
    " l.refund_fen AS refund, (l.kind = 'sale' AND l.paid_at IS NOT NULL)::int AS sold,"
    " CASE WHEN l.kind = 'sale' AND l.paid_at IS NOT NULL THEN l.qty ELSE 0 END AS pieces"
)
_POSTED = "p.placed, p.paid, p.refund, p.sold, p.pieces"
# To some days or some age it adds only the postings that fall there: [[…, cash day, age, …], {amounts}].
_POSTINGS = (
    " CROSS JOIN LATERAL (SELECT count(*) AS parts, {sums} FROM jsonb_array_elements(l.posted) e"
    " WHERE NOT e->1 ? 'counted_lines' AND {when}) p"
)
_AMOUNTS = {
    "placed": ("placed_fen",),
    "paid": ("paid_fen",),
    "refund": ("refund_pre_ship_fen", "refund_post_ship_fen", "refund_post_receipt_fen"),
    "sold": ("lines",),
    "pieces": ("units",),
}
# What is shown beside them where it is asked for: a name of the totals → the postings that add to it.
_FIGURES: Mapping[str, tuple[str, ...]] = {
    "placed_gmv": ("placed_fen",),
    "merchant_gmv": ("merchant_fen",),
    "deposit": ("deposit_fen",),
    "refund_pre_ship": ("refund_pre_ship_fen",),
    "refund_post_ship": ("refund_post_ship_fen",),
    "refund_post_receipt": ("refund_post_receipt_fen",),
    "returned": ("returned_fen",),
    "price_protection": ("protection_fen",),
    "compensation": ("compensation_fen",),
    "disputed": ("disputed_fen",),
}
_OTHERS = {
    "cancelled": "p.pre_ship - p.uncancelled",
    "money_only": "p.refund - p.pre_ship + p.uncancelled - p.returned",
    # By what is known now: the net stands under the moment until which it may come back.
    "maturing": "m.maturing",
    "kept": "p.paid - p.refund - m.maturing",
}
_OF_NOW = frozenset(("maturing", "kept"))
_MATURING = (
    " CROSS JOIN LATERAL (SELECT coalesce(sum((e->1->>'maturing_fen')::bigint), 0)::bigint AS maturing"
    " FROM jsonb_array_elements(l.posted) e WHERE e->1 ? 'counted_lines' AND (e->0->>12)::timestamptz > :now) m"
)


def _summed(amounts: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(
        f"coalesce(sum({' + '.join(f'coalesce((e->1->>{column!r})::bigint, 0)' for column in columns)}), 0)::bigint"
        f" AS {name}"
        for name, columns in amounts.items()
    )


_ONLY = {"all": "true", "paid": "paid <> 0", "refunded": "refund <> 0"}
_PLAIN_AMOUNTS = {"all": "CAST(NULL AS bigint)", "paid": "paid", "refunded": "refund"}
_SHOWN = (
    "SELECT l.id, l.shop_id, h.name AS shop_name, l.platform, l.parent_order_id, l.line_id, l.kind, l.status,"
    " l.ordered_at, l.order_day, l.paid_at, l.currency, l.qty, l.session_id, s.title AS session_title,"
    " l.host_id, o.name AS host_name, o.name_en AS host_name_en, l.product_id, p.name AS product_name,"
    " p.name_en AS product_name_en, l.merchant_sku, l.bucket, l.rung, l.provisional,"
    " l.placed AS placed_fen, l.paid AS paid_fen, l.refund AS refund_fen, l.amount AS amount_fen FROM ({lines}) l"
    " LEFT JOIN shop h ON h.id = l.shop_id LEFT JOIN live_session s ON s.id = l.session_id"
    " LEFT JOIN host o ON o.id = l.host_id LEFT JOIN product p ON p.id = l.product_id"
    " ORDER BY l.order_day DESC, l.ordered_at DESC, l.id DESC"
)
# The day first: an index has it, so that a page of a long range does not sort the range.
_ORDER = " ORDER BY l.order_day DESC, l.ordered_at DESC, l.id DESC"
STREAMED_ROWS = 1000
LATEST_DAYS = 31
"""How long before its order a payment may be dated by a clock that is wrong and still be found."""


def page_of_lines(
    db: Session,
    actor: Actor,
    drill: Drill,
    *,
    limit: int = 50,
    cursor: str | None = None,
    since: datetime | None = None,
) -> Page[LineRow]:
    """The lines of a figure, the newest order first; since: those alone that changed then or later."""
    where, params = "", dict[str, Any]()
    if cursor is not None:
        at, line = from_cursor(cursor, (int, int))
        where = " AND (l.ordered_at, l.id) < (to_timestamp(0) + make_interval(secs => :at / 1e6), :line)"
        params = {"at": at, "line": line}
    if since is not None:
        where += " AND l.updated_at >= :since"
        params["since"] = since
    lines = f"{_lines(actor, drill, more=where)}{_ORDER} LIMIT :limit"
    params |= _params(db, actor, drill) | {"limit": limit + 1}
    found = db.execute(text(_SHOWN.format(lines=lines)), params).mappings()
    return page_from([LineRow(**row) for row in found], limit, _position)


def foot_of(db: Session, actor: Actor, drill: Drill) -> tuple[Foot, ...]:
    """What the lines of a figure add up to, by currency: added up from the lines, not read from a rollup."""
    sql = (
        "SELECT currency, count(*) AS rows, sum(placed)::bigint AS placed_gmv_fen, sum(paid)::bigint AS paid_gmv_fen,"
        " sum(refund)::bigint AS refund_fen, sum(amount)::bigint AS amount_fen, sum(sold)::bigint AS lines,"
        " sum(pieces)::bigint AS units,"
        " count(DISTINCT (shop_id, coalesce(parent_order_id, line_id))) FILTER (WHERE sold > 0) AS orders"
        f" FROM ({_lines(actor, drill)}) l GROUP BY 1 ORDER BY 1"
    )
    return tuple(Foot(**row) for row in db.execute(text(sql), _params(db, actor, drill)).mappings())


def lines_of(db: Session, actor: Actor, drill: Drill) -> Iterator[LineRow]:
    """All lines of a figure, fetched STREAMED_ROWS at a time: memory does not grow with their number."""
    statement = text(_SHOWN.format(lines=_lines(actor, drill)))
    found = db.execute(
        statement,
        _params(db, actor, drill),
        execution_options={"stream_results": True, "yield_per": STREAMED_ROWS},
    )
    for row in found.mappings():
        yield LineRow(**row)


def _lines(actor: Actor, drill: Drill, more: str = "") -> str:
    """The lines in scope with what each adds to the figure."""
    scope = drill.scope
    kinds = "('sale', 'service', 'deposit')" if drill.only == "deposit" else "('sale', 'service')"
    where = [*walls(actor, "l"), *owned(scope, "l"), "l.known", f"l.kind IN {kinds}"]
    if scope.bucket is not None:
        where.append("l.bucket = :bucket")
    if drill.currency is not None:
        where.append("l.currency = :currency")
    if drill.by != "none":
        where.append(f"{DIMENSIONS[drill.by].line.format(day='order_day')} = :key")
    cash = scope.basis == "cash"
    if scope.first is not None:
        where.append(_cash_days(actor, scope) if cash else "l.order_day BETWEEN :first AND :last")
    columns, joined = _PLAIN, ""
    if cash or scope.age is not None or drill.only not in _ONLY:
        columns, joined = _posted(drill)
        where.append("p.parts > 0")
    inner = f"SELECT l.*, {columns} FROM order_line l{joined} WHERE {' AND '.join(where)}{more}"
    plain = _PLAIN_AMOUNTS.get(drill.only)
    if plain is None:
        return f"SELECT * FROM ({inner}) l WHERE amount <> 0"
    return f"SELECT l.*, {plain} AS amount FROM ({inner}) l WHERE {_ONLY[drill.only]}"


def _posted(drill: Drill) -> tuple[str, str]:
    """The columns that come of a line's postings, and the joins that they are read by."""
    amounts: dict[str, tuple[str, ...]] = dict(_AMOUNTS)
    columns, joined = _POSTED, ""
    if drill.only in _FIGURES:
        amounts["amount"] = _FIGURES[drill.only]
        columns += ", p.amount"
    elif drill.only in _OTHERS:
        amounts |= {"pre_ship": ("refund_pre_ship_fen",), "returned": ("returned_fen",)}
        amounts |= {"uncancelled": ("uncancelled_fen",)}
        columns += f", {_OTHERS[drill.only]} AS amount"
        joined = _MATURING if drill.only in _OF_NOW else ""
    return columns, _POSTINGS.format(sums=_summed(amounts), when=_when(drill.scope)) + joined


def _cash_days(actor: Actor, scope: Scope) -> str:
    """The order days whose money moved in the range, found in the rollup: years before it need not be read.

    Ages are capped at both ends, so a clock that is wrong and money that moves very late are looked for beyond.
    """
    where = [*walls(actor, "r"), *owned(scope, "r"), "r.basis = 'cohort'"]
    moved = (
        f"r.day BETWEEN :first - r.age_days AND :last - r.age_days"
        f" OR r.age_days = 0 AND r.day BETWEEN :first AND :last + {LATEST_DAYS}"
        f" OR r.age_days = {OLDEST_AGE} AND r.day <= :last - r.age_days"
    )
    return f"l.order_day IN (SELECT r.day FROM sales_day r WHERE {' AND '.join(where)} AND ({moved}))"


def _when(scope: Scope) -> str:
    """Which postings count: by the day the money moved, up to an age, or all."""
    if scope.basis == "cash":
        return "true" if scope.first is None else "(e->0->>10)::date BETWEEN :first AND :last"
    return "true" if scope.age is None else "(e->0->>11)::int <= :age"


def _params(db: Session, actor: Actor, drill: Drill) -> dict[str, Any]:
    asked = {"key": drill.key, "currency": drill.currency, "now": clock.now(db)}
    return scope_params(actor, drill.scope) | asked


def _position(row: LineRow) -> list[int]:
    return [round(row.ordered_at.timestamp() * 1_000_000), row.id]
