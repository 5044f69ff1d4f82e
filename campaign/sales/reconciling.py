"""The proof: raw events merged anew equal the lines, lines recounted equal the rollups, rollups equal Redis.

Every comparison is one statement (one snapshot) and counts what still waits to be folded, so it may run at any
time, beside writers.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.redis import Client
from campaign.sales import distinct, merging, projecting
from campaign.sales.events import read
from campaign.sales.merging import State, Statement, merged
from campaign.sales.merging_in import Said, merge_said
from campaign.sales.parcels import parked
from campaign.sales.submissions import statement_of

MOST_SHOWN = 100


@dataclass(frozen=True)
class Difference:
    """Two sources that should agree and do not. `subject` names the line, session or day."""

    check: str
    subject: str
    figure: str
    expected: int | str | None
    found: int | str | None


# What lines say, counted from their own columns and not from what they posted.
_LINES = (
    "SELECT {keys}, sum(CASE WHEN kind IN ('sale', 'service') AND paid_at IS NOT NULL THEN paid_fen ELSE 0 END)"
    " AS paid_fen, sum(CASE WHEN kind IN ('sale', 'service') THEN refund_fen ELSE 0 END) AS refund_fen,"
    " sum(CASE WHEN kind IN ('sale', 'service') THEN order_fen ELSE 0 END) AS placed_fen,"
    " count(*) FILTER (WHERE kind = 'sale' AND paid_at IS NOT NULL) AS lines,"
    " coalesce(sum(qty) FILTER (WHERE kind = 'sale' AND paid_at IS NOT NULL), 0) AS units"
    " FROM order_line WHERE known AND {where} GROUP BY {numbers}"
)
_ROLLED = (
    "SELECT {keys}, sum(paid_fen) AS paid_fen, sum(refund_fen) AS refund_fen, sum(placed_fen) AS placed_fen,"
    " sum(lines) AS lines, sum(units) AS units FROM ("
    " SELECT {rolled_keys}, paid_fen, refund_pre_ship_fen + refund_post_ship_fen + refund_post_receipt_fen"
    " AS refund_fen, placed_fen, lines, units FROM {table} WHERE {rolled_where}"
    " UNION ALL SELECT {waiting_keys}, paid_fen,"
    " refund_pre_ship_fen + refund_post_ship_fen + refund_post_receipt_fen, placed_fen, lines, units"
    " FROM sale_change WHERE {waiting_where}) all_of_it GROUP BY {numbers}"
)
_FIGURES = ("paid_fen", "refund_fen", "placed_fen", "lines", "units")


@dataclass(frozen=True)
class _Check:
    """One rollup against the lines: the key in the lines' words and in the rollup's."""

    name: str
    table: str
    keys: tuple[tuple[str, str, str], ...]
    where: str = "true"
    rolled_where: str = "true"
    waiting_where: str = "true"

    def sql(self) -> str:
        names = [name for name, _, _ in self.keys]
        numbers = ", ".join(str(n) for n in range(1, len(names) + 1))
        lines = _LINES.format(
            keys=", ".join(f"{source} AS {name}" for name, source, _ in self.keys),
            where=self.where,
            numbers=numbers,
        )
        rolled = _ROLLED.format(
            keys=", ".join(names),
            rolled_keys=", ".join(names),
            waiting_keys=", ".join(f"{waiting} AS {name}" for name, _, waiting in self.keys),
            table=self.table,
            rolled_where=self.rolled_where,
            waiting_where=self.waiting_where,
            numbers=numbers,
        )
        figures = ", ".join(
            f"coalesce(l.{name}, 0)::bigint AS expected_{name}, coalesce(r.{name}, 0)::bigint AS found_{name}"
            for name in _FIGURES
        )
        unequal = " OR ".join(f"coalesce(l.{name}, 0) <> coalesce(r.{name}, 0)" for name in _FIGURES)
        subject = ", ".join(names)
        return (
            f"SELECT concat_ws(' ', {subject}) AS subject, {figures}"
            f" FROM ({lines}) l FULL JOIN ({rolled}) r USING ({subject}) WHERE {unequal} LIMIT {MOST_SHOWN}"
        )


def _ids(*names: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, f"coalesce({name}, 0)", name) for name in names)


_CURRENCY = ("currency", "currency", "currency")
_CHECKS = (
    _Check(
        "session_total",
        "session_total",
        (*_ids("session_id", "brand_id", "host_id", "agency_id"), _CURRENCY),
        "session_id IS NOT NULL",
        waiting_where="session_id <> 0",
    ),
    _Check(
        "session_minute",
        "session_minute",
        (*_ids("session_id"), ("minute", "date_trunc('minute', ordered_at)", "minute"), _CURRENCY),
        "session_id IS NOT NULL",
        waiting_where="session_id <> 0",
    ),
    _Check(
        "sales_day",
        "sales_day",
        (
            ("day", "order_day", "cohort_day"),
            ("bucket", "bucket", "bucket"),
            *_ids("session_id", "shop_id", "brand_id", "product_id", "host_id"),
            _CURRENCY,
        ),
        rolled_where="basis = 'cohort'",
    ),
    # By its own dates cash lies on other days, but over all of them it is the same money.
    _Check(
        "sales_day_cash",
        "sales_day",
        (*_ids("shop_id", "session_id", "brand_id"), _CURRENCY),
        rolled_where="basis = 'cash'",
    ),
)


def _take_your_time(db: Session) -> None:
    """A recount of ten million lines takes longer than any statement of a request may."""
    db.execute(text("SET LOCAL statement_timeout = 0"))


def check_rollups(db: Session, actor: Actor) -> list[Difference]:
    """Lines recounted from their own columns against every rollup and what waits to be folded."""
    _take_your_time(db)
    found = [
        Difference(check.name, row["subject"], name, row[f"expected_{name}"], row[f"found_{name}"])
        for check in _CHECKS
        for row in db.execute(text(check.sql())).mappings()
        for name in _FIGURES
        if row[f"expected_{name}"] != row[f"found_{name}"]
    ]
    for brand_id in db.execute(_BRANDS).scalars().all():
        found += [Difference(*told) for told in distinct.differences(db, brand_id, most=MOST_SHOWN)]
    return found


_BRANDS = text("SELECT id FROM brand ORDER BY 1")


def check_inbox(db: Session, actor: Actor) -> list[Difference]:
    """Parcels of events that were taken in and could not be merged again and again: nothing merges them now."""
    return [Difference("inbox", f"parcel {one}", "events", events, 0) for one, events in parked(db)]


# Lines are read so many at a time, by key: a statement for each part, and every way into it by an index. One statement
# for all of them left the planner free to join by shop alone, which it did where statistics were old.
MOST_LINES, _MOST_EVENTS = 2000, 5000
_UPPER = text(
    "SELECT min(line_id) FROM ((SELECT line_id FROM order_line WHERE shop_id = :shop_id AND line_id > :after"
    f" ORDER BY line_id OFFSET {MOST_LINES - 1} LIMIT 1) UNION ALL (SELECT line_id FROM sale_event"
    f" WHERE shop_id = :shop_id AND line_id > :after ORDER BY line_id OFFSET {_MOST_EVENTS - 1} LIMIT 1)) AS bound"
)


def _part_sql(within: str) -> str:
    """What was told and what is stored of a shop's lines in a range; a refund put to a line by hand is that one's."""
    return (
        "WITH stored AS MATERIALIZED (SELECT line_id, refund_id, told_line_id, state FROM refund"
        f" WHERE shop_id = :shop_id AND {within}),"
        " put AS MATERIALIZED (SELECT refund_id, told_line_id FROM refund WHERE shop_id = :shop_id"
        f" AND told_line_id IS NOT NULL AND {within.replace('line_id', 'told_line_id')})"
        " SELECT line_id, source, refund_id, said FROM ("
        "SELECT line_id, source, NULL AS refund_id, payload AS said FROM sale_event e"
        f" WHERE shop_id = :shop_id AND {within} AND verdict = 'accepted'"
        " AND (line_id, coalesce(payload->>'refund_id', '')) NOT IN (SELECT told_line_id, refund_id FROM put)"
        " UNION ALL SELECT s.line_id, e.source, NULL, e.payload FROM stored s JOIN sale_event e"
        " ON e.line_id = s.told_line_id AND e.payload->>'refund_id' = s.refund_id WHERE e.shop_id = :shop_id"
        " AND e.line_id = ANY(ARRAY(SELECT told_line_id FROM stored WHERE told_line_id IS NOT NULL))"
        " AND e.verdict = 'accepted'"
        " UNION ALL SELECT line_id, NULL, refund_id, state FROM stored"
        f" UNION ALL SELECT line_id, NULL, NULL, state FROM order_line WHERE shop_id = :shop_id AND {within}"
        ") AS part ORDER BY line_id"
    )


_PART = text(_part_sql("line_id > :after AND line_id <= :upper"))
_LAST_PART = text(_part_sql("line_id > :after"))
_SHOPS = text("SELECT id FROM shop ORDER BY 1")


def check_lines(db: Session, actor: Actor) -> Iterator[Difference | int]:
    """Every line's raw events merged anew against what is stored; yields the count of lines done as it goes.

    A line or refund that is stored and that no event tells of is a difference, as is one that is told and not stored.
    """
    _take_your_time(db)
    done = 0
    for shop_id in db.execute(_SHOPS).scalars().all():
        after: str | None = ""
        while after is not None:
            values = {"shop_id": shop_id, "after": after}
            after = db.execute(_UPPER, values).scalar_one()
            part = db.execute(_LAST_PART if after is None else _PART, values | {"upper": after})
            for line_id, rows in groupby(part, key=lambda row: row.line_id):
                told, found = _told_and_stored(rows)
                expected = _replayed(told)
                if expected != found:
                    yield Difference("line", f"{shop_id} {line_id}", "state", _short(expected), _short(found))
                done += 1
            yield done


def _told_and_stored(rows: Iterable[Any]) -> tuple[list[tuple[str, Any]], tuple[State, dict[str, State]]]:
    """A line's events as (source, payload), and the states that it and its refunds are stored with."""
    told: list[tuple[str, Any]] = []
    line, refunds = State(), {}
    for row in rows:
        if row.source is not None:
            told.append((row.source, row.said))
        elif row.refund_id is not None:
            refunds[row.refund_id] = merging.load(row.said)
        else:
            line = merging.load(row.said)
    return told, (line, refunds)


_RAW_OF_LINE = text(
    "WITH put AS MATERIALIZED (SELECT refund_id, told_line_id, line_id FROM refund WHERE shop_id = :shop_id"
    " AND told_line_id IS NOT NULL AND :line_id IN (line_id, told_line_id))"
    " SELECT e.source, e.payload FROM sale_event e WHERE e.shop_id = :shop_id AND e.verdict = 'accepted'"
    " AND (e.line_id = :line_id OR e.line_id IN (SELECT told_line_id FROM put WHERE line_id = :line_id))"
    " AND coalesce((SELECT p.line_id FROM put p WHERE p.told_line_id = e.line_id"
    " AND p.refund_id = e.payload->>'refund_id'), e.line_id) = :line_id"
)


def merge_again(db: Session, actor: Actor, shop_id: int, line_id: str) -> None:
    """Merge all that the raw log says of a line into it once more: what it holds already changes nothing."""
    rows = db.execute(_RAW_OF_LINE, {"shop_id": shop_id, "line_id": line_id})
    of_line, of_refunds = _told([(row.source, row.payload) for row in rows])
    key = (shop_id, line_id)
    said = Said({key: of_line} if of_line else {}, {key: of_refunds} if of_refunds else {})
    merge_said(db, said, clock.now(db))


def _replayed(told: list[tuple[str, Any]]) -> tuple[State, dict[str, State]]:
    """A line and its refunds from (source, payload) alone."""
    of_line, of_refunds = _told(told)
    refunds = {refund_id: merged(State(), said) for refund_id, said in of_refunds.items()}
    return merged(State(), of_line), refunds


def _told(told: list[tuple[str, Any]]) -> tuple[list[Statement], dict[str, list[Statement]]]:
    """What is said of a line and of its refunds: a push says its statement, whatever else holds it."""
    of_line: list[Statement] = []
    of_refunds: dict[str, list[Statement]] = {}
    for source, payload in told:
        refund_id = payload.get("refund_id")
        if source != "push":
            kept = payload.get("statement")
            statement = merging.load_statement(kept) if kept else None
        else:
            statement = statement_of(read(payload))
            refund_id = refund_id if payload["type"] == "refund" else None
        if statement is not None:
            (of_line if refund_id is None else of_refunds.setdefault(refund_id, [])).append(statement)
    return of_line, of_refunds


def _short(state: tuple[State, dict[str, State]]) -> str:
    line, refunds = state
    told = {"line": line.fields(), "refunds": {key: refund.fields() for key, refund in refunds.items()}}
    return json.dumps(told, sort_keys=True, ensure_ascii=False)[:500]


@dataclass(frozen=True)
class RedisCheck:
    """What the comparison with Redis found. suspects: sessions to look at again after the next fold."""

    differences: list[Difference]
    repaired: int
    suspects: list[int]


_SESSIONS = text(
    "SELECT session_id FROM session_sales WHERE version > 0"
    " AND (CAST(:some AS bigint[]) IS NULL OR session_id = ANY(:some)) ORDER BY 1"
)


def check_redis(
    db: Session, actor: Actor, client: Client, *, again: Sequence[int] | None = None
) -> RedisCheck:
    """Compare the projection with SQL and repair it.

    Missing or older figures are lag, brought up without a word. Others may be wrong, or written by a fold since
    SQL was read: they come back as suspects. Given those `again`, what still differs is a difference.
    """
    session_ids = list(db.execute(_SESSIONS, {"some": None if again is None else list(again)}).scalars())
    differences: list[Difference] = []
    suspects: list[int] = []
    repaired = 0
    for start in range(0, len(session_ids), projecting.MOST_SESSIONS):
        some = session_ids[start : start + projecting.MOST_SESSIONS]
        stands = projecting.find(client, some)
        for one in projecting.projections_of(db, actor, some):
            there = stands.get(one.session_id)
            if there is not None and there["version"] == one.version and there["totals"] == one.totals:
                continue
            if there is not None and there["version"] >= one.version:
                if again is None:
                    suspects.append(one.session_id)
                    continue
                differences += _unequal(one, there)
            projecting.replace(client, one)
            repaired += 1
    return RedisCheck(differences, repaired, suspects)


def _unequal(one: projecting.Projection, there: dict[str, Any]) -> list[Difference]:
    found = there["totals"]
    return [
        Difference(
            "redis", f"session {one.session_id} {currency}", name, amount, found.get(currency, {}).get(name)
        )
        for currency, totals in one.totals.items()
        for name, amount in totals.items()
        if found.get(currency, {}).get(name) != amount
    ] or [Difference("redis", f"session {one.session_id}", "version", one.version, there["version"])]
