"""The summary by its definitions: distinct orders, midnight, maturity, currencies, equal age, what lies beneath."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.insight.lines import Drill, lines_of, page_of_lines
from campaign.insight.periods import compared_days, equal_age
from campaign.insight.returning import return_curves
from campaign.insight.summary import BrandSummary, brand_summary, session_sales
from campaign.insight.tallies import Scope
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.errors import NotFound
from campaign.kit.instants import on_wall
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from tests import zones
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, fold_all

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
DAY = zones.evening(date(2026, 11, 6))
EVENING = on_wall(datetime.combine(DAY, time(20)), ZoneInfo(zones.hub_zone()))
"""20:00 of the hub."""
HOUR = timedelta(hours=1)
DAY_LONG = 24 * HOUR


def day(number: int) -> date:
    """Days as they are written here: the 6th is the evening's."""
    return DAY + timedelta(days=number - 6)


class Shelf:
    """A brand with one shop and two shows on one account: 20:00-22:00, and 23:00-02:00 over midnight."""

    def __init__(self, database: Database, make: Factory) -> None:
        self.database = database
        self.brand = make.brand()
        self.shop = make.shop(self.brand, external_id="4001")
        account = make.account(external_id="a1")
        self.first = add_session(make, EVENING, EVENING + 2 * HOUR, brand=self.brand, account=account)
        self.second = add_session(
            make, EVENING + 3 * HOUR, EVENING + 6 * HOUR, brand=self.brand, account=account
        )
        self._count = 0

    def push(self, *events: dict[str, Any], days_later: float = 1) -> None:
        with clock.travel(EVENING + timedelta(days=days_later) - datetime.now(UTC) - zones.offset()):
            assert Intake(self.database, b"k" * 32).take_in(CONNECTOR, Batch(list(events), [])).rejected == []
        fold_all(self.database)

    def line(self, after: timedelta, fen: int = 10000, **given: Any) -> dict[str, Any]:
        self._count += 1
        at = (EVENING + after).isoformat()
        return {
            "type": "order.line",
            "event_id": f"e{self._count}",
            "occurred_at": at,
            "platform": "douyin",
            "shop_id": "4001",
            "line_id": f"l{self._count}",
            "parent_order_id": f"o{self._count}",
            "status": "paid",
            "ordered_at": at,
            "paid_at": at,
            "currency": "CNY",
            "qty": 1,
            "paid_fen": fen,
            "order_fen": fen,
            "author_id": "a1",
            "traffic": "live",
        } | given

    def refund(self, line: dict[str, Any], fen: int, after: timedelta, **given: Any) -> dict[str, Any]:
        self._count += 1
        at = (EVENING + after).isoformat()
        return {
            "type": "refund",
            "event_id": f"e{self._count}",
            "occurred_at": at,
            "platform": "douyin",
            "shop_id": "4001",
            "refund_id": f"r{self._count}",
            "line_id": line["line_id"],
            "refund_type": "return",
            "stage": "post_receipt",
            "status": "success",
            "amount_fen": fen,
            "succeeded_at": at,
        } | given

    def summary(self, first: int = 6, last: int = 7, *, days_later: float = 1, **given: Any) -> BrandSummary:
        with (
            clock.travel(EVENING + timedelta(days=days_later) - datetime.now(UTC) - zones.offset()),
            self.database.transaction(HUB) as db,
        ):
            return brand_summary(db, HUB, self.brand.id, day(first), day(last), **given)


@pytest.fixture
def shelf(database: Database, make: Factory) -> Shelf:
    return Shelf(database, make)


def test_an_order_over_two_sessions_counts_once_in_each_and_once_in_the_total(shelf: Shelf) -> None:
    shelf.push(
        shelf.line(HOUR, parent_order_id="o"),
        shelf.line(4 * HOUR - timedelta(minutes=5), parent_order_id="o"),
    )
    found = shelf.summary()
    assert [row.totals.orders for row in found.sessions] == [1, 1]
    assert (found.totals[0].orders, found.totals[0].lines) == (1, 2)


def test_a_session_over_midnight_shows_each_days_lines_on_that_day(shelf: Shelf) -> None:
    shelf.push(shelf.line(3 * HOUR + timedelta(minutes=59)), shelf.line(4 * HOUR, 5000))
    assert [(one.key, one.totals[0].paid_gmv_fen) for one in shelf.summary().days] == [
        (str(day(6)), 10000),
        (str(day(7)), 5000),
    ]
    assert shelf.summary(7, 7).totals[0].paid_gmv_fen == 5000
    with shelf.database.transaction(HUB) as db:
        assert session_sales(db, HUB, shelf.second).totals[0].paid_gmv_fen == 15000


def test_net_is_kept_maturing_or_refunded(shelf: Shelf) -> None:
    received = {"status": "received", "received_at": (EVENING + 48 * HOUR).isoformat()}
    ripe, young, back = shelf.line(HOUR, **received), shelf.line(HOUR, 7000), shelf.line(HOUR, 3000)
    shelf.push(ripe, young, back, shelf.refund(back, 3000, 72 * HOUR), days_later=4)
    early = shelf.summary(days_later=5).totals[0]
    assert (early.net_gmv_fen, early.maturing_fen, early.kept_fen, early.refund_fen) == (
        17000,
        17000,
        0,
        3000,
    )
    later = shelf.summary(days_later=10).totals[0]
    assert (later.maturing_fen, later.kept_fen, later.maturing) == (7000, 10000, True)
    final = shelf.summary(days_later=50).totals[0]
    assert (final.maturing_fen, final.kept_fen, final.maturing) == (0, 17000, False)


def test_ratios_come_from_totals_and_nothing_over_nothing_is_unknown(shelf: Shelf) -> None:
    assert shelf.summary().totals[0].refund_rate is None
    one, two = shelf.line(HOUR), shelf.line(HOUR, 30000, qty=2)
    shelf.push(one, two, shelf.refund(one, 10000, 2 * HOUR))
    (totals,) = shelf.summary().totals
    assert (totals.refund_rate, totals.refund_rate_lines) == (2500, 5000)
    assert (totals.per_order_fen, totals.per_unit_fen, totals.per_buyer_fen) == (20000, 13333, None)


def test_buyers_are_counted_once_and_only_when_all_are_known(shelf: Shelf) -> None:
    shelf.push(*(shelf.line(HOUR, buyer_hash=buyer) for buyer in ("b1", "b1", "b2")))
    assert shelf.summary().totals[0].buyers == 2
    shelf.push(shelf.line(HOUR))
    assert shelf.summary().totals[0].buyers is None


def test_currencies_are_never_added(shelf: Shelf) -> None:
    shelf.push(shelf.line(HOUR), shelf.line(HOUR, 500, currency="JPY"))
    assert [(one.currency, one.paid_gmv_fen, one.orders) for one in shelf.summary().totals] == [
        ("CNY", 10000, 1),
        ("JPY", 500, 1),
    ]


def test_gifts_samples_and_tests_are_not_sales_and_services_are_money_without_units(shelf: Shelf) -> None:
    kinds = ("gift", "sample", "test", "exchange", "deposit", "service")
    shelf.push(shelf.line(HOUR), *(shelf.line(HOUR, line_kind=kind) for kind in kinds))
    (totals,) = shelf.summary().totals
    assert (totals.paid_gmv_fen, totals.lines, totals.units, totals.orders) == (20000, 1, 1, 1)


def test_compensation_and_disputes_are_columns_of_their_own(shelf: Shelf) -> None:
    one, two = shelf.line(HOUR), shelf.line(HOUR)
    asked = shelf.refund(two, 4000, 3 * HOUR, status="applied", succeeded_at=None)
    shelf.push(one, two, shelf.refund(one, 12000, 3 * HOUR), asked)
    (totals,) = shelf.summary().totals
    assert (totals.refund_fen, totals.compensation_fen, totals.disputed_fen) == (10000, 2000, 4000)


def test_what_counts_in_no_session_stands_beneath(shelf: Shelf) -> None:
    shelf.push(
        shelf.line(HOUR),
        shelf.line(HOUR, 200, author_id="stranger"),
        shelf.line(HOUR, 30, traffic="card"),
        shelf.line(12 * HOUR, 4),
    )
    found = shelf.summary()
    (row,) = found.beneath
    assert found.totals[0].paid_gmv_fen == 10000
    assert (row.unattributed_fen, row.unattributed_lines, row.outside_live_fen) == (204, 2, 30)


def test_what_stands_beneath_is_on_the_basis_and_at_the_age_of_what_stands_above(shelf: Shelf) -> None:
    """Ordered on the 6th and paid on the 9th, in no session: by cash it is the 9th's, and after two days not there."""
    shelf.push(
        shelf.line(HOUR, 300, author_id="stranger", paid_at=(EVENING + 72 * HOUR).isoformat()), days_later=4
    )

    def loose(first: int, last: int, **given: Any) -> int:
        rows = shelf.summary(first, last, days_later=4, **given).beneath
        return sum(one.unattributed_fen for one in rows)

    assert (loose(6, 6), loose(9, 9)) == (300, 0)
    assert (loose(6, 6, basis="cash"), loose(9, 9, basis="cash")) == (0, 300)
    assert (loose(6, 6, age=2), loose(6, 6, age=3)) == (0, 300)


def test_a_period_is_compared_with_the_one_before_at_the_age_both_have(shelf: Shelf) -> None:
    old = shelf.line(HOUR - timedelta(days=0), 8000)
    shelf.push(old, shelf.refund(old, 8000, 20 * 24 * HOUR), days_later=21)
    found = shelf.summary(7, 7, days_later=21)  # the evening of the 27th
    assert found.compared is not None
    assert found.compared.age == 15
    assert (found.before[0].paid_gmv_fen, found.before[0].refund_fen) == (8000, 0)
    assert shelf.summary(6, 6, days_later=21).totals[0].refund_fen == 8000
    # The 6th's seventh day is the 13th, and over on the 14th.
    assert [equal_age(day(6), day(today)) for today in (7, 13, 14, 21, 22, 30)] == [0, 0, 7, 7, 15, 15]
    assert [equal_age(day(6), day(today), 30) for today in (7, 22, 36, 37, 60)] == [0, 15, 15, 30, 30]


def test_the_running_day_is_left_out_of_both_periods(shelf: Shelf, make: Factory) -> None:
    """By hand, at ten on the 7th: of 6–7 the 6th (100 yuan) is compared, with the first day of 4–5 (80 yuan, 30 back).

    Whole against running it would be 107 yuan against 1,079, of which 80 are back by now.
    """
    account = make.account(external_id="a0")
    for days in (1, 2):
        starts_at = EVENING - days * DAY_LONG
        add_session(make, starts_at, starts_at + 2 * HOUR, brand=shelf.brand, account=account)
    fourth = shelf.line(HOUR - 2 * DAY_LONG, 8000, author_id="a0")
    back = shelf.refund(fourth, 3000, 2 * HOUR - 2 * DAY_LONG)
    later = shelf.refund(fourth, 5000, 2 * HOUR - DAY_LONG)
    fifth = shelf.line(HOUR - DAY_LONG, 99900, author_id="a0")
    running = shelf.line(4 * HOUR + HOUR / 2, 700)
    shelf.push(fourth, back, later, fifth, shelf.line(HOUR), running, days_later=14 / 24)
    found = shelf.summary(6, 7, days_later=14 / 24)
    assert (found.totals[0].paid_gmv_fen, found.totals[0].orders) == (10700, 2)
    assert found.compared is not None
    assert (found.compared.now, found.compared.before) == ((day(6), day(6)), (day(4), day(4)))
    assert (found.compared.age, found.compared.ages, found.compared.cut) == (0, (0,), True)
    (now,), (then,) = found.now_at_age, found.before
    assert (now.paid_gmv_fen, now.refund_fen, now.orders) == (10000, 0, 1)
    assert (then.paid_gmv_fen, then.refund_fen, then.orders) == (8000, 3000, 1)
    # By cash the running day is no more finished: what was paid on the 6th against what moved on the 4th.
    cash = shelf.summary(6, 7, days_later=14 / 24, basis="cash")
    assert cash.compared is not None
    assert (cash.compared.age, cash.compared.ages) == (None, ())
    assert (cash.now_at_age[0].paid_gmv_fen, cash.before[0].paid_gmv_fen) == (10000, 8000)
    # Today alone has nothing finished yet.
    today = shelf.summary(7, 7, days_later=14 / 24)
    assert (today.compared, today.now_at_age, today.before, today.year_before) == (None, (), (), ())
    # A day later nothing runs any more: both whole.
    whole = shelf.summary(6, 7, days_later=1 + 14 / 24)
    assert whole.compared is not None
    assert (whole.compared.now, whole.compared.before) == ((day(6), day(7)), (day(4), day(5)))
    assert whole.compared.cut is False
    assert (whole.now_at_age[0].paid_gmv_fen, whole.before[0].paid_gmv_fen) == (10700, 107900)


def test_the_same_part_of_the_period_before_is_compared() -> None:
    """A month on its tenth: nine days are over, and stand beside the first nine of the thirty before."""
    first, last = date(2026, 11, 1), date(2026, 11, 30)
    found = compared_days(first, last, date(2026, 11, 10), None)
    assert found is not None
    assert found.now == (date(2026, 11, 1), date(2026, 11, 9))
    assert found.before == (date(2026, 10, 2), date(2026, 10, 10))
    assert found.year_before == (date(2025, 11, 1), date(2025, 11, 9))
    assert compared_days(first, last, first, None) is None
    assert compared_days(first, last, date(2026, 10, 1), None) is None
    over = compared_days(first, last, date(2026, 12, 9), 30)
    assert over is not None
    assert (over.age, over.ages, over.cut) == (7, (0, 7), False)


def test_the_year_before_is_the_same_dates_as_they_stood_at_the_same_age(shelf: Shelf, make: Factory) -> None:
    then = on_wall(datetime.combine(DAY.replace(year=DAY.year - 1), time(20)), ZoneInfo(zones.hub_zone()))
    add_session(make, then, then + 2 * HOUR, brand=shelf.brand, account=make.account(external_id="a0"))
    old = shelf.line(then - EVENING + HOUR, 7000, author_id="a0")
    beside = shelf.line(then - EVENING + HOUR - DAY_LONG, 500, author_id="a0")
    back = shelf.refund(old, 7000, then - EVENING + 20 * DAY_LONG)
    # Told in their time: what is pushed a year late is held until somebody has looked at it.
    shelf.push(old, beside, back, days_later=(then - EVENING) / DAY_LONG + 21)
    shelf.push(shelf.line(HOUR, 9000), days_later=32)
    found = shelf.summary(6, 6, days_later=32, compare_age=15)
    assert found.compared is not None
    assert (found.compared.age, found.now_at_age[0].paid_gmv_fen) == (15, 9000)
    assert (found.year_before[0].paid_gmv_fen, found.year_before[0].refund_fen) == (7000, 0)
    # The refund of its twentieth day is there at the age that has it.
    older = shelf.summary(6, 6, days_later=32, compare_age=30)
    assert older.compared is not None
    assert (older.compared.age, older.year_before[0].refund_fen) == (30, 7000)


def test_cash_falls_on_the_day_it_moved(shelf: Shelf) -> None:
    one = shelf.line(HOUR, paid_at=(EVENING + 5 * HOUR).isoformat())
    shelf.push(one, shelf.refund(one, 4000, 30 * HOUR), days_later=3)
    assert [
        (d.key, d.totals[0].paid_gmv_fen, d.totals[0].refund_fen)
        for d in shelf.summary(6, 9, basis="cash").days
    ] == [
        (str(day(6)), 0, 0),
        (str(day(7)), 10000, 0),
        (str(day(8)), 0, 4000),
    ]
    assert shelf.summary(6, 6).totals[0].refund_fen == 4000


def test_money_of_another_day_opens_down_to_its_lines_however_old_they_are(shelf: Shelf) -> None:
    early = shelf.line(HOUR, paid_at=(EVENING - 5 * DAY_LONG).isoformat())
    old = shelf.line(HOUR, 9000)
    shelf.push(early, old, shelf.line(2 * HOUR, 700), shelf.refund(old, 4000, 70 * DAY_LONG), days_later=71)
    found: dict[int, list[tuple[int, int]]] = {}
    with shelf.database.transaction(HUB) as db:
        for moved in (-5, 0, 70):
            on = DAY + moved * DAY_LONG
            cash = Drill(Scope(brand_id=shelf.brand.id, first=on, last=on, basis="cash"))
            found[moved] = sorted((row.paid_fen, row.refund_fen) for row in lines_of(db, HUB, cash))
    # Neither the payment dated by a clock that is wrong nor the late refund is lost.
    assert found == {-5: [(10000, 0)], 0: [(0, 0), (700, 0), (9000, 0)], 70: [(0, 4000)]}


def test_the_lines_of_a_day_by_cash_are_not_sought_on_days_whose_money_moved_elsewhere(shelf: Shelf) -> None:
    shelf.push(*(shelf.line(HOUR + timedelta(seconds=n)) for n in range(40)))
    on = DAY + 3 * DAY_LONG
    cash = Drill(Scope(brand_id=shelf.brand.id, first=on, last=on, basis="cash"))
    with shelf.database.transaction(HUB) as db:
        # Lines that the sums do not know of on that day are the proof that no line was opened to look.
        db.execute(text("SET LOCAL ROLE xinji_system"))
        db.execute(
            text("UPDATE order_line SET posted = replace(posted::text, :was, :day)::jsonb"),
            {"was": str(DAY), "day": str(on)},
        )
        db.execute(text("SET LOCAL ROLE xinji_app"))
        assert list(lines_of(db, HUB, cash)) == []


def test_complete_to_is_told_by_the_shop_that_is_furthest_behind(shelf: Shelf, make: Factory) -> None:
    assert shelf.summary().complete_through is None
    shelf.push(shelf.line(HOUR))
    assert shelf.summary().complete_through == EVENING + HOUR


def test_every_figure_opens_down_to_its_lines(shelf: Shelf) -> None:
    shelf.push(*(shelf.line(HOUR + timedelta(seconds=n)) for n in range(7)))
    seen: list[str] = []
    cursor = None
    with shelf.database.transaction(HUB) as db:
        while True:
            page = page_of_lines(db, HUB, Drill(Scope(brand_id=shelf.brand.id)), limit=3, cursor=cursor)
            seen += [row.line_id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == [f"l{n}" for n in range(7, 0, -1)]


def test_another_brand_finds_nothing_here(shelf: Shelf, make: Factory) -> None:
    shelf.push(shelf.line(HOUR))
    stranger = Actor(kind="user", role="brand", id=9, name="x", brand_id=make.brand().id)
    with shelf.database.transaction(stranger) as db:
        with pytest.raises(NotFound):
            brand_summary(db, stranger, shelf.brand.id, date(2026, 11, 6), date(2026, 11, 7))
        with pytest.raises(NotFound):
            session_sales(db, stranger, shelf.first)
        assert page_of_lines(db, stranger, Drill(Scope(brand_id=shelf.brand.id))).items == []
    with shelf.database.transaction(SYSTEM) as db:
        assert session_sales(db, SYSTEM, shelf.first).totals[0].lines == 1


def test_each_category_has_a_return_curve_of_its_own(shelf: Shelf, make: Factory) -> None:
    """By hand: of 100 yuan of coats a quarter is back on the day of the order, half of it by the fourth; no bag is."""
    make.product(shelf.brand, sku="C-1", category="皮衣")
    make.product(shelf.brand, sku="C-2", category="皮衣")
    make.product(shelf.brand, sku="B-1", category="包")
    coat, other = shelf.line(HOUR, 6000, merchant_sku="C-1"), shelf.line(HOUR, 4000, merchant_sku="C-2")
    bag, unknown = shelf.line(HOUR, 5000, merchant_sku="B-1"), shelf.line(HOUR, 1000, merchant_sku="?")
    back = (shelf.refund(coat, 2500, 2 * HOUR), shelf.refund(other, 2500, 3 * DAY_LONG))
    shelf.push(coat, other, bag, unknown, *back, days_later=4)
    with (
        clock.travel(EVENING + timedelta(days=4) - datetime.now(UTC) - zones.offset()),
        shelf.database.transaction(HUB) as db,
    ):
        found = return_curves(db, HUB, shelf.brand.id, day(6), day(7))
    assert found.by == "category"
    assert {one.part: [point.rate for point in one.points] for one in found.curves} == {
        None: [1563, 1563, 1563, 3125],
        "皮衣": [2500, 2500, 2500, 5000],
        "包": [0, 0, 0, 0],
        "": [0, 0, 0, 0],
    }
