"""What others get wrong, each with its numbers worked by hand beside what the mistake would say. Amounts in fen."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.connectors import imports
from campaign.insight.audience import Audience, audience_of
from campaign.insight.figures import Totals
from campaign.insight.rankings import ranking
from campaign.insight.summary import groups_of, session_sales
from campaign.insight.tallies import Scope, totals_by
from campaign.kit.database import Database
from tests.db.test_insight_summary import DAY, EVENING, HOUR, Shelf, day
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, change_session, fold_all

MINUTE = timedelta(minutes=1)
BEIJING = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def shelf(database: Database, make: Factory) -> Shelf:
    return Shelf(database, make)


def export_of(rows: list[tuple[str, datetime, str]]) -> bytes:
    """A Douyin order export: (line, moment of the order, yuan)."""
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(
        [
            "主订单编号",
            "子订单编号",
            "选购商品",
            "商家编码",
            "商品数量",
            "商品金额",
            "订单提交时间",
            "支付完成时间",
        ]
        + ["订单状态", "售后状态", "订单应付金额", "运费", "达人ID", "流量体裁"]
    )
    for line, at, yuan in rows:
        moment = f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
        sheet.writerow(
            [
                f"1{line}",
                line,
                "皮衣",
                "XJ-1",
                1,
                yuan,
                moment,
                moment,
                "已发货",
                "-",
                yuan,
                "0.00",
                "a1",
                "直播",
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def bring(database: Database, shop_id: int, content: bytes, exported_at: datetime) -> imports.ImportReport:
    with database.transaction(HUB) as db:
        report = imports.stage(
            db, HUB, kind="douyin_orders", filename="orders.csv", content=content, shop_id=shop_id,
            exported_at=exported_at,
        )  # fmt: skip
    fold_all(database)
    return report


def test_overlapping_exports_do_not_double_the_day(shelf: Shelf, database: Database) -> None:
    """Monday to Tuesday, then Tuesday to Wednesday: Tuesday's ¥300 would be ¥600, and the range ¥1,000."""
    rows = [
        (f"90{n}{part}", EVENING + timedelta(days=n, minutes=10 * (part + 1)), yuan)
        for n, amounts in enumerate((["100.00"], ["200.00", "100.00"], ["300.00"]))
        for part, yuan in enumerate(amounts)
    ]
    first = bring(database, shelf.shop.id, export_of(rows[:3]), EVENING + timedelta(days=2))
    second = bring(database, shelf.shop.id, export_of(rows[1:]), EVENING + timedelta(days=3))
    assert (first.new, first.same, second.new, second.same) == (3, 0, 1, 2)
    with database.transaction(HUB) as db:
        scope = Scope(brand_id=shelf.brand.id, first=day(6), last=day(8), bucket=None)
        found = {one.key: one.totals[0].paid_gmv_fen for one in groups_of(db, HUB, scope, "day")}
        (whole,) = totals_by(db, HUB, scope)[""]
    assert found == {day(6).isoformat(): 10000, day(7).isoformat(): 30000, day(8).isoformat(): 30000}
    assert (whole.paid_gmv_fen, whole.lines, whole.orders) == (70000, 4, 4)


def sample(number: int, room: str, **counters: int) -> dict[str, Any]:
    at = (EVENING + 90 * MINUTE).isoformat()
    return {
        "type": "metric.sample", "event_id": f"s{number}", "occurred_at": at, "platform": "douyin",
        "shop_id": "4001", "room_id": room, "at": at, "kind": "cumulative",
    } | counters  # fmt: skip


def watched(shelf: Shelf, *events: dict[str, Any]) -> tuple[Audience, Totals]:
    """A show of two rooms with what is told of it."""
    change_session(shelf.database, shelf.first, actual_starts_at=EVENING, actual_ends_at=EVENING + 2 * HOUR)
    with shelf.database.transaction(HUB) as db:
        db.execute(
            text("UPDATE session_channel SET room_ids = '{7001,7002}' WHERE session_id = :id"),
            {"id": shelf.first},
        )
    shelf.push(*events)
    with shelf.database.transaction(HUB) as db:
        (total,) = session_sales(db, HUB, shelf.first).totals
        found = audience_of(db, HUB, shelf.first, (total,))
    assert found is not None
    return found, total


def test_conversion_is_of_the_totals_and_no_mean_of_rates(shelf: Shelf) -> None:
    """10 clicks of 100 views and 90 of 300: 100 of 400 is 25 %, where the mean of 10 % and 30 % says 20 %.

    Two buyers of 20 and 180 viewers: 2 of 200 is 1 %. Three lines of 100 clicks: 3 %.
    """
    found, total = watched(
        shelf,
        sample(1, "7001", views=100, product_clicks=10, product_impressions=50, viewers=20),
        sample(2, "7002", views=300, product_clicks=90, product_impressions=150, viewers=180),
        *(shelf.line(HOUR, buyer_hash=buyer) for buyer in ("b1", "b1", "b2")),
    )
    rates = found.ratios(total)
    assert (rates.ctr, rates.view_to_buy, rates.ctor) == (2500, 100, 300)
    # Clicks per impression is another figure with a name of its own: 100 of 200.
    assert rates.live_ctr == 5000


def test_gpm_is_over_views_and_not_over_viewers(shelf: Shelf) -> None:
    """¥200 over 4,000 views is ¥50 a thousand; over 1,000 viewers it would be ¥200. Per viewer it is ¥0.20."""
    found, total = watched(shelf, sample(1, "7001", views=4000, viewers=1000), shelf.line(HOUR, 20000))
    rates = found.ratios(total)
    assert (rates.gpm_fen, rates.uv_value_fen) == (5000, 20)


def test_a_counter_that_begins_anew_is_added_and_viewers_of_two_rooms_are_person_times(shelf: Shelf) -> None:
    """Room 7001 counted to 300, broke, and counted to 120: 420, where the last value says 120. With 80: 500."""
    events = [sample(1, "7001", views=300, viewers=90), sample(3, "7002", views=80, viewers=30)]
    after = sample(2, "7001", views=120, viewers=50)
    after["at"] = after["occurred_at"] = (EVENING + 110 * MINUTE).isoformat()
    found, total = watched(shelf, *events, after, shelf.line(HOUR, 5000))
    assert (found.views, found.viewers, found.is_person_times) == (500, 170, True)
    assert found.ratios(total).uv_value_fen is None
    assert found.ratios(total).gpm_fen == 10000


def test_orders_that_match_no_show_are_seen_beneath_and_none_is_lost(shelf: Shelf) -> None:
    """¥100 in the show, ¥20 of a stranger's, ¥5 off a product card, ¥3 at noon: of ¥128 nothing vanishes."""
    shelf.push(
        shelf.line(HOUR),
        shelf.line(HOUR, 2000, author_id="stranger"),
        shelf.line(HOUR, 500, traffic="card"),
        shelf.line(-8 * HOUR, 300),
    )
    found = shelf.summary(6, 6)
    (row,) = found.beneath
    assert found.totals[0].paid_gmv_fen == 10000
    assert (row.unattributed_fen, row.unattributed_lines) == (2300, 2)
    assert (row.outside_live_fen, row.outside_live_lines) == (500, 1)
    assert found.totals[0].paid_gmv_fen + row.unattributed_fen + row.outside_live_fen == 12800


def test_what_a_mixed_show_sold_is_the_products_brands_else_the_shops_else_nobodys(
    shelf: Shelf, database: Database, make: Factory
) -> None:
    """The show names one brand. Its shop sold the other brand's coat, too, and a shop without a brand sold ¥1."""
    other = make.brand()
    make.product(other, sku="COAT")
    make.shop(None, external_id="4009")
    change_session(database, shelf.first, actual_starts_at=EVENING, actual_ends_at=EVENING + 2 * HOUR)
    shelf.push(
        shelf.line(HOUR, 10000, merchant_sku="no such"),
        shelf.line(HOUR, 7000, merchant_sku="COAT"),
        shelf.line(HOUR, 100, shop_id="4009"),
    )
    with database.transaction(HUB) as db:
        parts = totals_by(db, HUB, Scope(session_id=shelf.first), "brand")
        (whole,) = totals_by(db, HUB, Scope(session_id=shelf.first))[""]
        ranked = {one.key: one.paid_fen for one in ranking(db, HUB, "brand", DAY, day(7))}
    wanted = {str(shelf.brand.id): 10000, str(other.id): 7000, "0": 100}
    assert {key: one[0].paid_gmv_fen for key, one in parts.items()} == wanted
    assert whole.paid_gmv_fen == 17100 == sum(wanted.values())
    assert ranked == {int(key): paid for key, paid in wanted.items()}


def test_amount_per_hour_is_of_the_totals_with_the_gaps_taken_out(
    shelf: Shelf, database: Database, make: Factory
) -> None:
    """¥300 in 1.5 h (2 h with 30 min off air) and ¥60 in 0.5 h: ¥360 over 2 h is ¥180 an hour.

    The mean of ¥200 and ¥120 says ¥160; with the gap in, ¥360 over 2.5 h says ¥144.
    """
    account = make.account(external_id="a7")
    begins = EVENING + timedelta(days=1)
    ids = [
        add_session(make, at, at + length, brand=shelf.brand, account=account, actual=(at, at + length))
        for at, length in ((begins, 2 * HOUR), (begins + 3 * HOUR, 30 * MINUTE))
    ]
    change_session(database, ids[0], off_air_seconds=1800)
    shelf.push(
        shelf.line(25 * HOUR, 30000, author_id="a7"),
        shelf.line(27 * HOUR + 10 * MINUTE, 6000, author_id="a7"),
        days_later=3,
    )
    with database.transaction(HUB) as db:
        (found,) = [one for one in ranking(db, HUB, "brand", day(7), day(7)) if one.key == shelf.brand.id]
    assert (found.paid_fen, found.seconds, found.per_hour_fen) == (36000, 7200, 18000)
