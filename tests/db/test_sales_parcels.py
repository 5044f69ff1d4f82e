"""What pushes bring waits in parcels: keys claimed once, events logged and merged once, what was left adopted."""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.arrays import bigints, booleans, byteas, dates, instants, texts
from campaign.kit.database import Database
from campaign.sales import parcels
from campaign.sales.batches import Batch, read_batch
from campaign.sales.intake import Intake
from campaign.sales.merging_in import merge_waiting
from campaign.sales.submissions import prepared
from campaign.sales.taking import Parcel, Source, Taken, take
from tests.sales_kit import assert_reconciled, fold_all, told_line

KEY = b"k" * 32
CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
ODD = "皮衣\t\\.\n'x'"


def rows(database: Database, query: str) -> list[Any]:
    with database.transaction(SYSTEM) as db:
        return [tuple(row) for row in db.execute(text(query))]


def told(outcome: Taken) -> tuple[int, int, list[tuple[int, str]]]:
    return outcome.accepted, outcome.duplicates, [(one.index, one.code) for one in outcome.rejected]


def test_columns_arrive_as_they_were(committed_database: Database) -> None:
    with committed_database.transaction(SYSTEM) as db:
        columns = (bigints([-1, 2**63 - 1]), texts([ODD, "x" * 1000]), byteas([b"", b"\x00\xff" * 300]))
        found = db.connection().exec_driver_sql("SELECT %b::bigint[], %b::text[], %b::bytea[]", columns).one()
        empty = db.connection().exec_driver_sql("SELECT %b::text[]", (texts([]),)).scalar_one()
    assert tuple(found) == ([-1, 2**63 - 1], [ODD, "x" * 1000], [b"", b"\x00\xff" * 300])
    assert empty == []


DAY, MOMENT = date(1999, 12, 31), datetime(2026, 11, 6, 12, 0, 0, 123456, tzinfo=ZoneInfo("Asia/Shanghai"))
COLUMNS: list[tuple[Any, str, list[Any]]] = [
    (bigints, "bigint", [-1, 2**63 - 1]),
    (texts, "text", [ODD, "x" * 1000]),
    (booleans, "boolean", [True, False]),
    (dates, "date", [DAY, date(2026, 11, 6)]),
    (instants, "timestamptz", [MOMENT, datetime(1969, 7, 20, tzinfo=UTC)]),
]


@pytest.mark.parametrize(("made", "kind", "values"), COLUMNS, ids=[kind for _, kind, _ in COLUMNS])
def test_columns_may_hold_nulls(
    committed_database: Database, made: Any, kind: str, values: list[Any]
) -> None:
    nulls = [[]] if made is booleans else [[], [None], [None, None]]
    with committed_database.transaction(SYSTEM) as db:
        for given in [values, *([*one, *values, *one] for one in nulls), *nulls]:
            found = db.connection().exec_driver_sql(f"SELECT %b, %b::{kind}[]", (made(given), given)).one()
            assert found[0] == found[1] == given


@pytest.mark.parametrize("keep", [parcels.in_hope, parcels.with_care])
def test_either_way_of_claiming_keeps_the_same(committed_database: Database, keep: Any) -> None:
    events = [
        told_line(2, event_id=ODD, merchant_sku=ODD),
        told_line(1),
        told_line(3, occurred_at="2026-01-01T00:00:00Z"),
    ]
    with committed_database.transaction(SYSTEM) as db:
        given, _ = prepared(events, salt=KEY)
        (outcome,) = take(db, [Parcel(CONNECTOR, given, Source("push", 7))], keep)
    assert (outcome.accepted, outcome.quarantined) == (2, 1)
    assert rows(committed_database, "SELECT events, connector_id, held FROM sale_parcel") == [(3, 7, "[2]")]
    fold_all(committed_database)
    assert rows(
        committed_database,
        "SELECT event_id, line_id, verdict, source, connector_id, payload->>'merchant_sku' FROM sale_event ORDER BY 2",
    ) == [
        ("e1", "l1", "accepted", "push", 7, None),
        (ODD, "l2", "accepted", "push", 7, ODD),
        ("e3", "l3", "quarantined", "push", 7, None),
    ]
    assert rows(committed_database, "SELECT count(*) FROM order_line") == [(2,)]
    assert rows(committed_database, "SELECT count(*) FROM sale_parcel") == [(0,)]
    assert_reconciled(committed_database)


def test_hope_that_is_in_vain_leaves_nothing_and_care_finishes(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    assert told(intake.take_in(CONNECTOR, Batch([told_line(1)], []))) == (1, 0, [])
    again = [told_line(2), told_line(1), told_line(1, paid_fen=7), told_line(3)]
    again[1] = told_line(1) | json.loads(rows_of_parcel(committed_database)[0])
    given, _ = prepared(again, salt=KEY)
    with pytest.raises(parcels.SeenBefore), committed_database.transaction(SYSTEM) as db:
        take(db, [Parcel(CONNECTOR, given, Source("push"))], parcels.in_hope)
    assert rows(committed_database, "SELECT count(*) FROM sale_event_key") == [(1,)]
    assert told(intake.take_in(CONNECTOR, Batch(again, []))) == (2, 1, [(2, "conflict")])
    # Whoever repeats is met with care for a while, and the same once more changes nothing.
    assert told(intake.take_in(CONNECTOR, Batch(again, []))) == (0, 3, [(2, "conflict")])
    fold_all(committed_database)
    assert rows(committed_database, "SELECT line_id, paid_fen FROM order_line ORDER BY 1") == [
        ("l1", 100),
        ("l2", 100),
        ("l3", 100),
    ]
    assert rows(committed_database, "SELECT count(*) FROM sale_event") == [(3,)]
    assert rows(committed_database, "SELECT event_id, payload->>'paid_fen' FROM sale_conflict") == [
        ("e1", "7")
    ]
    assert_reconciled(committed_database)


def rows_of_parcel(database: Database) -> list[str]:
    """The events of the only parcel, as JSON."""
    with database.transaction(SYSTEM) as db:
        savepoint = db.begin_nested()
        _, found = parcels.unpack(db)
        savepoint.rollback()
    return [one.content.decode() for _, one in found]


def test_a_body_read_quickly_is_kept_and_merged_as_one_read_strictly(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    events = [told_line(number, buyer_hash=f"b{number}", traffic="live") for number in range(3)]
    body = json.dumps({"events": events}).encode()
    quick = read_batch(body, "application/json")
    assert quick.written is not None
    assert told(intake.take_in(CONNECTOR, quick)) == (3, 0, [])
    strict = read_batch(b"\n".join(json.dumps(one).encode() for one in events), "application/x-ndjson")
    assert strict.written is None
    assert told(intake.take_in(CONNECTOR, strict)) == (0, 3, [])
    fold_all(committed_database)
    assert rows(committed_database, "SELECT count(DISTINCT buyer_hash), count(*) FROM order_line") == [(3, 3)]
    kept = rows(committed_database, "SELECT payload->>'buyer_hash' FROM sale_event")
    assert all(len(buyer) == 32 for (buyer,) in kept)


def test_what_an_older_release_left_waiting_is_adopted_and_counted_once(
    committed_database: Database,
) -> None:
    intake = Intake(committed_database, KEY)
    intake.take_in(CONNECTOR, Batch([told_line(1), told_line(2)], []))
    with committed_database.transaction(SYSTEM) as db:
        # As that release did: rows in the log at once, their ids in the inbox.
        parcels.unpack(db)
        left = "INSERT INTO sale_inbox (received_on, event_ids) SELECT received_on, array_agg(id) FROM sale_event"
        db.execute(text(f"{left} GROUP BY 1"))
    assert merging(committed_database) == 0
    with committed_database.transaction(SYSTEM) as db:
        assert parcels.adopt_left(db) == 2
        assert parcels.adopt_left(db) == 0
    fold_all(committed_database)
    assert rows(committed_database, "SELECT count(*), sum(paid_fen)::bigint FROM order_line") == [(2, 200)]
    assert rows(committed_database, "SELECT count(*) FROM sale_event") == [(2,)]
    assert_reconciled(committed_database)


def merging(database: Database) -> int:
    with database.transaction(SYSTEM) as db:
        return merge_waiting(db, SYSTEM)
