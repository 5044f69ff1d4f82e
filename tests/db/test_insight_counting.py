"""Orders and buyers are kept by the brand's version: counted once, and anew as soon as anything of them is another."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.insight.tallies import Scope, totals_by
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from campaign.sales.projecting import projections_of
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, fold_all
from tests.season_kit import NOW, at_the_end_of_it

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
DAY = "2026-11-20T12:00"


def line(number: int, **given: Any) -> dict[str, Any]:
    return {
        "type": "order.line", "event_id": f"e{number}", "occurred_at": f"{DAY}:00Z", "platform": "douyin",
        "shop_id": "s1", "line_id": f"l{number}", "status": "paid", "ordered_at": f"{DAY}:00Z", "currency": "CNY",
        "paid_at": f"{DAY}:00Z", "qty": 1, "paid_fen": 100, "room_id": "r1",
    } | given  # fmt: skip


class Shop:
    """A brand with one shop and one show."""

    def __init__(self, database: Database, make: Factory) -> None:
        self.database, brand = database, make.brand()
        make.shop(brand, external_id="s1")
        self.brand_id = brand.id
        self.session_id = add_session(make, NOW - timedelta(hours=3), NOW, brand=brand, rooms=("r1",))

    def tells(self, *events: dict[str, Any]) -> None:
        with at_the_end_of_it():
            assert Intake(self.database, b"k" * 32).take_in(CONNECTOR, Batch(list(events), [])).rejected == []
            fold_all(self.database)

    def counts(self) -> tuple[int | None, int | None]:
        scope = Scope(brand_id=self.brand_id, first=date(2026, 11, 1), last=date(2026, 11, 30))
        with self.database.transaction(HUB) as db:
            (total,) = totals_by(db, HUB, scope)[""]
        return total.orders, total.buyers

    def in_redis(self) -> int:
        with self.database.transaction(SYSTEM) as db:
            (one,) = projections_of(db, SYSTEM, [self.session_id])
        return one.totals["CNY"]["orders"]


@pytest.fixture
def shop(database: Database, make: Factory) -> Shop:
    return Shop(database, make)


def test_a_count_is_made_once_until_something_was_folded(shop: Shop, statements: Any) -> None:
    shop.tells(line(1), line(2))
    with statements() as sent:
        assert shop.counts() == shop.counts() == (2, None)
    assert sum("sales_distinct" in one for one in sent) == 1
    shop.tells(line(3))
    assert shop.counts() == (3, None)


def test_an_order_and_a_buyer_that_are_told_late_are_counted(shop: Shop) -> None:
    shop.tells(line(1), line(2))
    assert (shop.counts(), shop.in_redis()) == ((2, None), 2)
    with shop.database.transaction(SYSTEM) as db:
        before = db.execute(text("SELECT version FROM session_sales")).scalar_one()
    later = {"occurred_at": f"{DAY}:30Z", "parent_order_id": "o1", "buyer_hash": "b"}
    shop.tells(line(1, event_id="e3", **later), line(2, event_id="e4", **later))
    assert (shop.counts(), shop.in_redis()) == ((1, 1), 1)
    with shop.database.transaction(SYSTEM) as db:
        # A newer version: or Redis would not take the newer count.
        assert db.execute(text("SELECT version FROM session_sales")).scalar_one() > before


def test_an_order_that_is_named_like_its_only_line_is_one(shop: Shop) -> None:
    shop.tells(line(1, parent_order_id="l2"), line(2))
    assert shop.counts() == (1, None)
