"""The platform's report of a session: tied to it, kept once, and held beside our figures by cause."""

import io
from datetime import UTC, datetime, timedelta

import pytest
import xlsxwriter
from sqlalchemy import text

from campaign.connectors import files
from campaign.connectors.reading import FileRefused
from campaign.connectors.session_reports import KIND
from campaign.insight.summary import session_sales
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound
from tests.factory import HUB
from tests.sales_kit import add_session, fold_all

STARTS = datetime(2026, 11, 6, 12, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)
ORDERS = (
    "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,订单应付金额,达人ID,流量体裁"
    ",平台优惠,发货时间,售后状态"
)


def workbook(whole, *, room="7301", author="a1", began="2026-11-06 20:00:10", ended=None, items=()):
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        about = book.add_worksheet("基本信息")
        ends = [("下播时间", ended)] if ended else []
        for number, pair in enumerate((("直播间ID", room), ("达人ID", author), ("开播时间", began), *ends)):
            about.write_row(number, 0, pair)
        sheet = book.add_worksheet("整体看板")
        sheet.write_row(0, 0, list(whole))
        sheet.write_row(1, 0, list(whole.values()))
        products = book.add_worksheet("商品分析-商品明细")
        for number, row in enumerate((("商品名称", "成交金额"), *items)):
            products.write_row(number, 0, row)
    return held.getvalue()


@pytest.fixture
def house(make, database):
    """A session of one brand on room 7301 of author a1, with what was sold in it and beside it."""

    class House:
        brand = make.brand()
        shop = make.shop(brand)
        account = make.account(external_id="a1")
        session_id = add_session(
            make, STARTS, ENDS, brand=brand, account=account, rooms=("7301",), actual=(STARTS, ENDS)
        )

        def sell(self, *rows, at=datetime(2026, 11, 9, tzinfo=UTC)):
            content = "\n".join((ORDERS, *rows)).encode()
            with database.transaction(HUB) as db:
                given = {"filename": "o.csv", "shop_id": self.shop.id, "exported_at": at}
                report = files.stage(db, HUB, kind="douyin_orders", content=content, **given)
            assert not report.refused
            fold_all(database)

        def bring(self, content, at=datetime(2026, 11, 7, tzinfo=UTC), **given):
            with database.transaction(HUB) as db:
                return files.stage(
                    db, HUB, kind=KIND, filename="r.xlsx", content=content, exported_at=at, **given
                )

        def against(self, actor=HUB):
            with database.transaction(actor) as db:
                return session_sales(db, actor, self.session_id).against

    return House()


def order(
    number,
    paid,
    clock="20:10:00",
    *,
    paid_at="2026-11-06 20:11:00",
    traffic="直播",
    author="a1",
    more="-,-,-",
):
    status = "待支付" if paid_at == "-" else "已发货"
    goods = "0.00" if paid == "0.00" else paid
    return f"69{number:05},1,{goods},2026-11-06 {clock},{paid_at},{status},{paid},{author},{traffic},{more}"


def parts(against, figure):
    (found,) = [one for one in against.gaps if one.figure == figure]
    assert found.ours + sum(part.amount for part in found.parts) == found.platform
    return found.ours, found.platform, {part.cause: part.amount for part in found.parts}


def test_the_gap_is_split_by_cause_to_the_fen(house):
    house.sell(
        order(1, "100.00"),
        order(2, "50.05"),
        order(3, "30.00", paid_at="2026-11-08 09:00:00"),  # after the report
        order(4, "20.00", paid_at="-"),
        order(5, "7.77", traffic="商品卡"),
    )
    house.bring(workbook({"用户支付金额": "170.07", "成交订单数": "3"}))
    # Ours 180.05. Less 30.00 that the report cannot hold it is 20.02 short: 20.00 unpaid, 0.02 of the card's.
    assert parts(house.against(), "paid_fen") == (
        18_005,
        17_007,
        {"paid_later": -3_000, "unpaid": 2_000, "outside_live": 2},
    )
    assert parts(house.against(), "orders") == (3, 3, {"paid_later": -1, "unpaid": 1})


def test_a_deal_amount_holds_the_subsidies(house):
    house.sell(order(1, "100.00", more="12.34,-,-"))
    house.bring(workbook({"成交金额": "112.40"}))
    assert parts(house.against(), "merchant_fen") == (10_000, 11_240, {"subsidies": 1_234, "other": 6})


BEFORE, AFTER = "2026-11-06 21:30:00", "2026-11-08 21:30:00"


@pytest.mark.parametrize(
    ("cases", "ours", "later"),
    [
        ([("1", "10.00", BEFORE), ("2", "25.00", AFTER)], 3_500, 2_500),
        # ¥10 and then ¥120 of a line of ¥100: ¥90 are its refund, the rest is compensation and no gap.
        ([("1", "10.00", BEFORE), ("1", "120.00", AFTER)], 10_000, 9_000),
        # Nothing was left to give back: all of it is compensation.
        ([("1", "100.00", BEFORE), ("1", "5.00", AFTER), ("2", "1.00", BEFORE)], 10_100, 0),
    ],
)
def test_refunds_after_the_report_part_the_refunds(house, database, cases, ours, later):
    house.sell(order(1, "100.00"), order(2, "60.00"))
    head = (
        "售后单号,订单号,商品单号,售后类型,退商品金额（元）,退运费金额（元）,售后状态,售后申请时间,售后原因"
    )
    head += ",用户到账时间,售后完结时间"
    rows = [
        f"R{place},690000{line},-,仅退款,{yuan},0.00,退款成功,{at},-,{at},-"
        for place, (line, yuan, at) in enumerate(cases)
    ]
    with database.transaction(HUB) as db:
        content = "\n".join((head, *rows)).encode()
        given = {"filename": "a_20261109.csv", "shop_id": house.shop.id, "content": content}
        assert not files.stage(db, HUB, kind="douyin_aftersale", **given).refused
    fold_all(database)
    house.bring(workbook({"退款金额": f"{(ours - later) / 100:.2f}"}))
    wanted = {"refunded_later": -later} if later else {}
    assert parts(house.against(), "refund_fen") == (ours, ours - later, wanted)


def test_the_same_order_number_in_two_shops_is_two_orders_of_a_gap(house, make, database):
    house.sell(order(1, "100.00"), order(2, "20.00", paid_at="-"))
    house.shop = make.shop(house.brand)
    house.sell(*(order(number, "20.00", paid_at="-") for number in (2, 3, 4)))
    house.bring(workbook({"成交订单数": "5"}))
    assert parts(house.against(), "orders") == (1, 5, {"unpaid": 4})


def test_the_newest_report_stands_and_the_same_again_changes_nothing(house):
    first, second = workbook({"成交金额": "10.00"}), workbook({"成交金额": "20.00"})
    day = timedelta(days=1)
    at = datetime(2026, 11, 7, tzinfo=UTC)
    said = [
        (report.new, report.changed, report.same)
        for report in (
            house.bring(first, at, dry_run=True),
            house.bring(first, at),
            house.bring(first, at),
            house.bring(second, at + day),
            house.bring(first, at),
        )
    ]
    assert said == [(1, 0, 0), (1, 0, 0), (0, 0, 1), (0, 1, 0), (0, 0, 1)]
    assert [one.platform for one in house.against().gaps] == [2_000]


def test_a_report_finds_its_session_by_room_else_by_account_and_start_else_it_is_named(house, database):
    def whose(**given):
        named = given.pop("session_id", None)
        with database.transaction(SYSTEM) as db:
            db.execute(text("DELETE FROM session_report"))
        house.bring(workbook({"成交金额": "1.00"}, **given), session_id=named)
        return house.against() is not None

    assert whose(author="-", began="-")
    assert whose(room="-", began="2026-11-06 20:29:00")
    for wrong in ({"room": "-", "began": "2026-11-06 20:31:00"}, {"room": "9", "author": "b"}):
        with pytest.raises(FileRefused) as caught:
            whose(**wrong)
        assert caught.value.error_code == "session_not_found"
    assert whose(room="9", author="b", session_id=house.session_id)
    with pytest.raises(NotFound):
        whose(room="9", author="b", session_id=1)


def test_a_brand_sees_the_report_of_its_own_show_alone(house, database, make):
    house.sell(order(1, "100.00"))
    house.bring(workbook({"用户支付金额": "100.00"}))
    own = Actor(kind="user", role="brand", brand_id=house.brand.id, name="own")
    assert parts(house.against(own), "paid_fen") == (10_000, 10_000, {})
    with database.transaction(SYSTEM) as db:
        db.execute(
            text("UPDATE live_session SET brand_ids = brand_ids || CAST(:other AS bigint) WHERE id = :id"),
            {"other": make.brand().id, "id": house.session_id},
        )
    assert house.against(own) is None
    with database.transaction(own) as db:
        assert db.execute(text("SELECT count(*) FROM session_report")).scalar_one() == 0


def test_who_was_there_at_once_is_the_platforms_to_say(house):
    """Peak: the greatest of the rooms. Average: 100 in an hour and 40 in half of one are 80."""
    house.bring(workbook({"最高在线人数": "220", "平均在线人数": "100"}, ended="2026-11-06 21:00:10"))
    found = house.against()
    assert (found.peak_online, found.average_online, found.missing) == (220, 100, {})
    again = {"room": "7302", "began": "2026-11-06 21:05:00"}
    second = workbook({"最高在线人数": "180", "平均在线人数": "40"}, **again, ended="2026-11-06 21:35:00")
    house.bring(second, session_id=house.session_id)
    assert (house.against().peak_online, house.against().average_online) == (220, 80)
    # Without its length a room's average weighs nothing that is known.
    third = workbook({"最高在线人数": "300", "平均在线人数": "1"}, room="7303")
    house.bring(third, session_id=house.session_id)
    assert (house.against().peak_online, house.against().average_online) == (300, None)


def test_an_average_keeps_its_fraction_through_rooms_and_from_older_reports(house, database):
    """16.4 in an hour and 22.9 in half of one are 18.57; a report of before has whole people alone."""
    house.bring(workbook({"平均在线人数": "16.4"}, ended="2026-11-06 21:00:10"))
    assert house.against().average_online_hundredths == 1_640
    more = {"room": "7302", "began": "2026-11-06 21:05:00", "ended": "2026-11-06 21:35:00"}
    house.bring(workbook({"平均在线人数": "22.9"}, **more), session_id=house.session_id)
    found = house.against()
    assert (found.average_online_hundredths, found.average_online, found.missing) == (1_857, 19, {})
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "UPDATE session_report SET figures = figures - 'average_online_hundredths'"
                " || '{\"average_online\": 22}' WHERE room_id = '7302'"
            )
        )
    assert house.against().average_online_hundredths == 1_827


def test_who_clicked_is_held_beside_no_clicks_and_makes_a_rate_of_its_own(house, database):
    """800 clicks of 420 people of whom 21 bought: 5 %, and no gap between people and clicks."""
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "INSERT INTO metric_sample (platform, room_id, at, kind, product_clicks, shop_id)"
                " VALUES ('douyin', '7301', :at, 'cumulative', 800, :shop)"
            ),
            {"at": STARTS + timedelta(minutes=10), "shop": house.shop.id},
        )
    house.bring(workbook({"商品点击人数": "420", "成交人数": "21"}))
    found = house.against()
    assert "product_clicks" not in {one.figure for one in found.gaps}
    assert (found.click_to_buy, found.missing["product_clickers"]) == (500, 420)
    more = {"room": "7302", "began": "2026-11-06 21:05:00"}
    house.bring(workbook({"商品点击人数": "180", "成交人数": "9"}, **more), session_id=house.session_id)
    assert house.against().click_to_buy == 500
    house.bring(workbook({"商品点击人数": "10"}, room="7303"), session_id=house.session_id)
    assert house.against().click_to_buy is None
    with database.transaction(SYSTEM) as db:
        # As a report was kept before: its people stood as clicks.
        db.execute(text("DELETE FROM session_report WHERE room_id <> '7301'"))
        db.execute(text('UPDATE session_report SET figures = \'{"product_clicks": 420, "buyers": 42}\''))
    found = house.against()
    assert (found.click_to_buy, found.missing["product_clickers"]) == (1_000, 420)
    assert "product_clicks" not in {one.figure for one in found.gaps}
    house.bring(workbook({"商品点击人数": "0", "成交人数": "0"}), datetime(2026, 11, 8, tzinfo=UTC))
    assert house.against().click_to_buy is None


def test_samples_of_who_is_online_make_no_peak_and_no_average(house, database):
    with database.transaction(SYSTEM) as db:
        for minute, online in ((10, 500), (20, 100)):
            db.execute(
                text(
                    "INSERT INTO metric_sample (platform, room_id, at, kind, online, shop_id)"
                    " VALUES ('douyin', '7301', :at, 'gauge', :online, :shop)"
                ),
                {"at": STARTS + timedelta(minutes=minute), "online": online, "shop": house.shop.id},
            )
    house.bring(workbook({"成交金额": "10.00"}))
    found = house.against()
    assert (found.peak_online, found.average_online) == (None, None)
