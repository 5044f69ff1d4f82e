"""The figures by their definitions: each row a case, its numbers worked by hand. Amounts in fen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaign.kit.database import Database
from tests.db.test_insight_summary import EVENING, HOUR, Shelf
from tests.factory import Factory
from tests.sales_kit import add_session

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


@pytest.mark.parametrize("name", CASES)
def test_a_figure_is_what_its_definition_says(name: str, database: Database, make: Factory) -> None:
    build, wanted = CASES[name]
    shelf = Shelf(database, make)
    shelf.push(*build(shelf), days_later=3)
    (totals,) = shelf.summary(6, 7, days_later=3).totals
    assert {figure: getattr(totals, figure) for figure in wanted} == wanted


def test_orders_at_the_edges_count_once_and_in_the_right_show(database: Database, make: Factory) -> None:
    """First show 20:00-22:00, the next 23:00-02:00; ten minutes of grace: [start, end + grace)."""
    shelf = Shelf(database, make)
    second = timedelta(seconds=1)
    edges = {
        0 * HOUR: "first",
        -second: "beneath",
        2 * HOUR - second: "first",
        2 * HOUR: "first",
        2 * HOUR + timedelta(minutes=10) - second: "first",
        2 * HOUR + timedelta(minutes=10): "beneath",
        3 * HOUR - second: "beneath",
        3 * HOUR: "second",
        4 * HOUR: "second",
        6 * HOUR: "second",
    }
    shelf.push(*(shelf.line(after, 1) for after in edges), days_later=1)
    found = shelf.summary(6, 7)
    by_session = {row.session_id: row.totals.paid_gmv_fen for row in found.sessions}
    wanted = list(edges.values())
    assert by_session == {shelf.first: wanted.count("first"), shelf.second: wanted.count("second")}
    assert found.beneath[0].unattributed_fen == wanted.count("beneath")
    assert found.totals[0].paid_gmv_fen + found.beneath[0].unattributed_fen == len(edges)


def test_a_shift_over_midnight_keeps_its_orders(database: Database, make: Factory) -> None:
    shelf = Shelf(database, make)
    host, other = make.host(), make.host()
    account, handover = make.account(external_id="a9"), EVENING + 5 * HOUR
    add_session(
        make, EVENING + 3 * HOUR, EVENING + 6 * HOUR, brand=shelf.brand, account=account,
        shifts=((host, None, EVENING + 3 * HOUR, handover), (other, None, handover, EVENING + 6 * HOUR)),
    )  # fmt: skip
    moments = (4 * HOUR - timedelta(seconds=1), 4 * HOUR, 5 * HOUR - timedelta(seconds=1), 5 * HOUR)
    shelf.push(*(shelf.line(after, 100 * 10**n, author_id="a9") for n, after in enumerate(moments)))
    by_host = {row.host_id: row.totals.paid_gmv_fen for row in shelf.summary(6, 7).hosts}
    assert by_host == {host.id: 100 + 1000 + 10000, other.id: 100000}
