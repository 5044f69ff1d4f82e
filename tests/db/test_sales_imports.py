"""Douyin's export on the real database: known answers, re-imports that change nothing, refusals."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import text

from campaign.connectors import imports
from campaign.connectors.reading import FileRefused
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.errors import WrongState
from campaign.kit.tabular import read_table
from campaign.sales.placing import reattribute
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, assert_reconciled, bucket_of, change_session, fold_all, total_of

DATA = Path(__file__).parents[1] / "data" / "douyin"


def bring(database: Database, shop: Any, name: str, **given: Any) -> imports.ImportReport:
    with database.transaction(HUB) as db:
        report = imports.stage(
            db,
            HUB,
            kind="douyin_orders",
            filename=name,
            content=(DATA / name).read_bytes(),
            shop_id=shop.id,
            **given,
        )
    fold_all(database)
    return report


@pytest.fixture
def shop(make: Factory) -> Any:
    return make.shop(make.brand())


@pytest.mark.parametrize("name", ["douyin_orders", "douyin_orders_gbk"])
def test_a_sample_gives_its_known_answers_and_again_changes_nothing(
    name: str, make: Factory, database: Database
) -> None:
    brand = make.brand()
    shop = make.shop(brand)
    expected = json.loads((DATA / f"{name}.expected.json").read_text())
    starts, ends = (datetime.fromisoformat(expected[key]) for key in ("starts_at", "ends_at"))
    account = make.account(external_id=expected["author"])
    session_id = add_session(make, starts, ends, brand=brand, account=account, state="accepted")
    for turn in range(2):
        report = bring(database, shop, f"{name}.csv")
        counts = (report.rows, report.new, report.changed, report.same, len(report.refused))
        rows = expected["rows"]
        assert counts == ((rows, rows, 0, 0, 0) if turn == 0 else (rows, 0, 0, rows, 0))
        totals = total_of(database, session_id)
        wanted = {key: expected["session"][key] for key in totals}
        assert totals == wanted
        assert bucket_of(database, "unattributed") == expected["beneath"]["unattributed"]
        assert bucket_of(database, "outside_live") == expected["beneath"]["outside_live"]
    assert_reconciled(database)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    make: Factory, shop: Any, database: Database
) -> None:
    report = bring(database, shop, "douyin_orders.csv", dry_run=True)
    assert (report.state, report.new, report.same) == ("checked", 314, 0)
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM order_line")).scalar_one() == 0
    with database.transaction(HUB) as db:
        done = imports.apply_checked(db, HUB, report.id)
    assert (done.state, done.new, done.rows) == ("committed", 314, 314)
    with database.transaction(HUB) as db, pytest.raises(WrongState):
        imports.apply_checked(db, HUB, report.id)
    assert bring(database, shop, "douyin_orders.csv").same == 314
    assert_reconciled(database)


def test_the_file_of_another_shop_is_refused(make: Factory, shop: Any, database: Database) -> None:
    bring(database, shop, "douyin_orders.csv")
    with pytest.raises(FileRefused) as caught:
        bring(database, make.shop(), "douyin_orders.csv")
    assert caught.value.error_code == "wrong_shop"


def test_lines_move_with_a_corrected_session_and_the_total_stays(make: Factory, database: Database) -> None:
    brand = make.brand()
    shop = make.shop(brand)
    expected = json.loads((DATA / "douyin_orders.expected.json").read_text())
    starts, ends = (datetime.fromisoformat(expected[key]) for key in ("starts_at", "ends_at"))
    account = make.account(external_id=expected["author"])
    bring(database, shop, "douyin_orders.csv")
    session_id = add_session(make, starts, ends, brand=brand, account=account)
    with database.transaction(SYSTEM) as db:
        reattribute(db, SYSTEM, session_id)
    fold_all(database)
    assert total_of(database, session_id)["paid_gmv_fen"] == expected["session"]["paid_gmv_fen"]
    middle = datetime.fromisoformat("2026-11-06T23:00:00+08:00")
    change_session(database, session_id, actual_starts_at=middle, actual_ends_at=ends)
    with database.transaction(SYSTEM) as db:
        assert reattribute(db, SYSTEM, session_id) > 0
    fold_all(database)
    late = total_of(database, session_id)["paid_gmv_fen"]
    whole = expected["session"]["paid_gmv_fen"] + expected["beneath"]["unattributed"]
    assert 0 < late < expected["session"]["paid_gmv_fen"]
    assert late + bucket_of(database, "unattributed") == whole
    assert_reconciled(database)


def as_workbook(name: str) -> bytes:
    """The same export as a workbook; every cell is text, as Douyin writes ids."""
    table = read_table((DATA / name).read_bytes())
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate((table.header, *(row for _, row in table.rows))):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)
    return held.getvalue()


def test_a_workbook_gives_the_same_as_the_csv(make: Factory, shop: Any, database: Database) -> None:
    with database.transaction(HUB) as db:
        report = imports.stage(
            db,
            HUB,
            kind="douyin_orders",
            filename="orders.xlsx",
            content=as_workbook("douyin_orders.csv"),
            shop_id=shop.id,
        )
    assert (report.rows, report.new, report.refused) == (314, 314, ())
    assert bring(database, shop, "douyin_orders.csv").same == 314


def test_the_newest_export_wins_whatever_the_order_of_upload(
    make: Factory, shop: Any, database: Database
) -> None:
    header = [
        "主订单编号",
        "商品数量",
        "商品金额",
        "订单提交时间",
        "支付完成时间",
        "订单状态",
        "订单应付金额",
        "售后状态",
    ]
    old = ["6901", "1", "100.00", "2026-11-06 20:00:00", "2026-11-06 20:01:00", "待发货", "100.00", "-"]
    new = [*old[:5], "已完成", "90.00", "退款成功"]

    def send(row: list[str], day: int) -> imports.ImportReport:
        content = "\n".join([",".join(header), ",".join(row)]).encode("utf-8-sig")
        with database.transaction(HUB) as db:
            return imports.stage(
                db,
                HUB,
                kind="douyin_orders",
                filename="o.csv",
                content=content,
                shop_id=shop.id,
                exported_at=datetime(2026, 11, day, tzinfo=UTC),
            )

    assert send(new, 12).new == 1
    assert send(old, 8).same == 1
    with database.transaction(SYSTEM) as db:
        row = db.execute(text("SELECT status, paid_fen, refund_fen FROM order_line")).one()
    assert tuple(row) == ("completed", 9000, 9000)
    fold_all(database)
    assert_reconciled(database)


def test_a_changed_file_of_the_same_moment_is_the_newer_one(
    make: Factory, shop: Any, database: Database
) -> None:
    """Nothing tells when either was exported; only the after-sale column differs."""
    header = "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,订单应付金额,售后状态"
    row = "6901,1,100.00,2026-11-06 20:00:00,2026-11-06 20:01:00,已发货,100.00,"

    def send(after_sale: str) -> tuple[int, int, int]:
        with database.transaction(HUB) as db:
            report = imports.stage(
                db,
                HUB,
                kind="douyin_orders",
                filename="o.csv",
                content=f"{header}\n{row}{after_sale}".encode(),
                shop_id=shop.id,
            )
        return report.new, report.changed, report.same

    answers = [send("-"), send("退款成功"), send("退款成功"), send("售后关闭"), send("-")]
    assert answers == [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 0), (0, 0, 1)]
    fold_all(database)
    assert_reconciled(database)
