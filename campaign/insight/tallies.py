"""Sums over the rollups and recounts of what is distinct, within what an actor may see."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.counting import counted
from campaign.insight.figures import Totals
from campaign.kit import clock
from campaign.kit.actor import Actor

NAMES = {
    "placed_gmv_fen": "placed_fen",
    "paid_gmv_fen": "paid_fen",
    "merchant_gmv_fen": "merchant_fen",
    "deposit_fen": "deposit_fen",
    "refund_pre_ship_fen": "refund_pre_ship_fen",
    "refund_post_ship_fen": "refund_post_ship_fen",
    "refund_post_receipt_fen": "refund_post_receipt_fen",
    "returned_fen": "returned_fen",
    "price_protection_fen": "protection_fen",
    "compensation_fen": "compensation_fen",
    "disputed_fen": "disputed_fen",
    "lines": "lines",
    "units": "units",
    "refunded_lines": "refunded_lines",
    "refunded_units": "refunded_units",
    "uncancelled_fen": "uncancelled_fen",
}
"""Our words → the rollups' columns."""

COMPARED = tuple(name for name in NAMES if name != "uncancelled_fen")
"""By which what was kept is held against what is now. The one left out is younger than what is kept, and never another
without one of these.
"""

SUMS = ", ".join(f"coalesce(sum(r.{column}), 0)::bigint AS {name}" for name, column in NAMES.items())


@dataclass(frozen=True)
class Scope:
    """What to add up: a brand, a session or campaigns, over business days (both in), on one basis.

    age: only what had happened within that many days after the order's day. bucket None: all three.
    """

    brand_id: int | None = None
    session_id: int | None = None
    campaign_ids: tuple[int, ...] = ()
    first: date | None = None
    last: date | None = None
    basis: str = "cohort"
    age: int | None = None
    bucket: str | None = "live"


@dataclass(frozen=True)
class Dimension:
    """How rows are told apart: the key in the rollups (r), in the lines (l); all of type text."""

    rollup: str
    line: str


def _by(column: str) -> Dimension:
    return Dimension(f"r.{column}::text", f"coalesce(l.{column}, 0)::text")


_CAMPAIGN = "coalesce((SELECT s.campaign_id FROM live_session s WHERE s.id = {0}.session_id), 0)::text"
_PLATFORM = "coalesce((SELECT s.platform FROM shop s WHERE s.id = r.shop_id), '')"
DIMENSIONS = {
    "none": Dimension("''", "''"),
    "day": Dimension("r.day::text", "l.{day}::text"),
    "session": _by("session_id"),
    "brand": _by("brand_id"),
    "host": _by("host_id"),
    "product": _by("product_id"),
    "shop": _by("shop_id"),
    "platform": Dimension(_PLATFORM, _PLATFORM.replace("r.", "l.")),
    "campaign": Dimension(_CAMPAIGN.format("r"), _CAMPAIGN.format("l")),
}


_WHOLE, _DAILY = DIMENSIONS["none"], DIMENSIONS["day"]
_SEEN = ("order", "buyer", "nobody")


def walls(actor: Actor, alias: str) -> list[str]:
    """The actor's scope as conditions on a rollup or line; row-level security stands behind them."""
    if actor.is_hub:
        return ["true"]
    for name in ("brand", "agency", "host"):
        if actor.role == name:
            return [f"{alias}.{name}_id = :actor_{name}_id"]
    return ["false"]


def wall_params(actor: Actor) -> dict[str, int | None]:
    """The parameters that walls() speaks of."""
    return {f"actor_{name}_id": getattr(actor, f"{name}_id") for name in ("brand", "agency", "host")}


def heads(of: Mapping[int, int]) -> Dimension:
    """Told apart by what a session's campaign stands below: campaign id → the id to count it under."""
    cases = " ".join(f"WHEN {int(one)} THEN {int(head)}" for one, head in of.items())
    case = f"(SELECT CASE s.campaign_id {cases} END FROM live_session s WHERE s.id = {{0}}.session_id)"
    key = f"coalesce({case}, 0)::text"
    return Dimension(key.format("r"), key.format("l"))


def totals_by(
    db: Session, actor: Actor, scope: Scope, dimension: str | Dimension = "none"
) -> dict[str, list[Totals]]:
    """Totals per key of the dimension and currency, keys as text ("0" or "" for none)."""
    by = DIMENSIONS[dimension] if isinstance(dimension, str) else dimension
    params = scope_params(actor, scope) | {"now": clock.now(db)}
    sums, distinct, *maturing = _statements(actor, scope, by)
    # A campaign's sessions may be others tomorrow without a sale.
    alone = not scope.campaign_ids and "live_session" not in by.line
    found = [
        [dict(row) for row in db.execute(text(sums), params).mappings()],
        counted(db, distinct, params, brand_id=scope.brand_id if alone else None),
        *([dict(row) for row in db.execute(text(sql), params).mappings()] for sql in maturing),
    ]
    return _grouped(scope, found)


def sums_by(db: Session, actor: Actor, scope: Scope, dimension: str) -> dict[str, list[Totals]]:
    """The same of what is additive alone: no order line is read. Orders and buyers are None."""
    sql = _sum_sql(actor, scope, DIMENSIONS[dimension])
    rows = [dict(row) for row in db.execute(text(sql), scope_params(actor, scope)).mappings()]
    for row in rows:
        row.update(orders=None, buyers=None)
    return _grouped(scope, [rows, [], []])


def maturing_by(db: Session, actor: Actor, scope: Scope) -> dict[str, int]:
    """What of the net may still come back, by currency, in minor units; a currency that is final is left out."""
    sql = _maturing_sql(actor, scope, _WHOLE)
    rows = db.execute(text(sql), scope_params(actor, scope) | {"now": clock.now(db)})
    return {row.currency: row.maturing_fen for row in rows}


def totals_together(
    db: Session, actor: Actor, wanted: Sequence[tuple[Scope, str]]
) -> list[dict[str, list[Totals]]]:
    """totals_by for several scopes as of one moment: one statement, whatever is folded meanwhile."""
    parts: list[str] = []
    params: dict[str, Any] = {}
    for place, (scope, dimension) in enumerate(wanted):
        for step, sql in enumerate(_statements(actor, scope, DIMENSIONS[dimension])):
            own = _PARAMETER.sub(rf":\g<1>_{place}", sql)
            parts.append(f"SELECT {place} AS place, {step} AS step, to_jsonb(q) AS told FROM ({own}) q")
        given = scope_params(actor, scope) | {"now": clock.now(db)}
        params |= {f"{name}_{place}": value for name, value in given.items()}
    found: list[list[list[dict[str, Any]]]] = [[[], [], []] for _ in wanted]
    for row in db.execute(text(" UNION ALL ".join(parts)), params):
        found[row.place][row.step].append(row.told)
    return [_grouped(scope, told) for (scope, _), told in zip(wanted, found, strict=True)]


_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


def _statements(actor: Actor, scope: Scope, by: Dimension) -> list[str]:
    """Sums, then what is distinct, then (by cohort) what still matures."""
    asked = [_sum_sql(actor, scope, by), _distinct_sql(actor, scope, by)]
    return [*asked, _maturing_sql(actor, scope, by)] if scope.basis == "cohort" else asked


def _grouped(scope: Scope, found: Sequence[Sequence[dict[str, Any]]]) -> dict[str, list[Totals]]:
    """What _statements gave, put together per key and currency."""
    sums = {(row["key"], row["currency"]): row for row in found[0]}
    for row in found[1]:
        sums.get((row["key"], row["currency"]), {}).update(orders=row["orders"], buyers=row["buyers"])
    for row in found[2] if scope.basis == "cohort" else ():
        one = sums.get((row["key"], row["currency"]), {})
        one.update(maturing_fen=row["maturing_fen"], maturing=True)
    grouped: dict[str, list[Totals]] = {}
    for (key, _), summed in sorted(sums.items()):
        if any(summed[name] for name in NAMES):  # what moved elsewhere leaves rows of noughts
            grouped.setdefault(key, []).append(_totals(summed, scope))
    return grouped


def _totals(row: Mapping[str, Any], scope: Scope) -> Totals:
    named = {name: value for name, value in row.items() if name != "key"}
    by_cohort = scope.basis == "cohort"
    if not by_cohort or scope.age is not None:
        # What matures is known as of now, and of all that came back.
        named["maturing_fen"] = None
    return Totals(**named, rated=by_cohort)


def _sum_sql(actor: Actor, scope: Scope, by: Dimension) -> str:
    where = [*walls(actor, "r"), *owned(scope, "r"), "r.basis = :basis"]
    if scope.bucket is not None:
        where.append("r.bucket = :bucket")
    if scope.first is not None:
        where.append("r.day BETWEEN :first AND :last")
    if scope.age is not None:
        where.append("r.age_days <= :age")
    return (
        f"SELECT {by.rollup} AS key, r.currency, {SUMS} FROM sales_day r"
        f" WHERE {' AND '.join(where)} GROUP BY 1, 2"
    )


def _distinct_sql(actor: Actor, scope: Scope, by: Dimension) -> str:
    """Orders and buyers of paid sale lines: they are never added."""
    of_a_brand = actor.is_hub or actor.role == "brand"
    of_its_days = scope == Scope(brand_id=scope.brand_id, first=scope.first, last=scope.last)
    if of_a_brand and of_its_days and scope.brand_id and scope.first and by in (_WHOLE, _DAILY):
        return _kept_sql(actor, scope, by)
    return _recounted_sql(actor, scope, by)


def _kept_sql(actor: Actor, scope: Scope, by: Dimension) -> str:
    """A brand's from what is kept of them by day (campaign.sales.distinct): each counts on the first of its days."""
    where = [*walls(actor, "r"), *owned(scope, "r"), "r.day BETWEEN :first AND :last"]
    if by == _WHOLE:
        where.append("r.before < :first")
    named = {what: f"coalesce(sum(r.seen) FILTER (WHERE r.what = '{what}'), 0)::bigint" for what in _SEEN}
    return (
        f"SELECT {by.rollup} AS key, r.currency, {named['order']} AS orders,"
        f" CASE WHEN {named['nobody']} = 0 THEN {named['buyer']} END AS buyers"
        f" FROM sales_distinct r WHERE {' AND '.join(where)} GROUP BY 1, 2 HAVING {named['order']} > 0"
    )


def _recounted_sql(actor: Actor, scope: Scope, by: Dimension) -> str:
    """The same from the lines themselves.

    Each is read in the order of an index that holds all that is asked (order_line_orders, order_line_buyers), where the
    bucket is written out: an index of live lines serves no statement that learns the bucket later.
    """
    paid_day = "(l.paid_at AT TIME ZONE (SELECT timezone FROM hub))::date"
    day = "l.order_day" if scope.basis == "cohort" else paid_day
    where = [*walls(actor, "l"), *owned(scope, "l"), "l.kind = 'sale'", "l.paid_at IS NOT NULL"]
    if scope.bucket is not None:
        where.append("l.bucket = 'live'" if scope.bucket == "live" else "l.bucket = :bucket")
    if scope.first is not None:
        # The order's day is indexed; a payment follows within days, so both bounds help.
        where += [f"{day} BETWEEN :first AND :last", "l.order_day <= :last"]
    if scope.age is not None:
        where.append(f"{paid_day} - l.order_day <= :age")
    key = by.line.replace("l.{day}", f"({day})")
    # One key for all is told outside: in the lists it would part them from the order of the index. Others are told
    # apart as numbers and days, and written as text once they are: as text it takes a fifth to twice as long.
    bare = f"{key.removesuffix('::text')} AS key, "
    of, inner = (f"{key} AS key", "") if key == "''" else ("key::text AS key", bare)
    lines = f"FROM order_line l WHERE {' AND '.join(where)}"
    orders = f"SELECT DISTINCT {inner}l.currency, l.shop_id, l.parent_order_id {lines}"
    buyers = f"SELECT DISTINCT {inner}l.currency, l.buyer_hash {lines}"
    groups = "key, currency" if inner else "currency"
    return (
        f"SELECT {of}, currency, orders, buyers FROM (SELECT {groups}, count(*) AS orders FROM ({orders}) told"
        f" GROUP BY {groups}) o JOIN (SELECT {groups}, CASE WHEN count(*) = count(buyer_hash) THEN count(*) END"
        f" AS buyers FROM ({buyers}) told GROUP BY {groups}) b USING ({groups})"
    )


def _maturing_sql(actor: Actor, scope: Scope, by: Dimension) -> str:
    where = [*walls(actor, "r"), *owned(scope, "r"), "r.matures_at > :now", "r.counted_lines <> 0"]
    if scope.bucket is not None:
        where.append("r.bucket = :bucket")
    if scope.first is not None:
        where.append("r.cohort_day BETWEEN :first AND :last")
    key = by.rollup.replace("r.day", "r.cohort_day")
    return (
        f"SELECT {key} AS key, r.currency, sum(r.maturing_fen)::bigint AS maturing_fen"
        f" FROM sales_maturity r WHERE {' AND '.join(where)} GROUP BY 1, 2"
    )


def owned(scope: Scope, alias: str) -> list[str]:
    """What a scope asks of the owners of a rollup or line, as conditions."""
    where = []
    if scope.brand_id is not None:
        where.append(f"{alias}.brand_id = :brand_id")
    if scope.session_id is not None:
        where.append(f"{alias}.session_id = :session_id")
    if scope.campaign_ids:
        where.append(
            f"{alias}.session_id IN (SELECT id FROM live_session WHERE campaign_id = ANY (:campaign_ids))"
        )
    return where


def scope_params(actor: Actor, scope: Scope) -> dict[str, Any]:
    """The parameters that walls() and owned() speak of, with days, basis, age and bucket."""
    return wall_params(actor) | {
        "brand_id": scope.brand_id,
        "session_id": scope.session_id,
        "campaign_ids": list(scope.campaign_ids),
        "first": scope.first,
        "last": scope.last,
        "basis": scope.basis,
        "age": scope.age,
        "bucket": scope.bucket,
    }


_STEPS = (
    "date_bin(make_interval(mins => :step), r.minute, '2000-01-01T00:00:00Z') AS at, r.currency,"
    " sum(r.paid_fen)::bigint AS paid_gmv_fen, sum(r.refund_pre_ship_fen + r.refund_post_ship_fen"
    " + r.refund_post_receipt_fen)::bigint AS refund_fen, sum(r.lines)::bigint AS lines,"
    " sum(r.units)::bigint AS units FROM session_minute r WHERE "
)


def minutes_of(
    db: Session,
    actor: Actor,
    *,
    brand_id: int | None = None,
    session_id: int | None = None,
    span: tuple[datetime, datetime] | None = None,
    step_minutes: int = 1,
) -> list[Mapping[str, Any]]:
    """The curve of orders by step: rows of at, currency, paid_gmv_fen, refund_fen, lines, units."""
    where = [*walls(actor, "r"), *owned(Scope(brand_id=brand_id, session_id=session_id), "r")]
    if span is not None:
        where.append("r.minute >= :from_at AND r.minute < :to_at")
    sql = f"SELECT {_STEPS}{' AND '.join(where)} GROUP BY 1, 2 ORDER BY 1, 2"
    params: dict[str, Any] = {"brand_id": brand_id, "session_id": session_id, "step": step_minutes}
    params |= wall_params(actor) | ({"from_at": span[0], "to_at": span[1]} if span else {})

    return [dict(row) for row in db.execute(text(sql), params).mappings()]


def minutes_by_session(
    db: Session, actor: Actor, session_ids: Sequence[int], step_minutes: int
) -> dict[int, list[dict[str, Any]]]:
    """The curves of several sessions in one statement: the same rows by session."""
    where = [*walls(actor, "r"), "r.session_id = ANY (:session_ids)"]
    sql = f"SELECT r.session_id, {_STEPS}{' AND '.join(where)} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    params = wall_params(actor) | {"session_ids": list(session_ids), "step": step_minutes}
    found: dict[int, list[dict[str, Any]]] = {}
    for row in db.execute(text(sql), params).mappings():
        found.setdefault(row["session_id"], []).append(
            {name: row[name] for name in row if name != "session_id"}
        )
    return found
