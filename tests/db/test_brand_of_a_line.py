"""A line's brand is that of its product on the day of the order, else of its shop, else none: worked by hand.

Product XJ-1 was A's until 9 November, B's until 11 November and is C's since. Its orders:

| line | ordered, Beijing  | paid_fen |
| ---- | ----------------- | -------- |
| l1   | 8 Nov  23:59:59   | 1        |
| l2   | 9 Nov  00:00:00   | 20       |
| l3   | 10 Nov 12:00:00   | 300      |
| l4   | 11 Nov 00:00:00   | 4000     |
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.catalog import products
from campaign.catalog.models import Product
from campaign.catalog.schemas import StretchIn
from campaign.insight.tallies import Scope, totals_by
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.parts import Parts
from campaign.sales import placing, recounting, settling
from campaign.sales.images import Owner
from campaign.sales.ingest import Source, ingest
from campaign.sales.submissions import prepared
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, assert_reconciled, fold_all, told_line
from workers import sales as tasks
from workers import task

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
NOW = datetime(2026, 11, 30, tzinfo=UTC)
ORDERS = {
    "l1": ("2026-11-08T23:59:59+08:00", 1),
    "l2": ("2026-11-09T00:00:00+08:00", 20),
    "l3": ("2026-11-10T12:00:00+08:00", 300),
    "l4": ("2026-11-11T00:00:00+08:00", 4000),
}
D9, D11 = date(2026, 11, 9), date(2026, 11, 11)


@pytest.fixture
def later(parts: Parts) -> Iterator[None]:
    """All of it is past; tasks run on the test's parts."""
    task.use(parts)
    with clock.travel(NOW - datetime.now(UTC)):
        yield
    task.use(None)


def take(database: Database, first: int = 0, **given: Any) -> None:
    lines = [
        told_line(number, line_id=name, ordered_at=at, paid_at=at, occurred_at=at, paid_fen=fen, room_id="r1",
                  **{"merchant_sku": "XJ-1"} | given)
        for number, (name, (at, fen)) in enumerate(ORDERS.items(), first)
    ]  # fmt: skip
    with database.transaction(SYSTEM) as db:
        taken, refused = prepared(lines, salt=b"s")
        assert ingest(db, CONNECTOR, taken, Source("push", 5), refused).rejected == []
    fold_all(database)


def sold(database: Database, brand: Any) -> int:
    """Paid by the rollups, and the same opened down to the lines."""
    with database.transaction(SYSTEM) as db:
        by_day = totals_by(db, HUB, Scope(brand_id=brand.id, bucket=None), "none")
        of_lines = db.execute(
            text("SELECT coalesce(sum(paid_fen), 0) FROM order_line WHERE brand_id = :id"), {"id": brand.id}
        ).scalar_one()
        of_session = db.execute(
            text("SELECT coalesce(sum(paid_fen), 0) FROM session_total WHERE brand_id = :id"),
            {"id": brand.id},
        ).scalar_one()
    total = sum(one.paid_gmv_fen for one in by_day.get("", []))
    assert total == of_lines == of_session
    return total


def handed(database: Database, product: Product, *stretches: tuple[Any, date | None]) -> None:
    with database.transaction(SYSTEM) as db:
        given = [StretchIn(brand_id=brand.id, starts_on=since) for brand, since in stretches]
        products.set_stretches(db, HUB, db.get_one(Product, product.id), given)
    tasks.reattribute()
    tasks.fold()


@pytest.fixture
def brands(make: Factory, later: None) -> list[Any]:
    brands = [make.brand(name=name) for name in "ABC"]
    make.shop(brands[0], external_id="4001")
    begins = datetime(2026, 11, 8, tzinfo=UTC)
    add_session(make, begins, begins + timedelta(hours=8), brand=brands[0], rooms=("r1",))
    return brands


def test_the_day_of_the_order_says_whose_it_is(database: Database, make: Factory, brands: list[Any]) -> None:
    a, b, c = brands
    product = make.product(a, sku="XJ-1")
    handed(database, product, (a, None), (b, D9), (c, D11))
    take(database)
    assert [sold(database, brand) for brand in brands] == [1, 320, 4000]
    assert_reconciled(database)


def test_what_changes_hands_takes_its_days_along(
    database: Database, make: Factory, brands: list[Any]
) -> None:
    a, b, c = brands
    product = make.product(a, sku="XJ-1")
    take(database)
    assert [sold(database, brand) for brand in brands] == [4321, 0, 0]
    handed(database, product, (a, None), (b, D9))
    assert [sold(database, brand) for brand in brands] == [1, 4320, 0]
    handed(database, product, (a, None), (b, D9), (c, D11))
    assert [sold(database, brand) for brand in brands] == [1, 320, 4000]
    # It was wrong all along; then: it was right. There and back leaves nothing.
    handed(database, product, (c, None))
    assert [sold(database, brand) for brand in brands] == [0, 0, 4321]
    handed(database, product, (a, None))
    assert [sold(database, brand) for brand in brands] == [4321, 0, 0]
    assert_reconciled(database)


def test_who_has_it_since_today_has_nothing_of_what_was(
    database: Database, make: Factory, brands: list[Any]
) -> None:
    product = make.product(brands[0], sku="XJ-1")
    take(database)
    with database.transaction(SYSTEM) as db:
        row = db.get_one(Product, product.id)
        products.change_product(db, HUB, row, {"brand_id": brands[1].id})
    tasks.reattribute()
    tasks.fold()
    assert [sold(database, brand) for brand in brands] == [4321, 0, 0]
    # Nor does a later word about an old line move it.
    take(database, 10, version=2, qty=2)
    assert [sold(database, brand) for brand in brands] == [4321, 0, 0]


def test_without_a_product_it_is_the_shops_and_without_either_nobodys(
    database: Database, make: Factory, brands: list[Any]
) -> None:
    take(database)
    assert [sold(database, brand) for brand in brands] == [4321, 0, 0]
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE shop SET brand_id = NULL, rev = rev + 1"))
    tasks.reattribute()
    tasks.fold()
    assert [sold(database, brand) for brand in brands] == [0, 0, 0]
    with database.transaction(SYSTEM) as db:
        nobodys = totals_by(db, HUB, Scope(bucket=None), "brand")
    assert {key: sum(one.paid_gmv_fen for one in found) for key, found in nobodys.items()} == {"0": 4321}
    # A product that is entered late finds what it had sold, and its shop's brand does not matter.
    handed(database, make.product(brands[1], sku="XJ-1"), (brands[1], None))
    assert [sold(database, brand) for brand in brands] == [0, 4321, 0]
    assert_reconciled(database)


def test_a_product_of_many_lines_is_placed_in_turns(
    database: Database, make: Factory, brands: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    product = make.product(brands[0], sku="XJ-1")
    take(database)
    monkeypatch.setattr(placing, "MOST_LINES", 1)
    with database.transaction(SYSTEM) as db:
        products.hand_over(db, HUB, db.get_one(Product, product.id), brands[1].id, D9)
        due = placing.SKUS.due(db, SYSTEM)
        # The first turn takes the first line alone, which stays where it is.
        assert [placing.SKUS.reassign(db, SYSTEM, one) for one in due] == [0] * len(due)
        assert placing.SKUS.due(db, SYSTEM) == due
    tasks.reattribute()
    tasks.fold()
    assert [sold(database, brand) for brand in brands] == [1, 4320, 0]


def give(database: Database, brand: Any) -> None:
    with database.transaction(SYSTEM) as db:
        sql = text("UPDATE shop SET brand_id = :id, rev = rev + 1, updated_at = :now")
        db.execute(sql, {"id": brand.id, "now": clock.now(db)})


def test_a_shop_of_many_lines_is_placed_in_turns(
    database: Database, brands: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    take(database)
    monkeypatch.setattr(placing, "MOST_LINES", 2)
    give(database, brands[1])
    with database.transaction(SYSTEM) as db:
        (shop,) = placing.due_shops(db, SYSTEM)
        assert placing.reassign_shop(db, SYSTEM, shop) == 2
        assert placing.due_shops(db, SYSTEM) == [shop]
    # It goes to the third before the second has all: whoever was on the way begins anew.
    give(database, brands[2])
    tasks.reattribute()
    tasks.fold()
    assert [sold(database, brand) for brand in brands] == [0, 0, 4321]
    assert_reconciled(database)


@pytest.mark.parametrize("what", ["product", "shop"])
def test_who_read_the_old_brand_before_it_changed_is_set_right_too(
    what: str, database: Database, make: Factory, brands: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    product = make.product(brands[0], sku="XJ-1") if what == "product" else None
    take(database)
    if product is None:
        give(database, brands[1])
        tasks.reattribute()
    else:
        handed(database, product, (brands[1], None))
    # As by a batch that had read whose it was a moment before, and commits after the lines were placed.
    with monkeypatch.context() as patch, database.transaction(SYSTEM) as db:
        old = brands[0].id, product and product.id
        patch.setattr(settling._Catalogue, "owner_of", lambda _all, row, _line: Owner(row.shop_id, *old))
        (keys,) = recounting.keys_of_lines(db, SYSTEM)
        assert placing.place_again(db, SYSTEM, keys) == 4
        # Noted by the server's clock, which does not travel.
        db.execute(text("UPDATE sku_change SET changed_at = :now"), {"now": clock.now(db)})
    tasks.fold()
    assert sold(database, brands[0]) == 4321
    with clock.travel(placing.SETTLING):
        tasks.reattribute()
        tasks.fold()
        assert [sold(database, brand) for brand in brands] == [0, 4321, 0]
        with database.transaction(SYSTEM) as db:
            assert not any(due(db, SYSTEM) for due, _ in placing.TURNS)
