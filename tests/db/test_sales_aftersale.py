"""Douyin's after-sale export on the real database: the amount replaces the hint, and nothing is counted twice."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.connectors import files, imports
from campaign.connectors.imports import MOST_REFUSED_SHOWN
from campaign.connectors.reading import FileRefused
from campaign.kit.actor import SYSTEM
from tests.factory import HUB
from tests.sales_kit import add_session, assert_reconciled, fold_all, total_of

ORDERS = (
    "主订单编号,子订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单完成时间,发货时间,订单状态,售后状态"
    ",订单应付金额,运费,达人ID,流量体裁"
)
CASES = (
    "售后单号,订单号,商品单号,售后类型,退商品金额（元）,退运费金额（元）,售后状态,售后申请时间,售后原因"
    ",用户到账时间,售后完结时间,手机号"
)
SETTLED = "结算时间,订单号,子订单号,结算金额,结算单类型,平台服务费,佣金,招商服务费,支出合计"
DAY = "2026-11-06"


def order(line, after_sale="-"):
    times = f"{DAY} 20:10:00,{DAY} 20:11:00,{DAY} 23:00:00,{DAY} 21:00:00"
    return f"P{line},L{line},2,299.00,{times},已完成,{after_sale},309.00,10.00,a1,直播"


def case(number, line, *, kind="退货退款", amount="120.00", status="退款成功"):
    done = f"{DAY} 23:30:00,{DAY} 23:31:00" if "成功" in status else "-,-"
    return (
        f"{number},P{line},L{line},{kind},{amount},0.00,{status},{DAY} 23:10:00,七天无理由,{done},13800000000"
    )


@pytest.fixture
def house(make, database):
    """A shop with a session whose hour the orders fall into; gives how to bring a file, and the session's id."""
    brand = make.brand()
    shop = make.shop(brand)
    account = make.account(external_id="a1")
    starts = datetime(2026, 11, 6, 12, tzinfo=UTC)
    session = add_session(make, starts, starts + timedelta(hours=2), brand=brand, account=account)

    def bring(kind, header, *rows, at="20261107100000", **given):
        with database.transaction(HUB) as db:
            report = files.stage(
                db,
                HUB,
                kind=kind,
                filename=f"{kind}_{at}.csv",
                content="\n".join((header, *rows)).encode(),
                shop_id=given.pop("shop", shop).id,
                **given,
            )
        fold_all(database)
        return report

    return bring, session


def counts(report):
    return report.rows, report.new, report.changed, report.same, len(report.refused)


def test_the_amount_takes_the_place_of_the_hint_in_whatever_order_they_come(house, database):
    bring, session = house
    orders = [order(1, "退款成功"), order(2)]
    bring("douyin_orders", ORDERS, *orders)
    # Hinted: the whole line of 299.00 (309.00 less freight).
    assert total_of(database, session)["refund_fen"] == 29900
    report = bring("douyin_aftersale", CASES, case("R1", 1), at="20261107110000")
    assert counts(report) == (1, 1, 0, 0, 0)
    totals = total_of(database, session)
    assert (totals["paid_gmv_fen"], totals["refund_fen"]) == (2 * 29900, 12000)
    bring("douyin_orders", ORDERS, *orders, at="20261108100000")
    assert total_of(database, session)["refund_fen"] == 12000
    assert_reconciled(database)


def test_the_same_file_again_changes_nothing_and_a_later_one_what_it_says(house, database):
    bring, session = house
    bring("douyin_orders", ORDERS, order(1), order(2))
    first = [case("R1", 1), case("R2", 2, status="待商家处理")]
    assert counts(bring("douyin_aftersale", CASES, *first)) == (2, 2, 0, 0, 0)
    assert counts(bring("douyin_aftersale", CASES, *first)) == (2, 0, 0, 2, 0)
    assert total_of(database, session)["refund_fen"] == 12000
    later = [case("R1", 1), case("R2", 2, amount="50.00")]
    assert counts(bring("douyin_aftersale", CASES, *later, at="20261109100000")) == (2, 0, 1, 1, 0)
    assert total_of(database, session)["refund_fen"] == 17000
    # An older export that is uploaded later does not win.
    bring("douyin_aftersale", CASES, case("R2", 2, status="售后关闭"), at="20261108100000")
    assert total_of(database, session)["refund_fen"] == 17000
    assert_reconciled(database)


def test_two_cases_of_one_line_are_two_refunds_and_never_exceed_it(house, database):
    bring, session = house
    bring("douyin_orders", ORDERS, order(1))
    bring("douyin_aftersale", CASES, case("R1", 1, amount="200.00"), case("R2", 1, amount="150.00"))
    assert total_of(database, session)["refund_fen"] == 29900
    assert_reconciled(database)


def test_an_exchange_and_a_case_given_up_refund_nothing(house, database):
    bring, session = house
    bring("douyin_orders", ORDERS, order(1), order(2))
    bring(
        "douyin_aftersale",
        CASES,
        case("R1", 1, kind="换货", amount="0.00", status="换货成功"),
        case("R2", 2, status="售后关闭"),
    )
    assert total_of(database, session)["refund_fen"] == 0


def test_a_case_of_a_line_nobody_told_of_waits_until_the_order_comes(house, database):
    bring, session = house
    bring("douyin_aftersale", CASES, case("R1", 1))
    assert total_of(database, session)["refund_fen"] == 0
    bring("douyin_orders", ORDERS, order(1), at="20261108100000")
    assert total_of(database, session)["refund_fen"] == 12000
    assert_reconciled(database)


def test_a_file_of_cases_does_not_say_that_orders_are_complete(house, database):
    bring, _ = house
    bring("douyin_orders", ORDERS, order(1))
    bring("douyin_aftersale", CASES, case("R1", 1), at="20261109100000")
    with database.transaction(SYSTEM) as db:
        (through,) = db.scalars(text("SELECT complete_through FROM shop_progress")).all()
    assert through.date().isoformat() == "2026-11-07"


def test_rows_at_fault_can_be_fetched_without_peoples_data(house, database):
    bring, _ = house
    report = bring("douyin_aftersale", CASES, case("R1", 1), case("R2", 2, amount="viel"), dry_run=True)
    assert counts(report) == (2, 1, 0, 0, 1)
    with database.transaction(HUB) as db:
        kind, header, rows = files.refused_rows(db, HUB, report.id)
    ((refused, cells),) = rows
    assert (kind, refused.row, refused.code) == ("douyin_aftersale", 3, "bad_money")
    assert dict(zip(header, cells, strict=True))["退商品金额（元）"] == "viel"
    assert "手机号" not in header
    assert "13800000000" not in cells


def test_the_cases_of_another_shop_are_refused(house, make, database):
    bring, _ = house
    bring("douyin_orders", ORDERS, order(1))
    with pytest.raises(FileRefused) as caught:
        bring("douyin_aftersale", CASES, case("R1", 1), shop=make.shop(make.brand()))
    assert caught.value.error_code == "wrong_shop"


def test_a_file_of_another_kind_is_refused_by_name(house):
    bring, _ = house
    with pytest.raises(FileRefused) as caught:
        bring("douyin_aftersale", ORDERS, order(1))
    assert caught.value.error_code == "missing_columns"


def test_settlements_are_kept_raw_and_once(house, database):
    bring, session = house
    bring("douyin_orders", ORDERS, order(1))
    before = total_of(database, session)
    row = f"{DAY} 23:59:00,P1,L1,250.00,已结算,-10.00,-39.00,0,-49.00"
    assert counts(bring("douyin_settlement", SETTLED, row)) == (1, 1, 0, 0, 0)
    assert counts(bring("douyin_settlement", SETTLED, row)) == (1, 0, 0, 1, 0)
    other = row.replace("250.00", "251.00")
    again = bring("douyin_settlement", SETTLED, row, other.replace("L1", "L2"), at="20261120100000")
    assert counts(again) == (2, 1, 0, 1, 0)
    assert total_of(database, session) == before
    with database.transaction(SYSTEM) as db:
        kept = db.scalars(
            text(
                "SELECT payload->'row'->>'结算金额' FROM sale_event WHERE type = 'file.douyin_settlement' ORDER BY id"
            )
        ).all()
    assert kept == ["250.00", "251.00"]


def test_a_dry_run_is_taken_over_as_it_was_seen(house, database):
    bring, session = house
    bring("douyin_orders", ORDERS, order(1))
    report = bring("douyin_aftersale", CASES, case("R1", 1), dry_run=True)
    assert (report.state, total_of(database, session)["refund_fen"]) == ("checked", 0)
    with database.transaction(HUB) as db:
        done = files.apply_checked(db, HUB, report.id)
    fold_all(database)
    assert (done.state, counts(done)) == ("committed", (1, 1, 0, 0, 0))
    assert total_of(database, session)["refund_fen"] == 12000


def test_a_case_that_names_another_line_than_before_is_refused_with_its_row(house, database):
    bring, _ = house
    bring("douyin_orders", ORDERS, order(1))
    bare = case("R1", 1).replace(",L1,", ",-,")
    assert counts(bring("douyin_aftersale", CASES, bare)) == (1, 1, 0, 0, 0)
    report = bring("douyin_aftersale", CASES, case("R2", 1), case("R1", 1), at="20261108100000")
    assert counts(report) == (2, 1, 0, 0, 1)
    (refused,) = report.refused
    assert (refused.row, refused.code, refused.params["refund_id"]) == (3, "conflict", "R1")
    assert refused.cells["商品单号"] == "L1"
    assert "手机号" not in refused.cells
    looked = bring("douyin_aftersale", CASES, case("R1", 1), at="20261109100000", dry_run=True)
    assert counts(looked) == (1, 0, 0, 0, 1)


def test_of_many_refused_rows_none_is_left_out(house, database):
    bring, _ = house
    bad = [case(f"R{number}", number, amount="?") for number in range(MOST_REFUSED_SHOWN + 7)]
    report = bring("douyin_aftersale", CASES, *bad, case("R", 1))
    assert (report.new, report.refused_count, len(report.refused)) == (1, 507, 500)
    with database.transaction(HUB) as db:
        _, header, found = imports.refused_rows(db, HUB, report.id)
        rows = list(found)
        (listed,) = imports.page_of_imports(db, HUB)
    assert [one.row for one, _ in rows] == list(range(2, 509))
    assert rows[-1][1][header.index("售后单号")] == "R506"
    assert listed.refused_count == 507


@pytest.mark.parametrize(
    ("status", "ended", "said"), [("商家拒绝", "-", "applied"), ("商家拒绝", DAY, "closed")]
)
def test_a_case_the_shop_refused_is_open_until_it_has_an_end(house, database, status, ended, said):
    bring, _ = house
    row = case("R1", 1, status=status).split(",")
    row[-2] = f"{ended} 23:31:00" if ended == DAY else ended
    bring("douyin_aftersale", CASES, ",".join(row))
    with database.transaction(SYSTEM) as db:
        assert db.scalars(text("SELECT status FROM refund")).all() == [said]


def test_a_line_settled_in_parts_within_one_second_is_kept_in_parts(house, database):
    bring, _ = house
    part = f"{DAY} 23:00:00,P1,L1,%s,货款,1.00,2.00,0.00,3.00"
    report = bring("douyin_settlement", SETTLED, part % "100.00", part % "50.00", part % "100.00")
    assert (report.rows, report.new, report.refused) == (3, 2, ())
