"""The oracle agrees with SQL and Redis to the fen, over random evenings."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.redis import connect
from campaign.sales import projecting
from campaign.sales.ingest import Source, ingest
from campaign.sales.placing import reattribute
from campaign.sales.submissions import prepared
from tests.factory import Factory
from tests.oracle import evenings
from tests.oracle.answers import answers
from tests.sales_kit import add_session, assert_reconciled, change_session, fold_all

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
NOW = datetime(2026, 11, 30, tzinfo=UTC)

_SESSIONS = text(
    "SELECT CASE WHEN bucket = 'live' THEN session_id::text ELSE bucket END AS place,"
    " sum(placed_fen)::bigint AS placed,"
    " sum(paid_fen)::bigint AS paid,"
    " sum(refund_pre_ship_fen + refund_post_ship_fen + refund_post_receipt_fen)::bigint AS refund,"
    " sum(compensation_fen)::bigint AS compensation, sum(lines)::bigint AS lines, sum(units)::bigint AS units"
    " FROM sales_day WHERE basis = 'cohort' GROUP BY 1"
)
_DAYS = text(
    "SELECT CASE WHEN bucket = 'live' THEN session_id::text ELSE bucket END AS place, day,"
    " sum(paid_fen)::bigint AS paid,"
    " sum(refund_pre_ship_fen + refund_post_ship_fen + refund_post_receipt_fen)::bigint AS refund"
    " FROM sales_day WHERE basis = 'cohort' GROUP BY 1, 2"
)


def feed(database: Database, told: list[dict[str, Any]], chance: random.Random) -> None:
    """Hand events in by batches of random size, some twice, folding now and then."""
    rest = list(told)
    with clock.travel(NOW - datetime.now(UTC)):
        while rest:
            size = chance.randrange(1, 40)
            batch, rest = rest[:size], rest[size:]
            for _ in range(chance.choice([1, 1, 2])):
                with database.transaction(SYSTEM) as db:
                    taken, refused = prepared(batch, salt=b"s")
                    assert ingest(db, CONNECTOR, taken, Source("push", 5), refused).rejected == []
            if chance.random() < 0.3:
                fold_all(database)
        fold_all(database)


def expect(database: Database, client: Any, wanted: dict[Any, Any], ids: dict[str, int]) -> None:
    """SQL by session, bucket and day, and Redis by session, against the oracle's answers."""
    by_place = {str(ids.get(where, where)): figures for where, figures in wanted.items()}
    with database.transaction(SYSTEM) as db:
        found = {row.place: dict(row._mapping) for row in db.execute(_SESSIONS)}
        days = {(row.place, row.day): (row.paid, row.refund) for row in db.execute(_DAYS)}
        projected = projecting.projections_of(db, SYSTEM, sorted(ids.values()))
    names = ("placed", "paid", "refund", "compensation", "lines", "units")
    zero = dict.fromkeys(names, 0)
    for place in {*by_place, *found}:
        ours = {name: found.get(place, zero)[name] for name in names}
        assert ours == {name: by_place.get(place, zero)[name] for name in names}, place
    expected_days = {
        (place, day): (figures["paid"], figures["refund"])
        for place, one in by_place.items()
        for day, figures in one["days"].items()
    }
    for key in {*days, *expected_days}:
        assert days.get(key, (0, 0)) == expected_days.get(key, (0, 0)), key
    projecting.put(client, projected)
    for session_id, figures in projecting.find(client, sorted(ids.values())).items():
        theirs = by_place.get(str(session_id), zero | {"orders": 0})
        ours = figures["totals"].get("CNY", {})
        assert ours.get("paid_fen", 0) == theirs["paid"]
        assert ours.get("lines", 0) == theirs["lines"]
        assert ours.get("orders", 0) == theirs["orders"]


def walk(seed: int, database: Database, make: Factory, redis_url: str, count: int) -> None:
    chance = random.Random(seed)
    shows = evenings.sessions(chance)
    told = evenings.events(chance, shows, count)
    brand = make.brand()
    for shop in ("s1", "s2"):
        make.shop(brand, external_id=shop)
    accounts = {name: make.account(external_id=name) for name in ("a1", "a2")}
    ids = {
        show["id"]: add_session(
            make,
            show["starts_at"],
            show["ends_at"],
            brand=brand,
            account=accounts[show["account"]],
            rooms=tuple(show["rooms"]),
        )
        for show in shows
    }
    client = connect(redis_url)
    feed(database, told, chance)
    expect(database, client, answers(told, shows), ids)
    again = evenings.corrected(chance, shows)
    for show in again:
        change_session(
            database, ids[show["id"]], actual_starts_at=show["starts_at"], actual_ends_at=show["ends_at"]
        )
    for show in again:
        with database.transaction(SYSTEM) as db:
            reattribute(db, SYSTEM, ids[show["id"]])
    fold_all(database)
    expect(database, client, answers(told, again), ids)
    assert_reconciled(database)
    client.flushdb()
    client.close()


@pytest.mark.parametrize("seed", range(10))
def test_a_random_evening_agrees_with_the_oracle(
    seed: int, database: Database, make: Factory, redis_url: str
) -> None:
    walk(seed, database, make, redis_url, 40)


def test_the_comparison_notices_a_single_fen(database: Database, make: Factory, redis_url: str) -> None:
    chance = random.Random(1)
    shows = evenings.sessions(chance)
    told = evenings.events(chance, shows, 10)
    for shop in ("s1", "s2"):
        make.shop(external_id=shop)
    feed(database, told, chance)
    wanted = answers(told, [])
    client = connect(redis_url)
    expect(database, client, wanted, {})
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "UPDATE sales_day SET paid_fen = paid_fen + 1 WHERE ctid = (SELECT ctid FROM sales_day"
                " WHERE basis = 'cohort' AND paid_fen > 0 LIMIT 1)"
            )
        )
    with pytest.raises(AssertionError):
        expect(database, client, wanted, {})
    client.close()
