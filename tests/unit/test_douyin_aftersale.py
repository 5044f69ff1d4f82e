"""Douyin's after-sale and settlement exports: what each row says, and which rows say nothing that can be used."""

from datetime import UTC, datetime

import pytest

from campaign.connectors.douyin import aftersale, settlement
from campaign.connectors.reading import FileRefused
from campaign.kit.tabular import Table
from campaign.sales.merging import instant
from tests.douyin_kit import read_file

HEADER = ("售后单号", "订单号", "商品单号", "售后类型", "退商品金额（元）", "退运费金额（元）", "售后状态") + (
    "售后申请时间", "售后原因", "用户到账时间", "售后完结时间", "收货人",
)  # fmt: skip
CASE = {
    "售后单号": "'7301",
    "订单号": "6920000000000000001",
    "商品单号": "6920000000000000001",
    "售后类型": "退货退款",
    "退商品金额（元）": "1,299.00",
    "退运费金额（元）": "10.00",
    "售后状态": "同意退款，退款成功",
    "售后申请时间": "2026-11-05 10:00:00",
    "售后原因": "尺码不合适",
    "用户到账时间": "2026-11-06 12:30:00",
    "售后完结时间": "2026-11-06 12:31:00",
    "收货人": "王*",
}


def table(*cases, header=HEADER):
    rows = [tuple((CASE | case).get(name, "") for name in header) for case in cases]
    return Table(header, list(enumerate(rows, start=2)))


def read(*cases, exported_at=datetime(2026, 11, 7, tzinfo=UTC), **more):
    return read_file(aftersale.KIND, table(*cases, **more), exported_at=exported_at)


def fields(*cases):
    (line,) = read(*cases).lines
    return line.statement.fields


def test_a_case_is_a_refund_of_a_line():
    (line,) = read({}).lines
    assert (line.refund_id, line.line_id, line.order_id) == (
        "7301",
        "6920000000000000001",
        "6920000000000000001",
    )
    said = line.statement.fields
    assert (said["refund_type"], said["status"]) == ("return", "success")
    assert (said["amount_fen"], said["shipping_fen"], said["currency"]) == (129900, 1000, "CNY")
    # Beijing's time.
    assert instant(said["succeeded_at"]) == datetime(2026, 11, 6, 4, 30, tzinfo=UTC)
    assert instant(said["applied_at"]) == datetime(2026, 11, 5, 2, tzinfo=UTC)
    assert said["reason_code"] == "尺码不合适"
    assert "收货人" not in line.raw


@pytest.mark.parametrize(
    ("kind", "ours", "stage"),
    [
        ("退货退款", "return", None),
        ("仅退款", "refund_only", None),
        ("未发货仅退款", "refund_only", "pre_ship"),
        ("已发货仅退款", "refund_only", "post_ship"),
        ("换货", "exchange", None),
        ("补寄", "exchange", None),
        ("价保", "price_protection", None),
    ],
)
def test_kinds_of_cases(kind, ours, stage):
    said = fields({"售后类型": kind})
    assert (said["refund_type"], said.get("stage")) == (ours, stage)


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("退款成功", "success"),
        ("换货成功", "success"),
        ("售后关闭", "closed"),
        ("买家撤销", "closed"),
        ("待商家处理", "applied"),
        ("退款中", "applied"),
        ("商家拒绝", "closed"),
    ],
)
def test_states_of_cases(status, ours):
    said = fields({"售后状态": status})
    assert said["status"] == ours
    assert ("succeeded_at" in said) == (ours == "success")


def test_a_case_the_shop_refused_is_open_while_it_has_no_end():
    assert fields({"售后状态": "商家拒绝", "售后完结时间": "-"})["status"] == "applied"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"售后单号": "-"}, "missing_value"),
        ({"售后单号": "7.3E+18"}, "digits_lost"),
        ({"退商品金额（元）": ""}, "missing_value"),
        ({"退商品金额（元）": "-5"}, "bad_money"),
        ({"售后类型": "赠送"}, "unknown_kind"),
        ({"售后状态": "?"}, "unknown_status"),
        ({"售后申请时间": "昨天"}, "bad_time"),
        ({"售后申请时间": "-"}, "missing_value"),
    ],
)
def test_a_row_at_fault_is_left_out_with_its_reason_and_as_it_stood(wrong, code):
    reading = read({"售后单号": "1"}, {"售后单号": "2"} | wrong, {"售后单号": "3"})
    assert [line.refund_id for line in reading.lines] == ["1", "3"]
    (refused,) = reading.refused
    assert (refused.row, refused.code) == (3, code)
    assert refused.cells["订单号"] == CASE["订单号"]
    assert "收货人" not in refused.cells


def test_one_case_stands_once_in_a_file():
    reading = read({}, {}, {"退商品金额（元）": "1.00"})
    assert (len(reading.lines), reading.again) == (1, (3,))  # the same row twice says the same
    assert [refused.code for refused in reading.refused] == ["repeated_line"]


def test_an_order_export_is_not_taken_for_one():
    with pytest.raises(FileRefused) as caught:
        read(header=("主订单编号", "商品数量", "订单提交时间", "订单状态", "订单应付金额"))
    assert caught.value.error_code == "missing_columns"


SETTLED = (
    "结算时间",
    "订单号",
    "子订单号",
    "结算金额",
    "结算单类型",
    "平台服务费",
    "佣金",
    "招商服务费",
    "支出合计",
)


def settled(*rows, groups=False):
    above = ("基本信息", "", "", "收入", "", "支出", "", "", "")
    numbered = [(number, tuple(row)) for number, row in enumerate(rows, start=3 if groups else 2)]
    made = Table(above, [(2, SETTLED), *numbered]) if groups else Table(SETTLED, numbered)
    return read_file(settlement.KIND, made, exported_at=None)


ROW = ("2026-11-20 10:00:00", "6920000000000000001", "6920000000000000001", "1100.50", "已结算") + (
    "-65.00", "-129.90", "0", "-194.90",
)  # fmt: skip


@pytest.mark.parametrize("groups", [False, True])
def test_settlements_are_checked_and_kept_whole(groups):
    reading = settled(ROW, groups=groups)
    (line,) = reading.lines
    assert line.statement is None
    assert line.raw["平台服务费"] == "-65.00"
    assert line.key.startswith("6920000000000000001:20261120100000")
    assert reading.refused == ()


def test_a_settlement_without_a_time_or_with_no_number_is_left_out():
    reading = settled(("-", *ROW[1:]), (*ROW[:3], "viel", *ROW[4:]), ROW)
    assert [refused.code for refused in reading.refused] == ["missing_value", "bad_money"]
    assert len(reading.lines) == 1
