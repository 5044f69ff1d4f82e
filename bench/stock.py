"""Stored sales of any size, made by the database itself: raw events, their keys, lines, refunds and every rollup.

Ten brands with two shops and ten products each hold two shows a day over thirty days, whatever the size: a larger
hub of this kind sells more in each show. Line n is given by arithmetic alone, with the layers, digests and postings
that the product itself would have written; a test holds a small stock against `reconcile`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from bench.calendar import take_indexes_off
from campaign.sales.folding import ROLLUPS
from campaign.sales.images import MEASURES, Key

BRANDS, SHOPS, PRODUCTS, SHOWS, DAYS = 10, 20, 10, 2, 30
BLOCK = 160
LATELY = 1
"""Days between the last show and now."""

_PARTIES = f"""
CREATE FUNCTION local_day(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (at AT TIME ZONE 'Asia/Shanghai')::date;
INSERT INTO brand (name) SELECT 'Brand ' || n FROM generate_series(0, {BRANDS - 1}) AS n;
CREATE TEMP TABLE its_brand AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS at FROM brand;
INSERT INTO shop (platform, external_id, name, brand_id)
    SELECT 'douyin', 'shop-' || n, 'Shop ' || n, b.id FROM generate_series(0, {SHOPS - 1}) AS n
    JOIN its_brand b ON b.at = n % {BRANDS};
INSERT INTO product (brand_id, sku, name, price_fen)
    SELECT b.id, 'XJ-' || b.at || '-' || n, 'Coat ' || n, 129900 FROM its_brand b, generate_series(0, {PRODUCTS - 1}) n;
INSERT INTO studio (name) SELECT 'Studio ' || n FROM generate_series(0, {BRANDS - 1}) AS n;
INSERT INTO agency (name) SELECT 'Agency ' || n FROM generate_series(0, {BRANDS - 1}) AS n;
INSERT INTO host (name, kind) SELECT 'Host ' || n, 'signed' FROM generate_series(0, {BRANDS - 1}) AS n;
CREATE TEMP TABLE cast_of AS SELECT b.id AS brand_id, b.at, s.id AS studio_id, a.id AS agency_id, h.id AS host_id
    FROM its_brand b
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS at FROM studio) s USING (at)
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS at FROM agency) a USING (at)
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS at FROM host) h USING (at);
CREATE TEMP TABLE show AS
    SELECT new_id() AS id, c.*, d * {SHOWS} + n AS number, 'room-' || c.at || '-' || d * {SHOWS} + n AS room_id,
        current_setting('bench.first')::timestamptz + interval '1 day' * d + interval '5 hours' * (n + 1) AS starts_at
    FROM cast_of c, generate_series(0, {DAYS - 1}) d, generate_series(0, {SHOWS - 1}) n;
INSERT INTO live_session (id, title, studio_id, state, starts_at, ends_at, actual_starts_at, actual_ends_at,
        brand_ids, agency_ids, host_ids)
    SELECT id, 'Show', studio_id, 'ended', starts_at, starts_at + interval '3 hours', starts_at,
        starts_at + interval '3 hours', ARRAY[brand_id], ARRAY[agency_id], ARRAY[host_id] FROM show;
INSERT INTO session_channel (session_id, platform, room_ids) SELECT id, 'douyin', ARRAY[room_id] FROM show;
INSERT INTO session_brand (session_id, brand_id, position) SELECT id, brand_id, 1 FROM show;
INSERT INTO participant (session_id, host_id, agency_id, starts_at, ends_at, acceptance)
    SELECT id, host_id, agency_id, starts_at, starts_at + interval '3 hours', 'accepted' FROM show;
SELECT make_sales_partitions(current_setting('bench.first')::date, {DAYS + 30});
"""

# Three in ten lines come back whole and one in half, after one, three or six days; all were received after two to five.
# Every BLOCK lines another show and product have their turn, so that a hundred thousand lines meet all of them.
_LINES = f"""
CREATE UNLOGGED TABLE stock_line AS SELECT *, date_trunc('minute', ordered_at) AS minute,
    local_day(ordered_at) AS day, local_day(refunded_at) AS refund_day,
    (local_day(refunded_at) - local_day(ordered_at))::smallint AS refund_age,
    CASE WHEN refund_fen = fen THEN refunded_at ELSE received_at + interval '7 days' END AS matures_at FROM (
SELECT n, s.id AS shop_id, s.external_id AS shop_ref, w.id AS session_id, w.brand_id, w.host_id, w.agency_id, w.room_id,
    p.id AS product_id, p.sku, at.ordered_at, at.ordered_at + interval '40 s' AS paid_at,
    at.ordered_at + interval '1 hour' * (48 + n / 7 % 72) AS received_at,
    99000 + (n % 401) * 100 AS fen,
    CASE WHEN n / {BRANDS} % 10 < 3 THEN 99000 + (n % 401) * 100
        WHEN n / {BRANDS} % 10 = 3 THEN (99000 + (n % 401) * 100) / 2 ELSE 0 END AS refund_fen,
    at.ordered_at + interval '1 day' * (1 + n % 3 * (n % 3 + 3) / 2) AS refunded_at,
    md5('l' || n) AS line_id, md5('o' || n / {SHOPS * 2} || '.' || n % {SHOPS}) AS order_id,
    md5('f' || n) AS refund_id, md5('b' || n * 7919 % %(buyers)s) AS buyer
FROM generate_series(0::bigint, %(lines)s - 1) AS n
JOIN show w ON w.at = n % {BRANDS} AND w.number = n / {BLOCK} % {SHOWS * DAYS}
JOIN shop s ON s.external_id = 'shop-' || n % {SHOPS}
JOIN product p ON p.sku = 'XJ-' || n % {BRANDS} || '-' || n / {BLOCK * SHOWS * DAYS} % {PRODUCTS}
CROSS JOIN LATERAL (SELECT w.starts_at + interval '1 s' * (n / {SHOPS} * 7919 % 10800) AS ordered_at) at
ORDER BY at.ordered_at) told
""".replace(" % ", " %% ")

_SAID = {"buyer_hash": "buyer", "currency": "'CNY'::text", "merchant_sku": "sku", "order_fen": "fen", "paid_fen": "fen",
    "parent_order_id": "order_id", "qty": "1", "room_id": "room_id", "status": "'completed'::text",
    "traffic": "'live'::text"}  # fmt: skip
_SAID_AT = {"ordered_at": "ordered_at", "paid_at": "paid_at", "received_at": "received_at"}
_RETURNED = {"amount_fen": "refund_fen", "currency": "'CNY'::text", "refund_type": "'return'::text",
    "stage": "'post_receipt'::text", "status": "'success'::text"}  # fmt: skip
_RETURNED_AT = {"succeeded_at": "refunded_at"}


def _object(values: dict[str, str]) -> str:
    """SQL that writes a flat JSON object as campaign.kit.strict_json.canonical does: sorted and compact."""
    pairs = [f"""'"{name}":' || to_json({value})::text""" for name, value in sorted(values.items())]
    return "'{' || " + " || ',' || ".join(pairs) + " || '}'"


def _told(
    kind: str, event_id: str, said: dict[str, str], moments: dict[str, str], at: str, **more: str
) -> str:
    """The event as its source pushed it."""
    zulu = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    written = {name: zulu.format(column) for name, column in (moments | {"occurred_at": at}).items()}
    envelope = {
        "type": f"'{kind}'::text",
        "event_id": event_id,
        "platform": "'douyin'::text",
        "shop_id": "shop_ref",
    }
    return _object(said | written | envelope | {"line_id": "line_id"} | more)


def _state(said: dict[str, str], moments: dict[str, str], at: str, status: int) -> str:
    """The state that one statement of a push leaves."""
    us = "(extract(epoch FROM {}) * 1000000)::bigint"
    fields = _object(said | {name: us.format(column) for name, column in moments.items()})
    return (
        f"(SELECT jsonb_build_object('layers', jsonb_build_array(jsonb_build_array(1, {us.format(at)}, {status},"
        f" left(encode(sha256(convert_to(f, 'UTF8')), 'hex'), 12), f::jsonb))) FROM (SELECT {fields} AS f) written)"
    )


_STEM = ("'live'::text", "session_id", "shop_id", "brand_id", "product_id", "host_id", "agency_id", "'CNY'::text",
    "minute", "day")  # fmt: skip
_NEVER = "'1970-01-01T00:00:00Z'::timestamptz"


@dataclass(frozen=True)
class _Posting:
    """One of the postings of a line: the end of its key, which lines have it, and its amounts. All in SQL."""

    cash_day: str
    age_days: str
    matures_at: str
    amounts: dict[str, str]
    where: str = "true"

    @property
    def key(self) -> tuple[str, ...]:
        return (*_STEM, self.cash_day, self.age_days, self.matures_at)

    @property
    def row(self) -> str:
        """As sale_change would have it."""
        keys = ", ".join(f"{value} AS {name}" for name, value in zip(Key._fields, self.key, strict=True))
        figures = ", ".join(f"({self.amounts.get(name, '0')})::bigint AS {name}" for name in MEASURES)
        return f"SELECT {keys}, {figures} FROM stock_line WHERE {self.where}"

    @property
    def kept(self) -> str:
        """As images.dump would leave it with the line, within an array."""
        given = ", ".join(f"'{name}', nullif({value}, 0)" for name, value in self.amounts.items())
        key = f"jsonb_build_array({', '.join(self.key)})"
        one = f"jsonb_build_array({key}, jsonb_strip_nulls(jsonb_build_object({given})))"
        return f"CASE WHEN {self.where} THEN jsonb_build_array({one}) ELSE '[]' END"


_POSTINGS = (
    _Posting("day", "0::smallint", _NEVER,
        {"placed_fen": "fen", "paid_fen": "fen", "merchant_fen": "fen", "lines": "1", "units": "1"}),
    _Posting("day", "0::smallint", "date_trunc('hour', matures_at + interval '1 hour' - interval '1 us')",
        {"counted_lines": "1", "maturing_fen": "fen - refund_fen"}),
    _Posting("refund_day", "refund_age", _NEVER,
        {"refund_post_receipt_fen": "refund_fen", "returned_fen": "refund_fen", "refunded_lines": "1",
        "refunded_units": "(refund_fen = fen)::int"}, "refund_fen > 0"),
)  # fmt: skip

_ORDER_LINES = f"""
INSERT INTO order_line (shop_id, line_id, platform, known, state, posted, kind, status, parent_order_id, ordered_at,
    order_day, paid_at, currency, qty, order_fen, paid_fen, refund_fen, merchant_sku, room_id, buyer_hash, bucket, rung,
    session_id, host_id, agency_id, brand_id, product_id, matures_at)
SELECT shop_id, line_id, 'douyin', true, {_state(_SAID, _SAID_AT, "received_at", 4)},
    {" || ".join(one.kept for one in _POSTINGS)}, 'sale', 'completed', order_id, ordered_at, day, paid_at, 'CNY', 1,
    fen, fen, refund_fen, sku, room_id, buyer, 'live', 'room', session_id, host_id, agency_id, brand_id, product_id,
    matures_at
FROM stock_line
"""
_REFUNDS = f"""
INSERT INTO refund (shop_id, refund_id, line_id, state, kind, stage, status, currency, amount_fen, succeeded_at)
SELECT shop_id, refund_id, line_id, {_state(_RETURNED, _RETURNED_AT, "refunded_at", 2)}, 'return', 'post_receipt',
    'success', 'CNY', refund_fen, refunded_at FROM stock_line WHERE refund_fen > 0
"""


def _events(kind: str, event_id: str, told: str, at: str, where: str) -> tuple[str, str]:
    """The raw log and the keys of one kind of event."""
    source = f"(SELECT *, {event_id} AS event_id, {told} AS told FROM stock_line WHERE {where}) e"
    log = (
        "INSERT INTO sale_event (received_on, received_at, source, shop_id, type, event_id, line_id, occurred_at,"
        f" verdict, payload) SELECT local_day({at}), {at}, 'push', shop_id, '{kind}', event_id, line_id, {at},"
        f" 'accepted', told::jsonb FROM {source}"
    )
    keys = (
        "INSERT INTO sale_event_key (shop_id, type, event_id, digest)"
        f" SELECT shop_id, '{kind}', event_id, sha256(convert_to(told, 'UTF8')) FROM {source}"
    )
    return log, keys


_LINE_EVENTS = _events("order.line", "line_id",
    _told("order.line", "line_id", _SAID, _SAID_AT, "received_at"), "received_at", "true")  # fmt: skip
_REFUND_EVENTS = _events("refund", "refund_id",
    _told("refund", "refund_id", _RETURNED, _RETURNED_AT, "refunded_at", refund_id="refund_id"),
    "refunded_at", "refund_fen > 0")  # fmt: skip
_HOMES = (
    "INSERT INTO sale_event_key (shop_id, type, event_id, digest)"
    " SELECT shop_id, '', refund_id, sha256(convert_to(line_id, 'UTF8')) FROM stock_line WHERE refund_fen > 0"
)
_ROLLED = tuple(
    f"INSERT INTO {rollup.table} ({', '.join((*rollup.names, *rollup.figures))})"
    f" {rollup.sums('(' + ' UNION ALL '.join(one.row for one in _POSTINGS) + ') posted')}"
    f" HAVING {' OR '.join(f'sum({name}) <> 0' for name in rollup.figures)} ORDER BY {rollup.grouped}"
    for rollup in ROLLUPS
)
_SEEN = (
    """
INSERT INTO sales_seen (brand_id, currency, what, name, days, lines)
    SELECT brand_id, 'CNY', what, name, array_agg(day), array_agg(lines) FROM (
        SELECT brand_id, 'order' AS what, shop_id || ' ' || order_id AS name, day, count(*) AS lines FROM stock_line
        GROUP BY 1, 3, 4 UNION ALL
        SELECT brand_id, 'buyer', buyer, day, count(*) FROM stock_line GROUP BY 1, 3, 4) told GROUP BY 1, 3, 4
""",
    """
INSERT INTO sales_distinct (brand_id, day, before, currency, what, seen)
    SELECT s.brand_id, step.day, step.before, s.currency, s.what, count(*) FROM sales_seen s, LATERAL (
        SELECT day, coalesce(lag(day) OVER (ORDER BY day), '-infinity') AS before FROM unnest(s.days) AS u(day)) step
    GROUP BY 1, 2, 3, 4, 5
""",
)
_MARKS = """
INSERT INTO session_sales (session_id, version, folded_at, projected_version, attributed_version, attributed_at,
    told_version) SELECT s.id, 1, now(), 1, s.version, now(), 1 FROM live_session s;
INSERT INTO sales_version (brand_id, version) SELECT id, new_id() FROM brand;
INSERT INTO shop_progress (shop_id, complete_through, received_at, placed_rev) SELECT id, now(), now(), rev FROM shop
"""
_TABLES = (
    "order_line",
    "refund",
    "sale_event",
    "sale_event_key",
    "sales_day",
    "sales_seen",
    "session_minute",
    "sales_maturity",
)


def fill(url: str, lines: int) -> None:
    """Fill an empty migrated database with so many lines, and four refunds for every ten of them."""
    with _opened(url) as connection:
        first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=DAYS + LATELY
        )
        connection.execute("SELECT set_config('bench.first', %s, false)", (first.isoformat(),))
        connection.execute(_PARTIES)
        connection.execute(_LINES, {"lines": lines, "buyers": max(1, lines * 3 // 5)})
        kept = take_indexes_off(connection, _TABLES, keys=True)
    # On both cores: the lines beside their raw log.
    work = ([_ORDER_LINES, _REFUNDS, *_ROLLED, *_SEEN, _MARKS], [*_LINE_EVENTS, *_REFUND_EVENTS, _HOMES])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(partial(_done, url), work))
        list(pool.map(partial(_done, url), _by_part(url, kept)))
        _done(url, kept)  # of the parents: what their parts have is theirs
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE stock_line; DROP FUNCTION local_day")
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


_PARTS = """
SELECT t.relid::regclass::text, pg_partition_root(t.relid)::regclass::text
FROM unnest(%s::text[]) AS parent, pg_partition_tree(parent::regclass) t WHERE t.isleaf AND t.parentrelid IS NOT NULL
ORDER BY pg_relation_size(t.relid) DESC
"""
_INDEX = re.compile(r"(CREATE (?:UNIQUE )?INDEX) \S+ ON (?:public\.)?(\S+) (.*)")
_KEY = re.compile(r"ALTER TABLE (\S+) ADD CONSTRAINT \S+ (.*)")


def _by_part(url: str, kept: Iterable[str]) -> list[list[str]]:
    """Everything of one part together, while its rows are in memory: index by index they would come from the disk."""
    of: dict[str, list[Callable[[str], str]]] = {}
    for statement in kept:
        if key := _KEY.fullmatch(statement):
            of.setdefault(key[1], []).append(partial("ALTER TABLE {1} ADD {0}".format, key[2]))
        elif index := _INDEX.fullmatch(statement):
            of.setdefault(index[2], []).append(partial("{0} ON {2} {1}".format, index[1], index[3]))
    with psycopg.connect(url) as connection:
        parts = connection.execute(_PARTS, (list(_TABLES),)).fetchall()
    return [[make(part) for make in of.get(parent, ())] for part, parent in parts]


def _done(url: str, statements: Iterable[str]) -> None:
    with _opened(url) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def _opened(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url) as connection:
        # Rows made by arithmetic refer to rows that are there: neither foreign keys nor triggers need to look.
        connection.execute(
            "SET maintenance_work_mem = '1GB'; SET work_mem = '512MB'; SET synchronous_commit = off;"
            " SET session_replication_role = replica; SET timezone = 'UTC'"
        )
        yield connection
