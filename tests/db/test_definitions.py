"""The figures by their definitions: each row a case, its numbers worked by hand. Amounts in fen."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.insight.lines import drill, foot_of, lines_of
from campaign.insight.tallies import Scope, totals_by
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.errors import Invalid
from tests import zones
from tests.db.test_insight_summary import EVENING, HOUR, Shelf, day
from tests.factory import HUB, Factory

Events = list[dict[str, Any]]
CASES: dict[str, tuple[Callable[[Shelf], Events], dict[str, int | None]]] = {}


def case(**wanted: int | None) -> Callable[[Callable[[Shelf], Events]], None]:
    """Add a row: what is pushed, and the figures that must come of it."""

    def add(build: Callable[[Shelf], Events]) -> None:
        CASES[build.__name__] = (build, wanted)

    return add


@case(paid_gmv_fen=10000, refund_fen=4000, net_gmv_fen=6000, refund_rate=4000)
def paid_is_never_reduced_by_a_part_that_came_back(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    return [line, shelf.refund(line, 4000, 30 * HOUR, refund_type="refund_only")]


@case(placed_gmv_fen=13000, paid_gmv_fen=10000, lines=1, units=1, orders=1)
def created_and_not_paid_is_placed_alone(shelf: Shelf) -> Events:
    return [shelf.line(HOUR), shelf.line(HOUR, 3000, status="created", paid_at=None)]


@case(refund_fen=5000, net_gmv_fen=5000, refund_rate=5000)
def two_partial_refunds_are_two(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    return [line, shelf.refund(line, 3000, 30 * HOUR), shelf.refund(line, 2000, 40 * HOUR)]


@case(refund_fen=3000, disputed_fen=0)
def applied_and_then_successful_is_one_refund(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    asked = shelf.refund(line, 3000, 30 * HOUR, status="applied", succeeded_at=None)
    paid_back = shelf.refund(line, 3000, 31 * HOUR, refund_id=asked["refund_id"])
    return [line, asked, paid_back]


@case(net_gmv_fen=9000, price_protection_fen=1000, refunded_lines=0, refunded_units=0, refund_rate_lines=0)
def price_protection_lowers_the_net_and_returns_nothing(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    return [line, shelf.refund(line, 1000, 30 * HOUR, refund_type="price_protection")]


@case(paid_gmv_fen=10000, merchant_gmv_fen=11500)
def subsidies_are_in_a_column_of_their_own(shelf: Shelf) -> Events:
    return [shelf.line(HOUR, discount_platform_fen=1000, discount_host_fen=500, discount_shop_fen=300)]


@case(paid_gmv_fen=10000, refund_fen=10000, net_gmv_fen=0, compensation_fen=0)
def freight_and_tax_stand_apart_from_goods(shelf: Shelf) -> Events:
    line = shelf.line(HOUR, shipping_fen=800, tax_fen=200)
    return [line, shelf.refund(line, 10000, 30 * HOUR, shipping_fen=800)]


@case(refund_pre_ship_fen=1000, refund_post_ship_fen=2000, refund_post_receipt_fen=3000, refund_fen=6000)
def refunds_are_told_by_stage(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    stages = ("pre_ship", "post_ship", "post_receipt")
    return [
        line,
        *(shelf.refund(line, 1000 * n, 30 * HOUR, stage=stage) for n, stage in enumerate(stages, 1)),
    ]


@case(refund_rate=1000, refund_rate_lines=5000)
def a_rate_over_sessions_is_of_their_totals_and_no_mean_of_rates(shelf: Shelf) -> Events:
    """One session gave all of 1,000 back (100 %), the other nothing of 9,000 (0 %): 10 %, where a mean says 50 %."""
    small, great = shelf.line(HOUR, 1000), shelf.line(3 * HOUR + timedelta(minutes=5), 9000)
    return [small, great, shelf.refund(small, 1000, 30 * HOUR)]


@case(paid_gmv_fen=20000, per_order_fen=10000, per_buyer_fen=20000, per_unit_fen=5000, buyers=1)
def averages_are_over_orders_buyers_and_units(shelf: Shelf) -> Events:
    """One buyer, two orders, four units of ¥50."""
    return [shelf.line(HOUR, qty=3, buyer_hash="b", paid_fen=15000), shelf.line(HOUR, 5000, buyer_hash="b")]


@case(orders=1, lines=3, units=6)
def an_order_of_three_lines_is_one(shelf: Shelf) -> Events:
    return [shelf.line(HOUR, qty=n, parent_order_id="one") for n in (1, 2, 3)]


@case(orders=2)
def the_same_order_number_in_two_shops_is_two(shelf: Shelf) -> Events:
    Factory(shelf.database).shop(shelf.brand, external_id="4002")
    return [shelf.line(HOUR, parent_order_id="one"), shelf.line(HOUR, parent_order_id="one", shop_id="4002")]


@case(paid_gmv_fen=30000, lines=3)
def overlapping_imports_do_not_double_the_day(shelf: Shelf) -> Events:
    """Three lines, told again by another export that overlaps: other event ids, the same lines."""
    lines = [shelf.line(HOUR) for _ in range(3)]
    return [*lines, *({**line, "event_id": f"again {line['event_id']}"} for line in lines)]


@case(paid_gmv_fen=10000, lines=1, maturing_fen=10000)
def a_late_paid_never_undoes_received(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    later = (EVENING + 20 * HOUR).isoformat()
    received = {**line, "event_id": "r", "status": "received", "received_at": later, "occurred_at": later}
    return [received, line]


@case(paid_gmv_fen=0, placed_gmv_fen=10000, deposit_fen=2000, lines=0, refund_fen=0, net_gmv_fen=0)
def a_deposit_alone_is_no_sale(shelf: Shelf) -> Events:
    return [shelf.line(HOUR, status="created", paid_at=None, deposit_fen=2000)]


@case(paid_gmv_fen=10000, placed_gmv_fen=10000, deposit_fen=2000, lines=1, units=1, orders=1)
def a_presale_counts_in_full_once_its_balance_is_paid(shelf: Shelf) -> Events:
    """Deposit of ¥20 on the evening, the balance of ¥80 thirty hours later: a sale of ¥100 of that evening."""
    promised = shelf.line(HOUR, status="created", paid_at=None, deposit_fen=2000)
    later = (EVENING + 30 * HOUR).isoformat()
    return [promised, {**promised, "event_id": "b", "status": "paid", "paid_at": later, "occurred_at": later}]


@case(
    paid_gmv_fen=0, deposit_fen=2000, refund_fen=0, net_gmv_fen=0, compensation_fen=0, lines=0, maturing=False
)
def a_forfeited_deposit_is_neither_sale_nor_refund(shelf: Shelf) -> Events:
    promised = shelf.line(HOUR, status="created", paid_at=None, deposit_fen=2000)
    later = (EVENING + 40 * HOUR).isoformat()
    return [promised, {**promised, "event_id": "c", "status": "cancelled", "occurred_at": later}]


@case(paid_gmv_fen=10000, deposit_fen=2000, refund_fen=0, lines=1, orders=1)
def a_deposit_told_as_a_line_of_its_own_is_in_its_column_alone(shelf: Shelf) -> Events:
    return [shelf.line(HOUR, 2000, line_kind="deposit"), shelf.line(HOUR)]


@case(paid_gmv_fen=12000, placed_gmv_fen=12000, lines=1, units=1, orders=1)
def gifts_samples_and_tests_are_nothing_and_a_price_difference_is_money_alone(shelf: Shelf) -> Events:
    kinds = [shelf.line(HOUR, line_kind=kind) for kind in ("gift", "sample", "test")]
    return [shelf.line(HOUR), *kinds, shelf.line(HOUR, 2000, line_kind="service")]


@case(paid_gmv_fen=10000, refund_fen=0, lines=1, units=1, orders=1, refunded_lines=0)
def an_exchange_counts_once_at_the_line_it_replaces(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    swapped = shelf.refund(line, 0, 30 * HOUR, refund_type="exchange")
    return [line, swapped, shelf.line(31 * HOUR, line_kind="exchange", replaces_line_id=line["line_id"])]


@case(refund_fen=10000, compensation_fen=2500, net_gmv_fen=0, refund_rate=10000)
def what_exceeds_the_paid_amount_is_compensation(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    return [line, shelf.refund(line, 12500, 30 * HOUR)]


@case(refund_fen=0, disputed_fen=4000, net_gmv_fen=10000, refund_rate=0)
def an_application_is_in_dispute_and_no_refund(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    return [line, shelf.refund(line, 4000, 30 * HOUR, status="applied", succeeded_at=None)]


@case(
    refund_fen=3800,
    refund_pre_ship_fen=1000,
    cancelled_fen=1000,
    returned_fen=2000,
    money_only_fen=800,
    price_protection_fen=300,
)
def refunds_are_shown_apart_by_what_they_were(shelf: Shelf) -> Events:
    """¥10 cancelled before shipping, ¥20 returned after it, ¥5 given back and ¥3 of price protection: money only."""
    line = shelf.line(HOUR)
    return [
        line,
        shelf.refund(line, 1000, 10 * HOUR, stage="pre_ship", refund_type="refund_only"),
        shelf.refund(line, 2000, 30 * HOUR, stage="post_ship", refund_type="return"),
        shelf.refund(line, 500, 31 * HOUR, stage="post_ship", refund_type="refund_only"),
        shelf.refund(line, 300, 32 * HOUR, stage="post_receipt", refund_type="price_protection"),
    ]


@case(
    refund_fen=6300, refund_pre_ship_fen=2800, cancelled_fen=2000, returned_fen=3000, money_only_fen=1300,
    price_protection_fen=500, net_gmv_fen=13700, refunded_lines=2, refunded_units=0,
)  # fmt: skip
def price_protection_before_shipping_cancels_nothing(shelf: Shelf) -> Events:
    """Two lines of ¥100. Of the first ¥5 of price protection and ¥3 for an exchange before shipping, ¥5 in money after
    it; of the second ¥20 cancelled before shipping and ¥30 returned: 20 cancelled, 30 returned, 13 money only.
    """
    one, other = shelf.line(HOUR, qty=2), shelf.line(HOUR, qty=2)
    return [
        one,
        other,
        shelf.refund(one, 500, 9 * HOUR, stage="pre_ship", refund_type="price_protection"),
        shelf.refund(one, 300, 10 * HOUR, stage="pre_ship", refund_type="exchange"),
        shelf.refund(one, 500, 30 * HOUR, stage="post_ship", refund_type="refund_only"),
        shelf.refund(other, 2000, 10 * HOUR, stage="pre_ship", refund_type="refund_only"),
        shelf.refund(other, 3000, 30 * HOUR, stage="post_ship", refund_type="return"),
    ]


@case(refund_pre_ship_fen=500, cancelled_fen=0, money_only_fen=500, refunded_lines=0)
def a_stage_that_is_not_told_is_before_shipping_and_price_protection_still_cancels_nothing(
    shelf: Shelf,
) -> Events:
    line = shelf.line(HOUR)
    return [line, shelf.refund(line, 500, 9 * HOUR, stage=None, refund_type="price_protection")]


@case(refund_pre_ship_fen=10000, cancelled_fen=9500, money_only_fen=500, net_gmv_fen=0, refunded_lines=1)
def what_is_cancelled_after_price_protection_is_the_rest(shelf: Shelf) -> Events:
    line = shelf.line(HOUR)
    return [
        line,
        shelf.refund(line, 500, 9 * HOUR, stage="pre_ship", refund_type="price_protection"),
        shelf.refund(line, 9500, 10 * HOUR, stage="pre_ship", refund_type="refund_only"),
    ]


@case(refund_rate=1500, refund_rate_lines=5000, refund_rate_units=2000, refunded_units=1)
def the_rate_is_by_money_by_lines_and_by_units(shelf: Shelf) -> Events:
    """Of ¥200 in two lines and five units one unit of ¥30 came back: 15 %, 50 %, 20 %."""
    line = shelf.line(HOUR, qty=4, paid_fen=12000)
    return [line, shelf.line(HOUR, 8000), shelf.refund(line, 3000, 30 * HOUR, qty=1)]


@case(paid_gmv_fen=10000, orders=1, buyers=None, per_buyer_fen=None, per_order_fen=10000, per_unit_fen=None)
def what_nothing_divides_is_unknown_and_no_nought(shelf: Shelf) -> Events:
    """The line says nothing of its buyer; a price difference has no units, so nothing divides per unit."""
    return [shelf.line(HOUR, qty=0)]


@case(units=1, lines=1)
def a_bundle_is_one_unit_unless_the_platform_splits_it(shelf: Shelf) -> Events:
    return [shelf.line(HOUR, merchant_sku="SET-3", qty=1)]


DRILLED = (
    ("placed_gmv", "paid_gmv", "merchant_gmv", "deposit", "refund", "refund_pre_ship", "refund_post_ship")
    + (
        "refund_post_receipt",
        "cancelled",
        "returned",
        "money_only",
        "price_protection",
        "compensation",
        "disputed",
    )
    + ("maturing", "kept")
)


def at_day(days: float) -> Any:
    return clock.travel(EVENING + timedelta(days=days) - datetime.now(UTC) - zones.offset())


def check_drills(db: Any, scope: Scope) -> None:
    """Each amount of the totals is the sum of the lines it opens, and each of those adds to it."""
    for one in totals_by(db, HUB, scope)[""]:
        for name in DRILLED:
            figure = getattr(one, f"{name}_fen")
            only: Any = {"paid_gmv": "paid", "refund": "refunded"}.get(name, name)
            if figure is None:
                with pytest.raises(Invalid):
                    drill(scope, only=only)
                continue
            asked = drill(scope, currency=one.currency, only=only)
            lines = [line.amount_fen for line in lines_of(db, HUB, asked)]
            assert None not in lines
            assert 0 not in lines
            assert sum(filter(None, lines)) == figure, (name, scope)
            assert sum(foot.amount_fen or 0 for foot in foot_of(db, HUB, asked)) == figure, (name, scope)


def test_an_amount_that_no_line_makes_is_noticed(database: Database, make: Factory) -> None:
    shelf = Shelf(database, make)
    line = shelf.line(HOUR)
    shelf.push(line, shelf.refund(line, 12500, 30 * HOUR), days_later=3)
    with database.transaction(SYSTEM) as db:
        db.execute(
            text("UPDATE sales_day SET compensation_fen = compensation_fen + 1 WHERE compensation_fen > 0")
        )
    with database.transaction(HUB) as db, pytest.raises(AssertionError, match="compensation"):
        check_drills(db, Scope(brand_id=shelf.brand.id, first=day(6), last=day(6)))


@pytest.mark.parametrize("name", CASES)
def test_a_figure_is_what_its_definition_says(name: str, database: Database, make: Factory) -> None:
    build, wanted = CASES[name]
    shelf = Shelf(database, make)
    shelf.push(*build(shelf), days_later=3)
    (totals,) = shelf.summary(6, 7, days_later=3).totals
    assert {figure: getattr(totals, figure) for figure in wanted} == wanted
    for told in ({}, {"basis": "cash"}, {"age": 1}):
        with at_day(3), database.transaction(HUB) as db:
            check_drills(db, Scope(brand_id=shelf.brand.id, first=day(6), last=day(9), **told))
