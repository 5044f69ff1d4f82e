"""Douyin's order export: both sample files give their known answers, and the traps are met."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaign.connectors.douyin.export import KIND
from campaign.connectors.douyin.rows import exported_at_in
from campaign.connectors.reading import FileRefused
from campaign.kit.tabular import Table, read_table
from campaign.sales.allocation import allocate
from campaign.sales.attribution import Airing, Airings
from campaign.sales.images import Owner, postings
from campaign.sales.lines import line_of
from campaign.sales.merging import State, merged
from tests.douyin_kit import Reading, read_file

DATA = Path(__file__).parents[1] / "data" / "douyin"
BEIJING = ZoneInfo("Asia/Shanghai")
SHOP = 77


def totals_of(reading: Reading, airings: Airings) -> tuple[dict[str, int], dict[str, int]]:
    session = {"paid_gmv_fen": 0, "refund_fen": 0, "lines": 0, "units": 0, "orders": 0, "net_gmv_fen": 0}
    beneath = {"unattributed": 0, "outside_live": 0}
    orders = set()
    for row in reading.lines:
        line = line_of(merged(State(), [row.statement]))
        place = airings.place(line, "douyin", SHOP)
        amounts: dict[str, int] = {}
        for posted in postings(
            line, allocate(line, []), place, Owner(SHOP, None, None), None, BEIJING
        ).values():
            for name, amount in posted.items():
                amounts[name] = amounts.get(name, 0) + amount
        if place.bucket != "live":
            beneath[place.bucket] += amounts.get("paid_fen", 0)
            continue
        refund = sum(amount for name, amount in amounts.items() if name.startswith("refund_"))
        session["paid_gmv_fen"] += amounts.get("paid_fen", 0)
        session["refund_fen"] += refund
        session["lines"] += amounts.get("lines", 0)
        session["units"] += amounts.get("units", 0)
        if line.is_paid_sale:
            orders.add(line.parent_order_id)
    session["orders"] = len(orders)
    session["net_gmv_fen"] = session["paid_gmv_fen"] - session["refund_fen"]
    return session, beneath


@pytest.mark.parametrize("name", ["douyin_orders", "douyin_orders_gbk"])
def test_a_sample_export_gives_its_known_answers(name: str) -> None:
    expected = json.loads((DATA / f"{name}.expected.json").read_text())
    reading = read_file(KIND, read_table((DATA / f"{name}.csv").read_bytes()), exported_at=None)
    show = Airing(
        1,
        "douyin",
        expected["author"],
        None,
        (),
        datetime.fromisoformat(expected["starts_at"]),
        datetime.fromisoformat(expected["ends_at"]),
    )
    session, beneath = totals_of(reading, Airings([show]))
    assert reading.rows == expected["rows"]
    assert reading.refused == ()
    assert session == expected["session"]
    assert beneath == expected["beneath"]


HEADER = (
    "主订单编号",
    "子订单编号",
    "商家编码",
    "商品数量",
    "商品金额",
    "订单提交时间",
    "支付完成时间",
    "订单状态",
    "售后状态",
    "订单应付金额",
    "运费",
    "流量体裁",
    "收件人",
    "旗帜颜色",
)
GOOD = {
    "主订单编号": "'6916477664065491077",
    "子订单编号": "\t6916477664065491078",
    "商家编码": "XJ-2",
    "商品数量": "3",
    "商品金额": "1,299.00",
    "订单提交时间": "2026-11-06 20:38:32",
    "支付完成时间": "2026-11-06 20:39:00",
    "订单状态": "待发货",
    "售后状态": "-",
    "订单应付金额": "1,309.00",
    "运费": "10.00",
    "流量体裁": "直播",
    "收件人": "张三",
    "旗帜颜色": "红",
}


def reading_of(*rows: dict[str, str], header: tuple[str, ...] = HEADER) -> Reading:
    cells = [(n, tuple((GOOD | row)[name] for name in header)) for n, row in enumerate(rows, start=2)]
    return read_file(KIND, Table(header, cells), exported_at=datetime(2026, 11, 7, tzinfo=BEIJING))


def test_ids_keep_their_digits_and_lose_their_marks() -> None:
    (line,) = reading_of({}).lines
    assert (line.order_id, line.line_id) == ("6916477664065491077", "6916477664065491078")


def test_paid_is_what_is_payable_without_the_freight() -> None:
    told = reading_of({}).lines[0].statement.fields
    assert (told["paid_fen"], told["order_fen"], told["shipping_fen"]) == (129900, 129900, 1000)


def test_an_unpaid_row_says_nothing_of_what_will_be_paid() -> None:
    told = reading_of({"支付完成时间": "-", "订单状态": "待支付"}).lines[0].statement.fields
    assert "paid_fen" not in told
    assert told["order_fen"] == 129900


def test_people_are_dropped_and_unknown_columns_kept() -> None:
    raw = reading_of({}).lines[0].raw
    assert "张三" not in json.dumps(raw, ensure_ascii=False)
    assert raw["旗帜颜色"] == "红"


def test_traffic_that_comes_tomorrow_is_unknown_today() -> None:
    assert "traffic" not in reading_of({"流量体裁": "数据将于第二天更新"}).lines[0].statement.fields


def test_lines_joined_by_semicolons_are_split_so_that_they_sum_to_the_row() -> None:
    made = reading_of({"子订单编号": "701;702"}).lines
    assert [line.line_id for line in made] == ["701", "702"]
    assert sum(line.statement.fields["paid_fen"] for line in made) == 129900
    assert sum(line.statement.fields["qty"] for line in made) == 3


def test_older_files_with_date_and_time_apart_are_read() -> None:
    header = ("订单提交日期", *HEADER)
    reading = read_file(
        KIND,
        Table(
            header, [(2, ("2026-11-06", *((GOOD | {"订单提交时间": "20:38:32"})[name] for name in HEADER)))]
        ),
        exported_at=datetime(2026, 11, 7, tzinfo=BEIJING),
    )
    (line,) = reading.lines
    assert line.occurred_at == datetime(2026, 11, 6, 20, 38, 32, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"主订单编号": "6.91648E+18"}, "digits_lost"),
        ({"主订单编号": "-"}, "missing_value"),
        ({"商品数量": "1.5"}, "bad_count"),
        ({"订单应付金额": "12,9.00"}, "bad_money"),
        ({"订单应付金额": "-5.00"}, "bad_money"),
        ({"订单应付金额": "5.00"}, "freight_exceeds"),
        ({"订单提交时间": "2026-02-30 10:00:00"}, "bad_time"),
        ({"订单状态": "神秘"}, "unknown_status"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_number_and_reason(
    change: dict[str, str], code: str
) -> None:
    reading = reading_of(change, {})
    assert [(refused.row, refused.code) for refused in reading.refused] == [(2, code)]
    assert len(reading.lines) == 1


def test_a_line_that_stands_twice_with_other_content_is_refused() -> None:
    reading = reading_of({}, {}, {"商品数量": "4"})
    assert [(refused.row, refused.code) for refused in reading.refused] == [(4, "repeated_line")]


def test_a_ragged_row_is_refused() -> None:
    reading = read_file(
        KIND, Table(HEADER, [(2, ("1", "2"))]), exported_at=datetime(2026, 11, 7, tzinfo=BEIJING)
    )
    assert reading.refused[0].code == "ragged"


def test_a_file_of_another_kind_is_refused_as_a_whole() -> None:
    with pytest.raises(FileRefused) as caught:
        read_file(KIND, Table(("日期", "场次"), []), exported_at=None)
    assert caught.value.error_code == "missing_columns"


def test_the_export_time_is_read_from_the_name_or_the_rows() -> None:
    assert exported_at_in("订单_20261107103000.csv") == datetime(2026, 11, 7, 10, 30, tzinfo=BEIJING)
    assert exported_at_in("orders-2026-11-07.xlsx") == datetime(2026, 11, 7, tzinfo=BEIJING)
    assert exported_at_in("douyin_orders.csv") is None
    reading = read_file(KIND, Table(HEADER, [(2, tuple(GOOD[name] for name in HEADER))]), exported_at=None)
    assert reading.exported_at == datetime(2026, 11, 6, 20, 38, 32, tzinfo=BEIJING) + timedelta(seconds=28)
