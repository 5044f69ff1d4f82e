"""Orders and buyers kept by day: of any range they are those of its lines, whatever these go through."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.tallies import Scope, totals_by
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.parts import Parts
from campaign.sales import distinct, mending
from campaign.sales.batches import Batch
from campaign.sales.folding import fold
from campaign.sales.intake import Intake
from campaign.sales.merging_in import merge_waiting
from campaign.sales.reconciling import check_rollups
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, assert_counted, assert_reconciled, fold_all
from workers import sales as tasks
from workers import task

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
FIRST = datetime(2026, 11, 10, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = 5


class House:
    """A brand with a shop that has a show each day, and a second brand whose products it may sell."""

    def __init__(self, database: Database) -> None:
        self.database, make = database, Factory(database)
        self.brand, self.other = make.brand(), make.brand()
        make.shop(self.brand, external_id="s1")
        for day in range(DAYS):
            at = FIRST + timedelta(days=day)
            add_session(make, at, at + timedelta(hours=3), brand=self.brand, rooms=(f"r{day}",))
        make.product(self.other, sku="theirs")
        self.version = 0

    def line(self, number: int, day: int, **given: Any) -> dict[str, Any]:
        self.version += 1
        at = (FIRST + timedelta(days=day, minutes=1)).isoformat()
        told = (NOW + timedelta(seconds=self.version)).isoformat()
        return {
            "type": "order.line", "event_id": f"e{self.version}", "occurred_at": told, "platform": "douyin",
            "shop_id": "s1", "line_id": f"l{number}", "status": "paid", "ordered_at": at, "currency": "CNY",
            "paid_at": at, "qty": 1, "paid_fen": 100, "room_id": f"r{day}", "parent_order_id": f"o{number}",
            "version": told,
        } | {name: value for name, value in given.items() if value is not None}  # fmt: skip

    def tells(self, *events: dict[str, Any]) -> None:
        taken = Intake(self.database, b"k" * 32).take_in(CONNECTOR, Batch(list(events), []))
        assert (taken.rejected, taken.quarantined) == ([], 0)
        with self.database.transaction(SYSTEM) as db:
            merge_waiting(db, SYSTEM)

    def counts(self, first: int, last: int, actor: Actor = HUB) -> tuple[int | None, int | None] | None:
        days = [(FIRST + timedelta(days=day)).date() for day in (first, last)]
        scope = Scope(brand_id=self.brand.id, first=days[0], last=days[1])
        with self.database.transaction(actor) as db:
            found = totals_by(db, actor, scope)
        return (found[""][0].orders, found[""][0].buyers) if found else None


@pytest.fixture
def house(database: Database) -> Iterator[House]:
    with clock.travel(NOW + timedelta(hours=1) - datetime.now(UTC)):
        yield House(database)


def test_who_comes_on_several_days_is_one_in_any_range(house: House) -> None:
    house.tells(*(house.line(day, day, buyer_hash="b", parent_order_id="o") for day in (0, 2, 4)))
    house.tells(house.line(9, 2, buyer_hash="c"))
    fold_all(house.database)
    wanted = {(0, 0): (1, 1), (0, 4): (2, 2), (1, 1): None, (1, 2): (2, 2), (2, 3): (2, 2), (3, 4): (1, 1)}
    assert {days: house.counts(*days) for days in wanted} == wanted
    # The middle one was never bought: what came after it follows on the first.
    house.tells(house.line(2, 2, buyer_hash="b", parent_order_id="o", line_kind="gift"))
    fold_all(house.database)
    wanted |= {(0, 4): (2, 2), (1, 2): (1, 1), (2, 3): (1, 1)}
    assert {days: house.counts(*days) for days in wanted} == wanted
    assert_counted(house.database)


def test_buyers_are_unknown_where_one_is(house: House) -> None:
    house.tells(house.line(1, 0, buyer_hash="b"), house.line(2, 3))
    fold_all(house.database)
    assert (house.counts(0, 2), house.counts(0, 3)) == ((1, 1), (2, None))
    house.tells(house.line(2, 3, buyer_hash="b"))
    fold_all(house.database)
    assert house.counts(0, 3) == (2, 1)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_to_lines_any_range_holds_what_they_say(house: House, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        told = [
            house.line(
                chance.randrange(12),
                chance.randrange(DAYS),
                parent_order_id=chance.choice([None, "o1", "o2", "o3"]),
                buyer_hash=chance.choice([None, "b1", "b2"] if seed % 2 else ["b1", "b2", "b3"]),
                merchant_sku=chance.choice([None, None, "theirs"]),
                line_kind=chance.choice([None, None, None, "gift"]),
                currency=chance.choice(["CNY", "CNY", "CNY", "USD"]),
            )
            for _ in range(chance.randrange(1, 9))
        ]
        house.tells(*told)
        if chance.random() < 0.6:
            with house.database.transaction(SYSTEM) as db:
                fold(db, SYSTEM, most=chance.choice([1, 3, 5000]))
    fold_all(house.database)
    assert assert_counted(house.database) >= 10
    assert_reconciled(house.database)


FAULTS = {
    "sales_seen": "UPDATE sales_seen SET lines = array_replace(lines, 1, 2) WHERE what = 'order'",
    "sales_seen gone": "DELETE FROM sales_seen WHERE what = 'buyer'",
    "sales_distinct": "UPDATE sales_distinct SET before = day - 1 WHERE before = '-infinity' AND what = 'buyer'",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_kept_wrong_is_told_and_set_right(house: House, fault: str) -> None:
    house.tells(*(house.line(number, number % DAYS, buyer_hash=f"b{number % 2}") for number in range(7)))
    fold_all(house.database)
    right = [house.counts(0, day) for day in range(DAYS)]
    with house.database.transaction(SYSTEM) as db:
        db.execute(text(FAULTS[fault]))
        assert fault.partition(" ")[0] in {one.check for one in check_rollups(db, SYSTEM)}
    with house.database.transaction(SYSTEM) as db:
        assert mending.mend_brand(db, SYSTEM, house.brand.id)
    fold_all(house.database)
    with house.database.transaction(SYSTEM) as db:
        assert mending.mend_brand(db, SYSTEM, house.brand.id) == []
    assert [house.counts(0, day) for day in range(DAYS)] == right
    assert_counted(house.database)


def test_what_the_release_before_did_not_keep_up_is_set_right_by_itself(
    house: House, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    task.use(parts)
    house.tells(house.line(1, 0, buyer_hash="b"))
    with monkeypatch.context() as patch:
        # As a process does that was started before the columns came: it merges, and tells nobody whom it saw.
        patch.setattr(distinct.Sightings, "leave", lambda _told, _db: None)
        house.tells(house.line(2, 1, buyer_hash="c"))
        fold_all(house.database)
    assert house.counts(0, 4) == (1, 1)
    with house.database.transaction(SYSTEM) as db:
        # Its row was made by the server's clock, which does not travel.
        db.execute(text("UPDATE sales_version SET checked_at = :now"), {"now": clock.now(db)})
    try:
        tasks.mend()
        assert house.counts(0, 4) == (1, 1)  # it may still be there
        with clock.travel(timedelta(hours=2)):
            tasks.mend()
            tasks.fold()
            assert house.counts(0, 4) == (2, 2)
            assert _due(house) == []
        house.tells(house.line(3, 2, buyer_hash="d"))
        fold_all(house.database)
        assert _due(house) == []
        with clock.travel(timedelta(days=8)):
            # Once a week where something was sold.
            assert _due(house) == [house.brand.id]
            tasks.mend()
            assert _due(house) == []
    finally:
        task.use(None)
    assert_counted(house.database)


def _due(house: House) -> list[int]:
    with house.database.transaction(SYSTEM) as db:
        return mending.due_brands(db, SYSTEM)


def test_a_brand_reads_its_own_and_no_other(house: House) -> None:
    house.tells(house.line(1, 0, buyer_hash="b"), house.line(2, 0, buyer_hash="c", merchant_sku="theirs"))
    fold_all(house.database)
    own, other = (
        Actor(kind="user", role="brand", id=3, name="brand", brand_id=brand.id)
        for brand in (house.brand, house.other)
    )
    assert (house.counts(0, 4, own), house.counts(0, 4, other)) == ((1, 1), None)
    for actor in (own, other):
        with house.database.transaction(actor) as db:
            seen = db.execute(text("SELECT DISTINCT brand_id FROM sales_distinct")).scalars().all()
            assert seen == [actor.brand_id]


def _fold_one(busy: Database) -> None:
    with busy.transaction(SYSTEM) as db:
        _add_one(db)


def _add_one(db: Session) -> None:
    """What a fold does of it, and nothing that would make it wait for another reason."""
    assert distinct.claim(db, 1) == 1
    distinct.add_claimed(db)


@pytest.fixture
def busy(own_database_url: str) -> Iterator[Database]:
    """A database of this test's own, for several workers."""
    made = Database.connect(own_database_url, pool_size=4)
    with clock.travel(NOW + timedelta(hours=1) - datetime.now(UTC)):
        yield made
    made.dispose()


def test_one_buyer_on_two_days_folded_by_two_workers_at_once_is_one(busy: Database) -> None:
    house = House(busy)
    for day in (0, 3):
        house.tells(house.line(day, day, buyer_hash="b"))
    other = threading.Thread(target=_fold_one, args=(busy,))
    with busy.transaction(SYSTEM) as db:
        _add_one(db)
        other.start()
        other.join(0.5)
        assert other.is_alive(), "it waits for the buyer's row: without that it would not see the other day"
    other.join()
    fold_all(busy)
    assert house.counts(0, 3) == (2, 1)
    assert_counted(busy)


def test_days_that_nobody_bought_on_hold_none(house: House) -> None:
    scope = Scope(brand_id=house.brand.id, first=date(2026, 1, 1), last=date(2026, 12, 31))
    with house.database.transaction(HUB) as db:
        assert totals_by(db, HUB, scope) == totals_by(db, HUB, scope, "day") == {}
