"""A hub's calendar of any size, made by the database itself: 50 studios, 500 hosts, five shows a studio and day.

Every day has six places of four hours in each studio, of which one stays empty, another one each day: that is
where benches book. The last 30 days lie ahead of now, all others behind, so a calendar of a million sessions
has the same weeks around now as one of ten thousand, and eleven years of history more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from campaign.kit.ids import public

STUDIOS, HOSTS, BRANDS, AGENCIES, PRODUCTS, ACCOUNTS = 50, 500, 40, 50, 2000, 500
PLACES, PLACE, SHOW = 6, timedelta(hours=4), timedelta(hours=3)
AHEAD = 30
A_DAY = STUDIOS * (PLACES - 1)
FITTING = STUDIOS * (AHEAD - 3)
"""How many bookings fit: one a studio and day, from the day after tomorrow on."""

_PARTIES = f"""
INSERT INTO studio (name) SELECT 'Studio ' || lpad(n::text, 3, '0') FROM generate_series(1, {STUDIOS}) AS n;
INSERT INTO brand (name) SELECT 'Brand ' || n FROM generate_series(1, {BRANDS}) AS n;
INSERT INTO agency (name) SELECT 'Agency ' || n FROM generate_series(1, {AGENCIES}) AS n;
INSERT INTO host (name, kind) SELECT 'Host ' || lpad(n::text, 3, '0'), 'signed' FROM generate_series(1, {HOSTS}) AS n;
CREATE TEMP TABLE one AS
    SELECT kind, id, row_number() OVER (PARTITION BY kind ORDER BY id) - 1 AS at FROM (
        SELECT 'studio' AS kind, id FROM studio UNION ALL SELECT 'brand', id FROM brand
        UNION ALL SELECT 'agency', id FROM agency UNION ALL SELECT 'host', id FROM host) AS parties;
INSERT INTO host_contract (host_id, agency_id, during)
    SELECT h.id, a.id, '[2000-01-01,)' FROM one h JOIN one a ON a.kind = 'agency' AND a.at = h.at % {AGENCIES}
    WHERE h.kind = 'host';
INSERT INTO platform_account (platform, external_id, name, host_id)
    SELECT 'douyin', (800000000000 + at)::text, 'Account ' || at, id FROM one WHERE kind = 'host';
INSERT INTO product (brand_id, sku, name, price_fen)
    SELECT b.id, 'SKU-' || n, 'Coat ' || n, 129900 FROM generate_series(0, {PRODUCTS - 1}) AS n
    JOIN one b ON b.kind = 'brand' AND b.at = n % {BRANDS};
INSERT INTO one SELECT 'product', id, row_number() OVER (ORDER BY id) - 1 FROM product;
INSERT INTO one SELECT 'account', p.id, h.at FROM platform_account p JOIN one h ON h.kind = 'host' AND h.id = p.host_id;
CREATE UNIQUE INDEX ON one (kind, at);
INSERT INTO resource (kind, studio_id) SELECT 'studio', id FROM studio;
INSERT INTO resource (kind, host_id) SELECT 'host', id FROM host;
INSERT INTO resource (kind, platform_account_id) SELECT 'platform_account', id FROM platform_account;
ANALYZE one;
"""

# A host works every second day; the show of day d, place p, studio s is given by arithmetic alone.
_SHOWS = f"""
CREATE TEMP TABLE show AS
SELECT new_id() AS id, s.id AS studio_id, h.id AS host_id, a.id AS account_id, b.id AS brand_id, g.id AS agency_id,
       d.start + interval '4 hours' * place + interval '30 min' AS starts_at,
       d.start + interval '4 hours' * place + interval '210 min' AS ends_at,
       (d.no * 7 + place * 11 + s.at) % {PRODUCTS} AS goods, b.at AS brand_at
FROM (SELECT no, current_setting('bench.first')::timestamptz + interval '1 day' * no AS start
      FROM generate_series(0, current_setting('bench.days')::integer - 1) AS no) AS d
CROSS JOIN generate_series(0, {PLACES - 1}) AS place
JOIN one s ON s.kind = 'studio' AND (s.at + d.no) % {PLACES} <> place
JOIN one h ON h.kind = 'host' AND h.at = (d.no % 2) * {HOSTS // 2}
    + s.at * {PLACES - 1} + (place - (s.at + d.no) % {PLACES} + {PLACES} - 1) % {PLACES}
JOIN one a ON a.kind = 'account' AND a.at = h.at
JOIN one b ON b.kind = 'brand' AND b.at = (s.at + place + d.no) % {BRANDS}
JOIN one g ON g.kind = 'agency' AND g.at = h.at % {AGENCIES};
ANALYZE show;
"""

_ROWS = [
    """INSERT INTO live_session (id, title, studio_id, state, starts_at, ends_at, actual_starts_at, actual_ends_at,
            start_evidence, end_evidence, brand_ids, agency_ids, host_ids, due_at)
        SELECT id, 'Show', studio_id, CASE WHEN ends_at < now() THEN 'ended' ELSE 'accepted' END, starts_at, ends_at,
            CASE WHEN ends_at < now() THEN starts_at END, CASE WHEN ends_at < now() THEN ends_at END,
            CASE WHEN ends_at < now() THEN 'platform' END, CASE WHEN ends_at < now() THEN 'platform' END,
            ARRAY[brand_id], ARRAY[agency_id], ARRAY[host_id],
            CASE WHEN ends_at >= now() THEN starts_at - interval '30 min' END
        FROM show ORDER BY starts_at""",
    """INSERT INTO session_channel (session_id, platform, platform_account_id)
        SELECT id, 'douyin', account_id FROM show ORDER BY starts_at""",
    """INSERT INTO participant (session_id, host_id, agency_id, starts_at, ends_at, acceptance)
        SELECT id, host_id, agency_id, starts_at, ends_at, 'accepted' FROM show ORDER BY starts_at""",
    "INSERT INTO session_brand (session_id, brand_id, position) SELECT id, brand_id, 1 FROM show ORDER BY starts_at",
    f"""INSERT INTO lineup_item (session_id, position, product_id, brand_id, live_price_fen)
        SELECT w.id, n, p.id, w.brand_id, 99900 FROM show w CROSS JOIN generate_series(1, 2) AS n
        JOIN one p ON p.kind = 'product'
             AND p.at = ((w.goods + n) % {PRODUCTS // BRANDS}) * {BRANDS} + w.brand_at
        ORDER BY w.starts_at""",
    """INSERT INTO session_history (session_id, version, at, verb, to_state, actor_kind, actor_name)
        SELECT id, 1, starts_at - interval '30 days', 'book', 'draft', 'system', 'fill' FROM show ORDER BY starts_at""",
    """INSERT INTO claim (session_id, resource_id, span)
        SELECT w.id, r.id, CASE r.kind WHEN 'studio'
               THEN tstzrange(w.starts_at - interval '30 min', w.ends_at + interval '15 min')
               ELSE tstzrange(w.starts_at, w.ends_at) END
        FROM show w JOIN resource r ON r.studio_id = w.studio_id OR r.host_id = w.host_id
             OR r.platform_account_id = w.account_id
        ORDER BY w.starts_at""",
]
_TABLES = (
    "live_session", "session_channel", "participant", "session_brand", "lineup_item", "session_history", "claim",
)  # fmt: skip


@dataclass(frozen=True)
class Calendar:
    """What was filled: where bookings can go."""

    today: datetime
    ids: dict[str, list[int]]

    def booking(self, number: int) -> dict[str, Any]:
        """Input of the number-th booking that fits: an empty place ahead, with a host who has that day off."""
        if number >= FITTING:
            raise IndexError(number)
        day, at = 2 + number // STUDIOS, number % STUDIOS
        # Days are numbered from the calendar's first, whose length is a multiple of twelve.
        no = day - AHEAD
        place = (at + no) % PLACES
        starts_at = self.today + timedelta(days=day) + PLACE * place + timedelta(minutes=30)
        host = (no + 1) % 2 * (HOSTS // 2) + at * (PLACES - 1)
        brand = number % BRANDS
        goods = [(number * 4 + n) % (PRODUCTS // BRANDS) * BRANDS + brand for n in range(4)]
        return {
            "title": "Bench",
            "studio_id": self.ids["studio"][at],
            "brand_ids": [self.ids["brand"][brand]],
            "starts_at": starts_at,
            "ends_at": starts_at + SHOW,
            "channels": [{"platform": "douyin", "platform_account_id": self.ids["account"][host]}],
            "participants": [{"host_id": self.ids["host"][host]}],
            "lineup": [{"product_id": self.ids["product"][one], "live_price_fen": 99900} for one in goods],
            # Shows at night and hosts at work the evening before: rules that warn are judged, and let pass.
            "override": {"reason": "bench"},
        }

    def body(self, number: int) -> dict[str, Any]:
        """The same as the JSON a program would post."""
        given = self.booking(number)
        given["starts_at"], given["ends_at"] = given["starts_at"].isoformat(), given["ends_at"].isoformat()
        given["studio_id"] = public("std", given["studio_id"])
        given["brand_ids"] = [public("brd", one) for one in given["brand_ids"]]
        for channel in given["channels"]:
            channel["platform_account_id"] = public("acc", channel["platform_account_id"])
        for person in given["participants"]:
            person["host_id"] = public("hst", person["host_id"])
        for item in given["lineup"]:
            item["product_id"] = public("prd", item["product_id"])
        return given


def days_of(sessions: int) -> int:
    """Days of a calendar of about so many sessions: a multiple of twelve and more than what lies ahead."""
    return max(36, sessions // A_DAY // 12 * 12)


def fill(url: str, sessions: int) -> None:
    """Fill an empty migrated database with about so many sessions, indexes and constraints made once at the end."""
    days = days_of(sessions)
    with psycopg.connect(url) as connection:
        connection.execute(
            "SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'; SET synchronous_commit = off"
        )
        # Rows made by arithmetic refer to rows that are there: neither foreign keys nor triggers need to look.
        connection.execute("SET session_replication_role = replica")
        connection.execute(_PARTIES)
        first = _today() - timedelta(days=days - AHEAD)
        connection.execute(
            "SELECT set_config('bench.first', %s, false), set_config('bench.days', %s, false)",
            (first.isoformat(), str(days)),
        )
        connection.execute(_SHOWS)
        kept = take_indexes_off(connection, _TABLES)
        for statement in _ROWS:
            connection.execute(statement)
        for statement in kept:
            connection.execute(statement)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def calendar(url: str) -> Calendar:
    """The calendar of a filled database."""
    statements = {
        kind: f"SELECT id FROM {kind} ORDER BY id" for kind in ("studio", "brand", "host", "product")
    }
    statements["account"] = "SELECT id FROM platform_account ORDER BY external_id"
    with psycopg.connect(url) as connection:
        ids = {kind: [row[0] for row in connection.execute(sql)] for kind, sql in statements.items()}
    return Calendar(_today(), ids)


def take_indexes_off(
    connection: psycopg.Connection[Any], tables: Sequence[str], *, keys: bool = False
) -> list[str]:
    """Drop what would be kept up row by row, primary keys too with `keys`; gives the statements that make it again."""
    made = []
    constraints = connection.execute(
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE conrelid = ANY (%s::text[]::regclass[]) AND contype = ANY (%s)""",
        [list(tables), ["x", "u", *(["p"] if keys else [])]],
    ).fetchall()
    for table, name, definition in constraints:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        made.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    indexes = connection.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
           WHERE i.indrelid = ANY (%s::text[]::regclass[]) AND NOT i.indisprimary""",
        [list(tables)],
    ).fetchall()
    for name, definition in indexes:
        connection.execute(f"DROP INDEX {name}")
        made.append(definition.replace(" ON ONLY ", " ON "))  # of a partitioned table: of all its parts
    return made


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
